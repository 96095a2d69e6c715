//! The client of `files`, the same for all servers: one connection, read to its end by one thread.

use std::{
    io::{self, Read},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

/// How long a server may be silent.
const PATIENCE: Duration = Duration::from_secs(60);

/// The length of what is read at once.
const BUFFER: usize = 256 * 1024;

/// A connection to a server, and what it reads into.
#[derive(Debug)]
pub struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// Bytes read so far.
    pub received: u64,
}

impl Client {
    /// Connects, which is all that a server waits for.
    ///
    /// # Errors
    /// If the connection is refused.
    pub fn connect(server: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(server)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { stream, buffer: vec![0; BUFFER], received: 0 })
    }

    /// The next bytes, at most so many; none at the end.
    ///
    /// # Errors
    /// If the connection fails, or the server is silent for too long.
    pub fn read(&mut self, bytes_max: usize) -> io::Result<&[u8]> {
        let length = bytes_max.min(BUFFER);
        let length = self.stream.read(&mut self.buffer[..length])?;
        self.received += length as u64;
        Ok(&self.buffer[..length])
    }

    /// Reads to the end and hands each piece, and its offset, to `take`.
    ///
    /// # Errors
    /// What reading and `take` fail with.
    pub fn read_all(
        &mut self,
        mut take: impl FnMut(&[u8], u64) -> io::Result<()>,
    ) -> io::Result<()> {
        loop {
            let offset = self.received;
            let piece = self.read(BUFFER)?;
            if piece.is_empty() {
                return Ok(());
            }
            take(piece, offset)?;
        }
    }
}
