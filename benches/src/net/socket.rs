//! Accepting and reading on edge-triggered sockets.

#![expect(clippy::disallowed_types, reason = "the raw mio peer and the generators are mio by hand")]

use std::io::{self, ErrorKind, Read};

use mio::net::{TcpListener, TcpStream};

/// How reading ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Drained {
    /// Nothing is left; the next bytes come with the next event.
    Empty,
    /// The reader asked to stop; nothing will announce what is left.
    Paused,
    /// The peer sends no more.
    Ended,
}

/// Whether the reader takes more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appetite {
    /// Read on.
    More,
    /// Stop reading.
    Enough,
}

/// Reads what is there into `buffer`, a piece at a time, and hands each piece to `take`.
///
/// A short read means that the socket is empty, which saves the read that would say so; but not
/// when the event said that the peer has `closed` its side, since no other event will say it again.
///
/// # Errors
/// What the socket or `take` fail with.
pub fn drain(
    mut stream: &TcpStream,
    buffer: &mut [u8],
    closed: bool,
    mut take: impl FnMut(&[u8]) -> io::Result<Appetite>,
) -> io::Result<Drained> {
    loop {
        match stream.read(buffer) {
            Ok(0) => return Ok(Drained::Ended),
            Ok(read) => {
                if take(&buffer[..read])? == Appetite::Enough {
                    return Ok(Drained::Paused);
                }
                if read < buffer.len() && !closed {
                    return Ok(Drained::Empty);
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Drained::Empty),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Accepts every connection that waits, without Nagle's delay, and hands it to `welcome`.
///
/// # Errors
/// What the listener or `welcome` fail with.
pub fn accept_all(
    listener: &TcpListener,
    mut welcome: impl FnMut(TcpStream) -> io::Result<()>,
) -> io::Result<()> {
    loop {
        match listener.accept() {
            Ok((stream, _)) => {
                stream.set_nodelay(true)?;
                welcome(stream)?;
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::Interrupted | ErrorKind::ConnectionAborted
                ) => {}
            Err(error) => return Err(error),
        }
    }
}
