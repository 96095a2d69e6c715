//! Sockets that listen, and what their errors mean.

#![expect(clippy::disallowed_types, reason = "the one place of this crate that speaks to mio")]

use std::io;
use std::net::SocketAddr;

use roundsman_runtime::{Actor, Context, Interest, Readiness, SourceId};
use socket2::{Domain, Protocol, SockAddr, SockRef, Socket, Type};

use super::os::{self, LocalListener};
use super::{Endpoint, Options, StreamSocket, simulated};

/// A listening socket.
pub(crate) enum ListenSocket {
    Tcp(mio::net::TcpListener),
    Local(LocalListener),
    Simulated(simulated::Listening),
}

impl ListenSocket {
    /// Binds an address of TCP and listens, with `SO_REUSEADDR` where the OS means by it what Unix does.
    ///
    /// One that is bound to `[::]` takes IPv4, too, unless `only_v6`.
    pub(crate) fn bind_tcp(
        address: SocketAddr,
        only_v6: bool,
        reuse_port: bool,
        backlog: i32,
        options: &Options,
    ) -> io::Result<Self> {
        if let Some(stack) = simulated::stack() {
            let listening = stack.listen(&address.into(), only_v6, reuse_port, backlog)?;
            return Ok(Self::Simulated(listening));
        }
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        if address.is_ipv6() {
            socket.set_only_v6(only_v6)?;
        }
        if cfg!(unix) {
            socket.set_reuse_address(true)?;
        }
        if reuse_port {
            os::set_reuse_port(&socket)?;
        }
        // Those that are accepted have the window sizes of the socket that listens.
        options.prepare(&SockRef::from(&socket))?;
        socket.bind(&SockAddr::from(address))?;
        socket.listen(backlog)?;
        Ok(Self::Tcp(mio::net::TcpListener::from_std(socket.into())))
    }

    /// Binds a Unix socket and listens.
    pub(crate) fn bind_local(endpoint: &Endpoint, backlog: i32) -> io::Result<Self> {
        if let Some(stack) = simulated::stack() {
            return stack.listen(endpoint, false, false, backlog).map(Self::Simulated);
        }
        LocalListener::bind(endpoint, backlog).map(Self::Local)
    }

    pub(crate) fn endpoint(&self) -> io::Result<Endpoint> {
        match self {
            Self::Tcp(socket) => socket.local_addr().map(Endpoint::Ip),
            Self::Local(socket) => Ok(socket.endpoint().clone()),
            Self::Simulated(socket) => Ok(socket.endpoint().clone()),
        }
    }

    pub(crate) fn accept(&self) -> io::Result<(StreamSocket, Endpoint)> {
        match self {
            Self::Tcp(socket) => {
                let (stream, peer) = socket.accept()?;
                Ok((StreamSocket::Tcp(stream), Endpoint::from_os(&peer.into())))
            }
            Self::Local(socket) => {
                let (stream, peer) = socket.accept()?;
                Ok((StreamSocket::Local(stream), peer))
            }
            Self::Simulated(socket) => {
                let (stream, peer) = socket.accept()?;
                Ok((StreamSocket::Simulated(Box::new(stream)), peer))
            }
        }
    }

    pub(crate) fn register<A: Actor>(
        &mut self,
        ctx: &mut Context<'_, A>,
        map: impl FnMut(Readiness) -> A::Message + 'static,
    ) -> io::Result<SourceId> {
        match self {
            Self::Tcp(socket) => ctx.register(socket, Interest::READABLE, map),
            Self::Local(socket) => socket.register(ctx, map),
            Self::Simulated(socket) => {
                let (id, bell) = ctx.add_bell(map);
                socket.set_bell(bell);
                Ok(id)
            }
        }
    }
}

/// Whether the error says that this process, or the machine, has no descriptors or memory left for one more socket.
pub(crate) fn is_exhausted(error: &io::Error) -> bool {
    use codes::{ENFILE, ENOBUFS, ENOMEM};
    matches!(error.raw_os_error(), Some(EMFILE | ENFILE | ENOBUFS | ENOMEM))
}

/// Whether the error of an accept is that of the connection, which has gone or may not come, and not the listener's.
/// (accept(2): Linux passes on what the network has said of it.)
pub(crate) fn is_of_the_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{
        ConnectionAborted, ConnectionReset, HostUnreachable, NetworkDown, NetworkUnreachable,
        PermissionDenied, TimedOut,
    };
    let kind = matches!(
        error.kind(),
        ConnectionAborted
            | ConnectionReset
            | HostUnreachable
            | NetworkDown
            | NetworkUnreachable
            | PermissionDenied
            | TimedOut
    );
    kind || cfg!(target_os = "linux")
        && matches!(error.raw_os_error(), Some(code) if codes::OF_THE_CONNECTION.contains(&code))
}

/// This process has no descriptor left. (Unix; Windows has no such limit.)
pub(super) const EMFILE: i32 = 24;

/// The codes of Unix; Windows has others.
mod codes {
    /// ENONET, EPROTO, ENOPROTOOPT, EOPNOTSUPP, EHOSTDOWN.
    pub(super) const OF_THE_CONNECTION: [i32; 5] = [64, 71, 92, 95, 112];
    pub(super) const ENFILE: i32 = 23;
    pub(super) const ENOMEM: i32 = 12;
    pub(super) const ENOBUFS: i32 = if cfg!(target_os = "linux") { 105 } else { 55 };
}
