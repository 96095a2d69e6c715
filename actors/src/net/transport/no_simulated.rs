//! There is no simulated network in this build: what `simulated/` has with the feature `sim`, without a value.

use std::io::{self, IoSlice};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use roundsman_runtime::Bell;

use crate::net::endpoint::Endpoint;

/// No network stack.
pub(crate) enum Stack {}

/// There is none.
pub(crate) fn stack() -> Option<Arc<Stack>> {
    None
}

impl Stack {
    pub(crate) fn listen(&self, _: &Endpoint, _: bool, _: bool, _: i32) -> io::Result<Listening> {
        match *self {}
    }

    pub(crate) fn bind(&self, _: SocketAddr, _: bool, _: bool) -> io::Result<Datagrams> {
        match *self {}
    }
}

/// No end of a connection.
pub(crate) enum Stream {}

impl Stream {
    pub(crate) fn connect(stack: &Stack, _: &Endpoint, _: Option<SocketAddr>) -> io::Result<Self> {
        match *stack {}
    }

    pub(crate) fn connected(&self) -> io::Result<Option<Endpoint>> {
        match *self {}
    }

    pub(crate) fn local_endpoint(&self) -> io::Result<Endpoint> {
        match *self {}
    }

    pub(crate) fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        match *self {}
    }

    pub(crate) fn is_at_end(&self) -> io::Result<bool> {
        match *self {}
    }

    pub(crate) fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        match *self {}
    }

    pub(crate) fn write_vectored(&mut self, _: &[IoSlice<'_>]) -> io::Result<usize> {
        match *self {}
    }

    pub(crate) fn reset_on_close(&self) -> io::Result<()> {
        match *self {}
    }

    pub(crate) fn set_options(&self, _: Option<Duration>, _: Option<Duration>) -> io::Result<()> {
        match *self {}
    }

    pub(crate) fn finish(&self) -> io::Result<()> {
        match *self {}
    }

    pub(crate) fn set_bell(&self, _: Bell) -> io::Result<()> {
        match *self {}
    }

    pub(crate) fn remove_bell(&self) {
        match *self {}
    }
}

/// No socket that listens.
pub(crate) enum Listening {}

impl Listening {
    pub(crate) fn endpoint(&self) -> &Endpoint {
        match *self {}
    }

    pub(crate) fn accept(&self) -> io::Result<(Stream, Endpoint)> {
        match *self {}
    }

    pub(crate) fn set_bell(&self, _: Bell) {
        match *self {}
    }
}

/// No socket for datagrams.
pub(crate) enum Datagrams {}

impl Datagrams {
    pub(crate) fn connect(&self, _: SocketAddr) -> io::Result<()> {
        match *self {}
    }

    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        match *self {}
    }

    pub(crate) fn send(&self, _: &[u8]) -> io::Result<usize> {
        match *self {}
    }

    pub(crate) fn send_to(&self, _: &[u8], _: SocketAddr) -> io::Result<usize> {
        match *self {}
    }

    pub(crate) fn receive_from(&self, _: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        match *self {}
    }

    pub(crate) fn take_error(&self) -> io::Result<Option<io::Error>> {
        match *self {}
    }

    pub(crate) fn set_member(&self, _: IpAddr, _: bool) -> io::Result<()> {
        match *self {}
    }

    pub(crate) fn set_bell(&self, _: Bell) -> io::Result<()> {
        match *self {}
    }

    pub(crate) fn remove_bell(&self) {
        match *self {}
    }
}
