//! There is no TLS in this build: what `tls/session.rs` has with the feature `tls`, without a value.

use std::fmt;
use std::io::{self, IoSlice};

use super::transport::StreamSocket;

/// No socket with TLS on top.
pub(crate) enum Session {}

impl Session {
    pub(crate) fn below(&self) -> &StreamSocket {
        match *self {}
    }

    pub(crate) fn below_mut(&mut self) -> &mut StreamSocket {
        match *self {}
    }

    pub(crate) fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        match *self {}
    }

    pub(crate) fn is_at_end(&mut self) -> io::Result<bool> {
        match *self {}
    }

    pub(crate) fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        match *self {}
    }

    pub(crate) fn write_vectored(&mut self, _: &[IoSlice<'_>]) -> io::Result<usize> {
        match *self {}
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        match *self {}
    }

    pub(crate) fn finish(&mut self) -> io::Result<()> {
        match *self {}
    }
}

/// What TLS has agreed on: nothing.
#[derive(Default)]
pub(crate) struct Secured {}

impl fmt::Display for Secured {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}
