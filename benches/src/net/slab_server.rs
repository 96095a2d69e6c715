//! The frame of the servers that are written by hand on mio: a slab of connections, one shared
//! buffer, edge-triggered, on one thread.

#![expect(clippy::disallowed_types, reason = "the raw mio peers are mio by hand")]

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
};

use mio::{
    Events, Interest, Poll, Token,
    event::Event,
    net::{TcpListener, TcpStream},
};
use slab::Slab;

use crate::net::{outgoing::Outgoing, server::Announce, socket::accept_all};

const LISTENER: Token = Token(usize::MAX);

/// What a server does with its connections.
pub trait Service {
    /// What it keeps for each connection beside the socket.
    type State: Default;

    /// A connection is readable or writable; whether it stays open.
    ///
    /// # Errors
    /// What the socket fails with, which ends this connection only.
    fn ready(
        &mut self,
        connection: &mut Connection<Self::State>,
        event: &Event,
        buffer: &mut [u8],
    ) -> io::Result<bool>;

    /// All connections that were ready have been served.
    fn round_ends(&mut self, _connections: &mut Slab<Connection<Self::State>>) {}
}

/// One connection.
#[derive(Debug)]
pub struct Connection<S> {
    /// The socket.
    pub stream: TcpStream,
    /// What it has not taken yet.
    pub outgoing: Outgoing,
    /// What the service keeps.
    pub state: S,
}

/// Serves until it is killed.
///
/// # Errors
/// If the poller or the listener fail.
pub fn serve<S: Service>(mut service: S, announce: Announce) -> io::Result<()> {
    let mut poll = Poll::new()?;
    let mut listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    announce(listener.local_addr()?.port());

    let mut connections = Slab::new();
    let mut events = Events::with_capacity(1024);
    let mut buffer = vec![0; 64 * 1024];
    loop {
        poll.poll(&mut events, None)?;
        for event in &events {
            if event.token() == LISTENER {
                accept_all(&listener, |mut stream| {
                    let entry = connections.vacant_entry();
                    let both = Interest::READABLE | Interest::WRITABLE;
                    poll.registry().register(&mut stream, Token(entry.key()), both)?;
                    let (outgoing, state) = Default::default();
                    entry.insert(Connection { stream, outgoing, state });
                    Ok(())
                })?;
                continue;
            }
            let Token(key) = event.token();
            let Some(connection) = connections.get_mut(key) else { continue };
            if !service.ready(connection, event, &mut buffer).unwrap_or(false) {
                connections.remove(key);
            }
        }
        service.round_ends(&mut connections);
    }
}
