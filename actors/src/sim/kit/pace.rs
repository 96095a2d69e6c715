//! How a test waits: by stepping a simulation, or by letting time pass.

use std::fmt;
use std::time::{Duration, Instant};

use roundsman_runtime::{Simulation, Stepped, Timestamp};

use crate::sim::Sim;

/// How a test waits for something. From a [`Sim`], from a [`Simulation`] alone, or [real](Self::real).
#[derive(Clone)]
pub struct Pace(Kind);

#[derive(Clone)]
enum Kind {
    Sim(Sim),
    Simulated(Simulation),
    Real,
}

/// Until when something is waited for.
#[derive(Clone, Copy)]
pub(super) enum Moment {
    Virtual(Timestamp),
    /// So long after.
    Real(Instant, Duration),
}

impl Moment {
    fn is_past(self) -> bool {
        matches!(self, Self::Real(since, time) if since.elapsed() >= time)
    }
}

/// How often is looked, in real time.
const LOOK: Duration = Duration::from_millis(1);

impl Pace {
    /// Real time: for a runtime that runs on threads of its own.
    #[must_use]
    pub fn real() -> Self {
        Self(Kind::Real)
    }

    /// Waits until `done` says so, at most so long. False if it does not.
    ///
    /// In a simulation it looks after each step, and time is virtual; nothing else can happen meanwhile. In real time it looks
    /// every millisecond, and this thread sleeps in between. Of a [`Sim`] whose seed has failed nothing more is waited for.
    pub fn wait(&self, within: Duration, done: impl FnMut() -> bool) -> bool {
        self.wait_until(self.after(within), done)
    }

    /// The moment after this time.
    pub(super) fn after(&self, time: Duration) -> Moment {
        match &self.0 {
            Kind::Sim(sim) => Moment::Virtual(sim.now() + time),
            Kind::Simulated(simulation) => Moment::Virtual(simulation.now() + time),
            Kind::Real => Moment::Real(now(), time),
        }
    }

    /// As [`wait`](Self::wait), until this moment at most, which was made by the same pace.
    pub(super) fn wait_until(&self, end: Moment, mut done: impl FnMut() -> bool) -> bool {
        match (&self.0, end) {
            (Kind::Sim(sim), Moment::Virtual(end)) => {
                step_until(end, &mut done, |limit| sim.step(limit).ok())
            }
            (Kind::Simulated(simulation), Moment::Virtual(end)) => {
                step_until(end, &mut done, |limit| Some(simulation.step(limit)))
            }
            (_, end) => {
                while !done() {
                    if end.is_past() {
                        return false;
                    }
                    sleep(LOOK);
                }
                true
            }
        }
    }

    /// Lets so much time pass.
    pub fn advance(&self, time: Duration) {
        match &self.0 {
            Kind::Sim(_) | Kind::Simulated(_) => _ = self.wait(time, || false),
            Kind::Real => sleep(time),
        }
    }

    /// The simulation, if it is one.
    pub(super) fn simulation(&self) -> Option<&Simulation> {
        match &self.0 {
            Kind::Sim(sim) => Some(sim.simulation()),
            Kind::Simulated(simulation) => Some(simulation),
            Kind::Real => None,
        }
    }
}

fn step_until(
    limit: Timestamp,
    done: &mut impl FnMut() -> bool,
    step: impl Fn(Option<Timestamp>) -> Option<Stepped>,
) -> bool {
    while !done() {
        if matches!(step(Some(limit)), None | Some(Stepped::Reached | Stepped::Held)) {
            return done();
        }
    }
    true
}

#[expect(clippy::disallowed_methods, reason = "it is real time that passes")]
fn now() -> Instant {
    Instant::now()
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test waits on a thread of its own, which is no loop's"
)]
fn sleep(time: Duration) {
    std::thread::sleep(time);
}

impl From<&Simulation> for Pace {
    fn from(simulation: &Simulation) -> Self {
        Self(Kind::Simulated(simulation.clone()))
    }
}

impl From<&Sim> for Pace {
    fn from(sim: &Sim) -> Self {
        Self(Kind::Sim(sim.clone()))
    }
}

impl fmt::Debug for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Sim(sim) => write!(f, "Pace({:?})", sim.simulation()),
            Kind::Simulated(simulation) => write!(f, "Pace({simulation:?})"),
            Kind::Real => f.write_str("Pace(real)"),
        }
    }
}
