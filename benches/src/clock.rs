//! The one place that reads the wall clock.

#![expect(clippy::disallowed_methods, reason = "a benchmark measures wall time")]

use std::time::{Duration, Instant};

/// The time now.
pub fn now() -> Instant {
    Instant::now()
}

/// Keeps the core busy for `duration`, as a handler with work to do would.
pub fn spin(duration: Duration) {
    let start = now();
    while start.elapsed() < duration {
        std::hint::spin_loop();
    }
}
