//! Pipes and standard streams on Unix: a loop waits for them as for sockets.
//!
//! The one switch of `process`: `not_unix.rs` has the same for other systems, on the pool.

use std::fs::File;
use std::io::{self, IsTerminal};
use std::os::fd::{AsFd, OwnedFd};
use std::process;

use bytes::Bytes;
use roundsman_runtime::{Address, Scope, Signal, Spawn};
use rustix::fs::{FileType, Mode, OFlags};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::child::Slot;
use super::terminal::{StandardStream, TerminalSize};
use crate::fs::{StreamInput, StreamOutput, from_input, into_output};
use crate::net::engine::{Engine, Message};
use crate::net::half;
use crate::net::pipe::PipeEnd;
use crate::net::station::Station;
use crate::net::transport::StreamSocket;
use crate::stream::{Sink, Source};

/// Our end of a child's standard output or error.
pub(crate) type ReadEnd = OwnedFd;
/// Our end of a child's standard input.
pub(crate) type WriteEnd = OwnedFd;

/// Bytes read from a file at once.
const CHUNK: usize = 64 * 1024;

pub(crate) fn source(name: &'static str, slot: Slot<ReadEnd>) -> Source<Bytes> {
    half::reader(name, move || Ok(StreamSocket::Pipe(PipeEnd::own(slot.take()?, true)?)))
}

pub(crate) fn sink(name: &'static str, slot: Slot<WriteEnd>) -> Sink<Bytes> {
    half::writer(name, move || Ok(StreamSocket::Pipe(PipeEnd::own(slot.take()?, false)?)))
}

/// The engine of an end, for a stage that speaks to it itself.
pub(crate) fn engine(
    scope: Scope<'_>,
    name: &str,
    end: OwnedFd,
    is_reader: bool,
) -> io::Result<Address<Message>> {
    let end = PipeEnd::own(end, is_reader)?;
    let spawn = Spawn::named(name.to_owned()).tireless();
    Ok(scope.spawn_with(spawn, Station::Here(Engine::outlasting_drain(StreamSocket::Pipe(end)))))
}

/// The most descriptors that are asked for where the hard limit is no number.
const DESCRIPTORS_MAX: u64 = 1 << 20;

pub(crate) fn raise_descriptor_limit() -> io::Result<Option<u64>> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let Some(mut least) = current else { return Ok(None) };
    let set = |current| setrlimit(Resource::Nofile, Rlimit { current: Some(current), maximum });
    match maximum {
        Some(most) if most > least => {
            set(most)?;
            return Ok(Some(most));
        }
        Some(_) => return Ok(current),
        None => {}
    }
    // macOS has no number, and refuses what is beyond what the kernel is set to.
    let mut refused = DESCRIPTORS_MAX + 1;
    while least + 1 < refused {
        let middle = least + (refused - least) / 2;
        match set(middle) {
            Ok(()) => least = middle,
            Err(_) => refused = middle,
        }
    }
    Ok(Some(least))
}

/// A descriptor that this process was given.
enum Given {
    /// A pipe, a socket or a terminal.
    Polled(PipeEnd),
    /// A file, or a device that never lets anybody wait.
    File(File),
}

/// A copy of the descriptor: closing it leaves the stream open.
fn given(stream: impl AsFd + IsTerminal, is_reader: bool) -> io::Result<Given> {
    let descriptor = stream.as_fd().try_clone_to_owned()?;
    if stream.is_terminal() {
        return Ok(terminal(descriptor, is_reader));
    }
    let kind = FileType::from_raw_mode(rustix::fs::fstat(&descriptor)?.st_mode);
    Ok(if matches!(kind, FileType::Fifo | FileType::Socket) {
        Given::Polled(PipeEnd::shared(descriptor, is_reader))
    } else {
        Given::File(descriptor.into())
    })
}

/// A terminal to be written to is opened once more, so that it can be non-blocking for us and for nobody else: it turns
/// writable when there is room for a byte, and a write of more would block. Where that cannot be, it is written to on the
/// pool. (libuv: `uv_tty_init`)
fn terminal(descriptor: OwnedFd, is_reader: bool) -> Given {
    if is_reader {
        return Given::Polled(PipeEnd::shared(descriptor, is_reader));
    }
    match reopened(&descriptor).and_then(|own| PipeEnd::own(own, is_reader)) {
        Ok(end) => Given::Polled(end),
        Err(_) => Given::File(descriptor.into()),
    }
}

/// The same terminal, opened by its name.
///
/// # Errors
/// It has none here, or is the other side of one, whose name makes another.
fn reopened(descriptor: &OwnedFd) -> io::Result<OwnedFd> {
    let name = rustix::termios::ttyname(descriptor, Vec::new())?;
    if name.to_bytes().ends_with(b"ptmx") {
        return Err(io::ErrorKind::Unsupported.into());
    }
    let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    Ok(rustix::fs::open(&*name, flags, Mode::empty())?)
}

pub(crate) fn stdin() -> Source<Bytes> {
    match given(io::stdin(), true) {
        Ok(Given::Polled(end)) => half::reader("stdin", || Ok(StreamSocket::Pipe(end))),
        Ok(Given::File(file)) => {
            from_input("stdin", StreamInput { name: "stdin".into(), stream: Box::new(file) }, CHUNK)
        }
        Err(error) => half::reader("stdin", || Err(error.into())),
    }
}

pub(crate) fn stdout() -> Sink<Bytes> {
    written("stdout", given(io::stdout(), false))
}

pub(crate) fn stderr() -> Sink<Bytes> {
    written("stderr", given(io::stderr(), false))
}

fn written(name: &'static str, given: io::Result<Given>) -> Sink<Bytes> {
    match given {
        Ok(Given::Polled(end)) => half::writer(name, || Ok(StreamSocket::Pipe(end))),
        Ok(Given::File(file)) => {
            into_output(name.to_owned(), StreamOutput { name, stream: Box::new(file) })
        }
        Err(error) => half::writer(name, || Err(error.into())),
    }
}

/// Sends a signal to a child that has not been waited for.
pub(crate) fn signal(child: &process::Child, signal: Signal) -> io::Result<()> {
    let signal = match signal {
        Signal::Interrupt => rustix::process::Signal::INT,
        Signal::Terminate => rustix::process::Signal::TERM,
        Signal::HangUp => rustix::process::Signal::HUP,
        Signal::User1 => rustix::process::Signal::USR1,
        Signal::User2 => rustix::process::Signal::USR2,
        Signal::Quit => rustix::process::Signal::QUIT,
        Signal::Child => rustix::process::Signal::CHILD,
        Signal::Continue => rustix::process::Signal::CONT,
        Signal::WindowChange => rustix::process::Signal::WINCH,
        _ => return Err(io::ErrorKind::Unsupported.into()),
    };
    Ok(rustix::process::kill_process(rustix::process::Pid::from_child(child), signal)?)
}

pub(crate) fn terminal_size(stream: StandardStream) -> io::Result<TerminalSize> {
    let size = match stream {
        StandardStream::Input => rustix::termios::tcgetwinsize(io::stdin()),
        StandardStream::Output => rustix::termios::tcgetwinsize(io::stdout()),
        StandardStream::Error => rustix::termios::tcgetwinsize(io::stderr()),
    }?;
    Ok(TerminalSize { columns: size.ws_col, rows: size.ws_row })
}
