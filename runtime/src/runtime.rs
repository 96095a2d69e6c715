//! The runtime: built with limits and habits, run with a root actor, returned from when nothing is left to do.
//!
//! Users start here. It puts loops, world and driver together and knows no actor but the root.

use std::env;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use crate::actor::Actor;
use crate::clock::Clock;
use crate::event_loop::EventLoop;
use crate::exit::ExitReason;
use crate::handle::RuntimeHandle;
use crate::mailbox::{HIGH, LOW};
use crate::parcel::DeadLetter;
use crate::signals;
use crate::simulate::{self, Simulated};
use crate::spawn::{Scope, Spawn};
use crate::worker::{Ended, Seedling};
use crate::world::{Settings, World};

/// Most loops that a runtime may have.
pub const MAX_LOOPS: usize = 1024;
/// The variable that sets the number of loops.
const LOOPS_VARIABLE: &str = "ROUNDSMAN_LOOPS";
/// How long the end of a runtime waits for threads of actors that block.
const BLOCKED_THREADS: Duration = Duration::from_secs(5);

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
    settings: Settings,
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
    /// Signals cannot be listened to.
    #[error("SIGINT and SIGTERM cannot be listened to: {0}")]
    Signals(io::Error),
}

/// Why a run ended other than as planned.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The root actor failed.
    #[error("the root actor {0}")]
    RootFailed(ExitReason),
    /// The OS gave no thread for a loop.
    #[error("no thread for loop {index}: {source}; raise `ulimit -u` or set fewer loops")]
    Thread {
        /// The loop.
        index: usize,
        /// What the OS said.
        source: io::Error,
    },
    /// A loop's thread panicked: a bug of this crate.
    #[error("the thread of loop {index} panicked: this is a bug of roundsman")]
    LoopPanicked {
        /// The loop.
        index: usize,
    },
    /// Threads of loops did not end: an actor there blocks, or works on one message for very long.
    #[error(
        "the threads of {threads} loops did not end within 5 s, for an actor there blocks: make it look at its mailbox"
    )]
    Blocked {
        /// How many.
        threads: usize,
    },
    /// A simulated runtime can do nothing more, yet something keeps it alive.
    #[error(
        "the simulation stands still: nothing is runnable and no timer is armed, but {0} keep it alive"
    )]
    Stuck(String),
}

impl Builder {
    /// How many loops: 1 to [`MAX_LOOPS`]. Default: `ROUNDSMAN_LOOPS`, else one for each core.
    pub fn loops(mut self, loops: usize) -> Self {
        self.loops = Some(loops);
        self
    }

    /// Most messages that an actor handles in one turn. Default 128.
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

    /// SIGINT and SIGTERM stop the root actor, and with it everything, in order.
    ///
    /// An actor that wants the signal as a message instead uses [`Context::on_signal`](crate::Context::on_signal).
    pub fn stop_on_signals(mut self) -> Self {
        self.stop_on_signals = true;
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

    /// Builds it.
    ///
    /// # Errors
    /// See [`BuildError`]; each says what to change.
    pub fn build(self) -> Result<Runtime, BuildError> {
        let loops = self.loop_count()?;
        if self.settings.budget == 0 {
            return Err(BuildError::Budget);
        }
        let bound = Bound(World::new(self.settings));
        let kind = match self.seed {
            Some(seed) => Kind::Simulated(Simulated::new(&bound.0, seed, loops)),
            None => Kind::Os(os_loops(&bound.0, loops, self.stop_on_signals)?),
        };
        Ok(Runtime { kind, bound })
    }

    fn loop_count(&self) -> Result<usize, BuildError> {
        match (self.loops, env::var(LOOPS_VARIABLE)) {
            (Some(loops @ 1..=MAX_LOOPS), _) => Ok(loops),
            (Some(loops), _) => Err(BuildError::Loops { loops }),
            // A seed must mean the same on every machine.
            (None, _) if self.seed.is_some() => Ok(1),
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

/// What `ROUNDSMAN_LOOPS` says.
fn parse_loops(value: String) -> Result<usize, BuildError> {
    match value.trim().parse::<usize>() {
        Ok(loops @ 1..=MAX_LOOPS) => Ok(loops),
        _ => Err(BuildError::Variable { variable: LOOPS_VARIABLE, value }),
    }
}

fn os_loops(world: &Arc<World>, loops: usize, stop_on_signals: bool) -> Result<Os, BuildError> {
    let origin = Clock::origin();
    let mut seedlings = Vec::new();
    for index in 0..loops {
        let seedling = Seedling::new(world, origin, false);
        seedlings.push(seedling.map_err(|source| BuildError::Poller { index, loops, source })?);
    }
    let (ended, endings) = flume::unbounded();
    let for_later = ended.clone();
    let _ = world.start_loop.set(Box::new(move |world| {
        let seedling = Seedling::new(world, origin, true)?;
        let home = Arc::clone(&seedling.home);
        match seedling.start(for_later.clone()) {
            Ok(()) => world.count_thread(),
            Err(error) => {
                home.inbox().close();
                world.remove_dedicated(&home);
                return Err(error);
            }
        }
        Ok(home)
    }));
    let stop_on_signals = stop_on_signals.then(signals::listen_for_stop).transpose();
    let stop_on_signals = stop_on_signals.map_err(BuildError::Signals)?;
    Ok(Os { seedlings, ended, endings, stop_on_signals })
}

/// A runtime that has been built and not yet run.
pub struct Runtime {
    kind: Kind,
    bound: Bound,
}

/// A world that is dissolved when its runtime has run, or was never run.
struct Bound(Arc<World>);

impl Drop for Bound {
    fn drop(&mut self) {
        self.0.dissolve();
    }
}

enum Kind {
    Os(Os),
    Simulated(Simulated),
}

struct Os {
    seedlings: Vec<Seedling>,
    ended: flume::Sender<Ended>,
    endings: flume::Receiver<Ended>,
    stop_on_signals: Option<Vec<signals::SignalPipe>>,
}

impl Runtime {
    /// Starts to build one.
    pub fn builder() -> Builder {
        Builder {
            loops: None,
            seed: None,
            stop_on_signals: false,
            settings: Settings {
                budget: 128,
                round: Duration::from_millis(1),
                high: HIGH,
                low: LOW,
                spin: true,
                on_dead_letter: None,
            },
        }
    }

    /// A handle for other threads. While one exists, the runtime does not end by itself.
    #[must_use]
    pub fn handle(&self) -> RuntimeHandle {
        RuntimeHandle::new(Arc::clone(&self.bound.0))
    }

    /// Runs `root`, on this thread, and everything that it spawns, on all loops.
    ///
    /// Returns when the root has stopped and everything with it; or when nothing can happen any more on any loop: no
    /// message queued, no timer, no socket, no handle. The root is then stopped, too.
    ///
    /// # Errors
    /// [`RunError::RootFailed`] if the root failed; the others name a limit of the OS or a bug.
    pub fn run<A: Actor>(self, root: impl FnOnce() -> A) -> Result<(), RunError> {
        self.run_with(Spawn::new(), root)
    }

    /// The same, with a name or a mailbox for the root.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn run_with<A: Actor>(
        self,
        spawn: Spawn<A::Message>,
        root: impl FnOnce() -> A,
    ) -> Result<(), RunError> {
        let Self { kind, bound } = self;
        let exit = match kind {
            Kind::Simulated(simulated) => {
                simulate::run(simulated, |first| plant(first, spawn, root))
            }
            Kind::Os(os) => run_os(&bound.0, os, |first| plant(first, spawn, root)),
        };
        drop(bound);
        match exit? {
            Some(reason) if reason.is_failure() => Err(RunError::RootFailed(reason)),
            _ => Ok(()),
        }
    }
}

/// Spawns the root on the first loop.
fn plant<A: Actor>(first: &EventLoop, spawn: Spawn<A::Message>, root: impl FnOnce() -> A) {
    let scope = Scope { local: &first.local, parent: None };
    let address = scope.build_here(spawn, root);
    first.local.root.set(Some(address.id()));
}

fn run_os(
    world: &Arc<World>,
    os: Os,
    plant: impl FnOnce(&EventLoop),
) -> Result<Option<ExitReason>, RunError> {
    let Os { seedlings, ended, endings, stop_on_signals } = os;
    let mut seedlings = seedlings.into_iter();
    let Some(first) = seedlings.next() else { return Ok(None) };
    let mut first = first.grow();
    let mut problem = None;
    for seedling in seedlings {
        let home = Arc::clone(&seedling.home);
        match seedling.start(ended.clone()) {
            Ok(()) => world.count_thread(),
            Err(source) => {
                // It never runs; what is sent to it is handed back, and the run ends at once.
                home.inbox().close();
                problem = Some(RunError::Thread { index: home.index, source });
                world.end();
            }
        }
    }
    {
        let local = Rc::clone(&first.local);
        let _current = local.enter();
        if problem.is_none() {
            plant(&first);
            if let Some(pipes) = stop_on_signals {
                signals::stop_on(&local, pipes);
            }
        }
    }
    first.run();
    drop(ended);
    problem = problem.or(wait_for_workers(&endings, world));
    match problem {
        Some(problem) => Err(problem),
        None => Ok(first.local.root_exit.take()),
    }
}

/// Waits until every other loop has ended.
fn wait_for_workers(endings: &flume::Receiver<Ended>, world: &World) -> Option<RunError> {
    let mut problem = None;
    let mut ended = 0;
    while ended < world.threads() {
        match endings.recv_timeout(BLOCKED_THREADS) {
            Ok(one) if one.whole => {}
            Ok(one) => problem = Some(RunError::LoopPanicked { index: one.index }),
            Err(_) => {
                let threads = world.threads() - ended;
                return problem.or(Some(RunError::Blocked { threads }));
            }
        }
        ended += 1;
    }
    problem
}
