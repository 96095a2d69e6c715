//! A child process: its streams, its end, and who kills it.

use std::error::Error;
use std::io;
use std::process::{self, ExitStatus};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use roundsman_runtime::{Actor, Context, Lane, Signal, job};

use super::command::{Command, Ending};
use super::exit::{self, OnDrain};
use super::os::{self, ReadEnd, WriteEnd};
use super::reaper;
use crate::stream::{Cut, Sink, Source};

/// Starts a child process: a [`Command`], or one of the standard library's. What it says of standard input, output and
/// error holds: those that are [`Stdio::piped`](process::Stdio::piped) are sources and sinks here. (Node:
/// `child_process.spawn`.)
///
/// It takes the loop about a millisecond, as in libuv.
///
/// # Errors
/// What the OS says of the program, which the error names: there is none, it may not be run, there are too many processes.
///
/// # Examples
/// ```
/// # #[cfg(unix)] {
/// use std::process::{ExitStatus, Stdio};
/// use bytes::Bytes;
/// use roundsman::prelude::*;
/// use roundsman::process::{self, Command};
/// use roundsman::stream::{PipeError, Source, Summary, collect};
///
/// enum Msg {
///     Given(Result<Summary, PipeError>),
///     Sorted(Result<Vec<Bytes>, PipeError>),
///     Exited(std::io::Result<ExitStatus>),
/// }
///
/// struct Sorter;
///
/// impl Actor for Sorter {
///     type Message = Msg;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         let sort = Command::new("sort").stdin(Stdio::piped()).stdout(Stdio::piped());
///         let child = process::spawn(sort)?;
///         let words = Source::iter(["b\n", "a\n"].map(Bytes::from));
///         words.pipe(child.stdin()).start(ctx, Msg::Given);
///         child.stdout().pipe(collect()).start(ctx, Msg::Sorted);
///         child.exit(ctx, Msg::Exited);
///         Ok(())
///     }
///
///     fn receive(&mut self, message: Msg, _: &mut Context<Self>) -> Outcome {
///         match message {
///             Msg::Given(summary) => assert_eq!(summary?.items, 2),
///             Msg::Sorted(output) => assert_eq!(output?.concat(), b"a\nb\n"),
///             Msg::Exited(status) => assert!(status?.success()),
///         }
///         Ok(())
///     }
/// }
///
/// // It ends when nothing can happen any more.
/// Runtime::builder().loops(1).build()?.run(|| Sorter)?;
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn spawn(command: impl Into<Command>) -> io::Result<Child> {
    let Command { mut inner, ending } = command.into();
    let mut child = inner.spawn().map_err(|error| {
        let text = format!("`{}` cannot be started: {error}", inner.get_program().display());
        io::Error::new(error.kind(), text)
    })?;
    Ok(Child {
        stdin: Slot::new("stdin", child.stdin.take().map(WriteEnd::from)),
        stdout: Slot::new("stdout", child.stdout.take().map(ReadEnd::from)),
        stderr: Slot::new("stderr", child.stderr.take().map(ReadEnd::from)),
        process: Arc::new(Process {
            id: child.id(),
            ending,
            state: Mutex::new(State { child, watched: false, asked: false }),
        }),
    })
}

/// A child process; started by [`spawn`].
///
/// It does not outlive who wants it. Dropped before [`exit`](Self::exit), this kills it; until the OS has taken it apart, mostly
/// about a millisecond, a job of the pool waits, or whoever has dropped it elsewhere than on a loop. From then on it ends when the actor ends that is to be told: killed at once, or
/// [after a grace time](Command::kill_after). Nobody waits for that then: an actor without a parent, `ending:ID`, sees to it, and
/// the runtime lives on as long. In every case its status is taken, so there are no zombies. Grandchildren are not touched.
///
/// When the runtime itself ends, a child that is still there is killed and waited for; one that is stuck in the kernel
/// makes it wait, too.
///
/// Each of its streams can be piped once: a second pipeline fails with [`Cut::InUse`](crate::stream::Cut::InUse), and
/// one with a stream that is not piped to us with [`NotPiped`]. Under simulation they fail, for there is no OS to wait
/// for; on systems that are not Unix they are read and written on the pool, one thread each for as long as that takes.
#[derive(Debug)]
pub struct Child {
    pub(crate) stdin: Slot<WriteEnd>,
    pub(crate) stdout: Slot<ReadEnd>,
    pub(crate) stderr: Slot<ReadEnd>,
    process: Arc<Process>,
}

impl Child {
    /// Its number, as the OS counts processes.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id
    }

    /// What the child reads. The end of the stream closes it.
    ///
    /// - Demand: at most 64 KiB wait here; demand returns as the child reads.
    /// - Failure: `BrokenPipe` once something is written that the child no longer reads.
    /// - A failure above, and a cancel, close it, too, which the child cannot tell from an end: kill it if it must not
    ///   take what came for all.
    pub fn stdin(&self) -> Sink<Bytes> {
        os::sink("child stdin", self.stdin.clone())
    }

    /// What the child writes to its standard output. Ends when the child, and whoever else has it, has closed it.
    ///
    /// - Demand: no more is read than is asked for; a child that writes more waits.
    /// - Cancel: it is closed; a child that writes on hears of a broken pipe.
    pub fn stdout(&self) -> Source<Bytes> {
        os::source("child stdout", self.stdout.clone())
    }

    /// What the child writes to its standard error; as [`stdout`](Self::stdout).
    pub fn stderr(&self) -> Source<Bytes> {
        os::source("child stderr", self.stderr.clone())
    }

    /// Tells this actor how the child has ended, once, also if it has already. When the actor ends, the child does, too:
    /// killed, or [after a grace time](Command::kill_after). What it has written may still be on its way. (Node: `exit`.)
    ///
    /// Linux says when that is (a pidfd); elsewhere it is looked for every 10 to 200 ms.
    ///
    /// An error instead of a status says that somebody else has waited for the child, or is told of its end already.
    pub fn exit<A, F>(&self, ctx: &mut Context<'_, A>, map: F)
    where
        A: Actor,
        F: Fn(io::Result<ExitStatus>) -> A::Message + Send + Sync + 'static,
    {
        self.watch(OnDrain::Ask, ctx, map);
    }

    pub(crate) fn watch<A, F>(&self, on_drain: OnDrain, ctx: &mut Context<'_, A>, map: F)
    where
        A: Actor,
        F: Fn(io::Result<ExitStatus>) -> A::Message + Send + Sync + 'static,
    {
        let tell = ctx.recipient(map);
        if std::mem::replace(&mut self.process.lock().watched, true) {
            let text = "another actor is told of the end of this child";
            tell.complete(Err(io::Error::new(io::ErrorKind::ResourceBusy, text)));
            return;
        }
        exit::watch(Arc::clone(&self.process), tell, on_drain, ctx);
    }

    /// Asks it to end, by SIGTERM or its [stop signal](Command::stop_signal), and kills it if it has not after `grace`.
    /// Returns at once; that it has ended comes as usual. Harmless after its end. Called again, it asks no
    /// more; the shortest time holds.
    ///
    /// It is done by a timer of an actor without a parent, so it goes on when the caller ends; the runtime lives on as long. A
    /// planned stop of the runtime waits for it with the links. Under simulation the time is virtual: it passes at once.
    ///
    /// # Errors
    /// The OS does not allow it; nobody can be asked on systems that are not Unix. It is killed after `grace` all the same.
    pub fn terminate<A: Actor>(&self, grace: Duration, ctx: &mut Context<'_, A>) -> io::Result<()> {
        let Ending { signal, .. } = self.process.ending;
        let asked = self.process.ask(signal);
        reaper::end(Arc::clone(&self.process), Ending { signal, grace }, ctx.scope());
        asked
    }

    /// Kills it (`SIGKILL`). Harmless after its end. That it has ended comes as usual.
    ///
    /// # Errors
    /// The OS does not allow it.
    pub fn kill(&self) -> io::Result<()> {
        self.process.lock().child.kill()
    }

    /// Sends it a signal. Harmless after its end. (Node: `subprocess.kill(signal)`.)
    ///
    /// # Errors
    /// The OS does not allow it; there are signals on Unix only.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        self.process.signal(signal)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // Whoever else has it sees to its end.
        if Arc::strong_count(&self.process) == 1 && !self.process.has_ended() {
            self.process.kill();
            let process = Arc::clone(&self.process);
            let wait = job(Lane::User, move || process.end());
            wait.named("waiting for a child that was killed").detach();
        }
    }
}

/// The process itself, in the hands of the handle and of whoever waits for its end. The last one kills it.
#[derive(Debug)]
pub(crate) struct Process {
    id: u32,
    ending: Ending,
    state: Mutex<State>,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) child: process::Child,
    /// Somebody is told of its end.
    watched: bool,
    /// It has been asked to end. Once: there are programs that take a second time for "at once".
    asked: bool,
}

impl Process {
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here is left half done by a panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn id(&self) -> u32 {
        self.id
    }

    /// How it is to end when nobody wants it any more.
    pub(super) fn ending(&self) -> Ending {
        self.ending
    }

    /// Whether it is over; then it is no zombie any more.
    pub(super) fn has_ended(&self) -> bool {
        // An error: somebody else has taken its status.
        !matches!(self.lock().child.try_wait(), Ok(None))
    }

    pub(super) fn signal(&self, signal: Signal) -> io::Result<()> {
        let mut state = self.lock();
        // One that was waited for has no number any more: another process may have it.
        match state.child.try_wait()? {
            Some(_) => Ok(()),
            None => os::signal(&state.child, signal),
        }
    }

    /// Asks it to end, unless it has been asked before.
    pub(super) fn ask(&self, signal: Signal) -> io::Result<()> {
        if std::mem::replace(&mut self.lock().asked, true) {
            return Ok(());
        }
        self.signal(signal)
    }

    /// Kills it, and does not wait.
    pub(super) fn kill(&self) {
        let mut state = self.lock();
        if let Err(error) = state.child.kill() {
            tracing::warn!(pid = self.id, %error, "a child process cannot be killed");
        }
    }

    /// Kills it, unless it has ended, and waits for its end.
    pub(crate) fn end(&self) {
        let mut state = self.lock();
        if matches!(state.child.try_wait(), Ok(None)) {
            let killed = state.child.kill().and_then(|()| state.child.wait().map(drop));
            if let Err(error) = killed {
                tracing::warn!(pid = self.id, %error, "a child process stays behind");
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

/// A stream of a child that was not set to `Stdio::piped()`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the child's {stream} does not lead here: say `Command::{stream}(Stdio::piped())`")]
#[non_exhaustive]
pub struct NotPiped {
    /// Which one: `stdin`, `stdout` or `stderr`.
    pub stream: &'static str,
}

/// A stream of a child, until it is piped.
#[derive(Debug)]
pub(crate) struct Slot<E> {
    stream: &'static str,
    /// `None`: it does not lead here.
    end: Option<Arc<Mutex<Option<E>>>>,
}

impl<E> Slot<E> {
    fn new(stream: &'static str, end: Option<E>) -> Self {
        Self { stream, end: end.map(|end| Arc::new(Mutex::new(Some(end)))) }
    }

    /// The end, once.
    pub(crate) fn take(&self) -> Result<E, Box<dyn Error + Send + Sync>> {
        let Some(end) = &self.end else { return Err(NotPiped { stream: self.stream }.into()) };
        let end = end.lock().unwrap_or_else(PoisonError::into_inner).take();
        end.ok_or_else(|| Cut::InUse.into())
    }
}

impl<E> Clone for Slot<E> {
    fn clone(&self) -> Self {
        Self { stream: self.stream, end: self.end.clone() }
    }
}
