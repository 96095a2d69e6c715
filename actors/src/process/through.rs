//! A child process as a stage: what comes goes into its standard input, what it writes goes on.

use std::io;
use std::process::{ExitStatus, Stdio};

use bytes::Bytes;
use roundsman_runtime::{Address, Context, Recipient};

use super::child::{Child, spawn};
use super::command::Command;
use super::exit::OnDrain;
use super::os;
use crate::net::connection::Refusal;
use crate::net::engine::{self, ToRead};
use crate::stream::assembly::{Assembly, Control, Report, Reporter};
use crate::stream::port::Port;
use crate::stream::runner::{Feed, Runner, RunnerMessage};
use crate::stream::source::Outflow;
use crate::stream::stage::Tail;
use crate::stream::{Cut, Downstream, Flow, PipeError, Stage, ToActor};

/// Bytes of standard error that are kept for the error: the last ones.
const STDERR_MAX: usize = 4 * 1024;
const NAME: &str = "process::through";
const STDIN: &str = "child stdin";

/// A child process as a stage, as in a pipe of the shell: what comes is its standard input, what it writes goes on. It is
/// started with the pipeline.
///
/// - Demand: no more is read of its output than is asked for, and 64 KiB wait for it at its input.
/// - End: the end from above closes its input. The stage ends when its output has ended and it has exited with success.
///   A child that exits with success before it has read everything ends the stream, too, and cancels what is above
///   (`head -n 1`).
/// - Failure: any other exit is an [`ExitError`], with the last 4 KiB of its standard error; that it cannot be started is
///   an [`io::Error`].
/// - Cancel, a failure elsewhere, and the end of the pipeline's owner kill it, at once or
///   [after a grace time](Command::kill_after). A planned stop of the runtime waits for what it makes of what has come.
///
/// What `command` says of the three standard streams is overruled. On Unix only; elsewhere it fails with `Unsupported`.
///
/// # Examples
/// ```
/// # #[cfg(unix)] {
/// use bytes::Bytes;
/// use roundsman::prelude::*;
/// use roundsman::process::{self, Command};
/// use roundsman::stream::{PipeError, Source, collect};
///
/// struct Sorter;
///
/// impl Actor for Sorter {
///     type Message = Result<Vec<Bytes>, PipeError>;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         let words = Source::iter(["b\n", "a\n"].map(Bytes::from));
///         let sorted = words.through(process::through(Command::new("sort")));
///         sorted.pipe(collect()).start(ctx, |sorted| sorted);
///         Ok(())
///     }
///
///     fn receive(&mut self, sorted: Self::Message, ctx: &mut Context<Self>) -> Outcome {
///         assert_eq!(sorted?.concat(), b"a\nb\n");
///         ctx.stop();
///         Ok(())
///     }
/// }
///
/// Runtime::builder().loops(1).build()?.run(|| Sorter)?;
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn through(command: impl Into<Command>) -> Stage<Bytes, Bytes> {
    let command = command.into();
    Stage::made(NAME, move |assembly, outflow| {
        let tail = outflow.into_tail(assembly);
        assembly.run.push(NAME);
        begin(command, assembly, tail)
    })
}

/// A child process has not ended with success.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{program}` has ended with {status}; it said: {}", if .stderr.is_empty() { "nothing" } else { .stderr.trim_end() })]
#[non_exhaustive]
pub struct ExitError {
    /// What was run.
    pub program: String,
    /// How it has ended: a code, or a signal.
    pub status: ExitStatus,
    /// The last 4 KiB of what it wrote to its standard error.
    pub stderr: String,
}

/// The child, and the engines of its three pipes.
struct Started {
    child: Child,
    stdin: Address<engine::Message>,
    stdout: Address<engine::Message>,
    stderr: Address<engine::Message>,
}

fn start(mut command: Command, assembly: &Assembly<'_>) -> io::Result<Started> {
    command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = spawn(command)?;
    let scope = assembly.stages;
    let stdin = os::engine(scope, STDIN, child.stdin.take().map_err(io::Error::other)?, false)?;
    let stdout =
        os::engine(scope, "child stdout", child.stdout.take().map_err(io::Error::other)?, true)?;
    let stderr =
        os::engine(scope, "child stderr", child.stderr.take().map_err(io::Error::other)?, true)?;
    Ok(Started { child, stdin, stdout, stderr })
}

fn begin(
    command: Command,
    assembly: &mut Assembly<'_>,
    tail: Box<dyn Tail<Bytes>>,
) -> Outflow<Bytes> {
    let program = command.inner.get_program().to_string_lossy().into_owned();
    let started = start(command, assembly);
    let engines = started
        .as_ref()
        .ok()
        .map(|started| (started.stdin.clone(), started.stdout.clone(), started.stderr.clone()));
    let feed = Through {
        program,
        stdin: None,
        started: Some(started),
        stdout: Port::new(),
        stderr: Port::new(),
        said: Vec::new(),
        status: None,
    };
    let (runner, to) = Runner::spawn(assembly, feed, tail);
    let Some((stdin, stdout, stderr)) = engines else {
        return Outflow::Link { link: Box::new(Refusal), to };
    };
    // The engines report to the runner, which stands for all four in the pipeline. They were spawned a line ago.
    let report = |name| {
        let to = runner.recipient(move |report| RunnerMessage::Event(Event::Closed(name, report)));
        Reporter::to(name, to)
    };
    let out = runner.recipient(|flow| RunnerMessage::Event(Event::Stdout(flow)));
    let err = runner.recipient(|flow| RunnerMessage::Event(Event::Stderr(flow)));
    let _ = stdin.send(engine::Message::Write(Box::new(report(STDIN))));
    let read = |link: Recipient<Flow<Bytes>>, reporter| {
        let link = Downstream::unmetered(Box::new(link));
        engine::Message::Read(Box::new(ToRead { link, reporter }))
    };
    let _ = stdout.send(read(out, report("child stdout")));
    let _ = stderr.send(read(err, report("child stderr")));
    let link = ToActor { address: stdin, map: engine::Message::Flow };
    Outflow::Link { link: Box::new(link), to }
}

/// What the runner waits for.
enum Event {
    Stdout(Flow<Bytes>),
    Stderr(Flow<Bytes>),
    /// One of the pipes is closed.
    Closed(&'static str, Report),
    Exited(io::Result<ExitStatus>),
}

/// Passes on what the child writes, and sees how it ends.
struct Through {
    program: String,
    started: Option<io::Result<Started>>,
    stdin: Option<Address<engine::Message>>,
    stdout: Port,
    stderr: Port,
    /// The last that it wrote to its standard error.
    said: Vec<u8>,
    status: Option<ExitStatus>,
}

/// Takes what comes down a link into a port; its items go to `item`.
fn arrive(
    flow: Flow<Bytes>,
    port: &mut Port,
    mut item: impl FnMut(Bytes) -> Result<(), PipeError>,
) -> Result<(), PipeError> {
    match flow {
        Flow::Begin(upstream) => port.begin(upstream),
        Flow::Item(bytes) => {
            port.arrived(&bytes);
            item(bytes)?;
        }
        Flow::Items(pieces) => {
            for bytes in pieces {
                port.arrived(&bytes);
                item(bytes)?;
            }
        }
        Flow::End => port.end(),
        Flow::Failed(error) => {
            port.end();
            return Err(error);
        }
    }
    Ok(())
}

fn keep_last(said: &mut Vec<u8>, bytes: &[u8]) {
    said.extend_from_slice(&bytes[bytes.len().saturating_sub(STDERR_MAX)..]);
    said.drain(..said.len().saturating_sub(STDERR_MAX));
}

impl Feed for Through {
    type Item = Bytes;
    type Event = Event;

    fn begin(&mut self, ctx: &mut Context<'_, Runner<Self>>) -> Result<(), PipeError> {
        match self.started.take() {
            Some(Ok(started)) => {
                // From here on it is this actor's: it ends when that does.
                let exited = |status| RunnerMessage::Event(Event::Exited(status));
                started.child.watch(OnDrain::Leave, ctx, exited);
                self.stdin = Some(started.stdin);
                Ok(())
            }
            Some(Err(error)) => Err(PipeError::new(NAME, error)),
            None => Ok(()),
        }
    }

    fn take(
        &mut self,
        event: Event,
        tail: &mut dyn Tail<Bytes>,
        _: &mut Context<'_, Runner<Self>>,
    ) -> Result<(), PipeError> {
        match event {
            Event::Stdout(flow) => arrive(flow, &mut self.stdout, |bytes| tail.push(bytes)),
            Event::Stderr(flow) => arrive(flow, &mut self.stderr, |bytes| {
                keep_last(&mut self.said, &bytes);
                Ok(())
            }),
            Event::Closed(STDIN, Report { result: Err(error), .. }) => {
                // A child that does not read everything is none that has failed.
                let unread =
                    error.stage() == STDIN && error.io_kind() == Some(io::ErrorKind::BrokenPipe);
                if unread { Ok(()) } else { Err(error) }
            }
            // Of the others the links tell.
            Event::Closed(..) => Ok(()),
            Event::Exited(status) => {
                self.status = Some(status.map_err(|error| PipeError::new(NAME, error))?);
                Ok(())
            }
        }
    }

    fn advance(
        &mut self,
        tail: &mut dyn Tail<Bytes>,
        _: &mut Context<'_, Runner<Self>>,
    ) -> Result<bool, PipeError> {
        if tail.room() > 0 {
            self.stdout.ask::<Bytes>();
        }
        self.stderr.ask::<Bytes>();
        match self.status {
            Some(status) if status.success() && self.stdout.is_over() => tail.end()?,
            Some(status) if !status.success() && self.stderr.is_over() => {
                let stderr = String::from_utf8_lossy(&self.said).into_owned();
                let error = ExitError { program: self.program.clone(), status, stderr };
                return Err(PipeError::new(NAME, error));
            }
            _ => {}
        }
        Ok(false)
    }

    fn let_go(&mut self) {
        self.stdout.cancel();
        self.stderr.cancel();
        if let Some(stdin) = self.stdin.take() {
            let error = PipeError::new(NAME, Cut::StageGone);
            // One that has ended has told what is above.
            let _ = stdin.send(engine::Message::ControlWrite(Control::Abort(error)));
        }
    }
}
