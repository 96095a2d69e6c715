//! There are no pipes that a loop could wait for here: what `pipe.rs` has on Unix, without a value.

use std::io::{self, IoSlice};

use roundsman_runtime::{Actor, Context, Readiness, SourceId};

/// No end of a pipe.
pub(crate) enum PipeEnd {}

impl PipeEnd {
    pub(crate) fn is_reader(&self) -> bool {
        match *self {}
    }

    pub(crate) fn is_shared(&self) -> bool {
        match *self {}
    }

    pub(crate) fn read(&self, _: &mut [u8]) -> io::Result<usize> {
        match *self {}
    }

    pub(crate) fn write(&self, _: &[u8]) -> io::Result<usize> {
        match *self {}
    }

    pub(crate) fn write_vectored(&self, _: &[IoSlice<'_>]) -> io::Result<usize> {
        match *self {}
    }

    pub(crate) fn is_empty(&self) -> io::Result<bool> {
        match *self {}
    }

    pub(crate) fn register<A: Actor>(
        &mut self,
        _: &mut Context<'_, A>,
        _: impl FnMut(Readiness) -> A::Message + 'static,
    ) -> io::Result<SourceId> {
        match *self {}
    }

    pub(crate) fn deregister<A: Actor>(
        &mut self,
        _: &mut Context<'_, A>,
        _: SourceId,
    ) -> io::Result<()> {
        match *self {}
    }
}
