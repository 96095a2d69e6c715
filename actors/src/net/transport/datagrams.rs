//! Sockets for datagrams.

#![expect(clippy::disallowed_types, reason = "the one place of this crate that speaks to mio")]

use std::io;
use std::net::SocketAddr;

use roundsman_runtime::{Actor, Context, Interest, Readiness, SourceId};
use socket2::{Domain, Protocol, SockAddr, SockRef, Socket, Type};

/// A socket for datagrams of UDP.
pub(crate) struct DatagramSocket(mio::net::UdpSocket);

impl DatagramSocket {
    /// Binds one; `prepare` is what must be said before.
    pub(crate) fn bind(
        address: SocketAddr,
        prepare: impl FnOnce(&Socket) -> io::Result<()>,
    ) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
        socket.set_nonblocking(true)?;
        prepare(&socket)?;
        socket.bind(&SockAddr::from(address))?;
        Ok(Self(mio::net::UdpSocket::from_std(socket.into())))
    }

    /// From now on it sends to this peer only, and takes nothing from others; what the network says of that peer shows as
    /// an error.
    pub(crate) fn connect(&self, peer: SocketAddr) -> io::Result<()> {
        self.0.connect(peer)
    }

    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    pub(crate) fn options(&self) -> SockRef<'_> {
        SockRef::from(&self.0)
    }

    /// Sends one datagram to the connected peer.
    pub(crate) fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        self.0.send(bytes)
    }

    /// Sends one datagram.
    pub(crate) fn send_to(&self, bytes: &[u8], to: SocketAddr) -> io::Result<usize> {
        self.0.send_to(bytes, to)
    }

    /// Receives one datagram. What does not fit is cut off.
    pub(crate) fn receive_from(&self, into: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.0.recv_from(into)
    }

    pub(crate) fn register<A: Actor>(
        &mut self,
        ctx: &mut Context<'_, A>,
        map: impl FnMut(Readiness) -> A::Message + 'static,
    ) -> io::Result<SourceId> {
        ctx.register(&mut self.0, Interest::BOTH, map)
    }

    pub(crate) fn deregister<A: Actor>(
        &mut self,
        ctx: &mut Context<'_, A>,
        id: SourceId,
    ) -> io::Result<()> {
        ctx.deregister(&mut self.0, id)
    }
}
