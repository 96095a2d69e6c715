//! A runtime in the hands of another thread.
//!
//! Made by [`Runtime::handle`](crate::Runtime::handle). It spawns, finds, counts and stops; it holds nothing of a loop.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::actor::Actor;
use crate::address::Address;
use crate::clock::Clock;
use crate::local::Local;
use crate::metrics::{Metrics, Pause};
use crate::parcel::Control;
use crate::pool::JobStatus;
use crate::spawn::{self, Placement, Spawn};
use crate::waiting;
use crate::world::World;

/// A runtime in the hands of another thread. While one exists, the runtime does not end by itself, unless the handle is
/// [unref'd](Self::unref).
pub struct RuntimeHandle {
    world: Arc<World>,
    keeps: bool,
}

/// How long a loop may take to answer a handle.
pub(crate) const PATIENCE: Duration = Duration::from_secs(1);

impl RuntimeHandle {
    pub(crate) fn new(world: Arc<World>) -> Self {
        world.add_handle();
        Self { world, keeps: true }
    }

    /// The same handle, but one that does not keep the runtime alive, nor do its clones. (libuv: `uv_unref`.)
    ///
    /// For what looks on: it can still be asked when the runtime has ended.
    ///
    /// # Examples
    /// ```
    /// # use roundsman_runtime::{Actor, Context, Outcome, Runtime};
    /// # struct Idle;
    /// # impl Actor for Idle {
    /// #     type Message = ();
    /// #     fn receive(&mut self, (): (), _: &mut Context<Self>) -> Outcome { Ok(()) }
    /// # }
    /// let runtime = Runtime::builder().loops(1).build()?;
    /// let handle = runtime.handle().unref();
    /// // Nothing can happen to the root, so `run` returns, though there is a handle.
    /// runtime.run(|| Idle)?;
    /// assert!(handle.metrics().ledger().is_balanced());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn unref(mut self) -> Self {
        if std::mem::replace(&mut self.keeps, false) {
            self.world.remove_handle();
        }
        self
    }

    pub(crate) fn world(&self) -> &Arc<World> {
        &self.world
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

    /// Who is paused, on whom, and for how long, on every loop that answers within a second: all are asked at once.
    /// Inside an actor: on its own loop only, for it must not wait; inside a simulated job: nobody.
    #[must_use]
    pub fn pauses(&self) -> Vec<Pause> {
        // A loop that waited for others, or for itself, would stand still.
        if let Some(here) = Local::with_any(waiting::pauses) {
            return here;
        }
        if self.world.pool.is_simulated_job() {
            return Vec::new();
        }
        let _asking = self.world.asking();
        let homes = self.world.homes();
        let asked: Vec<_> = homes
            .iter()
            .filter_map(|home| {
                let (sender, receiver) = flume::bounded(1);
                home.ask(Control::Pauses(sender)).then_some(receiver)
            })
            .collect();
        let deadline = Clock::origin() + PATIENCE;
        asked.iter().flat_map(|one| one.recv_deadline(deadline).unwrap_or_default()).collect()
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
        let world = Arc::clone(&self.world);
        if self.keeps { Self::new(world) } else { Self { world, keeps: false } }
    }
}

impl Drop for RuntimeHandle {
    fn drop(&mut self) {
        if self.keeps {
            self.world.remove_handle();
        }
    }
}

impl fmt::Debug for RuntimeHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RuntimeHandle")
    }
}
