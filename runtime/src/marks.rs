//! What is noted of an actor about dead letters: which of its own were logged, whether anybody misses them, and whether it
//! listens to those of others.
//!
//! A part of each cell's header, which any thread may read and write. It is data: [`dead_letter`](crate::dead_letter) asks.

use crate::ledger::{DeadLetterReason, REASONS};
use crate::sync::atomic::{AtomicU8, Ordering};

/// A bit for each reason of a dead letter that was logged, and two more. Relaxed throughout: each stands for itself.
pub(crate) struct Marks(AtomicU8);

/// It listens to dead letters.
const LISTENS: u8 = 1 << 7;
/// Its own are not logged.
const UNMOURNED: u8 = 1 << 6;
const _: () = assert!(REASONS < 7, "each reason has a bit beside `LISTENS` and `UNMOURNED`");

impl Marks {
    pub(crate) fn new(unmourned: bool) -> Self {
        Self(AtomicU8::new(if unmourned { UNMOURNED } else { 0 }))
    }

    /// Whether this is the actor's first dead letter for this reason: whose is the first is all that counts.
    pub(crate) fn first_of(&self, reason: DeadLetterReason) -> bool {
        let bit = 1 << reason as u8;
        let known = self.0.load(Ordering::Relaxed) & bit != 0;
        !known && self.0.fetch_or(bit, Ordering::Relaxed) & bit == 0
    }

    /// Whether somebody may miss what the actor does not handle.
    pub(crate) fn is_mourned(&self) -> bool {
        self.0.load(Ordering::Relaxed) & UNMOURNED == 0
    }

    /// The actor listens to dead letters from now on.
    pub(crate) fn listen(&self) {
        self.0.fetch_or(LISTENS, Ordering::Relaxed);
    }

    pub(crate) fn listens(&self) -> bool {
        self.0.load(Ordering::Relaxed) & LISTENS != 0
    }
}
