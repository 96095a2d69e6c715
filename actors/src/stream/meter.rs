//! What has gone over a link, for whoever wants to see how a pipeline is doing.
//!
//! Links are metered as they are made; [`progress`](super::progress) reads the gauges. They are numbers that nothing is
//! decided by, so `Relaxed` will do.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use super::assembly::Counts;
use super::link::{Demand, Downstream, Flow, Subscriber, Supplier, Upstream, weight};
use super::stage_name::StageName;
use super::straight::Straight;

/// What has gone over one link, or into a sink that shares an actor with what is before it.
pub(crate) struct Gauge {
    /// Who sends.
    from: OnceLock<StageName>,
    /// Who takes.
    pub(crate) to: StageName,
    items: AtomicU64,
    bytes: AtomicU64,
    /// Both as links count them. Without an end to what may come, the demand saturates.
    asked: AtomicU64,
    sent: AtomicU64,
    window: u64,
    /// Else it belongs to a sink that shares an actor with what is before it, and takes what comes.
    is_link: bool,
}

impl Gauge {
    pub(crate) fn new(to: StageName, window: u64, is_link: bool) -> Arc<Self> {
        Arc::new(Self {
            from: OnceLock::new(),
            to,
            items: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            asked: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            window,
            is_link,
        })
    }

    /// Says who sends, once.
    pub(crate) fn set_from(&self, from: &StageName) {
        self.from.get_or_init(|| from.clone());
    }

    pub(crate) fn from(&self) -> Arc<str> {
        self.from.get().map_or_else(|| "".into(), |from| from.clone().into())
    }

    pub(crate) fn counts(&self) -> Counts {
        Counts {
            items: self.items.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
        }
    }

    /// Asked for and not sent.
    pub(crate) fn outstanding(&self) -> u64 {
        let sent = self.sent.load(Ordering::Relaxed);
        self.asked.load(Ordering::Relaxed).saturating_sub(sent)
    }

    /// Whether who takes has not asked for as much as it asks for when it keeps up.
    pub(crate) fn is_behind(&self) -> bool {
        self.is_link && self.outstanding() < self.window / 2
    }

    /// What has arrived in all. One writer.
    pub(crate) fn set(&self, counts: Counts) {
        self.items.store(counts.items, Ordering::Relaxed);
        self.bytes.store(counts.bytes, Ordering::Relaxed);
    }

    fn request(&self, amount: u64) {
        // Several threads may ask.
        let before = self.asked.fetch_add(amount, Ordering::Relaxed);
        if before.checked_add(amount).is_none() {
            self.asked.store(u64::MAX, Ordering::Relaxed);
        }
    }

    fn pass(&self, counts: Counts, weight: u64) {
        // Who sends is the one writer of these.
        let Counts { items, bytes } = self.counts();
        self.set(Counts { items: items + counts.items, bytes: bytes + counts.bytes });
        let sent = self.sent.load(Ordering::Relaxed);
        self.sent.store(sent.saturating_add(weight), Ordering::Relaxed);
    }
}

/// A link with its gauge.
pub(crate) struct Metered<T> {
    link: Downstream<T>,
    gauge: Arc<Gauge>,
}

impl<T> Metered<T> {
    pub(crate) fn new(link: Downstream<T>, gauge: Arc<Gauge>) -> Self {
        Self { link, gauge }
    }
}

impl<T: Send + 'static> Subscriber<T> for Metered<T> {
    fn take(&mut self, flow: Flow<T>) -> bool {
        let flow = match flow {
            Flow::Begin(upstream) => {
                let gauge = Arc::clone(&self.gauge);
                Flow::Begin(Upstream::new(MeteredUpstream { upstream, gauge }))
            }
            Flow::Item(item) => {
                let mut counts = Counts::default();
                counts.add(&item);
                self.gauge.pass(counts, weight(&item));
                Flow::Item(item)
            }
            Flow::Items(items) => {
                let mut counts = Counts::default();
                let mut all = 0;
                for item in &items {
                    counts.add(item);
                    all += weight(item);
                }
                self.gauge.pass(counts, all);
                Flow::Items(items)
            }
            last @ (Flow::End | Flow::Failed(_)) => last,
        };
        self.link.take(flow)
    }

    fn straight(&self) -> Option<Straight> {
        self.link.straight()
    }

    fn moved(&mut self, bytes: u64) {
        self.gauge.pass(Counts { items: u64::from(bytes > 0), bytes }, 0);
        self.link.moved(bytes);
    }
}

/// What asks back through a metered link.
struct MeteredUpstream {
    upstream: Upstream,
    gauge: Arc<Gauge>,
}

impl Supplier for MeteredUpstream {
    fn ask(&self, demand: Demand) {
        match demand {
            Demand::More(amount) => {
                self.gauge.request(amount);
                self.upstream.request(amount);
            }
            Demand::Cancel => self.upstream.cancel(),
        }
    }
}
