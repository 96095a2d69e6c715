//! How a test waits: by stepping a simulation, or by letting time pass.

use std::fmt;
use std::time::Duration;

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
    pub fn wait(&self, within: Duration, mut done: impl FnMut() -> bool) -> bool {
        match &self.0 {
            Kind::Sim(sim) => {
                step_until(sim.now() + within, &mut done, |limit| sim.step(limit).ok())
            }
            Kind::Simulated(simulation) => {
                let step = |limit| Some(simulation.step(limit));
                step_until(simulation.now() + within, &mut done, step)
            }
            Kind::Real => {
                let mut slept = Duration::ZERO;
                while !done() {
                    if slept >= within {
                        return false;
                    }
                    sleep(LOOK);
                    slept += LOOK;
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
