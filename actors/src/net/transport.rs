//! Sockets of the OS, non-blocking: the only file of this crate that names mio.
//!
//! Used by the engine, the listener and connect. It moves bytes; it knows no actors.

#![expect(clippy::disallowed_types, reason = "the one file of this crate that speaks to mio")]

use std::fs::File;
use std::io::{self, IoSlice, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::time::Duration;

use roundsman_runtime::{Context, Interest, Readiness, SourceId};
use socket2::{Domain, Protocol, SockAddr, SockRef, Socket, Type};

use super::pipe::PipeEnd;
use crate::kernel::{self, Pipe};

/// What the engine serves: a connected stream socket, or one that is being connected; or an end of a pipe.
pub(crate) enum StreamSocket {
    Tcp(mio::net::TcpStream),
    Pipe(PipeEnd),
}

impl StreamSocket {
    /// Begins to connect; the socket turns writable when it is known how that went.
    pub(crate) fn connect(to: SocketAddr) -> io::Result<Self> {
        mio::net::TcpStream::connect(to).map(Self::Tcp)
    }

    /// For what only a connection has.
    fn tcp(&self) -> io::Result<&mio::net::TcpStream> {
        match self {
            Self::Tcp(socket) => Ok(socket),
            Self::Pipe(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// Whether anything can come out of it.
    pub(crate) fn can_read(&self) -> bool {
        match self {
            Self::Tcp(_) => true,
            Self::Pipe(end) => end.is_reader(),
        }
    }

    /// Whether anything can be written into it.
    pub(crate) fn can_write(&self) -> bool {
        match self {
            Self::Tcp(_) => true,
            Self::Pipe(end) => !end.is_reader(),
        }
    }

    /// Whether other processes use the same descriptor: then a short read does not say that there is no more, and what
    /// nobody here has asked for is theirs.
    pub(crate) fn is_shared(&self) -> bool {
        match self {
            Self::Tcp(_) => false,
            Self::Pipe(end) => end.is_shared(),
        }
    }

    /// How connecting went, once the socket is writable. `None`: it is not decided yet.
    pub(crate) fn connected(&self) -> io::Result<Option<SocketAddr>> {
        let socket = self.tcp()?;
        if let Some(error) = socket.take_error()? {
            return Err(error);
        }
        match socket.peer_addr() {
            Ok(peer) => Ok(Some(peer)),
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        self.tcp()?.local_addr()
    }

    pub(crate) fn set_nodelay(&self, on: bool) -> io::Result<()> {
        self.tcp()?.set_nodelay(on)
    }

    pub(crate) fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(socket) => socket.read(into),
            Self::Pipe(end) => end.read(into),
        }
    }

    pub(crate) fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(socket) => socket.write(from),
            Self::Pipe(end) => end.write(from),
        }
    }

    pub(crate) fn write_vectored(&mut self, from: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Self::Tcp(socket) => socket.write_vectored(from),
            Self::Pipe(end) => end.write_vectored(from),
        }
    }

    /// Whether the kernel can move bytes out of it.
    pub(crate) fn moves(&self) -> bool {
        kernel::MOVES && matches!(self, Self::Tcp(_))
    }

    /// Another descriptor of it, for the kernel to move bytes into.
    pub(crate) fn lend(&self) -> io::Result<File> {
        kernel::lend(self.tcp()?)
    }

    /// Has the kernel move what was received into a pipe.
    pub(crate) fn splice(&self, pipe: &mut Pipe) -> io::Result<usize> {
        pipe.fill(self.tcp()?)
    }

    /// Whether the peer has ended and everything was read.
    pub(crate) fn is_at_end(&self) -> io::Result<bool> {
        match self {
            Self::Tcp(socket) => socket.peek(&mut [0]).map(|got| got == 0),
            Self::Pipe(end) => end.is_empty(),
        }
    }

    /// Closing it will send RST and forget what waits to be sent. A pipe cannot do that: whoever reads sees the end.
    pub(crate) fn reset_on_close(&self) -> io::Result<()> {
        match self {
            Self::Tcp(socket) => SockRef::from(socket).set_linger(Some(Duration::ZERO)),
            Self::Pipe(_) => Ok(()),
        }
    }

    /// Sends FIN. A pipe is closed instead, as its engine ends.
    pub(crate) fn finish(&self) -> io::Result<()> {
        match self {
            Self::Tcp(socket) => socket.shutdown(Shutdown::Write),
            Self::Pipe(_) => Ok(()),
        }
    }

    pub(crate) fn register<A: roundsman_runtime::Actor>(
        &mut self,
        ctx: &mut Context<'_, A>,
        map: impl FnMut(Readiness) -> A::Message + 'static,
    ) -> io::Result<SourceId> {
        match self {
            Self::Tcp(socket) => ctx.register(socket, Interest::BOTH, map),
            Self::Pipe(end) => end.register(ctx, map),
        }
    }

    pub(crate) fn deregister<A: roundsman_runtime::Actor>(
        &mut self,
        ctx: &mut Context<'_, A>,
        id: SourceId,
    ) -> io::Result<()> {
        match self {
            Self::Tcp(socket) => ctx.deregister(socket, id),
            Self::Pipe(end) => end.deregister(ctx, id),
        }
    }
}

/// A listening socket.
pub(crate) struct ListenSocket(mio::net::TcpListener);

impl ListenSocket {
    /// Binds and listens, with `SO_REUSEADDR` where the OS means by it what Unix does.
    pub(crate) fn bind(address: SocketAddr, backlog: i32) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        if cfg!(unix) {
            socket.set_reuse_address(true)?;
        }
        socket.bind(&SockAddr::from(address))?;
        socket.listen(backlog)?;
        Ok(Self(mio::net::TcpListener::from_std(socket.into())))
    }

    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    pub(crate) fn accept(&self) -> io::Result<(StreamSocket, SocketAddr)> {
        self.0.accept().map(|(stream, peer)| (StreamSocket::Tcp(stream), peer))
    }

    pub(crate) fn register<A: roundsman_runtime::Actor>(
        &mut self,
        ctx: &mut Context<'_, A>,
        map: impl FnMut(Readiness) -> A::Message + 'static,
    ) -> io::Result<SourceId> {
        ctx.register(&mut self.0, Interest::READABLE, map)
    }
}

/// Whether the error says that this process, or the machine, has no descriptors or memory left for one more socket.
pub(crate) fn is_exhausted(error: &io::Error) -> bool {
    use codes::{EMFILE, ENFILE, ENOBUFS, ENOMEM};
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

/// The codes of Unix; Windows has others, and no such limit.
mod codes {
    /// ENONET, EPROTO, ENOPROTOOPT, EOPNOTSUPP, EHOSTDOWN.
    pub(super) const OF_THE_CONNECTION: [i32; 5] = [64, 71, 92, 95, 112];
    pub(super) const EMFILE: i32 = 24;
    pub(super) const ENFILE: i32 = 23;
    pub(super) const ENOMEM: i32 = 12;
    pub(super) const ENOBUFS: i32 = if cfg!(target_os = "linux") { 105 } else { 55 };
}
