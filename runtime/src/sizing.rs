//! How large the pool is, and what is refused: what the builder says, else the environment, else the default.
//!
//! Part of [`builder`](crate::builder), which it serves alone.

use std::env::{self, VarError};
use std::sync::Arc;
use std::time::Duration;

use crate::builder::{BuildError, Builder};
use crate::lane::{LANES, Lane, LaneLimits, Limits};
use crate::pool::Pool;
use crate::worker;

/// Most threads that the pool may have, as in libuv.
pub const MAX_POOL_THREADS: usize = 1024;
/// Threads that it has unless something else is said, as in libuv.
const POOL_THREADS: usize = 4;
/// The variables that set the number of threads, the first that is set.
const VARIABLES: [&str; 2] = ["ROUNDSMAN_POOL_THREADS", "UV_THREADPOOL_SIZE"];
/// How long the end of a run waits for jobs, unless something else is said.
const DEADLINE: Duration = Duration::from_secs(5);

/// What is said of the pool.
pub(crate) struct Sizing {
    threads: Option<usize>,
    lanes: [LaneLimits; LANES],
    deadline: Duration,
}

impl Default for Sizing {
    fn default() -> Self {
        Self { threads: None, lanes: [LaneLimits::default(); LANES], deadline: DEADLINE }
    }
}

impl Builder {
    /// Threads of the pool: 1 to [`MAX_POOL_THREADS`]. Default: `ROUNDSMAN_POOL_THREADS`, else `UV_THREADPOOL_SIZE`,
    /// else 4. A variable that holds something else is an error, where libuv takes what is nearest.
    ///
    /// They are started when they are first needed. Under simulation there are none, and no variable is read: so many
    /// jobs run at once in virtual time.
    pub fn pool_threads(mut self, threads: usize) -> Self {
        self.sizing.threads = Some(threads);
        self
    }

    /// What a lane of the pool may have. Default: see [`LaneLimits`].
    pub fn lane(mut self, lane: Lane, limits: LaneLimits) -> Self {
        self.sizing.lanes[lane.index()] = limits;
        self
    }

    /// How long the end of a run waits for jobs that still run. Default 5 s. What has not ended then is named in
    /// [`RunError::JobsLeft`](crate::RunError::JobsLeft), and its thread is left to itself.
    pub fn pool_deadline(mut self, longest: Duration) -> Self {
        self.sizing.deadline = longest;
        self
    }
}

impl Sizing {
    /// Makes the pool that was described.
    pub(crate) fn pool(&self, simulated: bool, spin: bool) -> Result<Arc<Pool>, BuildError> {
        let threads = match self.threads {
            Some(threads @ 1..=MAX_POOL_THREADS) => threads,
            Some(threads) => return Err(BuildError::PoolThreads { threads }),
            // A seed must mean the same on every machine.
            None if simulated => POOL_THREADS,
            None => from_environment()?,
        };
        let limits = Limits::of_all(self.lanes, threads)?;
        let start_thread = (!simulated).then_some(worker::start_pool_thread as _);
        Ok(Pool::new(threads, limits, self.deadline, spin, start_thread))
    }
}

fn from_environment() -> Result<usize, BuildError> {
    for variable in VARIABLES {
        let value = match env::var(variable) {
            Ok(value) => value,
            Err(VarError::NotUnicode(value)) => value.to_string_lossy().into_owned(),
            Err(VarError::NotPresent) => continue,
        };
        return match value.trim().parse::<usize>() {
            Ok(threads @ 1..=MAX_POOL_THREADS) => Ok(threads),
            _ => Err(BuildError::PoolVariable { variable, value }),
        };
    }
    Ok(POOL_THREADS)
}
