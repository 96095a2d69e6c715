//! Runs a command, marks each line that it prints, and ends as it did.
//!
//! `cargo run --example run_command -- sh -c 'echo hello; echo oh no >&2; exit 3'`. Told to stop, by Ctrl-C or SIGTERM, it asks the
//! command to end, and kills it after five seconds.
#![expect(clippy::disallowed_macros, reason = "a program says why it ends")]

use std::process::{ExitCode, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use bytes::Bytes;
use roundsman::Signal;
use roundsman::prelude::*;
use roundsman::process::{self, Child, Command};
use roundsman::stream::{LineTooLong, PipeError, Pipeline, Sink, Source, Summary};

const GRACE: Duration = Duration::from_secs(5);
const LINE_MAX: usize = 64 * 1024;

struct RunCommand {
    command: Option<Command>,
    child: Option<Child>,
    /// The command has ended, and so has what it printed.
    left: u32,
    ended: mpsc::Sender<ExitStatus>,
}

enum Msg {
    Printed(Result<Summary, PipeError>),
    Exited(std::io::Result<ExitStatus>),
    Stop,
}

/// Each line with a mark before it.
fn marked(printed: Source<Bytes>, mark: &'static str, to: Sink<Bytes>) -> Pipeline<Summary> {
    let marked = move |line: Result<Bytes, LineTooLong>| match line {
        Ok(line) => Bytes::from([mark.as_bytes(), &line, b"\n"].concat()),
        Err(too_long) => Bytes::from(format!("{mark}({too_long})\n")),
    };
    printed.lines(LINE_MAX).map(marked).pipe(to)
}

impl Actor for RunCommand {
    type Message = Msg;

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        for signal in [Signal::Interrupt, Signal::Terminate] {
            ctx.on_signal(signal, |_| Msg::Stop)?;
        }
        let command = self.command.take().ok_or("a command is run once")?;
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        marked(child.stdout(), "out: ", process::stdout()).start(ctx, Msg::Printed);
        marked(child.stderr(), "err: ", process::stderr()).start(ctx, Msg::Printed);
        child.exit(ctx, Msg::Exited);
        self.child = Some(child);
        Ok(())
    }

    fn receive(&mut self, message: Msg, ctx: &mut Context<Self>) -> Outcome {
        match message {
            Msg::Printed(summary) => _ = summary?,
            Msg::Exited(status) => self.ended.send(status?)?,
            Msg::Stop => {
                if let Some(child) = &self.child {
                    child.terminate(GRACE, ctx)?;
                }
                return Ok(());
            }
        }
        self.left -= 1;
        if self.left == 0 {
            ctx.stop();
        }
        Ok(())
    }
}

fn run() -> Result<ExitStatus, Box<dyn std::error::Error>> {
    let mut args = std::env::args_os().skip(1);
    let program = args.next().ok_or("usage: run_command COMMAND [ARGUMENTS]")?;
    let command = Some(Command::new(program).args(args));
    let (tell, ended) = mpsc::channel();
    let actor = RunCommand { command, child: None, left: 3, ended: tell };
    Runtime::builder().loops(1).build()?.run(|| actor)?;
    Ok(ended.recv()?)
}

fn main() -> ExitCode {
    match run().map(|status| (status.code(), status)) {
        Ok((Some(code), _)) => ExitCode::from(code as u8),
        Ok((None, status)) => {
            eprintln!("run_command: the command has ended by {status}");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("run_command: {error}");
            // As a shell says that it could not run something.
            ExitCode::from(127)
        }
    }
}
