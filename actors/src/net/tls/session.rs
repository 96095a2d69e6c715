//! A socket with TLS on top: what `transport` serves as one more kind of stream socket. `no_tls.rs` stands in without the
//! feature `tls`.
//!
//! Made by a handshake, and read and written by the engine from then on. It keeps no time and knows no actors.
//!
//! | what is kept | at most |
//! |---|---|
//! | ciphertext that was read and not taken | a record beyond what was asked for, 17 KiB |
//! | plaintext that was not asked for | two records, 32 KiB |
//! | ciphertext that the socket does not take | 64 KiB, and nothing is added before it is out |

use std::cell::RefCell;
use std::fmt;
use std::io::{self, IoSlice, Read, Write};
use std::sync::Arc;

use rustls::Connection;

use super::tls::{HandshakeError, TlsInfo};
use super::transport::StreamSocket;

/// The largest record that TLS 1.2 and 1.3 know, with its header.
const RECORD: usize = 16 * 1024 + 2048 + 5;
/// Read from the socket at once: two records.
const ROOM: usize = 2 * RECORD;
/// So much plaintext at most waits for whoever reads before more is decrypted. (The limit of rustls.)
const PLAIN: usize = 16 * 1024;
/// Ciphertext that waits for the socket.
const WAITING: usize = 64 * 1024;
/// How much of what a peer says first is kept, to tell what it speaks instead of TLS.
const OPENING: usize = 32;

thread_local! {
    /// What a socket is read into, shared by all of this thread: an idle session has no buffer.
    static ROOMS: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// A socket with TLS on top.
pub(crate) struct Session {
    below: StreamSocket,
    tls: Connection,
    /// Read and not taken, from `taken` on.
    inbound: Vec<u8>,
    taken: usize,
    /// The first bytes of the peer.
    opening: Vec<u8>,
    /// The peer has sent FIN, with or without `close_notify` before it.
    hung_up: bool,
    /// Our FIN is out.
    finished: bool,
}

impl Session {
    pub(crate) fn new(below: StreamSocket, mut tls: Connection) -> Self {
        tls.set_buffer_limit(Some(WAITING));
        let (inbound, opening) = Default::default();
        Self { below, tls, inbound, taken: 0, opening, hung_up: false, finished: false }
    }

    /// The socket that carries it.
    pub(crate) fn below(&self) -> &StreamSocket {
        &self.below
    }

    pub(crate) fn below_mut(&mut self) -> &mut StreamSocket {
        &mut self.below
    }

    pub(crate) fn tls(&self) -> &Connection {
        &self.tls
    }

    /// Goes on with the handshake, as far as the peer has. True once it is done, and everything of ours is out.
    ///
    /// # Errors
    /// It has failed. An alert that says so was sent, if the socket took it.
    pub(crate) fn shake_hands(&mut self) -> Result<bool, HandshakeError> {
        loop {
            let is_out = match self.flush() {
                Ok(()) => true,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => false,
                Err(error) => return Err(HandshakeError::of_socket(error)),
            };
            if !self.tls.is_handshaking() {
                self.opening = Vec::new();
                return Ok(is_out);
            }
            match self.pull(0) {
                Ok(()) if self.hung_up => return Err(HandshakeError::HungUp),
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) => {
                    self.drop_input();
                    return Err(HandshakeError::of(error, &self.opening));
                }
            }
        }
    }

    /// Reads plaintext. `Ok(0)`: the peer has said `close_notify`, and everything before it was read.
    ///
    /// # Errors
    /// `WouldBlock`: there is no more for now. `UnexpectedEof`: the peer has ended without `close_notify`, so what came may
    /// not be all. `InvalidData`: what came is not TLS as it should be, or an alert.
    pub(crate) fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut got = 0;
        loop {
            let error = match self.tls.reader().read(&mut into[got..]) {
                Ok(0) => return Ok(got),
                Ok(bytes) => {
                    got += bytes;
                    if got < into.len() && self.has_inbound() {
                        continue;
                    }
                    return Ok(got);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    match self.pull(into.len() - got) {
                        Ok(()) => continue,
                        Err(error) => error,
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => truncated(),
                Err(error) => error,
            };
            // What failed is said again by the next read.
            return if got > 0 { Ok(got) } else { Err(error) };
        }
    }

    /// Whether `close_notify` has come, and everything before it was read. It reads a record ahead to know.
    pub(crate) fn is_at_end(&mut self) -> io::Result<bool> {
        loop {
            let state = self.tls.process_new_packets().map_err(broken)?;
            if state.plaintext_bytes_to_read() > 0 {
                return Ok(false);
            }
            if state.peer_has_closed() {
                return Ok(true);
            }
            if self.hung_up {
                return Err(truncated());
            }
            self.pull(0)?;
        }
    }

    /// Takes plaintext, if what was written before is out: what is encrypted here waits for the socket.
    pub(crate) fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        self.flush()?;
        let taken = self.tls.writer().write(from);
        self.pushed(taken)
    }

    pub(crate) fn write_vectored(&mut self, from: &[IoSlice<'_>]) -> io::Result<usize> {
        self.flush()?;
        let taken = self.tls.writer().write_vectored(from);
        self.pushed(taken)
    }

    /// Hands to the socket what was just encrypted. What it does not take yet goes with the next call, and so does a
    /// failure of the socket.
    fn pushed(&mut self, taken: io::Result<usize>) -> io::Result<usize> {
        let taken = taken?;
        let _ = self.flush();
        if taken == 0 { Err(io::ErrorKind::WriteZero.into()) } else { Ok(taken) }
    }

    /// Hands what was encrypted and is still here to the socket.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        while self.tls.wants_write() {
            match self.tls.write_tls(&mut Below(&mut self.below)) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Says `close_notify`, and then FIN.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        self.tls.send_close_notify();
        self.flush()?;
        self.finished = true;
        self.below.finish()
    }

    fn has_inbound(&self) -> bool {
        self.taken < self.inbound.len()
    }

    /// Takes ciphertext in, for so much plaintext and a record more. There was no plaintext left.
    fn pull(&mut self, wanted: usize) -> io::Result<()> {
        if self.has_inbound() {
            let inbound = std::mem::take(&mut self.inbound);
            let used = self.take_in(&inbound[self.taken..])?;
            self.taken += used;
            if self.taken < inbound.len() {
                self.inbound = inbound;
            } else {
                self.taken = 0;
            }
            return Ok(());
        }
        self.tls.process_new_packets().map_err(broken)?;
        ROOMS.with_borrow_mut(|room| {
            if room.is_empty() {
                *room = vec![0; ROOM];
            }
            let most = ROOM.min(wanted.saturating_add(RECORD));
            let got = loop {
                match self.below.read(&mut room[..most]) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    got => break got?,
                }
            };
            let new = &room[..got];
            if got == 0 {
                self.hung_up = true;
                // So that its reader tells an end from a truncated stream.
                self.tls.read_tls(&mut io::empty())?;
                self.tls.process_new_packets().map_err(broken)?;
                return Ok(());
            }
            self.note_opening(new);
            let used = self.take_in(new)?;
            self.inbound = new[used..].to_vec();
            self.taken = 0;
            Ok(())
        })
    }

    fn note_opening(&mut self, new: &[u8]) {
        if self.tls.is_handshaking() && self.opening.len() < OPENING {
            let more = new.len().min(OPENING - self.opening.len());
            self.opening.extend_from_slice(&new[..more]);
        }
    }

    /// Decrypts, until as much plaintext waits as may. Returns how many bytes were used.
    fn take_in(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut rest = bytes;
        while !rest.is_empty() {
            if self.tls.read_tls(&mut rest)? == 0 {
                // Behind `close_notify` nothing counts.
                return Ok(bytes.len());
            }
            match self.tls.process_new_packets() {
                Ok(state) if state.plaintext_bytes_to_read() > PLAIN => break,
                Ok(_) => {}
                Err(error) => {
                    // The alert that says so. A socket that does not take it is closed without.
                    let _ = self.flush();
                    return Err(broken(error));
                }
            }
        }
        // Answers of TLS itself. What does not go now goes with what is written next; a failure is heard of then, too.
        let _ = self.flush();
        Ok(bytes.len() - rest.len())
    }

    /// Reads what is there and drops it: a socket that is closed over unread bytes resets the connection, and the peer may
    /// lose what it was sent last.
    fn drop_input(&mut self) {
        let mut room = [0; 1024];
        for _ in 0..64 {
            if !matches!(self.below.read(&mut room), Ok(1..)) {
                break;
            }
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if self.finished {
            // The peer's TLS has sent what nobody asked for: tickets for the next session.
            self.drop_input();
        }
    }
}

/// The socket, as what ciphertext is written to.
struct Below<'a>(&'a mut StreamSocket);

impl Write for Below<'_> {
    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        self.0.write(from)
    }

    fn write_vectored(&mut self, from: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.write_vectored(from)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// What TLS says of what has come, as an error of the socket.
fn broken(error: rustls::Error) -> io::Error {
    HandshakeError::of_tls(error, &[]).into_io()
}

fn truncated() -> io::Error {
    HandshakeError::Truncated.into_io()
}

/// What TLS has agreed on, of a connection with TLS.
#[derive(Default)]
pub(crate) struct Secured(pub(crate) Option<Arc<TlsInfo>>);

impl fmt::Display for Secured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |info| write!(f, " by {}", info.version()))
    }
}
