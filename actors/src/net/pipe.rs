//! An end of a pipe, or another descriptor that bytes go through one way. Unix; `no_pipe.rs` stands in elsewhere.
//!
//! Used by `transport`, as one of the things that the engine serves.
//!
//! | whose | non-blocking | so |
//! |---|---|---|
//! | ours alone: the other end is a child's | yes, the descriptor says so | as a socket |
//! | shared with other processes: standard streams | no: it would be so for them, too | the OS is asked before each call whether it would block |
//!
//! A shared one blocks all the same if another process takes what was there between the question and the call.

use std::io::{self, IoSlice};
use std::os::fd::{AsRawFd, OwnedFd};

use roundsman_runtime::{Actor, Context, Descriptor, Interest, Readiness, SourceId};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// What a pipe that is writable takes at once without blocking: `PIPE_BUF` of Linux; POSIX has it at least 512.
const PIPE_BUF: usize = if cfg!(target_os = "linux") { 4096 } else { 512 };

/// An end of a pipe.
pub(crate) struct PipeEnd {
    descriptor: OwnedFd,
    is_reader: bool,
    is_shared: bool,
}

impl PipeEnd {
    /// An end that nobody else has.
    ///
    /// # Errors
    /// The OS cannot have it not block.
    pub(crate) fn own(descriptor: OwnedFd, is_reader: bool) -> io::Result<Self> {
        rustix::io::ioctl_fionbio(&descriptor, true)?;
        Ok(Self { descriptor, is_reader, is_shared: false })
    }

    /// One that other processes use, too.
    pub(crate) fn shared(descriptor: OwnedFd, is_reader: bool) -> Self {
        Self { descriptor, is_reader, is_shared: true }
    }

    pub(crate) fn is_reader(&self) -> bool {
        self.is_reader
    }

    pub(crate) fn is_shared(&self) -> bool {
        self.is_shared
    }

    /// Says `WouldBlock` where a shared descriptor would block.
    fn must_not_block(&self, what: PollFlags) -> io::Result<()> {
        if !self.is_shared {
            return Ok(());
        }
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        match poll(&mut [PollFd::new(&self.descriptor, what)], Some(&now))? {
            0 => Err(io::ErrorKind::WouldBlock.into()),
            _ => Ok(()),
        }
    }

    pub(crate) fn read(&self, into: &mut [u8]) -> io::Result<usize> {
        self.must_not_block(PollFlags::IN)?;
        Ok(rustix::io::read(&self.descriptor, into)?)
    }

    pub(crate) fn write(&self, from: &[u8]) -> io::Result<usize> {
        self.must_not_block(PollFlags::OUT)?;
        let most = if self.is_shared { PIPE_BUF.min(from.len()) } else { from.len() };
        Ok(rustix::io::write(&self.descriptor, &from[..most])?)
    }

    pub(crate) fn write_vectored(&self, from: &[IoSlice<'_>]) -> io::Result<usize> {
        if self.is_shared {
            return from
                .iter()
                .find(|slice| !slice.is_empty())
                .map_or(Ok(0), |one| self.write(one));
        }
        Ok(rustix::io::writev(&self.descriptor, from)?)
    }

    /// Whether there is nothing to be read.
    pub(crate) fn is_empty(&self) -> io::Result<bool> {
        Ok(rustix::io::ioctl_fionread(&self.descriptor)? == 0)
    }

    pub(crate) fn register<A: Actor>(
        &mut self,
        ctx: &mut Context<'_, A>,
        map: impl FnMut(Readiness) -> A::Message + 'static,
    ) -> io::Result<SourceId> {
        let interest = if self.is_reader { Interest::READABLE } else { Interest::WRITABLE };
        ctx.register(&mut Descriptor(self.descriptor.as_raw_fd()), interest, map)
    }

    pub(crate) fn deregister<A: Actor>(
        &mut self,
        ctx: &mut Context<'_, A>,
        id: SourceId,
    ) -> io::Result<()> {
        ctx.deregister(&mut Descriptor(self.descriptor.as_raw_fd()), id)
    }
}
