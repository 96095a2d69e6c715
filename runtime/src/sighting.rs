//! What is shown of a message of a simulation, ahead of its handler; and what may be said to it.
//!
//! Made by [`turn`](crate::turn) where a simulation is watched, for the observer of its [`course`](crate::course).

use std::fmt;
use std::time::Duration;

use crate::actor::{Actor, ActorId};
use crate::cell::{CellRef, Handle};
use crate::clock::Timestamp;
use crate::dying;

/// A message that is about to be handled, or an actor that is about to start.
pub struct Sighting<'a> {
    now: Timestamp,
    host: usize,
    cell: &'a CellRef,
    show: &'a dyn Fn() -> String,
}

impl Sighting<'_> {
    /// When: the time of the simulation.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// On which host, as [`Simulation::launch`](crate::Simulation::launch) has numbered it.
    #[must_use]
    pub fn host(&self) -> usize {
        self.host
    }

    /// Who handles it.
    #[must_use]
    pub fn actor(&self) -> ActorId {
        self.cell.header().id
    }

    /// The same as a path. It is put together when it is asked for.
    #[must_use]
    pub fn path(&self) -> String {
        dying::path_of(self.cell)
    }

    /// What is handled, as [`Actor::show`] has it, or `started`. It is put together when it is asked for.
    #[must_use]
    pub fn message(&self) -> String {
        (self.show)()
    }
}

impl fmt::Debug for Sighting<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sighting({:?} {} {})", self.now, self.path(), self.message())
    }
}

/// What becomes of a message that was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is handled.
    Go,
    /// Its handler panics. The message is lost with it, as it is with a panic of the handler's own.
    Panic,
    /// It is handled, and then its loop stands still for so long.
    Stall(Duration),
}

/// Shows what the actor in turn is about to handle.
///
/// # Panics
/// If the observer says so.
#[cold]
pub(crate) fn show<A: Actor>(actor: &Handle<'_, A>, text: &dyn Fn() -> String) {
    let Some((course, host)) = actor.local.driver.course() else { return };
    let sighting = Sighting { now: course.now.get(), host, cell: actor.cell, show: text };
    if course.show(&sighting) == Verdict::Panic {
        panic!("the simulation has this actor panic");
    }
}
