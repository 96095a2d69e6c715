//! What is to be run as a child process, and how it is to end.
//!
//! Taken by [`spawn`](super::spawn), [`through`](super::through()) and [`Command::output`]. It runs nothing by itself.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::process::{self, Stdio};
use std::time::Duration;

use roundsman_runtime::Signal;

use super::child::{Child, spawn};

/// A program to be run as a child process, with the names of [`std::process::Command`]; what those of the standard library
/// say beyond these (user, group, a process group) comes by `From`. No shell is started, and no command line is parsed.
/// (Node: the arguments of `child_process.spawn`.)
///
/// A child is given its three standard streams and no other descriptor of this process: everything that roundsman and the
/// standard library open is closed in it (`O_CLOEXEC`). It begins with the signals as they were before this process changed
/// them, SIGPIPE included.
///
/// # Examples
/// ```
/// # #[cfg(unix)] {
/// use std::process::{ExitStatus, Stdio};
/// use std::time::Duration;
/// use roundsman::prelude::*;
/// use roundsman::process::Command;
///
/// struct Sleeper;
///
/// impl Actor for Sleeper {
///     type Message = std::io::Result<ExitStatus>;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         let sleep = Command::new("sleep").arg("1000").stdin(Stdio::null());
///         let child = sleep.spawn()?;
///         child.exit(ctx, |status| status);
///         // Asks it to end, and would kill it after a minute.
///         child.terminate(Duration::from_secs(60), ctx)?;
///         Ok(())
///     }
///
///     fn receive(&mut self, status: Self::Message, _: &mut Context<Self>) -> Outcome {
///         assert!(!status?.success());
///         Ok(())
///     }
/// }
///
/// // It ends when nothing can happen any more: at once, for the child does as it is told.
/// Runtime::builder().loops(1).build()?.run(|| Sleeper)?;
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "a command does nothing until it is started"]
pub struct Command {
    pub(super) inner: process::Command,
    pub(super) ending: Ending,
}

impl Command {
    /// To run `program`: a path, or a name that is looked for in `PATH`. Its standard streams are this process's own, unless
    /// said otherwise.
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        process::Command::new(program).into()
    }

    /// One more argument.
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.inner.arg(arg);
        self
    }

    /// More arguments.
    pub fn args(mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.inner.args(args);
        self
    }

    /// An environment variable.
    pub fn env(mut self, key: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.inner.env(key, value);
        self
    }

    /// Without an environment variable.
    pub fn env_remove(mut self, key: impl AsRef<OsStr>) -> Self {
        self.inner.env_remove(key);
        self
    }

    /// Without the environment of this process.
    pub fn env_clear(mut self) -> Self {
        self.inner.env_clear();
        self
    }

    /// The folder that it begins in.
    pub fn current_dir(mut self, dir: impl AsRef<Path>) -> Self {
        self.inner.current_dir(dir);
        self
    }

    /// Its standard input; [`Stdio::piped`] makes [`Child::stdin`] of it.
    pub fn stdin(mut self, stdin: impl Into<Stdio>) -> Self {
        self.inner.stdin(stdin);
        self
    }

    /// Its standard output; [`Stdio::piped`] makes [`Child::stdout`] of it.
    pub fn stdout(mut self, stdout: impl Into<Stdio>) -> Self {
        self.inner.stdout(stdout);
        self
    }

    /// Its standard error; [`Stdio::piped`] makes [`Child::stderr`] of it.
    pub fn stderr(mut self, stderr: impl Into<Stdio>) -> Self {
        self.inner.stderr(stderr);
        self
    }

    /// Has it end politely. When nobody wants it any more, because the actor that was to be told of its end has ended or the
    /// runtime is [drained](crate::Drain), it is asked to end, by SIGTERM or its [stop signal](Self::stop_signal), and killed
    /// if it has not after `grace`. By default it is killed at once, and a drain leaves it alone.
    ///
    /// It is done by timers, on the loop; the runtime lives on as long. A drain waits for it with the links, until their time
    /// is up. What ends at once kills at once: the end of the root, or [`Context::end_runtime`](crate::Context::end_runtime).
    /// On systems that are not Unix nobody can be asked, so it is killed at once.
    pub fn kill_after(mut self, grace: Duration) -> Self {
        self.ending.grace = grace;
        self
    }

    /// How it is asked to end, if not by SIGTERM.
    pub fn stop_signal(mut self, signal: Signal) -> Self {
        self.ending.signal = signal;
        self
    }

    /// Starts it; see [`spawn`](super::spawn).
    ///
    /// # Errors
    /// As there.
    pub fn spawn(self) -> io::Result<Child> {
        spawn(self)
    }
}

impl From<process::Command> for Command {
    fn from(inner: process::Command) -> Self {
        Self { inner, ending: Ending { signal: Signal::Terminate, grace: Duration::ZERO } }
    }
}

/// How a child is to end that nobody wants any more.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ending {
    /// Asks it to end.
    pub(super) signal: Signal,
    /// How long it may take then. Zero: it is not asked.
    pub(super) grace: Duration,
}
