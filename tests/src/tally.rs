//! A tally of what has arrived at the lower end of a link, and of what was let go there, by whatever takes items.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::arrivals::{Arrivals, Order};
use crate::counted::Count;
use crate::payload::Payload;

/// What has arrived, and what was let go. Clones look at the same one, on any thread.
#[derive(Clone)]
pub struct Tally(Arc<Mutex<Inner>>);

struct Inner {
    source: Count,
    arrivals: Arrivals,
    released: u64,
    most_kept: u64,
    most_ahead: u64,
    ended: bool,
    late: u64,
}

/// What a tally says.
#[derive(Clone, Copy, Debug)]
pub struct Counts {
    /// Items that arrived.
    pub items: u64,
    /// How much they counted.
    pub weight: u64,
    /// Whether something arrived that was not what comes next.
    pub disorder: bool,
    /// The most that there was at once.
    pub most_kept: u64,
    /// The most that the source was pulled ahead of what had been let go.
    pub most_ahead: u64,
    /// Items that came after the end.
    pub late: u64,
}

impl Tally {
    /// Of what `source` gives, of which so much of its order is kept.
    #[must_use]
    pub fn new(source: Count, order: Order) -> Self {
        let arrivals = Arrivals::new(order);
        let inner = Inner {
            source,
            arrivals,
            released: 0,
            most_kept: 0,
            most_ahead: 0,
            ended: false,
            late: 0,
        };
        Self(Arc::new(Mutex::new(inner)))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An item has arrived.
    pub fn arrived<T: Payload>(&self, item: &T) {
        let mut inner = self.lock();
        inner.arrivals.take(item);
        inner.late += u64::from(inner.ended);
        let kept = inner.arrivals.weight() - inner.released;
        inner.most_kept = inner.most_kept.max(kept);
        // Nothing is let go meanwhile, so the source has had no more demand than that.
        inner.most_ahead = inner.most_ahead.max(inner.source.weight() - inner.released);
    }

    /// So much is let go: said before its demand returns, for another thread may pull at once.
    pub fn release(&self, weight: u64) {
        self.lock().released += weight;
    }

    /// The pipeline has said that it has ended.
    pub fn end(&self) {
        self.lock().ended = true;
    }

    /// How much has arrived.
    #[must_use]
    pub fn weight(&self) -> u64 {
        self.lock().arrivals.weight()
    }

    /// What it says now.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let inner = self.lock();
        Counts {
            items: inner.arrivals.items(),
            weight: inner.arrivals.weight(),
            disorder: inner.arrivals.disorder(),
            most_kept: inner.most_kept,
            most_ahead: inner.most_ahead,
            late: inner.late,
        }
    }
}
