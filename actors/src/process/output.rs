//! A child that is run to its end, and everything that it has written, up to a limit.
//!
//! Made by [`Command::output`]. What is longer than memory should hold is streamed: see [`Child::stdout`](super::Child::stdout).

use std::io;
use std::process::{ExitStatus, Stdio};

use bytes::{Bytes, BytesMut};
use roundsman_runtime::{Actor, Context, Outcome, Recipient, Spawn};

use super::child::spawn;
use super::command::Command;
use crate::stream::{PipeError, Source, try_fold};

/// How a child has ended, and what it has written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Output {
    /// A code, or a signal. One without success is no error here.
    pub status: ExitStatus,
    /// All that it wrote to its standard output.
    pub stdout: Bytes,
    /// All that it wrote to its standard error.
    pub stderr: Bytes,
}

/// Why there is no [`Output`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutputError {
    /// It could not be started.
    #[error("{error}")]
    NotStarted {
        /// What was to be run.
        program: String,
        /// What the OS says, with the program's name.
        #[source]
        error: io::Error,
    },
    /// It has written more than it may. It ends as one that nobody wants any more.
    #[error(
        "`{program}` wrote more than {limit} bytes to its {stream}: allow more, or stream it (`Child::{stream}`)"
    )]
    TooMuch {
        /// What was run.
        program: String,
        /// `stdout` or `stderr`.
        stream: &'static str,
        /// What is allowed, in bytes.
        limit: usize,
    },
    /// What it wrote could not be read; under simulation it never can.
    #[error("what `{program}` wrote cannot be read: {error}")]
    NotRead {
        /// What was run.
        program: String,
        /// Why.
        #[source]
        error: PipeError,
    },
    /// The OS does not say how it has ended.
    #[error("it is not known how `{program}` has ended: {error}")]
    NoStatus {
        /// What was run.
        program: String,
        /// What the OS says.
        #[source]
        error: io::Error,
    },
}

/// A command that is run to its end when it is [started](Self::start); made by [`Command::output`].
#[derive(Debug)]
#[must_use = "it is run by `start`"]
pub struct Capture {
    command: Command,
    limit: usize,
}

impl Command {
    /// Runs it to its end, and keeps what it writes: at most `limit` bytes of its standard output, and as many of its standard
    /// error. Its standard input is empty. (Node: `child_process.execFile`, and its `maxBuffer`.)
    ///
    /// # Examples
    /// ```
    /// # #[cfg(unix)] {
    /// use roundsman::prelude::*;
    /// use roundsman::process::{Command, Output, OutputError};
    ///
    /// struct Greeting;
    ///
    /// impl Actor for Greeting {
    ///     type Message = Result<Output, OutputError>;
    ///
    ///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
    ///         Command::new("echo").arg("hello").output(1024).start(ctx, |output| output);
    ///         Ok(())
    ///     }
    ///
    ///     fn receive(&mut self, output: Self::Message, ctx: &mut Context<Self>) -> Outcome {
    ///         let output = output?;
    ///         assert!(output.status.success());
    ///         assert_eq!(output.stdout, "hello\n");
    ///         ctx.stop();
    ///         Ok(())
    ///     }
    /// }
    ///
    /// Runtime::builder().loops(1).build()?.run(|| Greeting)?;
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn output(self, limit: usize) -> Capture {
        Capture { command: self, limit }
    }
}

impl Capture {
    /// Starts it. Exactly one message comes of it: when it has ended, and everybody who had its outputs has closed them; or
    /// as it writes too much. If the actor ends before, the child ends as one that nobody wants any more.
    pub fn start<A, F>(self, ctx: &mut Context<'_, A>, map: F)
    where
        A: Actor,
        F: Fn(Result<Output, OutputError>) -> A::Message + Send + Sync + 'static,
    {
        let Self { command, limit } = self;
        let program = command.inner.get_program().to_string_lossy().into_owned();
        let name = format!("output of {program}");
        let (command, tell) = (Some(command), ctx.recipient(map));
        let (status, stdout, stderr) = (None, None, None);
        let capturing = Capturing { command, program, limit, tell, status, stdout, stderr };
        ctx.spawn_with(Spawn::named(name).tireless(), capturing);
    }
}

/// Waits for all that there is to come of a child.
struct Capturing {
    command: Option<Command>,
    program: String,
    limit: usize,
    tell: Recipient<Result<Output, OutputError>>,
    status: Option<ExitStatus>,
    stdout: Option<Bytes>,
    stderr: Option<Bytes>,
}

enum Message {
    Stdout(Result<BytesMut, PipeError>),
    Stderr(Result<BytesMut, PipeError>),
    Exited(io::Result<ExitStatus>),
}

/// A piece that is one too many.
#[derive(Debug, thiserror::Error)]
#[error("too much")]
struct TooMuch;

impl Capturing {
    fn begin(&mut self, command: Command, ctx: &mut Context<'_, Self>) -> io::Result<()> {
        let command = command.stdin(Stdio::null());
        let child = spawn(command.stdout(Stdio::piped()).stderr(Stdio::piped()))?;
        let limit = self.limit;
        let keep = move |source: Source<Bytes>| {
            source.pipe(try_fold(BytesMut::new(), move |mut all, bytes: Bytes| {
                if bytes.len() > limit - all.len() {
                    return Err(TooMuch);
                }
                all.extend_from_slice(&bytes);
                Ok(all)
            }))
        };
        keep(child.stdout()).start(ctx, Message::Stdout);
        keep(child.stderr()).start(ctx, Message::Stderr);
        child.exit(ctx, Message::Exited);
        Ok(())
    }

    fn unread(&self, stream: &'static str, error: PipeError) -> OutputError {
        let (program, limit) = (self.program.clone(), self.limit);
        match error.cause_as::<TooMuch>() {
            Some(TooMuch) => OutputError::TooMuch { program, stream, limit },
            None => OutputError::NotRead { program, error },
        }
    }

    fn take(&mut self, message: Message) -> Result<(), OutputError> {
        let program = || self.program.clone();
        match message {
            Message::Stdout(Ok(all)) => self.stdout = Some(all.freeze()),
            Message::Stderr(Ok(all)) => self.stderr = Some(all.freeze()),
            Message::Exited(Ok(status)) => self.status = Some(status),
            Message::Stdout(Err(error)) => return Err(self.unread("stdout", error)),
            Message::Stderr(Err(error)) => return Err(self.unread("stderr", error)),
            Message::Exited(Err(error)) => {
                return Err(OutputError::NoStatus { program: program(), error });
            }
        }
        Ok(())
    }
}

impl Actor for Capturing {
    type Message = Message;

    fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        let Some(command) = self.command.take() else { return Ok(()) };
        if let Err(error) = self.begin(command, ctx) {
            let program = self.program.clone();
            self.tell.complete(Err(OutputError::NotStarted { program, error }));
            ctx.stop();
        }
        Ok(())
    }

    fn receive(&mut self, message: Message, ctx: &mut Context<'_, Self>) -> Outcome {
        let answer = match self.take(message) {
            Err(error) => Err(error),
            Ok(()) => match (self.status, &self.stdout, &self.stderr) {
                (Some(status), Some(stdout), Some(stderr)) => {
                    Ok(Output { status, stdout: stdout.clone(), stderr: stderr.clone() })
                }
                _ => return Ok(()),
            },
        };
        self.tell.complete(answer);
        ctx.stop();
        Ok(())
    }
}
