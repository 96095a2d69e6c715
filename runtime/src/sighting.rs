//! What is shown of a message of a simulation, ahead of its handler; and what may be said to it.
//!
//! Made by [`turn`](crate::turn) where a simulation is watched, for the observer of its [`course`](crate::course).

use std::fmt;
use std::hash::{Hash, Hasher};
use std::mem::discriminant;
use std::time::Duration;

use crate::actor::{Actor, ActorId};
use crate::cell::{CellRef, Handle};
use crate::clock::Timestamp;
use crate::dying;

/// What an actor's panic says that [`Verdict::Panic`] has asked for.
pub const ASKED_FOR_PANIC: &str = "the simulation has this actor panic";

/// A message that is about to be handled, or an actor that is about to start.
pub struct Sighting<'a> {
    now: Timestamp,
    host: usize,
    cell: &'a CellRef,
    shown: &'a dyn Shown,
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
        self.shown.text()
    }

    /// Whether an actor is about to start: there is no message.
    #[must_use]
    pub fn is_start(&self) -> bool {
        self.shown.kind() == START
    }

    /// A number for what kind of message it is: of an enum, for the variant. It says less than the
    /// [message](Self::message), costs next to nothing, and is the same in each run of one build.
    #[must_use]
    pub fn kind(&self) -> u64 {
        self.shown.kind()
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

/// What is shown of a message, without its type.
trait Shown {
    fn text(&self) -> String;
    fn kind(&self) -> u64;
}

/// The kind of a start: no message has it.
const START: u64 = u64::MAX;

struct Start;

impl Shown for Start {
    fn text(&self) -> String {
        "started".to_owned()
    }

    fn kind(&self) -> u64 {
        START
    }
}

struct Message<'a, A: Actor>(&'a A::Message);

impl<A: Actor> Shown for Message<'_, A> {
    fn text(&self) -> String {
        A::show(self.0)
    }

    fn kind(&self) -> u64 {
        let mut kind = Kind(0);
        discriminant(self.0).hash(&mut kind);
        kind.finish() & !(1 << 63)
    }
}

/// Takes the number of a variant as it is.
struct Kind(u64);

impl Hasher for Kind {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0 << 8 | u64::from(*byte);
        }
    }

    fn write_isize(&mut self, number: isize) {
        self.0 = number as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Shows the message that the actor in turn is about to handle.
///
/// # Panics
/// If the observer says so.
#[inline]
pub(crate) fn show_message<A: Actor>(actor: &Handle<'_, A>, message: &A::Message) {
    show(actor, &Message::<A>(message));
}

/// Shows that the actor in turn is about to start.
///
/// # Panics
/// If the observer says so.
pub(crate) fn show_start<A: Actor>(actor: &Handle<'_, A>) {
    show(actor, &Start);
}

fn show<A: Actor>(actor: &Handle<'_, A>, shown: &dyn Shown) {
    let Some((course, host)) = actor.local.driver.course() else { return };
    let sighting = Sighting { now: course.now.get(), host, cell: actor.cell, shown };
    if course.show(&sighting) == Verdict::Panic {
        std::panic::panic_any(ASKED_FOR_PANIC);
    }
}
