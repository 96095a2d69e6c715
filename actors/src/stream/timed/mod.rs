//! Stages that wait for time to pass. All of it is the loop's time: virtual in a simulated world.
//!
//! Timers are never early, and late by less than a millisecond and by what the loop is busy. Each file has a stage, as a
//! value and as a method of [`Source`](super::Source), and the feed behind it.

mod alarm;
mod chunks_within;
mod debounce;
mod delay;
mod every;
mod throttle;
mod timeout;

pub use chunks_within::chunks_within;
pub use debounce::debounce;
pub use delay::delay;
pub use throttle::{throttle, throttle_bytes};
pub use timeout::{Overdue, TimedOut, completion_timeout, timeout};
