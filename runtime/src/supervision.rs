//! How children that end are treated: the words of OTP, as plain values.
//!
//! Given to [`Context::supervision`](crate::Context::supervision) and [`Supervisor`](crate::Supervisor). It decides
//! nothing: that is done by [`wards`](crate::wards).

use std::time::Duration;

/// Which children are started anew when one has ended that must be. (OTP: restart strategy.)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Strategy {
    /// That one.
    #[default]
    OneForOne,
    /// All: the others are stopped first, the youngest first; then all start, the oldest first.
    OneForAll,
    /// That one and those that were started after it.
    RestForOne,
}

/// When a child that has ended is started anew. (OTP: restart type.)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Restart {
    /// Always.
    #[default]
    Permanent,
    /// If it failed; not if it stopped or was stopped.
    Transient,
    /// Never, also not when a sibling's end takes it along.
    Temporary,
}

/// Whether a supervisor stops when significant children have ended by themselves and are not started anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum AutoShutdown {
    /// It goes on.
    #[default]
    Never,
    /// It stops when one has.
    AnySignificant,
    /// It stops when the last of them has.
    AllSignificant,
}

/// How long a child that fails again and again waits before it is started anew.
///
/// The first wait is `min`; each further one is twice as long, up to `max`. A wait is shortened by chance, to half of it
/// at most, so that children that failed together do not come back together. A child that has run for `quiet` without
/// failing begins again with `min`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    pub(crate) min: Duration,
    pub(crate) max: Duration,
    pub(crate) quiet: Duration,
}

impl Backoff {
    /// From `min` up to `max`; the quiet time is ten times `max`.
    #[must_use]
    pub fn exponential(min: Duration, max: Duration) -> Self {
        Self { min, max: max.max(min), quiet: max.max(min).saturating_mul(10) }
    }

    /// A child that has run for so long without failing begins again with the shortest wait.
    #[must_use]
    pub fn quiet(mut self, quiet: Duration) -> Self {
        self.quiet = quiet;
        self
    }

    /// The time that must pass without a failure before the shortest wait comes again.
    #[must_use]
    pub fn quiet_time(&self) -> Duration {
        self.quiet
    }

    /// The wait before the n-th restart in a row, counted from 1, shortened by `chance`: any number, as
    /// [`Context::random`](crate::Context::random) gives it. For whoever tries again by other means than supervision.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// use roundsman_runtime::Backoff;
    ///
    /// let millis = Duration::from_millis;
    /// let backoff = Backoff::exponential(millis(100), millis(1000));
    /// // The third wait is four times the first, or what chance leaves of that.
    /// assert!((millis(200)..=millis(400)).contains(&backoff.wait(3, 17)));
    /// assert!((millis(500)..=millis(1000)).contains(&backoff.wait(30, 17)));
    /// ```
    #[must_use]
    pub fn wait(&self, failures: u32, chance: u64) -> Duration {
        let doublings = failures.saturating_sub(1).min(31);
        let whole = self.min.saturating_mul(1 << doublings).min(self.max);
        let half = whole / 2;
        let nanos = u64::try_from((whole - half).as_nanos()).unwrap_or(u64::MAX - 1);
        half + Duration::from_nanos(chance % (nanos + 1))
    }
}

/// How an actor treats the children that it supervises.
///
/// The default is OTP's: one for one, at most 1 restart in 5 s, at once.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use roundsman_runtime::{Backoff, Supervision};
///
/// // Children that depend on each other; five restarts a minute, after 100 ms to 5 s.
/// let policy = Supervision::one_for_all()
///     .intensity(5, Duration::from_secs(60))
///     .backoff(Backoff::exponential(Duration::from_millis(100), Duration::from_secs(5)));
/// # let _ = policy;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Supervision {
    pub(crate) strategy: Strategy,
    pub(crate) intensity: u32,
    pub(crate) period: Duration,
    pub(crate) backoff: Option<Backoff>,
    pub(crate) auto_shutdown: AutoShutdown,
}

impl Default for Supervision {
    fn default() -> Self {
        Self {
            strategy: Strategy::OneForOne,
            intensity: 1,
            period: Duration::from_secs(5),
            backoff: None,
            auto_shutdown: AutoShutdown::Never,
        }
    }
}

impl Supervision {
    /// A child that ends is started anew, the others go on.
    #[must_use]
    pub fn one_for_one() -> Self {
        Self::default()
    }

    /// When a child ends, all are stopped and started anew.
    #[must_use]
    pub fn one_for_all() -> Self {
        Self { strategy: Strategy::OneForAll, ..Self::default() }
    }

    /// When a child ends, it and those that were started after it are stopped and started anew.
    #[must_use]
    pub fn rest_for_one() -> Self {
        Self { strategy: Strategy::RestForOne, ..Self::default() }
    }

    /// At most `restarts` in any `period`. One more, and the supervisor stops its children and fails itself. With 0 the
    /// first failure goes up.
    #[must_use]
    pub fn intensity(mut self, restarts: u32, period: Duration) -> Self {
        (self.intensity, self.period) = (restarts, period);
        self
    }

    /// Waits before a restart. Without it a child is started anew at once, and the intensity alone is the limit.
    ///
    /// The intensity is still the limit with it: with the default, 1 restart in 5 s, the second failure goes up however
    /// long the child has waited. Raise [`intensity`](Self::intensity) along with it.
    #[must_use]
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = Some(backoff);
        self
    }

    /// Stops the supervisor when significant children have ended.
    #[must_use]
    pub fn auto_shutdown(mut self, when: AutoShutdown) -> Self {
        self.auto_shutdown = when;
        self
    }
}
