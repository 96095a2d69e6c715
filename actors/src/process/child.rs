//! A child process: its streams, its end, and who kills it.

use std::error::Error;
use std::io;
use std::process::{self, Command, ExitStatus};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use roundsman_runtime::{Actor, Context, Signal};

use super::exit;
use super::os::{self, ReadEnd, WriteEnd};
use crate::stream::{Cut, Sink, Source};

/// Starts a child process. What `command` says of standard input, output and error holds: those that are
/// [`Stdio::piped`](process::Stdio::piped) are sources and sinks here. (Node: `child_process.spawn`.)
///
/// It takes the loop about a millisecond, as in libuv.
///
/// # Errors
/// What the OS says: there is no such program, it may not be run, there are too many processes.
///
/// # Examples
/// ```
/// # #[cfg(unix)] {
/// use std::process::{Command, ExitStatus, Stdio};
/// use bytes::Bytes;
/// use roundsman::prelude::*;
/// use roundsman::process::{self, Child};
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
///         let mut sort = Command::new("sort");
///         sort.stdin(Stdio::piped()).stdout(Stdio::piped());
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
pub fn spawn(mut command: Command) -> io::Result<Child> {
    let mut child = command.spawn()?;
    Ok(Child {
        id: child.id(),
        stdin: Slot::new("stdin", child.stdin.take().map(WriteEnd::from)),
        stdout: Slot::new("stdout", child.stdout.take().map(ReadEnd::from)),
        stderr: Slot::new("stderr", child.stderr.take().map(ReadEnd::from)),
        process: Arc::new(Process(Mutex::new(State { child, watched: false }))),
    })
}

/// A child process; started by [`spawn`].
///
/// It does not outlive who wants it: dropped before [`exit`](Self::exit), this kills it; from then on it is killed when
/// the actor ends that is to be told. Killed children are waited for, so there are no zombies: the OS takes them apart at
/// once, but for a process that is stuck in the kernel, for which the loop waits, too. Grandchildren are not touched.
///
/// Each of its streams can be piped once: a second pipeline fails with [`Cut::InUse`](crate::stream::Cut::InUse), and
/// one with a stream that is not piped to us with [`NotPiped`]. Under simulation they fail, for there is no OS to wait
/// for; on systems that are not Unix they are read and written on the pool, one thread each for as long as that takes.
#[derive(Debug)]
pub struct Child {
    id: u32,
    pub(crate) stdin: Slot<WriteEnd>,
    pub(crate) stdout: Slot<ReadEnd>,
    pub(crate) stderr: Slot<ReadEnd>,
    process: Arc<Process>,
}

impl Child {
    /// Its number, as the OS counts processes.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.id
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

    /// Tells this actor how the child has ended, once, also if it has already. The child is killed when the actor ends.
    /// What it has written may still be on its way. (Node: `exit`.)
    ///
    /// Linux says when that is (a pidfd); elsewhere it is looked for every 10 to 200 ms.
    ///
    /// An error instead of a status says that somebody else has waited for the child, or is told of its end already.
    pub fn exit<A, F>(&self, ctx: &mut Context<'_, A>, map: F)
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
        exit::watch(Arc::clone(&self.process), self.id, tell, ctx);
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
        let mut state = self.process.lock();
        // One that was waited for has no number any more: another process may have it.
        match state.child.try_wait()? {
            Some(_) => Ok(()),
            None => os::signal(&state.child, signal),
        }
    }
}

/// The process itself, in the hands of the handle and of whoever waits for its end. The last one kills it.
#[derive(Debug)]
pub(crate) struct Process(Mutex<State>);

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) child: process::Child,
    /// Somebody is told of its end.
    watched: bool,
}

impl Process {
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here is left half done by a panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Kills it, unless it has ended, and waits for its end.
    pub(crate) fn end(&self) {
        let mut state = self.lock();
        if matches!(state.child.try_wait(), Ok(None)) {
            let killed = state.child.kill().and_then(|()| state.child.wait().map(drop));
            if let Err(error) = killed {
                tracing::warn!(pid = state.child.id(), %error, "a child process stays behind");
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
