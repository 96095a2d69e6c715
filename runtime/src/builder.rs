//! What a runtime is built from: limits and habits, checked as it is built.
//!
//! Users start here. It reads the environment and refuses what cannot be; [`runtime`](crate::runtime) puts the loops
//! together.

use std::env;
use std::io;
use std::ops::Range;
use std::sync::{Arc, Once};
use std::time::Duration;

use crate::course::Course;
use crate::dead_letter::DeadLetter;
use crate::drain::Drain;
use crate::lane::{Lane, LaneError};
use crate::mailbox::{HIGH, LOW};
use crate::pressure::BrokenPressure;
use crate::provided::Provided;
use crate::runtime::Runtime;
use crate::simulation::Simulation;
use crate::sizing::{MAX_POOL_THREADS, Sizing};
use crate::watchdog;
use crate::world::{Settings, World};

/// Most loops that a runtime may have.
pub const MAX_LOOPS: usize = 1024;
/// The variable that sets the number of loops.
const LOOPS_VARIABLE: &str = "ROUNDSMAN_LOOPS";

/// What a runtime is built from.
///
/// # Examples
/// ```
/// let runtime = roundsman_runtime::Runtime::builder().loops(2).budget(64).build()?;
/// # drop(runtime);
/// # Ok::<(), roundsman_runtime::BuildError>(())
/// ```
#[must_use = "a builder does nothing until `build`"]
pub struct Builder {
    loops: Option<usize>,
    seed: Option<u64>,
    stop_on_signals: bool,
    pub(crate) settings: Settings,
    pub(crate) sizing: Sizing,
    pub(crate) provided: Provided,
}

/// Why a runtime could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A number of loops out of range.
    #[error("{loops} loops: a runtime has 1 to {MAX_LOOPS} (set by `Builder::loops`)")]
    Loops {
        /// What was asked for.
        loops: usize,
    },
    /// An environment variable holds something unusable.
    #[error(
        "{variable}={value:?}: it takes a whole number from 1 to {MAX_LOOPS}; unset it for one loop per core"
    )]
    Variable {
        /// The variable.
        variable: &'static str,
        /// What it holds.
        value: String,
    },
    /// A budget of 0: no message would ever be handled.
    #[error("a budget of 0 messages a turn: it must be at least 1 (set by `Builder::budget`)")]
    Budget,
    /// A limit for turns that is too short.
    #[error(
        "a watchdog limit of {0:?}: it must be at least 1 ms (set by `Builder::watchdog`), or none (`Builder::no_watchdog`)"
    )]
    Watchdog(Duration),
    /// The OS gave no poller.
    #[error(
        "no poller for loop {index} of {loops}: {source}; each loop takes 2 to 3 descriptors: raise `ulimit -n` or set fewer loops"
    )]
    Poller {
        /// The loop that it was for, counted from 0.
        index: usize,
        /// How many loops were to be made.
        loops: usize,
        /// What the OS said.
        source: io::Error,
    },
    /// A number of pool threads out of range.
    #[error(
        "{threads} pool threads: a pool has 1 to {MAX_POOL_THREADS} (set by `Builder::pool_threads`)"
    )]
    PoolThreads {
        /// What was asked for.
        threads: usize,
    },
    /// The environment variable that sets the size of the pool holds something unusable.
    #[error(
        "{variable}={value:?}: it takes a whole number from 1 to {MAX_POOL_THREADS}; unset it for the default"
    )]
    PoolVariable {
        /// The variable.
        variable: &'static str,
        /// What it holds.
        value: String,
    },
    /// Limits of the pool's lanes that cannot be kept.
    #[error(transparent)]
    Lane(#[from] LaneError),
    /// Signals cannot be listened to.
    #[error("SIGINT, SIGTERM, SIGPIPE and SIGCHLD cannot be handled: {0}")]
    Signals(io::Error),
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self {
            loops: None,
            seed: None,
            stop_on_signals: false,
            settings: Settings {
                budget: 128,
                round: Duration::from_millis(1),
                high: HIGH,
                low: LOW,
                spin: true,
                drain: Drain::default(),
                on_dead_letter: None,
                watchdog: Some(watchdog::LIMIT),
                on_slow_turn: None,
                job_times: Default::default(),
                broken: None,
            },
            sizing: Sizing::default(),
            provided: Provided::default(),
        }
    }

    /// How many loops: 1 to [`MAX_LOOPS`]. Default: `ROUNDSMAN_LOOPS`, else one for each core.
    pub fn loops(mut self, loops: usize) -> Self {
        self.loops = Some(loops);
        self
    }

    /// Most messages that an actor handles in one turn. Default 128. With more, a turn also ends after any 128 of them at which
    /// the time of the [`round`](Self::round) is over.
    pub fn budget(mut self, messages: u32) -> Self {
        self.settings.budget = messages;
        self
    }

    /// How long a round may dispatch before I/O is looked at. Default 1 ms.
    pub fn round(mut self, longest: Duration) -> Self {
        self.settings.round = longest;
        self
    }

    /// The marks of mailboxes that declare none: over from more than `high` messages until `low` are left.
    /// Default 1,024 and 512.
    pub fn marks(mut self, high: u32, low: u32) -> Self {
        (self.settings.high, self.settings.low) = (high, low.min(high));
        self
    }

    /// Whether a loop may look for up to 20 µs before it sleeps, where that has lately paid. Default true.
    pub fn spin(mut self, allowed: bool) -> Self {
        self.settings.spin = allowed;
        self
    }

    /// Calls `tell` for each message that was accepted and never handled, on the loop where that was found out.
    /// It must not block.
    pub fn on_dead_letter(mut self, tell: impl Fn(&DeadLetter) + Send + Sync + 'static) -> Self {
        self.settings.on_dead_letter = Some(Arc::new(tell));
        self
    }

    /// SIGINT and SIGTERM stop the runtime as planned: see [`drain`](Self::drain). A second one ends the process at once,
    /// with status 2.
    ///
    /// An actor that wants the signal as a message instead uses [`Context::on_signal`](crate::Context::on_signal).
    pub fn stop_on_signals(mut self) -> Self {
        self.stop_on_signals = true;
        self
    }

    /// The plan by which SIGINT and SIGTERM stop the runtime. Default: [`Drain::default`].
    pub fn drain(mut self, plan: Drain) -> Self {
        self.settings.drain = plan;
        self
    }

    /// How long each job of this lane takes in a simulation, in virtual time: from the first up to the second, drawn; an empty
    /// range is its beginning. Without effect elsewhere. Default: less than 10 ms
    /// ([`Simulation::longest_job`]).
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    ///
    /// use roundsman_runtime::{Actor, Context, JobError, Lane, Outcome, Runtime, job};
    ///
    /// struct Patient;
    ///
    /// impl Actor for Patient {
    ///     type Message = Result<(), JobError>;
    ///
    ///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
    ///         ctx.start(job(Lane::Fs, || {}), |done| done);
    ///         Ok(())
    ///     }
    ///
    ///     fn receive(&mut self, _: Self::Message, ctx: &mut Context<Self>) -> Outcome {
    ///         assert_eq!(ctx.now().since_start(), Duration::from_secs(2));
    ///         Ok(())
    ///     }
    /// }
    ///
    /// let two = Duration::from_secs(2)..Duration::from_secs(2);
    /// Runtime::builder().simulated(7).simulated_job_time(Lane::Fs, two).build()?.run(|| Patient)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn simulated_job_time(mut self, lane: Lane, each: Range<Duration>) -> Self {
        self.settings.job_times[lane.index()] = Some(each);
        self
    }

    /// Gives the runtime a thing that every actor can find by its type: [`Context::provided`](crate::Context::provided). The last of a type counts.
    ///
    /// For what belongs to a whole program and would otherwise be passed down to every actor, or be global: a
    /// configuration, a table of names for a test. It is dropped with the runtime.
    ///
    /// # Examples
    /// ```
    /// use roundsman_runtime::{Actor, Context, Outcome, Runtime};
    ///
    /// struct Limits {
    ///     lines: usize,
    /// }
    ///
    /// struct Reader;
    ///
    /// impl Actor for Reader {
    ///     type Message = ();
    ///
    ///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
    ///         let limits = ctx.provided::<Limits>().ok_or("no limits were provided")?;
    ///         assert_eq!(limits.lines, 80);
    ///         ctx.stop();
    ///         Ok(())
    ///     }
    ///
    ///     fn receive(&mut self, (): (), _: &mut Context<Self>) -> Outcome {
    ///         Ok(())
    ///     }
    /// }
    ///
    /// let builder = Runtime::builder().loops(1).provide(Limits { lines: 80 });
    /// builder.build()?.run(|| Reader)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn provide<T: Send + Sync + 'static>(self, value: T) -> Self {
        self.provided.set(value);
        self
    }

    /// A runtime in a world of its own, with one loop unless [`loops`](Self::loops) says otherwise: virtual time, which jumps when nothing is runnable, and every choice (which
    /// loop, which actor, how long) drawn from `seed`. All loops run on the calling thread. There are no sockets.
    ///
    /// # Examples
    /// An hour passes at once:
    /// ```
    /// # use roundsman_runtime::{Actor, Context, Outcome, Runtime};
    /// # use std::time::Duration;
    /// struct Sleeper;
    ///
    /// impl Actor for Sleeper {
    ///     type Message = ();
    ///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
    ///         ctx.send_after(Duration::from_secs(3600), ());
    ///         Ok(())
    ///     }
    ///     fn receive(&mut self, (): (), ctx: &mut Context<Self>) -> Outcome {
    ///         assert_eq!(ctx.now().since_start(), Duration::from_secs(3600));
    ///         ctx.stop();
    ///         Ok(())
    ///     }
    /// }
    ///
    /// Runtime::builder().simulated(7).loops(2).build()?.run(|| Sleeper)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn simulated(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Puts a wrong rule about waits in the place of the right one: to show that tests notice. Never for anything else.
    #[doc(hidden)]
    pub fn break_pressure(mut self, how: BrokenPressure) -> Self {
        self.settings.broken = Some(how);
        self
    }

    /// Builds it.
    ///
    /// # Errors
    /// See [`BuildError`]; each says what to change.
    pub fn build(self) -> Result<Runtime, BuildError> {
        match self.seed {
            Some(seed) => {
                let simulation = Simulation::of(Course::new(seed, false));
                self.build_in(&simulation)
            }
            None => {
                let (loops, stop_on_signals) = (self.loop_count()?, self.stop_on_signals);
                Runtime::os(self.world(false)?, loops, stop_on_signals)
            }
        }
    }

    /// Builds it in a simulation, with one loop unless [`loops`](Self::loops) says otherwise; a seed of its own does not
    /// count. [`Simulation::launch`] has it begin.
    ///
    /// # Errors
    /// As [`build`](Self::build).
    pub fn build_in(mut self, simulation: &Simulation) -> Result<Runtime, BuildError> {
        // A seed must mean the same on every machine.
        self.loops = self.loops.or(Some(1));
        let loops = self.loop_count()?;
        Ok(Runtime::simulated(self.world(true)?, simulation, loops))
    }

    fn world(self, simulated: bool) -> Result<Arc<World>, BuildError> {
        say_if_panics_abort();
        if self.settings.budget == 0 {
            return Err(BuildError::Budget);
        }
        if let Some(limit) = self.settings.watchdog.filter(|limit| *limit < watchdog::LIMIT_MIN) {
            return Err(BuildError::Watchdog(limit));
        }
        let pool = self.sizing.pool(simulated, self.settings.spin)?;
        Ok(World::new(self.settings, pool, self.provided))
    }

    fn loop_count(&self) -> Result<usize, BuildError> {
        match (self.loops, env::var(LOOPS_VARIABLE)) {
            (Some(loops @ 1..=MAX_LOOPS), _) => Ok(loops),
            (Some(loops), _) => Err(BuildError::Loops { loops }),
            (None, Ok(value)) => parse_loops(value),
            (None, Err(env::VarError::NotUnicode(value))) => Err(BuildError::Variable {
                variable: LOOPS_VARIABLE,
                value: value.to_string_lossy().into_owned(),
            }),
            (None, Err(env::VarError::NotPresent)) => {
                let cores = std::thread::available_parallelism().map_or(1, usize::from);
                Ok(cores.min(MAX_LOOPS))
            }
        }
    }
}

/// Where panics abort, they cannot be caught: said once a process, for it is easily overlooked.
fn say_if_panics_abort() {
    static SAID: Once = Once::new();
    if cfg!(panic = "abort") {
        SAID.call_once(|| {
            tracing::warn!(
                "built with panic = \"abort\": an actor that panics ends the process, and no supervisor can help; \
                 errors that handlers return are failures as ever"
            );
        });
    }
}

/// What `ROUNDSMAN_LOOPS` says.
fn parse_loops(value: String) -> Result<usize, BuildError> {
    match value.trim().parse::<usize>() {
        Ok(loops @ 1..=MAX_LOOPS) => Ok(loops),
        _ => Err(BuildError::Variable { variable: LOOPS_VARIABLE, value }),
    }
}
