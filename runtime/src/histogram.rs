//! A histogram of durations: how long something took, with a bounded error and in bounded room.
//!
//! Written by one thread, read by any. It reads no clock and knows not what it measures.
//!
//! Buckets are log-linear: each power of two is cut into [`PER_OCTAVE`] of them, so what is said of a value is never
//! below it and at most an eighth above.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Buckets of one power of two.
const PER_OCTAVE: usize = 8;
/// Values of so many bits (18 minutes in nanoseconds) and more share the last bucket.
const BITS: usize = 40;
const BUCKETS: usize = (BITS - 2) * PER_OCTAVE;

/// A histogram of durations.
pub(crate) struct Histogram {
    buckets: Box<[AtomicU64; BUCKETS]>,
    max: AtomicU64,
}

impl Default for Histogram {
    fn default() -> Self {
        let buckets = Box::new([const { AtomicU64::new(0) }; BUCKETS]);
        Self { buckets, max: AtomicU64::new(0) }
    }
}

impl Histogram {
    /// Enters a value. For one thread at a time: a load and a store (Relaxed), no exchange.
    pub(crate) fn record(&self, value: Duration) {
        let nanos = u64::try_from(value.as_nanos()).unwrap_or(u64::MAX);
        let bucket = &self.buckets[bucket_of(nanos)];
        bucket.store(bucket.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        if nanos > self.max.load(Ordering::Relaxed) {
            self.max.store(nanos, Ordering::Relaxed);
        }
    }

    /// What has been entered, in short.
    pub(crate) fn read(&self) -> Distribution {
        let counts: Vec<u64> =
            self.buckets.iter().map(|bucket| bucket.load(Ordering::Relaxed)).collect();
        let count = counts.iter().sum::<u64>();
        let max = self.max.load(Ordering::Relaxed);
        let quantile = |percent: u64| {
            let rank = (count * percent).div_ceil(100).max(1);
            let mut below = 0;
            let found = counts.iter().position(|here| {
                below += here;
                below >= rank
            });
            Duration::from_nanos(found.map_or(0, upper_end).min(max))
        };
        let (p50, p99) = (quantile(50), quantile(99));
        Distribution { count, p50, p99, max: Duration::from_nanos(max) }
    }
}

impl fmt::Debug for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.read().fmt(f)
    }
}

/// Where a value belongs: small ones have a bucket each, then eight share a power of two.
fn bucket_of(value: u64) -> usize {
    if value < PER_OCTAVE as u64 {
        return value as usize;
    }
    let octave = value.ilog2() as usize;
    let within = (value >> (octave - 3)) as usize - PER_OCTAVE;
    ((octave - 2) * PER_OCTAVE + within).min(BUCKETS - 1)
}

/// The greatest value of a bucket.
fn upper_end(bucket: usize) -> u64 {
    if bucket < PER_OCTAVE {
        return bucket as u64;
    }
    if bucket == BUCKETS - 1 {
        return u64::MAX;
    }
    let (octave, within) = (bucket / PER_OCTAVE + 2, bucket % PER_OCTAVE);
    (((PER_OCTAVE + within + 1) as u64) << (octave - 3)) - 1
}

/// How values are distributed: what half of them, and 99 of 100, do not exceed.
///
/// `p50` and `p99` are at most an eighth above the true value and never below it; `max` and `count` are exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Distribution {
    /// How many values there were.
    pub count: u64,
    /// Half of the values are not above this.
    pub p50: Duration,
    /// 99 of 100 values are not above this.
    pub p99: Duration,
    /// The greatest value.
    pub max: Duration,
}

impl Distribution {
    /// What holds of both: no value of either is said to be smaller than it was.
    pub(crate) fn worst(self, other: Self) -> Self {
        Self {
            count: self.count + other.count,
            p50: self.p50.max(other.p50),
            p99: self.p99.max(other.p99),
            max: self.max.max(other.max),
        }
    }
}

impl fmt::Display for Distribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { count, p50, p99, max } = self;
        write!(f, "p50 {p50:?}, p99 {p99:?}, max {max:?} of {count}")
    }
}

#[cfg(all(test, not(roundsman_loom)))]
mod tests;
