//! What a loop counts, and how others read it.
//!
//! A loop counts in plain cells ([`Counters`]) and publishes them at the end of each round; a snapshot
//! ([`LoopMetrics`]) reads what was published. It changes nothing.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::lane::LaneMetrics;

/// A counter that one thread writes.
#[derive(Default)]
pub(crate) struct Counter(Cell<u64>);

impl Counter {
    #[inline]
    pub(crate) fn add(&self, n: u64) {
        self.0.set(self.0.get() + n);
    }

    #[inline]
    pub(crate) fn get(&self) -> u64 {
        self.0.get()
    }
}

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// What a loop counts.
        #[derive(Default)]
        pub(crate) struct Counters {
            $(pub(crate) $name: Counter,)*
        }

        /// What a loop has published.
        #[derive(Default)]
        pub(crate) struct Published {
            $($name: AtomicU64,)*
            /// Messages that were under way to it when it ended.
            pub(crate) lost: AtomicU64,
            actors: AtomicU64,
        }

        /// What one loop has done since it began. Numbers only rise, but for `actors`.
        #[derive(Clone, Debug, Default)]
        #[non_exhaustive]
        pub struct LoopMetrics {
            $($(#[$doc])* pub $name: u64,)*
            /// Actors that live on it now.
            pub actors: u64,
        }

        impl Counters {
            pub(crate) fn publish(&self, to: &Published) {
                $(to.$name.store(self.$name.get(), Ordering::Relaxed);)*
            }
        }

        impl Published {
            pub(crate) fn actors(&self, now: u64) {
                self.actors.store(now, Ordering::Relaxed);
            }

            pub(crate) fn read(&self) -> LoopMetrics {
                let mut metrics = LoopMetrics {
                    $($name: self.$name.load(Ordering::Relaxed),)*
                    actors: self.actors.load(Ordering::Relaxed),
                };
                metrics.dead_letters += self.lost.load(Ordering::Relaxed);
                metrics
            }
        }
    };
}

counters! {
    /// Rounds of the loop.
    rounds,
    /// Turns: visits to an actor.
    turns,
    /// Messages handled.
    handled,
    /// Messages that were accepted and never handled.
    dead_letters,
    /// Messages handed back to their sender by a send on this loop.
    handed_back,
    /// Answers that came after the deadline of their ask.
    late_replies,
    /// Times that an actor paused.
    pauses,
    /// Waits that were not begun because they would have closed a cycle, or joined too long a chain.
    waits_withdrawn,
    /// Time that actors have spent paused, in nanoseconds, summed over actors.
    paused_nanos,
    /// Time that the loop has slept, in nanoseconds.
    idle_nanos,
    /// Parcels taken from the inbox.
    parcels,
}

/// What a runtime has done, loop by loop.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Metrics {
    /// The loops, in order.
    pub loops: Vec<LoopMetrics>,
    /// The lanes of the pool, in order.
    pub lanes: Vec<LaneMetrics>,
}

impl Metrics {
    /// Messages handled on all loops.
    #[must_use]
    pub fn handled(&self) -> u64 {
        self.loops.iter().map(|one| one.handled).sum()
    }

    /// Messages accepted and never handled, on all loops.
    #[must_use]
    pub fn dead_letters(&self) -> u64 {
        self.loops.iter().map(|one| one.dead_letters).sum()
    }

    /// Actors that live now.
    #[must_use]
    pub fn actors(&self) -> u64 {
        self.loops.iter().map(|one| one.actors).sum()
    }
}

/// An actor that is paused, and on whom it waits.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Pause {
    /// The path of the actor that waits.
    pub who: String,
    /// The path of the actor that is over, or `pool:user` for a lane of the pool.
    pub on: String,
    /// For how long it has waited.
    pub waited: Duration,
}
