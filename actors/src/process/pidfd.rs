//! A child's end as an event: a descriptor that turns readable when the process is over. Linux; `no_pidfd.rs` elsewhere.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::process::Child;

use roundsman_runtime::{Actor, Context, Descriptor, Interest};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

/// A child as a descriptor.
pub(crate) struct Pidfd {
    /// Closed with this, which takes it back.
    _descriptor: OwnedFd,
}

impl Pidfd {
    /// Has the actor hear when the child is over.
    ///
    /// # Errors
    /// The kernel is older than 5.3, or the runtime is simulated.
    pub(crate) fn register<A: Actor>(
        child: &Child,
        ctx: &mut Context<'_, A>,
        mut over: impl FnMut() -> A::Message + 'static,
    ) -> io::Result<Self> {
        let descriptor = pidfd_open(Pid::from_child(child), PidfdFlags::empty())?;
        let mut source = Descriptor(descriptor.as_raw_fd());
        ctx.register(&mut source, Interest::READABLE, move |_| over())?;
        Ok(Self { _descriptor: descriptor })
    }
}
