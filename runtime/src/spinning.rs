//! Whether a loop that has nothing to do looks once more before it sleeps.
//!
//! Waking a sleeping thread costs tens of microseconds; looking again costs nothing if the other loop answers at
//! once. So a loop spins for at most 20 µs, but only while it has lately been woken by another loop or thread after a
//! short sleep: a loop that only serves sockets or timers never spins, and an idle process burns no core.

use std::time::Duration;

use crate::clock::Clock;

/// How long a loop looks before it sleeps.
const SPIN: Duration = Duration::from_micros(20);
/// A sleep shorter than this that another loop ended says that spinning would have paid.
const SHORT: Duration = Duration::from_micros(200);
/// Spins that may fail in a row before the loop gives up until the next short sleep.
const TRIES: u8 = 8;

/// Decides whether a loop spins.
pub(crate) struct Spinning {
    allowed: bool,
    tries: u8,
}

impl Spinning {
    pub(crate) fn new(allowed: bool) -> Self {
        Self { allowed, tries: 0 }
    }

    /// Whether looking has lately paid.
    pub(crate) fn may_spin(&self) -> bool {
        self.tries > 0
    }

    /// Looks for a while. True if `arrived` says that something came.
    pub(crate) fn spin(&mut self, arrived: impl Fn() -> bool) -> bool {
        if self.tries == 0 {
            return false;
        }
        if look(arrived) {
            self.tries = TRIES;
            return true;
        }
        self.tries -= 1;
        false
    }

    /// The loop has slept; `by_others` if another loop or thread woke it.
    pub(crate) fn woke(&mut self, by_others: bool, slept: Duration) {
        if self.allowed && by_others && slept < SHORT {
            self.tries = TRIES;
        }
    }
}

/// Looks for at most [`SPIN`]. True if `arrived` says that something came.
pub(crate) fn look(arrived: impl Fn() -> bool) -> bool {
    let begun = Clock::origin();
    loop {
        for _ in 0..32 {
            if arrived() {
                return true;
            }
            std::hint::spin_loop();
        }
        if begun.elapsed() >= SPIN {
            return false;
        }
        // Whoever is to answer may be waiting for this very core.
        std::thread::yield_now();
    }
}

#[cfg(test)]
mod tests {
    //! When a loop spins and when it does not.

    use super::*;

    #[test]
    fn a_loop_spins_only_after_a_short_sleep_that_another_loop_ended() {
        let mut spinning = Spinning::new(true);
        assert!(!spinning.spin(|| true), "nothing has shown that it would pay");
        spinning.woke(false, Duration::from_micros(10));
        assert!(!spinning.spin(|| true), "a socket ended that sleep");
        spinning.woke(true, Duration::from_secs(1));
        assert!(!spinning.spin(|| true), "that sleep was long");
        spinning.woke(true, Duration::from_micros(10));
        assert!(spinning.spin(|| true));
    }

    #[test]
    fn a_loop_gives_up_spinning_when_nothing_comes() {
        let mut spinning = Spinning::new(true);
        spinning.woke(true, Duration::ZERO);
        for _ in 0..TRIES {
            assert!(!spinning.spin(|| false));
        }
        assert!(!spinning.spin(|| true), "it no longer looks");
    }
}
