//! A runtime in the hands of another thread.
//!
//! Made by [`Runtime::handle`](crate::Runtime::handle). It spawns, finds, counts and stops; it holds nothing of a loop.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::actor::Actor;
use crate::address::Address;
use crate::local::Local;
use crate::metrics::{Metrics, Pause};
use crate::parcel::Control;
use crate::pool::JobStatus;
use crate::spawn::{self, Placement, Spawn};
use crate::waiting;
use crate::world::World;

/// A runtime in the hands of another thread. While one exists, the runtime does not end by itself.
pub struct RuntimeHandle {
    world: Arc<World>,
}

/// How long a loop may take to answer a handle.
const PATIENCE: Duration = Duration::from_secs(1);

impl RuntimeHandle {
    pub(crate) fn new(world: Arc<World>) -> Self {
        world.revive();
        Self { world }
    }

    /// Spawns an actor without a parent on the loop that `placement` names ([`Placement::Here`]: loop 0), where `make`
    /// builds it. It ends when the runtime does, if not before.
    ///
    /// `None` if the runtime has ended.
    pub fn spawn<A: Actor>(
        &self,
        placement: Placement,
        spawn: Spawn<A::Message>,
        make: impl FnOnce() -> A + Send + 'static,
    ) -> Option<Address<A::Message>> {
        spawn::from_outside(&self.world, placement, spawn, make)
    }

    /// The address of the actor that is registered under a name, if it takes `M`.
    #[must_use]
    pub fn find<M: Send + 'static>(&self, name: &str) -> Option<Address<M>> {
        self.world.registry.find(name)
    }

    /// What each loop has done, as of its last round. Those that have ended come last.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        Metrics { loops: self.world.metrics(), lanes: self.world.pool.metrics() }
    }

    /// Who is paused, on whom, and for how long, on every loop that answers within a second. Inside an actor: on its
    /// own loop only, for it must not wait.
    #[must_use]
    pub fn pauses(&self) -> Vec<Pause> {
        // A loop that waited for others, or for itself, would stand still.
        if let Some(here) = Local::with_any(waiting::pauses) {
            return here;
        }
        let mut pauses = Vec::new();
        for home in self.world.homes() {
            let (sender, receiver) = flume::bounded(1);
            if home.request(Control::Pauses(sender)) {
                pauses.extend(receiver.recv_timeout(PATIENCE).unwrap_or_default());
            }
        }
        pauses
    }

    /// The jobs of the pool that have not ended: those that run, then those that wait, lane by lane.
    #[must_use]
    pub fn jobs(&self) -> Vec<JobStatus> {
        self.world.pool.jobs()
    }

    /// Stops the root and everything else, children before parents. Returns at once; `run` returns when it is done.
    pub fn stop(&self) {
        self.world.end();
    }
}

impl Clone for RuntimeHandle {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.world))
    }
}

impl Drop for RuntimeHandle {
    fn drop(&mut self) {
        if self.world.retire() {
            self.world.end();
        }
    }
}

impl fmt::Debug for RuntimeHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RuntimeHandle")
    }
}
