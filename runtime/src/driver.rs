//! The seam between a loop and the world: time, readiness, chance.
//!
//! Called by [`event_loop`](crate::event_loop) and [`local`](crate::local). Chosen when the runtime is built:
//! `Os`, or `Simulated` with virtual time and a seed, where every choice that the OS or luck would make is drawn
//! from the seed. Actors reach the world through their loop's driver only.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::cell::Uncounted;
use crate::clock::Clock;
use crate::course::Course;
use crate::poller::{Poller, Readiness};
use crate::run_queue::RunQueue;

/// What one loop reaches the world through.
pub(crate) struct Driver {
    pub(crate) clock: Clock,
    chance: RefCell<fastrand::Rng>,
    kind: Kind,
}

enum Kind {
    Os(RefCell<Poller>),
    /// The course of the simulation, and the number of the host that the loop is of.
    Simulated(Rc<Course>, usize),
}

impl Driver {
    /// The real world, seen from a loop's own thread.
    pub(crate) fn os(origin: Instant, poller: Poller) -> Self {
        let kind = Kind::Os(RefCell::new(poller));
        let clock = Clock::Real { origin };
        Self { clock, chance: RefCell::new(fastrand::Rng::new()), kind }
    }

    /// A world of its own, seen from a loop of this host, which has this clock.
    pub(crate) fn simulated(course: Rc<Course>, host: usize, clock: Clock) -> Self {
        let chance = RefCell::new(fastrand::Rng::with_seed(course.chance.seed()));
        Self { clock, chance, kind: Kind::Simulated(course, host) }
    }

    /// The course of the simulation, if it is one, and the number of the host.
    pub(crate) fn course(&self) -> Option<(&Rc<Course>, usize)> {
        match &self.kind {
            Kind::Os(_) => None,
            Kind::Simulated(course, host) => Some((course, *host)),
        }
    }

    /// Whether messages are looked at one by one.
    pub(crate) fn is_watched(&self) -> bool {
        self.course().is_some_and(|(course, _)| course.is_watched)
    }

    /// Takes the actor that comes next on the loop with this index: the first, or under simulation any.
    #[inline]
    pub(crate) fn choose(&self, queue: &RunQueue, index: usize) -> Option<Uncounted> {
        match &self.kind {
            Kind::Os(_) => queue.pop(),
            Kind::Simulated(course, host) => course.choose_actor((*host, index), queue),
        }
    }

    /// How many turns this round may take: time bounds a real round, the seed a simulated one.
    pub(crate) fn turns(&self) -> usize {
        match &self.kind {
            Kind::Os(_) => usize::MAX,
            Kind::Simulated(course, _) => course.turns(),
        }
    }

    pub(crate) fn is_simulated(&self) -> bool {
        matches!(self.kind, Kind::Simulated(..))
    }

    /// A random number; from the seed under simulation.
    pub(crate) fn random(&self) -> u64 {
        self.chance.borrow_mut().u64(..)
    }

    /// Waits for the OS. A simulated world never waits here: its time jumps when no loop has anything to do.
    pub(crate) fn poll(
        &self,
        timeout: Option<Duration>,
        report: impl FnMut(usize, Readiness),
    ) -> bool {
        match &self.kind {
            Kind::Os(poller) => poller.borrow_mut().poll(timeout, report),
            Kind::Simulated(..) => false,
        }
    }

    /// The poller, for registrations.
    ///
    /// # Errors
    /// Under simulation there are no OS sources.
    pub(crate) fn with_poller<R>(&self, f: impl FnOnce(&Poller) -> io::Result<R>) -> io::Result<R> {
        match &self.kind {
            Kind::Os(poller) => f(&poller.borrow()),
            Kind::Simulated(..) => Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "a simulated runtime has no OS sockets: run this service on the OS driver, or on a host of `sim`, which has a network",
            )),
        }
    }
}
