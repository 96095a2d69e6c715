//! What a socket has not taken yet.

#![expect(clippy::disallowed_types, reason = "the raw mio peer and the generators are mio by hand")]

use std::io::{self, ErrorKind, Write};

use mio::net::TcpStream;

/// Bytes that wait for the socket to become writable, in order.
#[derive(Debug, Default)]
pub struct Outgoing(Vec<u8>);

impl Outgoing {
    /// Writes at once what the socket takes and keeps the rest.
    ///
    /// # Errors
    /// What the socket fails with.
    pub fn send(&mut self, stream: &TcpStream, bytes: &[u8]) -> io::Result<()> {
        let written = if self.0.is_empty() { write(stream, bytes)? } else { 0 };
        self.0.extend_from_slice(&bytes[written..]);
        Ok(())
    }

    /// Writes what was kept, as far as the socket takes it.
    ///
    /// # Errors
    /// What the socket fails with.
    pub fn flush(&mut self, stream: &TcpStream) -> io::Result<()> {
        let written = write(stream, &self.0)?;
        self.0.drain(..written);
        Ok(())
    }

    /// How many bytes wait.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn write(mut stream: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
    let mut written = 0;
    while written < bytes.len() {
        match stream.write(&bytes[written..]) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(taken) => written += taken,
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(written)
}
