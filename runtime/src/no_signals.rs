//! Where the OS has no signals as Unix has them: listening to one is refused.

use std::io;

use crate::actor::Actor;
use crate::context::Context;
use crate::local::Local;
use crate::signal::Signal;

/// Never made here.
pub(crate) enum StopSignals {}

impl<A: Actor> Context<'_, A> {
    /// Turns a signal into this actor's own message. Only on Unix.
    ///
    /// # Errors
    /// Here always: `Unsupported`.
    pub fn on_signal<F>(&mut self, _: Signal, _: F) -> io::Result<()>
    where
        F: Fn(Signal) -> A::Message + Send + Sync + 'static,
    {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// There is no SIGPIPE here.
pub(crate) fn outlive_broken_pipes() -> io::Result<()> {
    Ok(())
}

/// They are heard of.
pub(crate) fn hear_of_children() -> io::Result<()> {
    Ok(())
}

/// Refused.
pub(crate) fn listen_for_stop() -> io::Result<StopSignals> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Nothing to listen to.
pub(crate) fn stop_on(_: &Local, _: &mut StopSignals) {}
