//! What happens in a runtime: told to whoever listens, and nothing at all where nobody does.
//!
//! Whatever sees something happen tells of it with a type of its own: [`supervising`](crate::supervising) that a child has
//! failed, the [`watchdog`](crate::watchdog) that a turn takes too long, others, above this crate, what they see. It knows
//! none of these types but one, and decides nothing.

use std::any::{Any, type_name};
use std::fmt;
use std::sync::Arc;

use crate::actor::{Actor, ActorId};
use crate::audience::Audience;
use crate::cell::CellRef;
use crate::context::Context;
use crate::dying;
use crate::exit::ExitReason;
use crate::world::World;

/// Something that has happened in a runtime, of any type: shared, not copied.
#[derive(Clone)]
pub struct Happening {
    what: Arc<dyn Any + Send + Sync>,
    name: &'static str,
}

impl Happening {
    fn new<T: Send + Sync + 'static>(what: T) -> Self {
        Self { what: Arc::new(what), name: type_name::<T>() }
    }

    /// What has happened: [`ChildFailed`], [`SlowTurn`](crate::SlowTurn), or what somebody has told with
    /// [`Context::happens`].
    #[must_use]
    pub fn what(&self) -> &(dyn Any + Send + Sync) {
        &*self.what
    }
}

impl fmt::Debug for Happening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Happening({})", self.name)
    }
}

/// A child has failed: in its constructor, in `started`, or later. Its parent, or its supervisor, knows as well.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ChildFailed {
    /// Who.
    pub id: ActorId,
    /// Where it stands in the tree.
    pub path: String,
    /// Why.
    pub reason: ExitReason,
}

/// Who is told of what happens in a runtime.
pub(crate) type Happenings = Audience<Happening>;

/// Something has happened: `make` says what, if anybody listens.
pub(crate) fn happens<T: Send + Sync + 'static>(world: &World, make: impl FnOnce() -> T) {
    if world.happenings.is_there() {
        world.happenings.tell("telling of what happens", &Happening::new(make()));
    }
}

/// A child has failed.
pub(crate) fn child_failed(child: &CellRef, reason: &ExitReason) {
    if reason.is_failure() {
        happens(&child.header().home.world, || {
            let (id, path) = (child.header().id, dying::path_of(child));
            ChildFailed { id, path, reason: reason.clone() }
        });
    }
}

impl<A: Actor> Context<'_, A> {
    /// Turns whatever happens in the runtime into this actor's own messages, until it ends, or subscribes anew.
    ///
    /// An actor that is over is not told ([`LoopMetrics::untold`](crate::LoopMetrics::untold) counts those), so nobody
    /// pauses for it.
    ///
    /// # Examples
    /// ```
    /// use roundsman_runtime::{Actor, ChildFailed, Context, Happening, Outcome, Runtime, Spawn};
    ///
    /// struct Brief;
    ///
    /// impl Actor for Brief {
    ///     type Message = ();
    ///     fn receive(&mut self, (): (), _: &mut Context<Self>) -> Outcome {
    ///         Err("enough")?
    ///     }
    /// }
    ///
    /// struct Root;
    ///
    /// impl Actor for Root {
    ///     type Message = Happening;
    ///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
    ///         ctx.on_happening(|happening| happening);
    ///         ctx.spawn_with(Spawn::named("brief"), Brief).send(())?;
    ///         Ok(())
    ///     }
    ///     fn receive(&mut self, happening: Happening, ctx: &mut Context<Self>) -> Outcome {
    ///         let failed: &ChildFailed = happening.what().downcast_ref().ok_or("a child has failed")?;
    ///         assert_eq!(failed.reason.to_string(), "failed: enough");
    ///         ctx.stop();
    ///         Ok(())
    ///     }
    /// }
    ///
    /// Runtime::builder().simulated(1).build()?.run(|| Root)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn on_happening<F>(&mut self, map: F)
    where
        F: Fn(Happening) -> A::Message + Send + Sync + 'static,
    {
        let recipient = self.recipient(map);
        self.local().home.world.happenings.subscribe(recipient);
    }

    /// Tells whoever listens ([`on_happening`](Self::on_happening)) that something has happened. `make` says what; it is not
    /// called if nobody does, so this costs a look at one word then.
    pub fn happens<T: Send + Sync + 'static>(&self, make: impl FnOnce() -> T) {
        happens(&self.local().home.world, make);
    }
}
