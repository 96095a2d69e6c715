//! A source of readiness that somebody rings, in the place of one that the OS watches.
//!
//! Made by an actor, rung from any thread or loop. What is said goes through the loop's inbox, like everything that comes
//! from outside.

use std::fmt;
use std::sync::Arc;

use crate::actor::Actor;
use crate::context::Context;
use crate::home::Home;
use crate::hooks::{self, SourceId};
use crate::parcel::Parcel;
use crate::poller::Readiness;

/// What rings: see [`Context::add_bell`].
#[derive(Clone)]
pub struct Bell {
    home: Arc<Home>,
    entry: usize,
    id: SourceId,
}

impl Bell {
    /// Says that the source is ready. The actor hears of it as of a socket's readiness: ahead of its mailbox, and once for
    /// all that was said since it last heard. After the end of the actor, or of its loop, nobody does.
    pub fn ring(&self, readiness: Readiness) {
        self.home.ring(Parcel::Ring { entry: self.entry, id: self.id, readiness });
    }
}

impl fmt::Debug for Bell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bell(loop {}, {:?})", self.home.index, self.id)
    }
}

impl<A: Actor> Context<'_, A> {
    /// Adds a source of readiness that is rung by whoever has the [`Bell`]: for what is no file descriptor, and is to be
    /// waited for like one. It keeps the runtime alive, as a registered source does. (libuv: `uv_async_t`.)
    ///
    /// # Examples
    /// ```
    /// use roundsman_runtime::{Actor, Context, Outcome, Readiness, Runtime};
    ///
    /// struct Door;
    ///
    /// impl Actor for Door {
    ///     type Message = Readiness;
    ///
    ///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
    ///         let (_, bell) = ctx.add_bell(|readiness| readiness);
    ///         std::thread::spawn(move || bell.ring(Readiness::READABLE));
    ///         Ok(())
    ///     }
    ///
    ///     fn receive(&mut self, readiness: Readiness, ctx: &mut Context<Self>) -> Outcome {
    ///         assert!(readiness.is_readable());
    ///         ctx.stop();
    ///         Ok(())
    ///     }
    /// }
    ///
    /// Runtime::builder().loops(1).build()?.run(|| Door)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn add_bell(
        &mut self,
        map: impl FnMut(Readiness) -> A::Message + 'static,
    ) -> (SourceId, Bell) {
        let (local, cell) = (self.local(), self.cell().clone());
        let mut entry = 0;
        let id = hooks::add_source(self.handle(), Box::new(map), |id| {
            entry = local.add_source(cell, id);
            entry
        });
        (id, Bell { home: Arc::clone(&local.home), entry, id })
    }

    /// Takes a bell back: nobody hears it any more.
    pub fn remove_bell(&mut self, id: SourceId) {
        self.forget(id);
    }
}
