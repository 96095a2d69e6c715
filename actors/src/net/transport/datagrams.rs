//! Sockets for datagrams, and what their errors mean.

#![expect(clippy::disallowed_types, reason = "the one place of this crate that speaks to mio")]

use std::io;
use std::net::{SocketAddr, SocketAddrV6};

use roundsman_runtime::{Actor, Context, Interest, Readiness, SourceId};
use socket2::{Domain, Protocol, SockAddr, SockRef, Socket, Type};

use super::simulated;
use crate::net::endpoint::canonical;

/// A socket for datagrams of UDP.
pub(crate) enum DatagramSocket {
    Udp(mio::net::UdpSocket),
    Simulated(simulated::Datagrams),
}

impl DatagramSocket {
    /// Binds one; `prepare` is what must be said before, and of that `only_v6` and `shares` are what a simulated network needs
    /// to know.
    pub(crate) fn bind(
        address: SocketAddr,
        [only_v6, shares]: [bool; 2],
        prepare: impl FnOnce(&Socket) -> io::Result<()>,
    ) -> io::Result<Self> {
        if let Some(stack) = simulated::stack() {
            return stack.bind(address, only_v6, shares).map(Self::Simulated);
        }
        let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
        socket.set_nonblocking(true)?;
        prepare(&socket)?;
        socket.bind(&SockAddr::from(address))?;
        Ok(Self::Udp(mio::net::UdpSocket::from_std(socket.into())))
    }

    /// From now on it sends to this peer only, and takes nothing from others; what the network says of that peer shows as
    /// an error.
    pub(crate) fn connect(&self, peer: SocketAddr) -> io::Result<()> {
        match self {
            Self::Udp(socket) => socket.connect(peer),
            Self::Simulated(socket) => socket.connect(peer),
        }
    }

    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Udp(socket) => socket.local_addr(),
            Self::Simulated(socket) => socket.local_addr(),
        }
    }

    /// Its options. A simulated one has none.
    pub(crate) fn options(&self) -> Option<SockRef<'_>> {
        match self {
            Self::Udp(socket) => Some(SockRef::from(socket)),
            Self::Simulated(_) => None,
        }
    }

    /// Sends one datagram to the connected peer.
    pub(crate) fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Udp(socket) => socket.send(bytes),
            Self::Simulated(socket) => socket.send(bytes),
        }
    }

    /// Sends one datagram. A socket of IPv6 needs its peers [`as_v6`].
    pub(crate) fn send_to(&self, bytes: &[u8], to: SocketAddr) -> io::Result<usize> {
        match self {
            Self::Udp(socket) => socket.send_to(bytes, to),
            Self::Simulated(socket) => socket.send_to(bytes, to),
        }
    }

    /// Receives one datagram. What does not fit is cut off; on Windows it is an error, so offer enough room for any.
    pub(crate) fn receive_from(&self, into: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let (len, peer) = match self {
            Self::Udp(socket) => socket.recv_from(into)?,
            Self::Simulated(socket) => socket.receive_from(into)?,
        };
        Ok((len, canonical(peer)))
    }

    /// What the network has said since somebody last asked, received or sent.
    pub(crate) fn take_error(&self) -> io::Result<Option<io::Error>> {
        match self {
            Self::Udp(socket) => socket.take_error(),
            Self::Simulated(socket) => socket.take_error(),
        }
    }

    pub(crate) fn register<A: Actor>(
        &mut self,
        ctx: &mut Context<'_, A>,
        map: impl FnMut(Readiness) -> A::Message + 'static,
    ) -> io::Result<SourceId> {
        match self {
            Self::Udp(socket) => ctx.register(socket, Interest::BOTH, map),
            Self::Simulated(socket) => {
                let (id, bell) = ctx.add_bell(map);
                socket.set_bell(bell).inspect_err(|_| ctx.remove_bell(id))?;
                Ok(id)
            }
        }
    }

    pub(crate) fn deregister<A: Actor>(
        &mut self,
        ctx: &mut Context<'_, A>,
        id: SourceId,
    ) -> io::Result<()> {
        match self {
            Self::Udp(socket) => ctx.deregister(socket, id),
            Self::Simulated(socket) => {
                socket.remove_bell();
                ctx.remove_bell(id);
                Ok(())
            }
        }
    }
}

/// An address as a socket of IPv6 takes it: one of IPv4 is mapped.
pub(crate) fn as_v6(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V4(v4) => SocketAddrV6::new(v4.ip().to_ipv6_mapped(), v4.port(), 0, 0).into(),
        SocketAddr::V6(_) => address,
    }
}

/// Whether an error is what the network has said of an earlier datagram, and not of the one in hand: nobody takes it
/// there. (ICMP; Windows calls it a reset.)
pub(crate) fn is_of_the_peer(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionRefused, ConnectionReset, HostUnreachable, NetworkUnreachable};
    matches!(
        error.kind(),
        ConnectionRefused | ConnectionReset | HostUnreachable | NetworkUnreachable
    )
}

/// EMSGSIZE of Linux, of BSD, and of Windows.
pub(super) const TOO_LARGE: [i32; 3] = [90, 40, 10040];

/// Whether the error says that a datagram is longer than this system sends.
pub(crate) fn is_too_large(error: &io::Error) -> bool {
    error.raw_os_error().is_some_and(|code| TOO_LARGE.contains(&code))
}
