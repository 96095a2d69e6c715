//! The client side of the generators: many connections to one server, driven by one thread.

#![expect(clippy::disallowed_types, reason = "the generators are mio by hand")]

use std::{
    io::{self, ErrorKind},
    net::SocketAddr,
    ops::ControlFlow,
    time::Instant,
};

use mio::{Events, Interest, Poll, Token, net::TcpStream};

use crate::{
    clock,
    net::{
        outgoing::Outgoing,
        socket::{Appetite, Drained, drain},
    },
};

/// All connections of a generator.
#[derive(Debug)]
pub struct Crowd {
    poll: Poll,
    events: Events,
    buffer: Vec<u8>,
    /// In the order in which they were connected.
    pub members: Vec<Member>,
}

/// One connection.
#[derive(Debug)]
pub struct Member {
    /// Its place in the crowd.
    pub index: usize,
    stream: TcpStream,
    outgoing: Outgoing,
}

impl Crowd {
    /// Connects `count` times to `server`.
    ///
    /// # Errors
    /// If a connection is refused.
    pub fn connect(server: SocketAddr, count: usize) -> io::Result<Self> {
        let poll = Poll::new()?;
        let member = |index| {
            let stream = std::net::TcpStream::connect(server)?;
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            let mut stream = TcpStream::from_std(stream);
            let both = Interest::READABLE | Interest::WRITABLE;
            poll.registry().register(&mut stream, Token(index), both)?;
            Ok(Member { index, stream, outgoing: Outgoing::default() })
        };
        let members = (0..count).map(member).collect::<io::Result<_>>()?;
        let events = Events::with_capacity(1024);
        Ok(Self { poll, events, buffer: vec![0; 64 * 1024], members })
    }

    /// Calls `readable` with each member that has something to read, and with a buffer to read it
    /// into, until `end` or until it breaks.
    ///
    /// # Errors
    /// What `readable` and the connections fail with.
    pub fn run_until(
        &mut self,
        end: Instant,
        mut readable: impl FnMut(&mut Member, &mut [u8]) -> io::Result<ControlFlow<()>>,
    ) -> io::Result<()> {
        loop {
            let left = end.saturating_duration_since(clock::now());
            if left.is_zero() {
                return Ok(());
            }
            self.poll.poll(&mut self.events, Some(left))?;
            let mut flow = ControlFlow::Continue(());
            // All of them even after a break: an event is not repeated.
            for event in &self.events {
                let member = &mut self.members[event.token().0];
                member.outgoing.flush(&member.stream)?;
                if event.is_readable() && readable(member, &mut self.buffer)?.is_break() {
                    flow = ControlFlow::Break(());
                }
            }
            if flow.is_break() {
                return Ok(());
            }
        }
    }
}

impl Member {
    /// Sends `bytes`, or keeps them until the socket takes them.
    ///
    /// # Errors
    /// What the socket fails with.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.outgoing.send(&self.stream, bytes)
    }

    /// Hands all that has come to `take`, a piece at a time.
    ///
    /// # Errors
    /// What the socket and `take` fail with, and if the server has ended the connection.
    pub fn hear(
        &mut self,
        buffer: &mut [u8],
        mut take: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let drained = drain(&self.stream, buffer, false, |bytes| {
            take(bytes)?;
            Ok(Appetite::More)
        })?;
        if drained == Drained::Ended { Err(ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }
}
