//! The generator of `connect`: visitors that connect, say one line, hear it back, and close; then they come again.

#![expect(clippy::disallowed_types, reason = "the generators are mio by hand")]

use std::{
    io::{self, ErrorKind, Read, Write},
    net::SocketAddr,
    time::{Duration, Instant},
};

use mio::{Events, Interest, Poll, Registry, Token, net::TcpStream};

use crate::{
    clock,
    net::{
        line::{LINE, Line},
        server::Running,
    },
};

/// How long the load runs before it is measured.
const WARM_UP: Duration = Duration::from_millis(300);

/// How many come to the server at once.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// The row's name in the table.
    pub name: &'static str,
    /// Visitors that are there at any time.
    pub visitors: usize,
}

/// What the server did.
#[derive(Clone, Copy, Debug)]
pub struct Figures {
    /// Connections served per second, from connect to close.
    pub rate: f64,
    /// CPU time of the server per connection, in microseconds.
    pub cpu_micros: f64,
}

/// Puts `load` on `server` for `duration`.
///
/// # Errors
/// If a connection fails, ends before its answer, or has other bytes for one than it was sent.
pub fn run(server: &Running, load: Load, duration: Duration) -> io::Result<Figures> {
    let mut visits = Visits::begin(server.address, load.visitors)?;
    visits.go_on_until(clock::now() + WARM_UP)?;
    let (before, start, cpu) = (visits.done, clock::now(), server.cpu_time()?);
    visits.go_on_until(start + duration)?;
    let (elapsed, cpu) = (start.elapsed(), server.cpu_time()? - cpu);
    let done = (visits.done - before) as f64;
    Ok(Figures { rate: done / elapsed.as_secs_f64(), cpu_micros: cpu.as_secs_f64() * 1e6 / done })
}

/// All visitors.
#[derive(Debug)]
pub struct Visits {
    poll: Poll,
    events: Events,
    visitors: Vec<Visitor>,
    server: SocketAddr,
    /// Visits that have ended.
    pub done: u64,
}

/// One visitor, and its connection of now.
#[derive(Debug)]
struct Visitor {
    stream: TcpStream,
    /// What it says: no two visits at a time say the same.
    line: [u8; LINE],
    has_asked: bool,
    heard: usize,
}

impl Visits {
    /// Has so many visitors set out for `server`.
    ///
    /// # Errors
    /// If the OS has no more sockets, or ports.
    pub fn begin(server: SocketAddr, visitors: usize) -> io::Result<Self> {
        let poll = Poll::new()?;
        let visitors = (0..visitors).map(|index| Visitor::set_out(server, index, poll.registry()));
        let visitors = visitors.collect::<io::Result<_>>()?;
        Ok(Self { poll, events: Events::with_capacity(1024), visitors, server, done: 0 })
    }

    /// Visits until `end`, and leaves those visits under way.
    ///
    /// # Errors
    /// As [`run`].
    pub fn go_on_until(&mut self, end: Instant) -> io::Result<()> {
        loop {
            let left = end.saturating_duration_since(clock::now());
            if left.is_zero() {
                return Ok(());
            }
            self.poll.poll(&mut self.events, Some(left))?;
            for event in &self.events {
                // A visitor that sets out again has its next event in a later batch: no other visitor is taken for it.
                let Token(index) = event.token();
                let visitor = &mut self.visitors[index];
                if visitor.go_on()? {
                    self.done += 1;
                    *visitor = Visitor::set_out(self.server, index, self.poll.registry())?;
                }
            }
        }
    }
}

impl Visitor {
    fn set_out(server: SocketAddr, index: usize, registry: &Registry) -> io::Result<Self> {
        let mut stream = TcpStream::connect(server)?;
        registry.register(&mut stream, Token(index), Interest::READABLE | Interest::WRITABLE)?;
        let line = Line { speaker: b'0', number: index as u64 }.encode();
        Ok(Self { stream, line, has_asked: false, heard: 0 })
    }

    /// Asks once it is connected, and hears the answer; whether it has heard all of it.
    fn go_on(&mut self) -> io::Result<bool> {
        if !self.has_asked {
            match self.stream.write(&self.line) {
                Ok(LINE) => self.has_asked = true,
                Ok(_) => return Err(io::Error::other("a fresh socket has no room for a line")),
                Err(error) if is_early(&error) => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        let mut buffer = [0; LINE];
        while self.heard < LINE {
            let missing = &self.line[self.heard..];
            match self.stream.read(&mut buffer[..missing.len()]) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(read) if buffer[..read] == missing[..read] => self.heard += read,
                Ok(_) => return Err(io::Error::other("the answer is not the request")),
                Err(error) if is_early(&error) => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }
}

/// Whether it says no more than that the socket is not there yet.
fn is_early(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected | ErrorKind::Interrupted)
}

#[cfg(test)]
mod tests;
