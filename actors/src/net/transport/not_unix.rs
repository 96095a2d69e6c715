//! What sockets do not have on systems that are not Unix.
//!
//! The other side of the switch in `unix.rs`.

use std::fs::File;
use std::io::{self, IoSlice};

use roundsman_runtime::{Actor, Context, Readiness, SourceId};
use socket2::{SockAddr, SockRef, Socket};

use super::Endpoint;
use crate::kernel::Pipe;
use crate::net::credentials::Credentials;

/// No Unix socket.
pub(crate) enum LocalStream {}

impl LocalStream {
    /// Refuses.
    pub(super) fn connect(_: &Endpoint) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) fn options(&self) -> SockRef<'_> {
        match *self {}
    }

    pub(super) fn credentials(&self) -> Option<Credentials> {
        match *self {}
    }

    pub(super) fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        match *self {}
    }

    pub(super) fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        match *self {}
    }

    pub(super) fn write_vectored(&mut self, _: &[IoSlice<'_>]) -> io::Result<usize> {
        match *self {}
    }

    pub(super) fn lend(&self) -> io::Result<File> {
        match *self {}
    }

    pub(super) fn splice(&self, _: &mut Pipe) -> io::Result<usize> {
        match *self {}
    }

    pub(super) fn register<A: Actor>(
        &mut self,
        _: &mut Context<'_, A>,
        _: impl FnMut(Readiness) -> A::Message + 'static,
    ) -> io::Result<SourceId> {
        match *self {}
    }

    pub(super) fn deregister<A: Actor>(
        &mut self,
        _: &mut Context<'_, A>,
        _: SourceId,
    ) -> io::Result<()> {
        match *self {}
    }
}

/// No Unix socket that listens.
pub(crate) enum LocalListener {}

impl LocalListener {
    /// Refuses.
    pub(super) fn bind(_: &Endpoint, _: i32) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) fn endpoint(&self) -> &Endpoint {
        match *self {}
    }

    pub(super) fn accept(&self) -> io::Result<(LocalStream, Endpoint)> {
        match *self {}
    }

    pub(super) fn register<A: Actor>(
        &mut self,
        _: &mut Context<'_, A>,
        _: impl FnMut(Readiness) -> A::Message + 'static,
    ) -> io::Result<SourceId> {
        match *self {}
    }
}

/// There are no names here.
pub(crate) fn local_name(_: &SockAddr) -> Endpoint {
    Endpoint::Unnamed
}

/// Refuses: here it would mean something else.
pub(crate) fn set_reuse_port(_: &Socket) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// The class of traffic that routers see; of IPv4 only.
pub(crate) fn set_traffic_class(socket: &SockRef<'_>, is_v6: bool, class: u8) -> io::Result<()> {
    if is_v6 { Err(io::ErrorKind::Unsupported.into()) } else { socket.set_tos_v4(class.into()) }
}
