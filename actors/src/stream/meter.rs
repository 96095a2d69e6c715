//! What has gone over a link, for whoever wants to see how a pipeline is doing.
//!
//! Links are metered as they are made; [`progress`](super::progress) reads the gauges. They are numbers that nothing is
//! decided by, so `Relaxed` will do.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use super::assembly::Counts;
use super::link::{Flow, Link, Subscriber, weight};
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

    /// So much was asked for.
    pub(crate) fn request(&self, amount: u64) {
        // Several threads may ask.
        let before = self.asked.fetch_add(amount, Ordering::Relaxed);
        if before.checked_add(amount).is_none() {
            self.asked.store(u64::MAX, Ordering::Relaxed);
        }
    }

    /// Counts what goes down the link, and what will be asked for through it.
    fn see<T: 'static>(self: &Arc<Self>, flow: Flow<T>) -> Flow<T> {
        match &flow {
            Flow::Item(item) => {
                let mut counts = Counts::default();
                counts.add(item);
                self.pass(counts, weight(item));
            }
            Flow::Items(items) => {
                let mut counts = Counts::default();
                let mut all = 0;
                for item in items {
                    counts.add(item);
                    all += weight(item);
                }
                self.pass(counts, all);
            }
            Flow::Begin(_) | Flow::End | Flow::Failed(_) => {}
        }
        match flow {
            Flow::Begin(upstream) => Flow::Begin(upstream.metered(Arc::clone(self))),
            other => other,
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

/// The lower end of a link, in the hands of the upper one; and its gauge.
pub(crate) struct Downstream<T> {
    link: Link<T>,
    /// None of a link within something that others see as one.
    gauge: Option<Arc<Gauge>>,
}

impl<T: 'static> Downstream<T> {
    pub(crate) fn metered(link: Link<T>, gauge: Arc<Gauge>) -> Self {
        Self { link, gauge: Some(gauge) }
    }

    pub(crate) fn unmetered(link: Link<T>) -> Self {
        Self { link, gauge: None }
    }

    /// Has it take what comes. False if nobody is there to take it.
    pub(crate) fn take(&mut self, flow: Flow<T>) -> bool {
        match &self.gauge {
            Some(gauge) => self.link.take(gauge.see(flow)),
            None => self.link.take(flow),
        }
    }

    /// See [`Subscriber::straight`](super::Subscriber::straight).
    pub(crate) fn straight(&self) -> Option<Straight> {
        self.link.straight()
    }

    /// See [`Subscriber::moved`](super::Subscriber::moved).
    pub(crate) fn moved(&mut self, bytes: u64) {
        if let Some(gauge) = &self.gauge {
            gauge.pass(Counts { items: u64::from(bytes > 0), bytes }, 0);
        }
        self.link.moved(bytes);
    }
}

/// One that another pipeline continues.
impl<T: Send + 'static> Subscriber<T> for Downstream<T> {
    fn take(&mut self, flow: Flow<T>) -> bool {
        Self::take(self, flow)
    }

    fn straight(&self) -> Option<Straight> {
        Self::straight(self)
    }

    fn moved(&mut self, bytes: u64) {
        Self::moved(self, bytes);
    }
}
