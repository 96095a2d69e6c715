//! The runtime: run with a root actor, returned from when nothing is left to do.
//!
//! Made by [`builder`](crate::builder). It puts loops, world and driver together and knows no actor but the root.

use std::error::Error;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use crate::actor::{Actor, Failure};
use crate::builder::{BuildError, Builder};
use crate::dead_letter;
use crate::drain::DrainReport;
use crate::event_loop::EventLoop;
use crate::exit::{ExitReason, RootExit};
use crate::handle::RuntimeHandle;
use crate::pool::JobStatus;
use crate::signals;
use crate::simulate::Simulated;
use crate::simulation::{Simulation, Stepped};
use crate::spawn::{Scope, Spawn};
use crate::worker::{Ended, Seedling, WatchdogThread};
use crate::world::{BLOCKED_THREADS, World};

/// How long the end of a runtime waits for what a drain has waited for in vain.
const LAST_CHANCE: Duration = Duration::from_millis(10);

/// Why a run ended other than as planned.
///
/// # Examples
/// A program that says why its root has failed, and no more:
/// ```
/// use std::error::Error;
/// use std::num::ParseIntError;
/// use roundsman_runtime::{Actor, Context, Outcome, Runtime};
///
/// struct Service(&'static str);
///
/// impl Actor for Service {
///     type Message = ();
///
///     fn started(&mut self, _: &mut Context<Self>) -> Outcome {
///         let port: u16 = self.0.parse()?;
///         println!("port {port}");
///         Ok(())
///     }
///
///     fn receive(&mut self, (): (), _: &mut Context<Self>) -> Outcome {
///         Ok(())
///     }
/// }
///
/// let error = Runtime::builder().simulated(1).build()?.run(|| Service("many")).unwrap_err();
/// assert_eq!(error.to_string(), "the root actor failed: invalid digit found in string");
/// let cause = error.source().ok_or("a handler has returned it")?;
/// assert!(cause.is::<ParseIntError>());
/// assert_eq!(cause.to_string(), "invalid digit found in string");
/// # Ok::<(), Box<dyn Error>>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The root actor failed.
    #[error("the root actor {reason}")]
    RootFailed {
        /// How.
        reason: ExitReason,
        /// The error that its handler returned, as it was, for whoever wants to say it by itself or to know its type. `None` if
        /// it has failed by another way: a panic, a child, an actor that it is linked with.
        source: Option<Box<dyn Error + Send + Sync>>,
    },
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
    /// It was stopped as planned, and not everything was done in time.
    #[error(
        "stopped, and not everything was done in time: {0}; give `Drain` more time, or look at what is named"
    )]
    Cut(DrainReport),
    /// Jobs of the pool did not end, although they were told to. Their threads are left to themselves.
    #[error(
        "{} jobs of the pool did not end within {waited:?}: {}; let them look at their `CancelToken`, give code that blocks for ever a thread of its own (`Placement::OwnThread`), or raise `Builder::pool_deadline`",
        .jobs.len(), .jobs.join(", ")
    )]
    JobsLeft {
        /// Each by its name, its lane and the actor that started it.
        jobs: Vec<String>,
        /// How long the end has waited for them.
        waited: Duration,
    },
    /// A simulated runtime can do nothing more, yet something keeps it alive.
    #[error(
        "the simulation stands still: nothing is runnable and no timer is armed, yet this keeps it alive: {0}"
    )]
    Stuck(String),
}

impl RunError {
    /// The exit status that says so: 1 if the root failed or the runtime could not go on, 2 if something was cut.
    /// A run without an error is status 0.
    ///
    /// # Examples
    /// ```no_run
    /// # use roundsman_runtime::{Actor, Context, Outcome, Runtime};
    /// use std::process::ExitCode;
    /// # struct Service;
    /// # impl Actor for Service {
    /// #     type Message = ();
    /// #     fn receive(&mut self, (): (), _: &mut Context<Self>) -> Outcome { Ok(()) }
    /// # }
    ///
    /// fn main() -> ExitCode {
    ///     let runtime = Runtime::builder().stop_on_signals().build().expect("a runtime");
    ///     match runtime.run(|| Service) {
    ///         Ok(()) => ExitCode::SUCCESS,
    ///         Err(error) => {
    ///             eprintln!("service: {error}");
    ///             ExitCode::from(error.exit_status())
    ///         }
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::Cut(_) | Self::JobsLeft { .. } | Self::Blocked { .. } => 2,
            _ => 1,
        }
    }
}

/// The loops of a real runtime, without their threads.
fn os_loops(world: &Arc<World>, loops: usize, stop_on_signals: bool) -> Result<Os, BuildError> {
    let origin = world.pool.origin();
    let mut seedlings = Vec::new();
    for index in 0..loops {
        let seedling = Seedling::new(world, origin, false);
        seedlings.push(seedling.map_err(|source| BuildError::Poller { index, loops, source })?);
    }
    let (ended, endings) = flume::unbounded();
    let (for_later, told) = (ended.clone(), endings.clone());
    let _ = world.start_loop.set(Box::new(move |world| {
        Ended::sum_up(&told, &for_later, world);
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
    signals::outlive_broken_pipes().map_err(BuildError::Signals)?;
    signals::hear_of_children().map_err(BuildError::Signals)?;
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
pub(crate) struct Bound(pub(crate) Arc<World>);

impl Drop for Bound {
    fn drop(&mut self) {
        self.0.dissolve();
    }
}

enum Kind {
    Os(Os),
    /// With the number of the host.
    Simulated(Box<Simulated>, usize),
}

/// A simulated runtime, in its parts.
pub(crate) struct Lone {
    pub(crate) simulated: Simulated,
    pub(crate) host: usize,
    pub(crate) bound: Bound,
}

struct Os {
    seedlings: Vec<Seedling>,
    ended: flume::Sender<Ended>,
    endings: flume::Receiver<Ended>,
    stop_on_signals: Option<signals::StopSignals>,
}

impl Runtime {
    /// Puts a runtime together, in a simulation.
    pub(crate) fn simulated(world: Arc<World>, simulation: &Simulation, loops: usize) -> Self {
        let bound = Bound(world);
        let host = simulation.next_host();
        let course = Rc::clone(simulation.course());
        let simulated = Simulated::new(&bound.0, course, host, loops);
        Self { kind: Kind::Simulated(Box::new(simulated), host), bound }
    }

    /// A simulated runtime, taken apart.
    ///
    /// # Panics
    /// If it is none.
    pub(crate) fn into_lone(self) -> Lone {
        match self.kind {
            Kind::Simulated(simulated, host) => {
                Lone { simulated: *simulated, host, bound: self.bound }
            }
            Kind::Os(_) => {
                panic!("a runtime on the OS is in no simulation: use `Builder::build_in`")
            }
        }
    }

    /// The same on the OS.
    pub(crate) fn os(
        world: Arc<World>,
        loops: usize,
        stop_on_signals: bool,
    ) -> Result<Self, BuildError> {
        let bound = Bound(world);
        let os = os_loops(&bound.0, loops, stop_on_signals)?;
        Ok(Self { kind: Kind::Os(os), bound })
    }

    /// Starts to build one.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// A handle for other threads. While one exists, the runtime does not end by itself.
    #[must_use]
    pub fn handle(&self) -> RuntimeHandle {
        RuntimeHandle::new(Arc::clone(&self.bound.0))
    }

    /// Runs `root`, on this thread, and everything that it spawns, on all loops.
    ///
    /// Returns when the root has stopped and everything with it; or when nothing can happen any more on any loop: no
    /// message queued, no timer, no socket, no handle. The root is then stopped, too. Pipelines, and actors that said that
    /// they are [unfinished](crate::Context::set_unfinished), will never finish then: they are named once, in a warning.
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
        match kind {
            Kind::Simulated(simulated, _) => {
                // A simulation of its own, which has no other host.
                let simulation = Simulation::of(Rc::clone(&simulated.course));
                let host = simulation.next_host();
                let alone = Self { kind: Kind::Simulated(simulated, host), bound };
                simulation.launch(alone, spawn, root);
                run_alone(&simulation, host)
            }
            Kind::Os(os) => {
                bound.0.sets_out();
                let exit = run_os(&bound.0, os, |first| plant(first, spawn, root));
                conclude(bound, exit)
            }
        }
    }
}

/// Steps until the only host has ended. One that is stuck is left as it is.
fn run_alone(simulation: &Simulation, host: usize) -> Result<(), RunError> {
    loop {
        match simulation.step(None) {
            Stepped::Stuck => return Err(RunError::Stuck(simulation.why_stuck())),
            Stepped::Held => return Err(RunError::Stuck("its time is held".to_owned())),
            Stepped::Ended => return simulation.result(host).unwrap_or(Ok(())),
            _ => {}
        }
    }
}

/// What a run comes to, after all its loops have ended.
pub(crate) fn conclude(
    bound: Bound,
    exit: Result<Option<RootExit>, RunError>,
) -> Result<(), RunError> {
    let world = Arc::clone(&bound.0);
    drop(bound);
    world.unfinished.tell();
    // With a thread left behind, something may still be in flight.
    if exit.is_ok() {
        dead_letter::audit(&world);
    }
    let report = world.draining.last_report();
    match (exit, report) {
        (Ok(Some(RootExit { reason, failure })), _) if reason.is_failure() => {
            Err(RunError::RootFailed { reason, source: failure.map(Failure::into_cause) })
        }
        // It names what was left behind, and more.
        (Ok(_) | Err(RunError::JobsLeft { .. } | RunError::Blocked { .. }), Some(report))
            if !report.is_clean() =>
        {
            Err(RunError::Cut(report))
        }
        (Err(error), _) => Err(error),
        _ => Ok(()),
    }
}

/// Spawns the root on the first loop.
pub(crate) fn plant<A: Actor>(
    first: &EventLoop,
    spawn: Spawn<A::Message>,
    root: impl FnOnce() -> A,
) {
    let scope = Scope { local: &first.local, parent: None };
    let address = scope.build_here(spawn, root);
    first.local.root.set(Some(address.id()));
}

fn run_os(
    world: &Arc<World>,
    os: Os,
    plant: impl FnOnce(&EventLoop),
) -> Result<Option<RootExit>, RunError> {
    let Os { seedlings, ended, endings, mut stop_on_signals } = os;
    let mut seedlings = seedlings.into_iter();
    let Some(first) = seedlings.next() else { return Ok(None) };
    let mut first = first.grow();
    let _watchdog = WatchdogThread::start(world);
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
            if let Some(signals) = &mut stop_on_signals {
                signals::stop_on(&local, signals);
            }
        }
    }
    first.run();
    drop(ended);
    problem = problem.or(wait_for_workers(&endings, world));
    problem = problem.or(wait_for_jobs(world));
    drop(stop_on_signals);
    let exit = first.local.take_root_exit();
    match problem {
        // What was left behind is of less interest then.
        Some(problem) if exit.as_ref().is_some_and(|exit| exit.reason.is_failure()) => {
            tracing::error!(%problem, "besides");
            Ok(exit)
        }
        Some(problem) => Err(problem),
        None => Ok(exit),
    }
}

/// Takes back the jobs that wait, and waits until those that run have ended.
fn wait_for_jobs(world: &World) -> Option<RunError> {
    world.pool.close();
    let longest = if world.draining.has_cut_jobs() { LAST_CHANCE } else { world.pool.deadline };
    let left = world.pool.wait_for_end(longest);
    let jobs = left.iter().map(JobStatus::to_string).collect();
    (!left.is_empty()).then_some(RunError::JobsLeft { jobs, waited: longest })
}

/// Waits until every other loop has ended.
fn wait_for_workers(endings: &flume::Receiver<Ended>, world: &World) -> Option<RunError> {
    let mut problem = None;
    let mut ended = 0;
    // A drain has waited for these already.
    let silent = world.draining.silent_threads();
    while ended < world.threads() {
        let rest = ended + silent >= world.threads();
        match endings.recv_timeout(if rest { LAST_CHANCE } else { BLOCKED_THREADS }) {
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
