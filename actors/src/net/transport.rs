//! Sockets of the OS, non-blocking: with the files below it, the only one of this crate that names mio.
//!
//! Used by the engine, the listener, connect and datagrams. It moves bytes; it knows no actors.
//!
//! | file | what |
//! |---|---|
//! | this one | what the engine serves: connected streams, and ends of pipes |
//! | `transport/listening.rs` | sockets that listen |
//! | `transport/datagrams.rs`, `groups.rs` | sockets for datagrams; the groups that they join |
//! | `transport/unix.rs`, `not_unix.rs` | what there is on Unix only: local sockets, and options |
//! | `transport/simulated/`, `no_simulated.rs` | sockets of a simulated network |

#![expect(clippy::disallowed_types, reason = "the one place of this crate that speaks to mio")]

use std::fs::File;
use std::io::{self, IoSlice, Read, Write};
use std::mem::MaybeUninit;
use std::net::{Shutdown, SocketAddr};
use std::time::Duration;

use roundsman_runtime::{Actor, Context, Interest, Readiness, SourceId};
use socket2::{Domain, Protocol, SockAddr, SockRef, Socket, Type};

use super::credentials::Credentials;
use super::endpoint::Endpoint;
use super::options::Options;
use super::pipe::PipeEnd;
use super::session::Session;
use crate::kernel::{self, Pipe};

mod datagrams;
mod groups;
mod listening;
#[cfg_attr(not(unix), path = "transport/not_unix.rs")]
#[cfg_attr(unix, path = "transport/unix.rs")]
mod os;
#[cfg_attr(feature = "sim", path = "transport/simulated/mod.rs")]
#[cfg_attr(not(feature = "sim"), path = "transport/no_simulated.rs")]
pub(crate) mod simulated;

pub(crate) use datagrams::{DatagramSocket, as_v6, is_of_the_peer, is_too_large};
pub(crate) use groups::set_interface;
pub(crate) use listening::{ListenSocket, is_exhausted, is_of_the_connection};
pub(crate) use os::{local_name, set_reuse_port, set_traffic_class};

/// What the engine serves: a connected stream socket, or one that is being connected; or an end of a pipe.
pub(crate) enum StreamSocket {
    Tcp(mio::net::TcpStream),
    Local(os::LocalStream),
    Pipe(PipeEnd),
    /// One of the others, with TLS on top.
    Tls(Box<Session>),
    /// Of a simulated network.
    Simulated(Box<simulated::Stream>),
}

impl StreamSocket {
    /// Begins to connect to an address, from another if one is given. It turns writable when it is known how that went.
    pub(crate) fn connect_tcp(
        to: SocketAddr,
        from: Option<SocketAddr>,
        options: &Options,
    ) -> io::Result<Self> {
        if let Some(stack) = simulated::stack() {
            return simulated::Stream::connect(&stack, &Endpoint::Ip(to), from)
                .map(|stream| Self::Simulated(Box::new(stream)));
        }
        let socket = Socket::new(Domain::for_address(to), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        options.prepare(&SockRef::from(&socket))?;
        if let Some(from) = from {
            if cfg!(unix) {
                // A port that is named may be in use by a connection that has just ended.
                socket.set_reuse_address(true)?;
            }
            socket.bind(&SockAddr::from(from))?;
        }
        match socket.connect(&SockAddr::from(to)) {
            Err(error) if !is_under_way(&error) => Err(error),
            _ => Ok(Self::Tcp(mio::net::TcpStream::from_std(socket.into()))),
        }
    }

    /// Connects to a Unix socket.
    ///
    /// # Errors
    /// `WouldBlock`: so many have connected that were not accepted that it takes no more for now.
    pub(crate) fn connect_local(to: &Endpoint) -> io::Result<Self> {
        if let Some(stack) = simulated::stack() {
            return simulated::Stream::connect(&stack, to, None)
                .map(|stream| Self::Simulated(Box::new(stream)));
        }
        os::LocalStream::connect(to).map(Self::Local)
    }

    /// Its options. A pipe has none.
    fn options(&self) -> io::Result<SockRef<'_>> {
        match self {
            Self::Tcp(socket) => Ok(SockRef::from(socket)),
            Self::Local(socket) => Ok(socket.options()),
            Self::Pipe(_) | Self::Simulated(_) => Err(io::ErrorKind::Unsupported.into()),
            Self::Tls(session) => session.below().options(),
        }
    }

    /// Whether anything can come out of it.
    pub(crate) fn can_read(&self) -> bool {
        match self {
            Self::Tcp(_) | Self::Local(_) | Self::Tls(_) | Self::Simulated(_) => true,
            Self::Pipe(end) => end.is_reader(),
        }
    }

    /// Whether anything can be written into it.
    pub(crate) fn can_write(&self) -> bool {
        match self {
            Self::Tcp(_) | Self::Local(_) | Self::Tls(_) | Self::Simulated(_) => true,
            Self::Pipe(end) => !end.is_reader(),
        }
    }

    /// Whether other processes use the same descriptor: what nobody here has asked for is theirs.
    pub(crate) fn is_shared(&self) -> bool {
        match self {
            Self::Tcp(_) | Self::Local(_) | Self::Tls(_) | Self::Simulated(_) => false,
            Self::Pipe(end) => end.is_shared(),
        }
    }

    /// Whether a read that has not filled its room says that there is no more for now. If not, only `WouldBlock` does.
    pub(crate) fn short_read_is_last(&self) -> bool {
        !self.is_shared() && !self.ends_within()
    }

    /// Whether the peer says within its bytes that it has ended: nothing shows that but reading on.
    pub(crate) fn ends_within(&self) -> bool {
        matches!(self, Self::Tls(_))
    }

    /// How connecting went, once the socket is writable: where the peer is. `None`: it is not decided yet.
    pub(crate) fn connected(&self) -> io::Result<Option<Endpoint>> {
        if let Self::Simulated(socket) = self {
            return socket.connected();
        }
        let socket = self.options()?;
        if let Some(error) = socket.take_error()? {
            return Err(error);
        }
        match socket.peer_addr() {
            Ok(peer) => Ok(Some(Endpoint::from_os(&peer))),
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(crate) fn local_endpoint(&self) -> io::Result<Endpoint> {
        if let Self::Simulated(socket) = self {
            return socket.local_endpoint();
        }
        self.options()?.local_addr().map(|address| Endpoint::from_os(&address))
    }

    /// Who the peer is, as far as the OS says.
    pub(crate) fn credentials(&self) -> Option<Credentials> {
        match self {
            Self::Local(socket) => socket.credentials(),
            Self::Tls(session) => session.below().credentials(),
            Self::Tcp(_) | Self::Pipe(_) | Self::Simulated(_) => None,
        }
    }

    /// Sets options of TCP anew: what they do not say is as it was in the beginning. Other sockets have none of them.
    pub(crate) fn change_options(&self, options: &Options) -> io::Result<()> {
        match self {
            Self::Tcp(socket) => options.apply_anew(&SockRef::from(socket)),
            Self::Tls(session) => session.below().change_options(options),
            other => other.set_options(options),
        }
    }

    /// Sets options of TCP on a new socket. Other sockets have none of them.
    pub(crate) fn set_options(&self, options: &Options) -> io::Result<()> {
        match self {
            Self::Tcp(socket) => options.apply(&SockRef::from(socket)),
            Self::Local(_) | Self::Pipe(_) => Ok(()),
            Self::Tls(session) => session.below().set_options(options),
            Self::Simulated(socket) => socket.set_options(options.asks_after(), options.lingers()),
        }
    }

    pub(crate) fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(socket) => socket.read(into),
            Self::Local(socket) => socket.read(into),
            Self::Pipe(end) => end.read(into),
            Self::Tls(session) => session.read(into),
            Self::Simulated(socket) => socket.read(into),
        }
    }

    pub(crate) fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(socket) => socket.write(from),
            Self::Local(socket) => socket.write(from),
            Self::Pipe(end) => end.write(from),
            Self::Tls(session) => session.write(from),
            Self::Simulated(socket) => socket.write(from),
        }
    }

    pub(crate) fn write_vectored(&mut self, from: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Self::Tcp(socket) => socket.write_vectored(from),
            Self::Local(socket) => socket.write_vectored(from),
            Self::Pipe(end) => end.write_vectored(from),
            Self::Tls(session) => session.write_vectored(from),
            Self::Simulated(socket) => socket.write_vectored(from),
        }
    }

    /// Hands what was written and is still here to the OS. What the OS takes directly is never still here.
    ///
    /// # Errors
    /// `WouldBlock`: it takes no more for now.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Tcp(_) | Self::Local(_) | Self::Pipe(_) | Self::Simulated(_) => Ok(()),
            Self::Tls(session) => session.flush(),
        }
    }

    /// Whether the kernel can move bytes out of it.
    pub(crate) fn moves(&self) -> bool {
        kernel::MOVES && matches!(self, Self::Tcp(_) | Self::Local(_))
    }

    /// Another descriptor of it, for the kernel to move bytes into.
    pub(crate) fn lend(&self) -> io::Result<File> {
        match self {
            Self::Tcp(socket) => kernel::lend(socket),
            Self::Local(socket) => socket.lend(),
            Self::Pipe(_) | Self::Tls(_) | Self::Simulated(_) => {
                Err(io::ErrorKind::Unsupported.into())
            }
        }
    }

    /// Has the kernel move what was received into a pipe.
    pub(crate) fn splice(&self, pipe: &mut Pipe) -> io::Result<usize> {
        match self {
            Self::Tcp(socket) => pipe.fill(socket),
            Self::Local(socket) => socket.splice(pipe),
            Self::Pipe(_) | Self::Tls(_) | Self::Simulated(_) => {
                Err(io::ErrorKind::Unsupported.into())
            }
        }
    }

    /// Whether the peer has ended and everything was read.
    pub(crate) fn is_at_end(&mut self) -> io::Result<bool> {
        match self {
            Self::Pipe(end) => end.is_empty(),
            Self::Tls(session) => session.is_at_end(),
            Self::Simulated(socket) => socket.is_at_end(),
            Self::Tcp(_) | Self::Local(_) => {
                self.options()?.peek(&mut [MaybeUninit::uninit()]).map(|got| got == 0)
            }
        }
    }

    /// Closing it will send RST and forget what waits to be sent. A pipe cannot do that: whoever reads sees the end. Nor
    /// can a Unix socket, but for what its peer has not read.
    pub(crate) fn reset_on_close(&self) -> io::Result<()> {
        match self {
            Self::Tcp(socket) => SockRef::from(socket).set_linger(Some(Duration::ZERO)),
            Self::Local(_) | Self::Pipe(_) => Ok(()),
            Self::Tls(session) => session.below().reset_on_close(),
            Self::Simulated(socket) => socket.reset_on_close(),
        }
    }

    /// Sends FIN, after everything that was flushed. A pipe is closed instead, as its engine ends.
    ///
    /// # Errors
    /// `WouldBlock`: what must go before it does not go yet; flush, and again.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        match self {
            Self::Pipe(_) => Ok(()),
            Self::Tls(session) => session.finish(),
            Self::Simulated(socket) => socket.finish(),
            Self::Tcp(_) | Self::Local(_) => self.options()?.shutdown(Shutdown::Write),
        }
    }

    /// Whether closing it sends FIN, too, after everything that was flushed; once nothing is left to read, and nobody else
    /// has a descriptor of it.
    pub(crate) fn finishes_on_close(&self) -> bool {
        match self {
            Self::Tcp(_) | Self::Local(_) | Self::Pipe(_) | Self::Simulated(_) => true,
            // It says that within its bytes first.
            Self::Tls(_) => false,
        }
    }

    pub(crate) fn register<A: Actor>(
        &mut self,
        ctx: &mut Context<'_, A>,
        map: impl FnMut(Readiness) -> A::Message + 'static,
    ) -> io::Result<SourceId> {
        match self {
            Self::Tcp(socket) => ctx.register(socket, Interest::BOTH, map),
            Self::Local(socket) => socket.register(ctx, map),
            Self::Pipe(end) => end.register(ctx, map),
            Self::Tls(session) => session.below_mut().register(ctx, map),
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
            Self::Tcp(socket) => ctx.deregister(socket, id),
            Self::Local(socket) => socket.deregister(ctx, id),
            Self::Pipe(end) => end.deregister(ctx, id),
            Self::Tls(session) => session.below_mut().deregister(ctx, id),
            Self::Simulated(socket) => {
                socket.remove_bell();
                ctx.remove_bell(id);
                Ok(())
            }
        }
    }
}

impl From<Box<Session>> for StreamSocket {
    fn from(session: Box<Session>) -> Self {
        Self::Tls(session)
    }
}

/// Whether connecting has begun and is not decided.
fn is_under_way(error: &io::Error) -> bool {
    /// EINPROGRESS of Unix; Windows says that it would block.
    const IN_PROGRESS: i32 = if cfg!(target_os = "linux") { 115 } else { 36 };
    match error.raw_os_error() {
        Some(code) if cfg!(unix) => code == IN_PROGRESS,
        _ => error.kind() == io::ErrorKind::WouldBlock,
    }
}
