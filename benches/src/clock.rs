//! The one place that reads the wall clock.

#![expect(clippy::disallowed_methods, reason = "a benchmark measures wall time")]

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The time now.
pub fn now() -> Instant {
    Instant::now()
}

/// The time since 1970.
pub fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Keeps the core busy for `duration`, as a handler with work to do would.
pub fn spin(duration: Duration) {
    let start = now();
    while start.elapsed() < duration {
        std::hint::spin_loop();
    }
}
