//! Where something happens in a simulated network, and when: what everything here is done with.

use std::sync::Arc;
use std::time::Duration;

use roundsman_runtime::{Bell, Readiness, Simulation, Timestamp};

use super::network::{Network, State};

/// A network, and the simulation whose chance and time it goes by.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    pub(super) network: &'a Arc<Network>,
    pub(super) simulation: &'a Simulation,
}

impl Scene<'_> {
    pub(super) fn now(self) -> Timestamp {
        self.simulation.now()
    }

    /// A number below `bound`; 0 is the plain choice.
    pub(super) fn below(self, bound: usize) -> usize {
        self.simulation.below(bound)
    }

    /// True with this chance in a million; the plain choice is false.
    pub(super) fn happens(self, per_million: u32) -> bool {
        self.simulation.chance(per_million)
    }

    /// Does this so much later.
    pub(super) fn after(self, time: Duration, then: impl FnOnce(&mut State, Scene<'_>) + 'static) {
        let network = Arc::clone(self.network);
        self.simulation.at(self.now() + time, move |simulation| {
            then(&mut network.lock(), Scene { network: &network, simulation });
        });
    }

    /// Rings somebody a little later, for what a call has held back. Whoever has no bell looks after each event.
    pub(super) fn ring_later(self, bell: Option<Bell>, readiness: Readiness) {
        let later = Duration::from_micros(1 + self.below(500) as u64);
        self.simulation.at(self.now() + later, move |_| {
            if let Some(bell) = bell {
                bell.ring(readiness);
            }
        });
    }
}
