//! The OS poller: epoll, kqueue or IOCP through mio, and the only file of this crate that names mio.
//!
//! Called by [`driver`](crate::driver). It knows tokens and readiness, and neither actors nor protocols.
//!
//! # The contract that its users inherit
//! Readiness is edge-triggered and may be spurious. Whoever gets a readiness message uses the source until
//! `WouldBlock` (a short read will do for a stream socket), or until a cap of its own, and then asks to be told again
//! with [`Context::ready_again`](crate::Context::ready_again); else no further event comes.

#![expect(clippy::disallowed_types, reason = "the one file of the runtime that speaks to mio")]

use std::io;
use std::ops::{BitOr, BitOrAssign};
use std::time::Duration;

use mio::{Events, Poll, Token};

/// Something that can be registered with a loop: mio's sockets, or a file descriptor in mio's `SourceFd`.
pub trait Source: mio::event::Source {}

impl<S: mio::event::Source + ?Sized> Source for S {}

/// What an actor wants to hear of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interest(mio::Interest);

impl Interest {
    /// Reading may make progress.
    pub const READABLE: Self = Self(mio::Interest::READABLE);
    /// Writing may make progress.
    pub const WRITABLE: Self = Self(mio::Interest::WRITABLE);
    /// Either.
    pub const BOTH: Self = Self(mio::Interest::READABLE.add(mio::Interest::WRITABLE));
}

/// What a source is ready for. A set: several may hold at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Readiness(u8);

impl Readiness {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// Reading will make progress (data, the end, or an error).
    pub const READABLE: Self = Self(1);
    /// Writing will make progress (room, or an error).
    pub const WRITABLE: Self = Self(2);
    /// The peer has ended its side, or both.
    pub const READ_CLOSED: Self = Self(4);
    /// Nothing more can be written.
    pub const WRITE_CLOSED: Self = Self(8);
    /// An error is pending; the next call on the source tells which.
    pub const ERROR: Self = Self(16);

    /// Both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether any of `other` holds.
    #[must_use]
    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether reading is worth a try.
    #[must_use]
    pub fn is_readable(self) -> bool {
        self.has(Self::READABLE | Self::READ_CLOSED | Self::ERROR)
    }

    /// Whether writing is worth a try.
    #[must_use]
    pub fn is_writable(self) -> bool {
        self.has(Self::WRITABLE | Self::WRITE_CLOSED | Self::ERROR)
    }
}

impl BitOr for Readiness {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.and(other)
    }
}

impl BitOrAssign for Readiness {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

/// Wakes one loop from any thread.
pub(crate) struct Waker(mio::Waker);

impl Waker {
    pub(crate) fn wake(&self) {
        if let Err(error) = self.0.wake() {
            tracing::error!(%error, "a loop could not be woken; it will see its inbox at its next event");
        }
    }
}

/// The poller of one loop.
pub(crate) struct Poller {
    poll: Poll,
    events: Events,
}

/// The waker's token; sources count from 0.
const WAKER: Token = Token(usize::MAX);
/// Events taken from the OS at once; more stay there until the next round.
const EVENTS: usize = 1024;

impl Poller {
    /// Asks the OS for a poller.
    ///
    /// # Errors
    /// What the OS says, mostly that the limit of descriptors is reached.
    pub(crate) fn new() -> io::Result<(Self, Waker)> {
        let poll = Poll::new()?;
        let waker = mio::Waker::new(poll.registry(), WAKER)?;
        Ok((Self { poll, events: Events::with_capacity(EVENTS) }, Waker(waker)))
    }

    /// Waits at most `timeout` (`None`: until something happens) and reports each ready source. True if woken.
    pub(crate) fn poll(
        &mut self,
        timeout: Option<Duration>,
        mut report: impl FnMut(usize, Readiness),
    ) -> bool {
        match self.poll.poll(&mut self.events, timeout) {
            Ok(()) => {}
            // A signal came: flow, not an error. The loop looks at everything again.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return false,
            Err(error) => {
                tracing::error!(%error, "the OS poller failed; the loop goes on");
                return false;
            }
        }
        let mut woken = false;
        for event in &self.events {
            if event.token() == WAKER {
                woken = true;
                continue;
            }
            let mut readiness = Readiness::NONE;
            for (holds, which) in [
                (event.is_readable(), Readiness::READABLE),
                (event.is_writable(), Readiness::WRITABLE),
                (event.is_read_closed(), Readiness::READ_CLOSED),
                (event.is_write_closed(), Readiness::WRITE_CLOSED),
                (event.is_error(), Readiness::ERROR),
            ] {
                if holds {
                    readiness |= which;
                }
            }
            report(event.token().0, readiness);
        }
        woken
    }

    pub(crate) fn register(
        &self,
        source: &mut dyn mio::event::Source,
        token: usize,
        interest: Interest,
    ) -> io::Result<()> {
        source.register(self.poll.registry(), Token(token), interest.0)
    }

    pub(crate) fn reregister(
        &self,
        source: &mut dyn mio::event::Source,
        token: usize,
        interest: Interest,
    ) -> io::Result<()> {
        source.reregister(self.poll.registry(), Token(token), interest.0)
    }

    pub(crate) fn deregister(&self, source: &mut dyn mio::event::Source) -> io::Result<()> {
        source.deregister(self.poll.registry())
    }
}

/// A file descriptor as a source: it is registered as it is, and stays its owner's, who keeps it open until it is taken
/// back.
#[cfg(unix)]
#[derive(Debug)]
pub struct Descriptor(pub std::os::fd::RawFd);

#[cfg(unix)]
impl mio::event::Source for Descriptor {
    fn register(
        &mut self,
        registry: &mio::Registry,
        token: Token,
        interest: mio::Interest,
    ) -> io::Result<()> {
        mio::unix::SourceFd(&self.0).register(registry, token, interest)
    }

    fn reregister(
        &mut self,
        registry: &mio::Registry,
        token: Token,
        interest: mio::Interest,
    ) -> io::Result<()> {
        mio::unix::SourceFd(&self.0).reregister(registry, token, interest)
    }

    fn deregister(&mut self, registry: &mio::Registry) -> io::Result<()> {
        mio::unix::SourceFd(&self.0).deregister(registry)
    }
}
