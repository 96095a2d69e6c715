//! Something to be run by the [`pool`](crate::pool), as the pool sees it: without its type, its owner or its result.
//!
//! A [`job`](crate::job) is one.

use std::sync::Arc;

use crate::clock::Timestamp;

/// Something to be run on a pool thread.
pub(crate) trait Errand: Send + Sync {
    /// Its place in its lane's queue, given by the pool as it is submitted. False if others of its line must end first:
    /// then it is parked, and called in by [`Pool::call_in`](crate::pool::Pool::call_in).
    fn enqueued(&self, ticket: u64) -> bool;
    /// Whether it is to start now. If not, it is answered by itself.
    fn begin(&self, now: Timestamp) -> bool;
    /// Runs it. Never panics.
    fn run(&self);
    /// Sends it to whoever waits for it.
    fn go_home(self: Arc<Self>);
    /// Answers it without running it.
    fn refuse(&self, why: Refusal);
    /// Tells it that nobody wants it any more, if it looks.
    fn cancel(&self);
    /// What it is called, and who started it.
    fn describe(&self) -> (String, String);
}

/// An errand on its way into a lane.
pub(crate) struct Queued {
    pub(crate) errand: Arc<dyn Errand>,
    /// The reference by which others find it while it runs. Made where the errand was made: counting it under the mutex
    /// would wait there for a cache line that another core has.
    pub(crate) known: Arc<dyn Errand>,
}

impl Queued {
    pub(crate) fn new(errand: Arc<dyn Errand>) -> Self {
        Self { known: Arc::clone(&errand), errand }
    }
}

/// Why a job never ran.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Refusal {
    Cancelled,
    Expired,
    Closed,
    NoThread,
}

/// Answers jobs that never ran.
pub(crate) fn refuse(jobs: impl IntoIterator<Item = Arc<dyn Errand>>, why: Refusal) {
    for errand in jobs {
        errand.refuse(why);
        errand.go_home();
    }
}
