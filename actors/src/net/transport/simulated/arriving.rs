//! What comes to an end of a connection over the network, and what is answered.
//!
//! Runs in events of the simulation. What cannot come, for the way is cut or the host is down, is held, and sent anew later;
//! a sender that gets nothing through for too long gives up.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use roundsman_runtime::{Readiness, Simulation, Timestamp};

use super::happens;
use super::network::{Network, State};
use super::stream::{End, Life};
use super::wire::Segment;

/// When what was held is sent anew, at the latest, once it can come through again.
const SENT_ANEW: Duration = Duration::from_millis(500);

impl State {
    /// Sees to it that what is under way from this end arrives.
    pub(super) fn watch_wire(
        &mut self,
        network: &Arc<Network>,
        key: usize,
        simulation: &Simulation,
    ) {
        let wire = &mut self.ends[key].wire;
        if wire.is_watched {
            return;
        }
        let Some(at) = wire.next_arrival() else { return };
        wire.is_watched = true;
        let network = Arc::clone(network);
        simulation.at(at, move |simulation| {
            network.lock().arrive(&network, key, simulation);
        });
    }

    /// Something from this end has reached the other, or should have.
    fn arrive(&mut self, network: &Arc<Network>, key: usize, simulation: &Simulation) {
        let Some(end) = self.ends.get_mut(key) else { return };
        end.wire.is_watched = false;
        let (host, peer_host) = (end.host, end.peer_host);
        if self.is_cut(host, peer_host) {
            return self.hold(network, key, simulation);
        }
        while let Some(segment) =
            self.ends.get_mut(key).and_then(|end| end.wire.arrived(simulation.now()))
        {
            let resets = self.conditions.resets;
            if host != peer_host && happens(simulation, resets) {
                // Somebody on the way has lost track of it: both ends hear of that.
                let other = self.ends[key].other;
                self.fail(key, io::ErrorKind::ConnectionReset);
                if let Some(other) = other {
                    self.fail(other, io::ErrorKind::ConnectionReset);
                }
                return;
            }
            let Some(other) = self.ends[key].other else {
                // There is no such connection any more.
                if !matches!(segment, Segment::Reset) {
                    self.reset_from_nowhere(network, key, simulation);
                }
                break;
            };
            self.deliver(network, key, other, segment, simulation);
        }
        if self.ends.contains(key) {
            self.watch_wire(network, key, simulation);
            self.forget_if_over(key);
        }
    }

    fn deliver(
        &mut self,
        network: &Arc<Network>,
        key: usize,
        other: usize,
        segment: Segment,
        simulation: &Simulation,
    ) {
        let end = &mut self.ends[other];
        match (segment, end.life) {
            (Segment::Reset, _) => {
                self.fail(other, io::ErrorKind::ConnectionReset);
                self.forget_if_over(key);
            }
            (_, Life::Failed(_)) => {}
            (Segment::Data(_), Life::Closed) => {
                // Nobody reads it any more.
                self.send(network, other, Segment::Reset, simulation);
            }
            (Segment::Fin, _) => {
                end.at_end = true;
                end.ring(Readiness::READABLE | Readiness::READ_CLOSED);
                self.forget_if_over(other);
            }
            (Segment::Data(bytes), _) => {
                end.unread += bytes.len();
                end.arrived.push_back(bytes);
                end.ring(Readiness::READABLE);
            }
        }
    }

    /// The other end is not there, and its host says so.
    fn reset_from_nowhere(&mut self, network: &Arc<Network>, key: usize, simulation: &Simulation) {
        let (host, peer_host) = (self.ends[key].host, self.ends[key].peer_host);
        let latency = self.latency(peer_host, host, simulation);
        let network = Arc::clone(network);
        simulation.at(simulation.now() + latency, move |_| {
            network.lock().fail(key, io::ErrorKind::ConnectionReset);
        });
    }

    /// What is under way from this end does not come through for now.
    fn hold(&mut self, network: &Arc<Network>, key: usize, simulation: &Simulation) {
        let now = simulation.now();
        let wire = &mut self.ends[key].wire;
        if wire.held_since.is_some() {
            return;
        }
        wire.held_since = Some(now);
        let network = Arc::clone(network);
        simulation.at(now + self.conditions.give_up, move |_| {
            let mut state = network.lock();
            let held = state.ends.get(key).and_then(|end| end.wire.held_since);
            if held == Some(now) {
                state.fail(key, io::ErrorKind::TimedOut);
            }
        });
    }

    /// What was held, and can come through again, is sent anew.
    pub(super) fn send_anew(&mut self, network: &Arc<Network>, simulation: &Simulation) {
        let held =
            |(key, end): (usize, &End)| end.wire.held_since.map(|_| (key, end.host, end.peer_host));
        let held: Vec<_> = self.ends.iter().filter_map(held).collect();
        for (key, host, peer_host) in held {
            if self.is_cut(host, peer_host) {
                continue;
            }
            let latency = self.latency(host, peer_host, simulation);
            let at = simulation.now() + latency + waited(simulation);
            self.ends[key].wire.postpone(at);
            self.watch_wire(network, key, simulation);
        }
    }

    /// Takes out an end whose socket is closed, once everything that it has sent has arrived and nothing more comes.
    pub(super) fn forget_if_over(&mut self, key: usize) {
        let Some(end) = self.ends.get(key) else { return };
        let other_is_over = end.other.is_none() || end.at_end;
        if end.life == Life::Closed && end.wire.is_empty() && other_is_over {
            self.forget(key);
        }
    }
}

/// How long a sender waits before it sends anew.
fn waited(simulation: &Simulation) -> Duration {
    Duration::from_micros(simulation.below(SENT_ANEW.as_micros() as usize) as u64)
}

/// The moment at which an attempt is made again: a second, two, four after the last.
pub(super) fn tried_again(simulation: &Simulation, tries: u32) -> Timestamp {
    simulation.now() + Duration::from_secs(1 << tries.min(6))
}
