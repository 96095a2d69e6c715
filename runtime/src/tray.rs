//! Where the jobs of one loop lie on their way to the pool.
//!
//! Filled by the loop's [`outbox`](crate::outbox), emptied by that or by a thread of the [`pool`](crate::pool).
//!
//! # No job lies here while a thread is free for it
//! | who | does, in this order |
//! |---|---|
//! | the loop | puts the job into the tray, enters its lane in `filled`, looks whether that is hungry; if so it hands over |
//! | a thread | says under the pool's mutex that a lane is hungry, looks at `filled` of each tray; if the lane is there it takes all |
//!
//! A fence stands between the two steps of each, so at least one of them sees the other. The loop needs it only for the
//! first job of a lane in a tray: a thread that looks later sees that one. Order of locking: the pool, then a tray.

use std::sync::atomic::{AtomicU8, Ordering, fence};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::errand::Queued;
use crate::lane::Lane;

/// Jobs on their way to the pool.
#[derive(Default)]
pub(crate) struct Tray {
    /// The lanes of what is in it. Written under the mutex.
    filled: AtomicU8,
    jobs: Mutex<Vec<(Lane, Queued)>>,
}

impl Tray {
    /// Adds a job; returns how many there are now.
    pub(crate) fn push(&self, lane: Lane, job: Queued) -> usize {
        let mut jobs = self.lock();
        jobs.push((lane, job));
        let filled = self.filled.load(Ordering::Relaxed);
        if filled & lane.bit() == 0 {
            self.filled.store(filled | lane.bit(), Ordering::Relaxed);
            // Pairs with the fence in `Pool::restock`.
            fence(Ordering::SeqCst);
        }
        jobs.len()
    }

    /// The lanes of which something seems to be in it.
    #[inline]
    pub(crate) fn lanes(&self) -> u8 {
        // Relaxed: see the fences.
        self.filled.load(Ordering::Relaxed)
    }

    /// Takes everything out, the oldest first.
    pub(crate) fn empty(&self, mut take: impl FnMut(Lane, Queued)) {
        let mut jobs = self.lock();
        self.filled.store(0, Ordering::Relaxed);
        jobs.drain(..).for_each(|(lane, job)| take(lane, job));
    }

    /// Looks at everything, the oldest first.
    pub(crate) fn each(&self, mut look: impl FnMut(Lane, &Queued)) {
        self.lock().iter().for_each(|(lane, job)| look(*lane, job));
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(Lane, Queued)>> {
        // A poisoned mutex means that a push panicked for want of memory; the list is whole all the same.
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
