//! Pipes and standard streams on systems that are not Unix: jobs of the pool read and write them, and may block there.
//!
//! The other side of the switch in `unix.rs`. A read that nothing comes for holds a thread of the pool.

use std::fmt;
use std::io::{self, Read, Write};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout};

use bytes::Bytes;
use roundsman_runtime::{Address, Scope, Signal};

use super::child::Slot;
use super::terminal::{StandardStream, TerminalSize};
use crate::fs::{StreamInput, StreamOutput, from_input, into_output};
use crate::net::engine::Message;
use crate::net::half;
use crate::stream::{Sink, Source};

/// Bytes read at once.
const CHUNK: usize = 64 * 1024;

/// Handles are limited by memory alone.
pub(crate) fn raise_descriptor_limit() -> io::Result<Option<u64>> {
    Ok(None)
}

/// Our end of a child's standard output or error.
pub(crate) struct ReadEnd(Box<dyn Read + Send>);
/// Our end of a child's standard input.
pub(crate) struct WriteEnd(Box<dyn Write + Send>);

impl fmt::Debug for ReadEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReadEnd")
    }
}

impl fmt::Debug for WriteEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WriteEnd")
    }
}

impl From<ChildStdout> for ReadEnd {
    fn from(end: ChildStdout) -> Self {
        Self(Box::new(end))
    }
}

impl From<ChildStderr> for ReadEnd {
    fn from(end: ChildStderr) -> Self {
        Self(Box::new(end))
    }
}

impl From<ChildStdin> for WriteEnd {
    fn from(end: ChildStdin) -> Self {
        Self(Box::new(end))
    }
}

pub(crate) fn source(name: &'static str, slot: Slot<ReadEnd>) -> Source<Bytes> {
    match slot.take() {
        Ok(end) => from_input(name, StreamInput { name: name.into(), stream: end.0 }, CHUNK),
        Err(error) => half::reader(name, || Err(error)),
    }
}

pub(crate) fn sink(name: &'static str, slot: Slot<WriteEnd>) -> Sink<Bytes> {
    match slot.take() {
        Ok(end) => into_output(name.to_owned(), StreamOutput { name, stream: end.0 }),
        Err(error) => half::writer(name, || Err(error)),
    }
}

/// Refuses: `through` is for Unix.
pub(crate) fn engine<E>(_: Scope<'_>, _: &str, _: E, _: bool) -> io::Result<Address<Message>> {
    Err(io::ErrorKind::Unsupported.into())
}

pub(crate) fn stdin() -> Source<Bytes> {
    from_input("stdin", StreamInput { name: "stdin".into(), stream: Box::new(io::stdin()) }, CHUNK)
}

pub(crate) fn stdout() -> Sink<Bytes> {
    let stream = Box::new(io::stdout());
    into_output("stdout".to_owned(), StreamOutput { name: "stdout", stream })
}

pub(crate) fn stderr() -> Sink<Bytes> {
    let stream = Box::new(io::stderr());
    into_output("stderr".to_owned(), StreamOutput { name: "stderr", stream })
}

/// There are no signals here.
pub(crate) fn signal(_: &Child, _: Signal) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

pub(crate) fn terminal_size(_: StandardStream) -> io::Result<TerminalSize> {
    Err(io::ErrorKind::Unsupported.into())
}
