//! Lanes: what kinds of jobs share the pool, and the pure choice of what may start next.
//!
//! Asked by [`pool`](crate::pool). It holds no job, starts no thread and reads no clock: it counts.
//!
//! # The choice
//! A lane *owes* itself the threads that are reserved for it and that it does not use. A lane may start one more job
//! while it is below its cap and, after that, at least as many threads are free as the other lanes owe themselves. So
//! a lane below its reserve can always start, whatever the others run. Lanes that may start take turns, so none starves.

use std::fmt;
use std::time::Duration;

use crate::metrics::Metrics;

/// How many lanes there are.
pub(crate) const LANES: usize = 4;
/// Jobs that may wait in a lane before whoever starts more is paused, unless said otherwise.
const QUEUE: usize = 1024;

/// A kind of jobs: each lane of the pool has a cap, reserved threads and a queue of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Lane {
    /// Files.
    Fs,
    /// Names. At most half of the threads, as in libuv: a resolver that does not answer holds its thread for long.
    Dns,
    /// Hashing, signing.
    Crypto,
    /// Whatever else blocks or computes.
    User,
}

impl Lane {
    /// All of them, in order.
    pub(crate) const ALL: [Self; LANES] = [Self::Fs, Self::Dns, Self::Crypto, Self::User];

    #[inline]
    pub(crate) fn index(self) -> usize {
        self as usize
    }

    /// The lane in a set of lanes.
    #[inline]
    pub(crate) fn bit(self) -> u8 {
        1 << self.index()
    }
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fs => "fs",
            Self::Dns => "dns",
            Self::Crypto => "crypto",
            Self::User => "user",
        })
    }
}

/// What a lane may have of the pool; what is not said stays at its default.
///
/// | | `fs` | `dns` | `crypto` | `user` |
/// |---|---|---|---|---|
/// | cap | all threads | half of them, rounded up | all | all |
/// | reserved, from 4 threads on | 1 | 1 | 0 | 0 |
/// | queue | 1,024 | 1,024 | 1,024 | 1,024 |
///
/// # Examples
/// ```
/// use roundsman_runtime::{Lane, LaneLimits, Runtime};
///
/// // Two threads are kept for hashing, and hashing takes no more than these.
/// let crypto = LaneLimits::default().cap(2).reserved(2);
/// let runtime = Runtime::builder().pool_threads(8).lane(Lane::Crypto, crypto).build()?;
/// # drop(runtime);
/// # Ok::<(), roundsman_runtime::BuildError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use = "limits do nothing until they are given to `Builder::lane`"]
pub struct LaneLimits {
    cap: Option<usize>,
    reserved: Option<usize>,
    queue: Option<usize>,
}

impl LaneLimits {
    /// Most threads that run jobs of the lane at once: at least 1. More than the pool has means all of them.
    pub fn cap(mut self, threads: usize) -> Self {
        self.cap = Some(threads);
        self
    }

    /// Threads that no other lane takes. They stand idle while the lane has no job.
    pub fn reserved(mut self, threads: usize) -> Self {
        self.reserved = Some(threads);
        self
    }

    /// Jobs that may wait. With more than these the lane is over, and an actor that starts one there is paused, until
    /// half of them are left.
    pub fn queue(mut self, jobs: usize) -> Self {
        self.queue = Some(jobs);
        self
    }
}

/// Why the limits of lanes cannot be kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LaneError {
    /// No job of the lane would ever run.
    #[error(
        "a cap of 0 threads for the {lane} lane: it must be at least 1 (set by `LaneLimits::cap`)"
    )]
    Cap {
        /// The lane.
        lane: Lane,
    },
    /// More threads are reserved than the lane may use.
    #[error(
        "{reserved} threads reserved for the {lane} lane, whose cap is {cap}: raise `LaneLimits::cap` or lower `LaneLimits::reserved`"
    )]
    AboveCap {
        /// The lane.
        lane: Lane,
        /// Threads reserved.
        reserved: usize,
        /// Threads that it may use.
        cap: usize,
    },
    /// More threads are reserved than there are, or so many that a lane without reserved threads would never run.
    #[error(
        "{reserved} of {threads} pool threads are reserved, which leaves {without}: raise `Builder::pool_threads` or lower `LaneLimits::reserved`"
    )]
    Reserved {
        /// Threads reserved, over all lanes.
        reserved: usize,
        /// Threads of the pool.
        threads: usize,
        /// What is left, in words.
        without: String,
    },
}

/// The limits of one lane, as they hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) cap: usize,
    pub(crate) reserved: usize,
    pub(crate) queue: usize,
}

impl Limits {
    /// What was asked for and, where nothing was, the defaults for a pool of so many threads.
    fn of(lane: Lane, asked: LaneLimits, threads: usize) -> Result<Self, LaneError> {
        let is_dns = lane == Lane::Dns;
        let reserved_by_default = usize::from(threads >= 4 && (is_dns || lane == Lane::Fs));
        let cap = asked.cap.unwrap_or(if is_dns { threads.div_ceil(2) } else { threads });
        let reserved = asked.reserved.unwrap_or(reserved_by_default.min(cap));
        if cap == 0 {
            return Err(LaneError::Cap { lane });
        }
        if reserved > cap {
            return Err(LaneError::AboveCap { lane, reserved, cap });
        }
        Ok(Self { cap: cap.min(threads), reserved, queue: asked.queue.unwrap_or(QUEUE) })
    }

    /// The limits of all lanes, if a pool of so many threads can keep them.
    pub(crate) fn of_all(
        asked: [LaneLimits; LANES],
        threads: usize,
    ) -> Result<[Self; LANES], LaneError> {
        let mut all = [Self { cap: 0, reserved: 0, queue: 0 }; LANES];
        for lane in Lane::ALL {
            all[lane.index()] = Self::of(lane, asked[lane.index()], threads)?;
        }
        let reserved = all.iter().fold(0_usize, |sum, one| sum.saturating_add(one.reserved));
        let unreserved = Lane::ALL.into_iter().find(|lane| all[lane.index()].reserved == 0);
        let without = match unreserved {
            _ if reserved > threads => "too few for one of them".to_owned(),
            Some(lane) if reserved == threads => format!("none for the {lane} lane"),
            _ => return Ok(all),
        };
        Err(LaneError::Reserved { reserved, threads, without })
    }
}

/// Who runs how much, and what may start next.
#[derive(Clone, Debug)]
pub(crate) struct Lanes {
    /// Those that hold now.
    pub(crate) limits: [Limits; LANES],
    /// The limits that hold when every thread can be had.
    whole: [Limits; LANES],
    running: [usize; LANES],
    /// Threads that run nothing.
    free: usize,
    /// Reserved threads that their lanes do not use, over all lanes.
    owed: usize,
    /// The lane that started last.
    last: usize,
}

impl Lanes {
    pub(crate) fn new(limits: [Limits; LANES], threads: usize) -> Self {
        let owed = limits.iter().map(|one| one.reserved).sum();
        Self { limits, whole: limits, running: [0; LANES], free: threads, owed, last: LANES - 1 }
    }

    /// Whether a job of this lane may start now.
    #[inline]
    pub(crate) fn may_start(&self, lane: usize) -> bool {
        let Limits { cap, reserved, .. } = self.limits[lane];
        let own = reserved.saturating_sub(self.running[lane]);
        self.running[lane] < cap && self.free > self.owed - own
    }

    /// The lane whose oldest job is to start next, of those in which one waits.
    #[inline]
    pub(crate) fn next(&self, waits: impl Fn(usize) -> bool) -> Option<usize> {
        (1..=LANES)
            .map(|after| (self.last + after) % LANES)
            .find(|&lane| waits(lane) && self.may_start(lane))
    }

    /// A job of this lane, which may start, has started.
    #[inline]
    pub(crate) fn started(&mut self, lane: usize) {
        debug_assert!(self.may_start(lane));
        if self.running[lane] < self.limits[lane].reserved {
            self.owed -= 1;
        }
        self.running[lane] += 1;
        self.free -= 1;
        self.last = lane;
    }

    /// A job of this lane has ended.
    #[inline]
    pub(crate) fn ended(&mut self, lane: usize) {
        self.running[lane] -= 1;
        self.free += 1;
        if self.running[lane] < self.limits[lane].reserved {
            self.owed += 1;
        }
    }

    pub(crate) fn running(&self, lane: usize) -> usize {
        self.running[lane]
    }

    /// Jobs that run now, in all lanes.
    pub(crate) fn running_in_all(&self) -> usize {
        self.running.iter().sum()
    }

    /// The OS gives no more threads than these. What was reserved of the others is reserved no longer.
    pub(crate) fn shrink(&mut self, threads: usize) {
        self.free = threads.saturating_sub(self.running_in_all());
        self.owed = 0;
        for (limits, whole) in self.limits.iter_mut().zip(self.whole) {
            *limits = Limits { cap: whole.cap.min(threads.max(1)), reserved: 0, ..whole };
        }
    }

    /// The end of [`shrink`](Self::shrink): all of these threads can be had.
    pub(crate) fn restore(&mut self, threads: usize) {
        self.free = threads.saturating_sub(self.running_in_all());
        self.limits = self.whole;
        let owed = |(limits, running): (&Limits, &usize)| limits.reserved.saturating_sub(*running);
        self.owed = self.limits.iter().zip(&self.running).map(owed).sum();
    }
}

impl Metrics {
    /// What a lane of the pool has done. `None` only of metrics that no runtime has made.
    ///
    /// # Examples
    /// ```
    /// use roundsman_runtime::{Lane, Runtime};
    ///
    /// let handle = Runtime::builder().loops(1).build()?.handle();
    /// let metrics = handle.metrics();
    /// let fs = metrics.lane(Lane::Fs).expect("a runtime has all lanes");
    /// assert_eq!((fs.started, fs.waited().as_nanos()), (0, 0));
    /// # Ok::<(), roundsman_runtime::BuildError>(())
    /// ```
    #[must_use]
    pub fn lane(&self, lane: Lane) -> Option<&LaneMetrics> {
        self.lanes.iter().find(|one| one.lane == lane)
    }
}

/// What one lane does and has done. Times are in nanoseconds.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LaneMetrics {
    /// The lane.
    pub lane: Lane,
    /// Jobs that actors have started ([`Context::start`](crate::Context::start)). Each of them waits, runs, has run or
    /// never did: always `started == queued + running + done + unstarted`.
    pub started: u64,
    /// Jobs that wait for a thread now.
    pub queued: u64,
    /// Jobs that run now.
    pub running: u64,
    /// Jobs that have run to their end: with a value, an error or a panic.
    pub done: u64,
    /// Jobs that never started: cancelled, expired or refused.
    pub unstarted: u64,
    /// How long jobs have waited for a thread, summed over those that were given one.
    pub waited_nanos: u64,
    /// The longest of these times.
    pub waited_nanos_max: u64,
    /// How long jobs have run, summed over those that have ended.
    pub ran_nanos: u64,
    /// The longest of these times.
    pub ran_nanos_max: u64,
    /// Threads that the whole pool has now. They are started when they are first needed.
    pub threads: u64,
}

impl LaneMetrics {
    /// How long jobs have waited for a thread, summed over those that were given one.
    #[must_use]
    pub fn waited(&self) -> Duration {
        Duration::from_nanos(self.waited_nanos)
    }

    /// The longest of these times.
    #[must_use]
    pub fn waited_max(&self) -> Duration {
        Duration::from_nanos(self.waited_nanos_max)
    }

    /// How long jobs have run, summed over those that have ended.
    #[must_use]
    pub fn ran(&self) -> Duration {
        Duration::from_nanos(self.ran_nanos)
    }

    /// The longest of these times.
    #[must_use]
    pub fn ran_max(&self) -> Duration {
        Duration::from_nanos(self.ran_nanos_max)
    }

    pub(crate) fn new(lane: Lane) -> Self {
        Self {
            lane,
            started: 0,
            queued: 0,
            running: 0,
            done: 0,
            unstarted: 0,
            waited_nanos: 0,
            waited_nanos_max: 0,
            ran_nanos: 0,
            ran_nanos_max: 0,
            threads: 0,
        }
    }

    /// A job was given a thread.
    #[inline]
    pub(crate) fn has_waited(&mut self, time: Duration) {
        let nanos = time.as_nanos() as u64;
        self.waited_nanos += nanos;
        self.waited_nanos_max = self.waited_nanos_max.max(nanos);
    }

    /// A job has left its thread.
    #[inline]
    pub(crate) fn has_ended(&mut self, time: Duration, started: bool) {
        if !started {
            self.unstarted += 1;
            return;
        }
        let nanos = time.as_nanos() as u64;
        self.done += 1;
        self.ran_nanos += nanos;
        self.ran_nanos_max = self.ran_nanos_max.max(nanos);
    }
}

#[cfg(all(test, not(roundsman_loom)))]
mod tests;
