//! Where a listener's connections count as open: how many there are, and on which loops.
//!
//! A [`Seat`] is taken when a connection is accepted and given back when it is over.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The seats that a listener has given.
#[derive(Clone)]
pub(crate) struct Seats {
    /// Taken seats, by loop; one entry if no loop is chosen.
    taken: Arc<[AtomicUsize]>,
}

/// One connection's.
pub(crate) struct Seat {
    seats: Seats,
    which: usize,
}

impl Seats {
    /// None taken, on so many loops.
    pub(crate) fn new(loops: usize) -> Self {
        Self { taken: (0..loops.max(1)).map(|_| AtomicUsize::new(0)).collect() }
    }

    /// How many are taken.
    pub(crate) fn taken(&self) -> usize {
        // A count for decisions about the next one: whoever takes seats is one actor, and what is given back meanwhile
        // may be seen a moment later.
        self.taken.iter().map(|taken| taken.load(Ordering::Relaxed)).sum()
    }

    /// The loop with fewest, the first of several.
    pub(crate) fn emptiest(&self) -> usize {
        let counts = self.taken.iter().map(|taken| taken.load(Ordering::Relaxed));
        counts.enumerate().min_by_key(|(_, taken)| *taken).map_or(0, |(which, _)| which)
    }

    /// Takes one on a loop.
    pub(crate) fn take(&self, which: usize) -> Seat {
        let which = which.min(self.taken.len() - 1);
        self.taken[which].fetch_add(1, Ordering::Relaxed);
        Seat { seats: self.clone(), which }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.seats.taken[self.which].fetch_sub(1, Ordering::Relaxed);
    }
}
