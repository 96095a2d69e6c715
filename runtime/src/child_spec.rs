//! What a supervisor is told of a child: its name and mailbox, and when it is started anew.
//!
//! Given to [`Context::supervise`](crate::Context::supervise) and [`Supervisor::child`](crate::Supervisor::child).

use crate::spawn::Spawn;
use crate::supervision::Restart;

/// A supervised child: when it is started anew, its name, its mailbox. (OTP: child specification.)
///
/// # Examples
/// ```
/// use roundsman_runtime::{ChildSpec, Spawn};
///
/// let plain = ChildSpec::<String>::permanent("log");
/// let wide = ChildSpec::<String>::transient(Spawn::named("import").high(10_000)).significant();
/// # let _ = (plain, wide);
/// ```
#[derive(Debug)]
pub struct ChildSpec<M> {
    pub(crate) spawn: Spawn<M>,
    pub(crate) restart: Restart,
    pub(crate) significant: bool,
    pub(crate) registered: bool,
}

impl<M> Clone for ChildSpec<M> {
    fn clone(&self) -> Self {
        Self { spawn: self.spawn.clone(), ..*self }
    }
}

impl<M> ChildSpec<M> {
    /// A child that is always started anew. `spawn` is its name, or a [`Spawn`] with what else is unusual about it.
    pub fn permanent(spawn: impl Into<Spawn<M>>) -> Self {
        Self::new(Restart::Permanent, spawn)
    }

    /// A child that is started anew if it fails.
    pub fn transient(spawn: impl Into<Spawn<M>>) -> Self {
        Self::new(Restart::Transient, spawn)
    }

    /// A child that is never started anew.
    pub fn temporary(spawn: impl Into<Spawn<M>>) -> Self {
        Self::new(Restart::Temporary, spawn)
    }

    /// A child of this kind.
    pub fn new(restart: Restart, spawn: impl Into<Spawn<M>>) -> Self {
        Self { spawn: spawn.into(), restart, significant: false, registered: false }
    }

    /// A child whose end, by itself and for good, may end its supervisor: see
    /// [`AutoShutdown`](crate::AutoShutdown). A permanent child never ends for good by itself.
    #[must_use]
    pub fn significant(mut self) -> Self {
        self.significant = true;
        self
    }

    /// Registers the child's name in the runtime, so that [`Context::find`](crate::Context::find) finds it from the
    /// moment it is spawned, over all restarts, until it ends for good. A name that is taken is logged, and not
    /// registered.
    #[must_use]
    pub fn registered(mut self) -> Self {
        self.registered = true;
        self
    }
}
