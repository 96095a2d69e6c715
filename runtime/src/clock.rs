//! Time as the runtime counts it.
//!
//! The only clock is the driver's: real, or virtual under simulation. Nothing else in the library asks the OS.

use std::cell::Cell;
use std::ops::{Add, Sub};
use std::rc::Rc;
use std::time::{Duration, Instant};

/// A moment: the time since the runtime was built, in nanoseconds. It never goes back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The real time now, counted from `origin`.
    pub(crate) fn read(origin: Instant) -> Self {
        Self(Clock::origin().duration_since(origin).as_nanos() as u64)
    }

    /// The time since the runtime was built.
    #[must_use]
    pub fn since_start(self) -> Duration {
        Duration::from_nanos(self.0)
    }

    /// The first `self + n * period` after `now`.
    pub(crate) fn next_multiple(self, period: Duration, now: Self) -> Self {
        let period = u64::try_from(period.as_nanos()).unwrap_or(u64::MAX).max(1);
        let behind = now.0.saturating_sub(self.0);
        Self(self.0.saturating_add((behind / period + 1).saturating_mul(period)))
    }

    /// The tick (1 ms) in which a timer for this moment is due: the first one that does not begin before it.
    pub(crate) fn tick_due(self) -> u64 {
        self.0.div_ceil(TICK)
    }

    /// The tick that has begun at this moment.
    pub(crate) fn tick_begun(self) -> u64 {
        self.0 / TICK
    }

    /// The beginning of a tick.
    pub(crate) fn of_tick(tick: u64) -> Self {
        Self(tick.saturating_mul(TICK))
    }
}

/// A tick in nanoseconds.
const TICK: u64 = 1_000_000;

impl Add<Duration> for Timestamp {
    type Output = Self;

    /// Saturates: a deadline beyond 584 years is never due.
    fn add(self, duration: Duration) -> Self {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(nanos))
    }
}

impl Sub for Timestamp {
    type Output = Duration;

    /// The time from `earlier` to `self`; zero if `earlier` is later.
    fn sub(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// Where the time comes from.
#[derive(Clone)]
pub(crate) enum Clock {
    Real {
        origin: Instant,
    },
    /// The time of the simulation, and how the clock of this host differs from it.
    Virtual {
        now: Rc<Cell<Timestamp>>,
        drift: Rc<Cell<Drift>>,
    },
}

/// How a host's clock goes in a simulation. It is exact by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Drift {
    /// What it showed, and when, as this was last said.
    shown: Timestamp,
    since: Timestamp,
    /// How much faster it goes; slower below 0.
    parts_per_million: i32,
}

/// As slow as a clock may go, and as fast: half, and twice.
const DRIFT: std::ops::RangeInclusive<i32> = -500_000..=1_000_000;

impl Drift {
    /// A clock that starts with 0 at this moment.
    pub(crate) fn from(now: Timestamp) -> Self {
        Self { since: now, ..Self::default() }
    }

    /// The same clock, which jumps ahead at this moment, and goes at this rate from then on.
    pub(crate) fn changed(self, now: Timestamp, ahead: Duration, parts_per_million: i32) -> Self {
        let parts_per_million = parts_per_million.clamp(*DRIFT.start(), *DRIFT.end());
        Self { shown: self.shown(now) + ahead, since: now, parts_per_million }
    }

    /// What it shows at this moment of the simulation.
    pub(crate) fn shown(self, now: Timestamp) -> Timestamp {
        let passed = now.0.saturating_sub(self.since.0);
        if self.parts_per_million == 0 {
            return Timestamp(self.shown.0.saturating_add(passed));
        }
        let passed =
            i128::from(passed) * i128::from(1_000_000 + self.parts_per_million) / 1_000_000;
        Timestamp(self.shown.0.saturating_add(u64::try_from(passed).unwrap_or(u64::MAX)))
    }

    /// The first moment of the simulation at which it shows this, or more.
    pub(crate) fn when(self, shows: Timestamp) -> Timestamp {
        let left = shows.0.saturating_sub(self.shown.0);
        if self.parts_per_million == 0 {
            return Timestamp(self.since.0.saturating_add(left));
        }
        let rate = i128::from(1_000_000 + self.parts_per_million);
        let left = (i128::from(left) * 1_000_000 + rate - 1) / rate;
        Timestamp(self.since.0.saturating_add(u64::try_from(left).unwrap_or(u64::MAX)))
    }
}

impl Clock {
    /// The operating system's monotonic clock.
    #[expect(clippy::disallowed_methods, reason = "the one place where the real clock is read")]
    pub(crate) fn origin() -> Instant {
        Instant::now()
    }

    pub(crate) fn now(&self) -> Timestamp {
        match self {
            Self::Real { origin } => Timestamp::read(*origin),
            Self::Virtual { now, drift } => drift.get().shown(now.get()),
        }
    }
}
