//! What a loop counts while it runs.
//!
//! Written by the loop's own thread, wherever something happens; read by everybody, through
//! [`metrics`](crate::metrics). It adds nothing up.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::histogram::Histogram;
use crate::ledger::{DeadLetterReason, Ledger, REASONS};

/// A counter that one thread writes and any thread reads.
#[derive(Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    /// Relaxed, and no exchange: there is one writer, and readers take numbers as they are. One instruction on x86.
    #[inline]
    pub(crate) fn add(&self, n: u64) {
        self.0.store(self.0.load(Ordering::Relaxed).wrapping_add(n), Ordering::Relaxed);
    }

    /// For what is there now rather than ever.
    #[inline]
    pub(crate) fn take(&self, n: u64) {
        self.0.store(self.0.load(Ordering::Relaxed).wrapping_sub(n), Ordering::Relaxed);
    }

    #[inline]
    pub(crate) fn set(&self, n: u64) {
        self.0.store(n, Ordering::Relaxed);
    }

    #[inline]
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What a loop counts. On cache lines of its own: other threads write beside it.
#[derive(Default)]
#[repr(align(128))]
pub(crate) struct Counters {
    pub(crate) rounds: Counter,
    pub(crate) turns: Counter,
    /// Calls at the end of a round.
    pub(crate) deferred: Counter,
    /// Errands: what has run for an actor in nobody's turn.
    pub(crate) errands: Counter,
    /// Times that an actor has joined the run queue; each leaves it by a turn.
    pub(crate) scheduled: Counter,
    /// Messages sent by what runs on this loop.
    pub(crate) sent: Counter,
    pub(crate) handled: Counter,
    /// Messages that a send on this loop has handed back.
    pub(crate) handed_back: Counter,
    /// Messages that were found on this loop to be never handled, by reason.
    letters: [Counter; REASONS],
    pub(crate) failures: Counter,
    /// Jobs that were run where they were started.
    pub(crate) jobs_in_place: Counter,
    pub(crate) late_replies: Counter,
    /// Asks without their answer now.
    pub(crate) asks: Counter,
    /// Timers that fire once and keep the runtime alive now.
    pub(crate) oneshots: Counter,
    /// Subscribers that were over when there was a dead letter to tell.
    pub(crate) untold: Counter,
    pub(crate) pauses: Counter,
    pub(crate) waits_withdrawn: Counter,
    pub(crate) paused_nanos: Counter,
    pub(crate) idle_nanos: Counter,
    pub(crate) busy_nanos: Counter,
    /// When it began to sleep, in nanoseconds since the runtime was built; 0 while it is awake.
    pub(crate) asleep_since: Counter,
    pub(crate) parcels: Counter,
    /// Actors that live here, as of the last round.
    pub(crate) actors: Counter,
    /// From one look at the OS to the next, without sleep, in nanoseconds.
    pub(crate) delay: Histogram,
}

impl Counters {
    pub(crate) fn dead_letter(&self, reason: DeadLetterReason) {
        self.letters[reason as usize].add(1);
    }

    /// Visits to actors that have begun, and errands.
    pub(crate) fn visits(&self) -> u64 {
        self.turns.get() + self.deferred.get() + self.errands.get()
    }

    /// Actors that wait for their turn.
    pub(crate) fn runnable(&self) -> u64 {
        self.scheduled.get().saturating_sub(self.turns.get())
    }

    /// What this loop has entered into the books. What was sent is read last: it comes before any fate.
    pub(crate) fn ledger(&self) -> Ledger {
        let mut ledger = Ledger::default();
        for reason in DeadLetterReason::ALL {
            ledger.enter(reason, self.letters[reason as usize].get());
        }
        ledger.handed_back = self.handed_back.get();
        ledger.handled = self.handled.get();
        ledger.sent = self.sent.get();
        ledger
    }
}
