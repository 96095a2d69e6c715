//! What every contender of the benchmark `timers` does: arms a crowd and cancels it, then arms one and lets it fire.

use std::time::Duration;

use crate::child::Figures;

/// The delays of timers that are cancelled, in milliseconds.
pub const TO_CANCEL: (u64, u64) = (1_000, 60_000);

/// The delays of timers that fire, in milliseconds.
pub const TO_FIRE: (u64, u64) = (1, 500);

/// The delay of a crowd's timer: from the first to the last of `span`, in no order. `uv_timers.c` has the same.
pub fn delay(index: u64, (first, last): (u64, u64)) -> Duration {
    Duration::from_millis(first + index * 7919 % (last - first + 1))
}

/// CPU time of the whole process that a crowd of timers took.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// To be armed and cancelled.
    pub cancelled: Duration,
    /// To be armed and fire.
    pub fired: Duration,
}

impl Cost {
    /// For each of `count` timers.
    pub fn figures(self, count: u64) -> Figures {
        let each = |cpu: Duration| cpu.as_nanos() as f64 / count as f64;
        [
            ("armed and cancelled, CPU ns each", each(self.cancelled)),
            ("armed and fired, CPU ns each", each(self.fired)),
        ]
    }
}

#[cfg(test)]
mod tests {
    //! The delays, and that every contender serves them.

    use super::*;
    use crate::{ours, peers};

    #[test]
    fn delays_reach_both_ends_of_their_span_and_no_further() {
        let delays = || (0..10_000).map(|index| delay(index, TO_FIRE).as_millis());
        assert_eq!((delays().min(), delays().max()), (Some(1), Some(500)));
    }

    #[test]
    fn every_contender_arms_cancels_and_fires() {
        for run in [ours::timers::run, peers::delay_queue::run] {
            assert!(run(1_000).fired > Duration::ZERO);
        }
    }
}
