//! A child's end is no event that a loop could wait for here: it is looked for now and then. Linux has `pidfd.rs`.

use std::io;
use std::process::Child;

use roundsman_runtime::{Actor, Context};

/// No such descriptor.
pub(crate) enum Pidfd {}

impl Pidfd {
    /// Refuses.
    pub(crate) fn register<A: Actor>(
        _: &Child,
        _: &mut Context<'_, A>,
        _: impl FnMut() -> A::Message + 'static,
    ) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
