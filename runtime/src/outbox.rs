//! The loop's end of its [`tray`](crate::tray): when jobs leave for the [`pool`](crate::pool).
//!
//! Filled by [`jobs`](crate::jobs), flushed by the [`event_loop`](crate::event_loop). What lies in the tray saves the loop
//! the pool's mutex for each single job.

use std::cell::Cell;
use std::sync::Arc;

use crate::errand::Queued;
use crate::lane::{LANES, Lane};
use crate::local::Local;
use crate::pool::Pool;
use crate::tray::Tray;

/// So many jobs are handed to the pool together.
const BATCH: usize = 64;

/// Jobs of one loop on their way to the pool. They leave at once if a thread is free for one, when there are 64 of them, when a thread becomes free
/// for one, and at the latest when the loop next looks at its inbox.
pub(crate) struct Outbox {
    /// Kept here, for what is known of the loop stands on a line that all who send to it write.
    pool: Arc<Pool>,
    tray: Arc<Tray>,
    /// With how many more each lane is over, as far as this loop knows; 0 if it is, or nothing is known.
    room: [Cell<usize>; LANES],
    generation: Cell<u32>,
}

impl Outbox {
    pub(crate) fn new(pool: Arc<Pool>) -> Self {
        let tray = Arc::default();
        pool.serve(&tray);
        Self { pool, tray, room: Default::default(), generation: Cell::new(0) }
    }

    /// Tells jobs apart that have the same place, one after another.
    #[inline]
    pub(crate) fn next_generation(&self) -> u32 {
        let next = self.generation.get().wrapping_add(1);
        self.generation.set(next);
        next
    }

    /// Hands everything to the pool.
    #[inline]
    pub(crate) fn flush(&self, local: &Local) {
        if self.tray.lanes() != 0 {
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
