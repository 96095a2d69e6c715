//! Jobs of one loop on their way to the pool.
//!
//! Filled by [`jobs`](crate::jobs), emptied by its own loop or by a thread of the [`pool`](crate::pool): what lies here
//! has left the turn that started it, and saves the loop the pool's mutex for each single job.
//!
//! # No job lies here while a thread is free for it
//! | who | does, in this order |
//! |---|---|
//! | the loop | puts the job into the [`Tray`], says so in `filled`, looks whether its lane is hungry; if so it hands over |
//! | a thread | says under the pool's mutex that a lane is hungry, looks at `filled` of each tray; if it is set it takes all |
//!
//! A fence stands between the two steps of each, so at least one of them sees the other. The loop needs it only for the
//! first job in an empty tray: a thread that looks later sees that one. Order of locking: the pool, then a tray.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::errand::Queued;
use crate::lane::{LANES, Lane};
use crate::local::Local;
use crate::pool::Pool;

/// So many jobs are handed to the pool together.
const BATCH: usize = 64;

/// The jobs themselves: where the loop and the pool's threads meet.
#[derive(Default)]
pub(crate) struct Tray {
    /// Whether anything is in it. Written under the mutex.
    filled: AtomicBool,
    jobs: Mutex<Vec<(Lane, Queued)>>,
}

impl Tray {
    /// Adds a job; returns how many there are now.
    pub(crate) fn push(&self, lane: Lane, job: Queued) -> usize {
        let mut jobs = self.lock();
        jobs.push((lane, job));
        let count = jobs.len();
        if count == 1 {
            self.filled.store(true, Ordering::Relaxed);
            // Pairs with the fence in `Pool::restock`.
            fence(Ordering::SeqCst);
        }
        count
    }

    /// Whether anything seems to be in it.
    #[inline]
    pub(crate) fn looks_filled(&self) -> bool {
        // Relaxed: see the fences.
        self.filled.load(Ordering::Relaxed)
    }

    /// Takes everything out, the oldest first.
    pub(crate) fn empty(&self, mut take: impl FnMut(Lane, Queued)) {
        let mut jobs = self.lock();
        self.filled.store(false, Ordering::Relaxed);
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

/// The loop's side. Jobs leave at once if a thread is free for one, when there are 64 of them, when a thread becomes free
/// for one, and at the latest when the loop next looks at its inbox.
pub(crate) struct Outbox {
    /// Kept here, for what is known of the loop stands on a line that all who send to it write.
    pool: Arc<Pool>,
    tray: Arc<Tray>,
    /// With how many more each lane is over, as far as this loop knows; 0 if it is, or nothing is known.
    room: [Cell<usize>; LANES],
}

impl Outbox {
    pub(crate) fn new(pool: Arc<Pool>) -> Self {
        let tray = Arc::default();
        pool.serve(&tray);
        Self { pool, tray, room: Default::default() }
    }

    /// Hands everything to the pool.
    #[inline]
    pub(crate) fn flush(&self, local: &Local) {
        if self.tray.looks_filled() {
            self.hand_over(local);
        }
    }

    #[inline(never)]
    fn hand_over(&self, local: &Local) {
        let room = self.pool.submit(&self.tray, local.driver.clock.now());
        for (lane, room) in self.room.iter().zip(room) {
            lane.set(room);
        }
    }

    /// Adds a job. True if its lane is over.
    pub(crate) fn push(&self, local: &Local, lane: Lane, job: Queued) -> bool {
        let full = self.tray.push(lane, job) >= BATCH;
        let room = &self.room[lane.index()];
        if full || room.get() <= 1 || self.pool.is_hungry(lane) {
            self.hand_over(local);
            return room.get() == 0;
        }
        room.set(room.get() - 1);
        false
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        self.pool.forsake(&self.tray);
    }
}
