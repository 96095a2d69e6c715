//! How a pipeline is doing: what has gone over each of its links, how fast, and which stage holds the others up.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use roundsman_runtime::{Actor, Context, Timestamp};

use super::Running;
use super::meter::Gauge;

/// How a pipeline is doing; see [`Running::progress`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Progress {
    /// Items that have arrived at the sink.
    pub items: u64,
    /// Their bytes, where items are [`Bytes`](bytes::Bytes).
    pub bytes: u64,
    /// Since the start.
    pub elapsed: Duration,
    /// Each link, from the source to the sink. Stages that share an actor have none between them. Sources that run in a
    /// pipeline of their own are not looked into: those that `concat`, `flat_merge`, `retry`, `recover_with`, `or_else` and
    /// their like run one by one, and the one that feeds the branches of a `broadcast`, `balance` or `partition`.
    pub links: Vec<LinkProgress>,
    /// The stage that the others wait for: the last one that has not asked for more although it could be given more, else
    /// the source. A guess from one look, so look more than once. Named as in [`PipeError::stage`](super::PipeError::stage).
    pub bottleneck: Arc<str>,
}

/// What has gone over one link; see [`Progress::links`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LinkProgress {
    /// The stage that sends.
    pub from: Arc<str>,
    /// The stage that takes.
    pub to: Arc<str>,
    /// Items that have gone over it.
    pub items: u64,
    /// Their bytes, where items are [`Bytes`](bytes::Bytes).
    pub bytes: u64,
    /// Items a second since the last look, or since the start.
    pub items_per_second: f64,
    /// Bytes a second since the last look, or since the start.
    pub bytes_per_second: f64,
    /// Asked for and not sent yet, in items or bytes: near 0 the taking stage is behind, near the window the sending one.
    pub outstanding: u64,
}

/// The gauges of a pipeline, and when they were last read.
pub(crate) struct Meters {
    begun: Timestamp,
    /// From the sink upwards.
    gauges: Box<[Arc<Gauge>]>,
    /// Made by the first look: hardly any pipeline is looked at.
    last: Mutex<Option<Box<Look>>>,
}

/// One look at the gauges.
struct Look {
    at: Timestamp,
    /// Items and bytes of each.
    seen: Vec<(u64, u64)>,
}

impl Meters {
    pub(crate) fn new(gauges: Vec<Arc<Gauge>>, begun: Timestamp) -> Arc<Self> {
        Arc::new(Self { begun, gauges: gauges.into(), last: Mutex::new(None) })
    }

    fn read(&self, now: Timestamp) -> Progress {
        let mut looks = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let last = looks.get_or_insert_with(|| {
            Box::new(Look { at: self.begun, seen: vec![(0, 0); self.gauges.len()] })
        });
        let since = (now - last.at).as_secs_f64();
        let rate = |now: u64, before: u64| {
            if since > 0.0 { now.saturating_sub(before) as f64 / since } else { 0.0 }
        };
        let mut links = Vec::new();
        for (gauge, seen) in self.gauges.iter().zip(&mut last.seen) {
            let counts = gauge.counts();
            links.push(LinkProgress {
                from: gauge.from(),
                to: gauge.to.clone().into(),
                items: counts.items,
                bytes: counts.bytes,
                items_per_second: rate(counts.items, seen.0),
                bytes_per_second: rate(counts.bytes, seen.1),
                outstanding: gauge.outstanding(),
            });
            *seen = (counts.items, counts.bytes);
        }
        last.at = now;
        drop(looks);
        // From the sink upwards, the first that has all it may have is what everybody above waits for.
        let behind = self.gauges.iter().find(|gauge| gauge.is_behind());
        let first = self.gauges.last().map_or_else(|| "".into(), |gauge| gauge.from());
        let bottleneck = behind.map_or(first, |gauge| gauge.to.clone().into());
        let (items, bytes) = links.first().map_or((0, 0), |link| (link.items, link.bytes));
        links.reverse();
        Progress { items, bytes, elapsed: now - self.begun, links, bottleneck }
    }
}

impl Running {
    /// How it is doing. Any actor may ask, on any loop; it disturbs nobody. Rates are those since the last look at this
    /// pipeline, by whoever has looked.
    ///
    /// # Examples
    /// ```
    /// use roundsman::prelude::*;
    /// use roundsman::stream::{PipeError, Running, Source, Summary};
    ///
    /// struct Counting(Option<Running>);
    ///
    /// impl Actor for Counting {
    ///     type Message = Result<Summary, PipeError>;
    ///
    ///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
    ///         let numbers = Source::iter(0..1000_u32).boundary().for_each(drop);
    ///         self.0 = Some(numbers.start(ctx, |result| result));
    ///         Ok(())
    ///     }
    ///
    ///     fn receive(&mut self, result: Self::Message, ctx: &mut Context<Self>) -> Outcome {
    ///         result?;
    ///         let progress = self.0.as_ref().map(|running| running.progress(ctx));
    ///         assert_eq!(progress.map(|progress| progress.items), Some(1000));
    ///         ctx.stop();
    ///         Ok(())
    ///     }
    /// }
    ///
    /// Runtime::builder().loops(1).build()?.run(|| Counting(None))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn progress<A: Actor>(&self, ctx: &Context<'_, A>) -> Progress {
        self.meters.read(ctx.now())
    }
}

/// One line: `1200 items, 4800 bytes in 2.0 s (600 items/s); bottleneck: lines, map`.
impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} items", self.items)?;
        if self.bytes > 0 {
            write!(f, ", {} bytes", self.bytes)?;
        }
        write!(f, " in {:.1} s", self.elapsed.as_secs_f64())?;
        if let Some(last) = self.links.last() {
            write!(f, " ({:.0} items/s)", last.items_per_second)?;
        }
        write!(f, "; bottleneck: {}", self.bottleneck)
    }
}
