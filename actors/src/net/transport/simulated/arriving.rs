//! What comes to an end of a connection over the network, and what is answered.
//!
//! Runs in events of the simulation. What cannot come, for the way is cut or the host is down, is held, and sent anew later;
//! a sender that hears nothing for too long gives up.
//!
//! | while nothing comes through | |
//! |---|---|
//! | there is something under way, or it waits for room | it fails after [`give_up`](super::network::Conditions::give_up) |
//! | it is silent, and is to be kept alive | it fails after the silence that was said, and ten seconds |
//! | it is silent | it knows nothing |
//! | it was closed with a reset | the reset is lost |

use std::io;
use std::time::Duration;

use roundsman_runtime::Readiness;

use super::end::{End, Life};
use super::network::State;
use super::scene::Scene;
use super::wire::Segment;

/// When what was held is sent anew, at the latest, once it can come through again.
const SENT_ANEW: Duration = Duration::from_millis(500);
/// How long a silent peer is asked until it counts as gone: ten times, a second apart. (`net::Options::keep_alive`)
const ASKED: Duration = Duration::from_secs(10);

impl State {
    /// Sees to it that what is under way from this end arrives.
    pub(super) fn watch_wire(&mut self, key: usize, scene: Scene<'_>) {
        let wire = &mut self.ends[key].wire;
        if wire.is_watched {
            return;
        }
        let Some(at) = wire.next_arrival() else { return };
        wire.is_watched = true;
        scene.after(at - scene.now(), move |state, scene| state.arrive(key, scene));
    }

    /// Something from this end has reached the other, or should have.
    fn arrive(&mut self, key: usize, scene: Scene<'_>) {
        let Some(end) = self.ends.get_mut(key) else { return };
        end.wire.is_watched = false;
        let (host, peer_host) = (end.host, end.peer_host);
        if self.is_cut(host, peer_host) {
            if self.ends[key].wire.sends_once() {
                // Nobody waits for an answer to a reset; and to be let in, who wishes that asks again.
                return self.forget(key, Some(scene));
            }
            return self.hold(key, self.conditions.give_up, scene);
        }
        let mut arrived = false;
        while let Some(segment) =
            self.ends.get_mut(key).and_then(|end| end.wire.arrived(scene.now()))
        {
            arrived = true;
            let other = self.ends[key].other;
            if host != peer_host && scene.happens(self.conditions.faults.resets) {
                // Somebody on the way has lost track of it: both ends hear of that.
                self.fail(key, io::ErrorKind::ConnectionReset, scene);
                if let Some(other) = other {
                    self.fail(other, io::ErrorKind::ConnectionReset, scene);
                }
                return;
            }
            match other {
                Some(other) => self.deliver(key, other, segment, scene),
                None => self.answer_from_nowhere(key, &segment, scene),
            }
        }
        if self.ends.contains(key) {
            self.watch_wire(key, scene);
            if arrived && self.is_cut(peer_host, host) {
                // It has come, and the sender never hears that it has.
                self.hold(key, self.conditions.give_up, scene);
            }
            self.forget_if_over(key, scene);
        }
    }

    fn deliver(&mut self, key: usize, other: usize, segment: Segment, scene: Scene<'_>) {
        let end = &mut self.ends[other];
        match (segment, end.life) {
            (Segment::Reset, _) => {
                self.fail(other, io::ErrorKind::ConnectionReset, scene);
                // Who has sent it is over: nothing comes after it.
                self.forget(key, Some(scene));
            }
            (segment, Life::Failed(_)) => self.answer_from_nowhere(key, &segment, scene),
            (Segment::Welcome, Life::Connecting) => self.connected(other, scene),
            (Segment::Thanks, Life::Answering(door)) => self.come_in(other, door, scene),
            (Segment::Welcome | Segment::Thanks, _) => {}
            (Segment::Data(_), Life::Closed) => {
                // Nobody reads it any more.
                self.send(other, Segment::Reset, scene);
            }
            (Segment::Fin, _) => {
                end.at_end = true;
                end.ring(Readiness::READABLE | Readiness::READ_CLOSED);
                self.forget_if_over(other, scene);
            }
            (Segment::Data(bytes), _) => {
                end.unread += bytes.len();
                end.arrived.push_back(bytes);
                end.ring(Readiness::READABLE);
            }
        }
    }

    /// The other end is not there, or has failed, and its host says so.
    fn answer_from_nowhere(&mut self, key: usize, to: &Segment, scene: Scene<'_>) {
        if matches!(to, Segment::Reset) {
            return;
        }
        let (host, peer_host) = (self.ends[key].host, self.ends[key].peer_host);
        let latency = self.latency(peer_host, host, scene);
        scene.after(latency, move |state, scene| {
            if state.is_cut(peer_host, host) {
                if state.ends.contains(key) {
                    state.hold(key, state.conditions.give_up, scene);
                }
            } else {
                state.fail(key, io::ErrorKind::ConnectionReset, scene);
            }
        });
    }

    // While nothing comes through.

    /// It waits for a sign of the other host, and none comes for now: after `patience` it fails.
    pub(super) fn hold(&mut self, key: usize, patience: Duration, scene: Scene<'_>) {
        let (since, end) = (Some(scene.now()), &mut self.ends[key]);
        if end.held_since.is_some() || matches!(end.life, Life::Failed(_)) {
            return;
        }
        end.held_since = since;
        scene.after(patience, move |state, scene| {
            if state.ends.get(key).is_some_and(|end| end.held_since == since) {
                state.fail(key, io::ErrorKind::TimedOut, scene);
            }
        });
    }

    /// The other end, or the way to it, may be gone: it asks, if it is one that asks.
    pub(super) fn ask(&mut self, key: usize, scene: Scene<'_>) {
        // Between two who have both ended nothing is expected.
        let waits = |end: &&End| end.life == Life::Connected && !(end.finished && end.at_end);
        let Some(end) = self.ends.get(key).filter(waits) else { return };
        let (is_blocked, keep_alive) = (end.is_blocked, end.keep_alive);
        if self.is_cut(end.host, end.peer_host) || self.is_cut(end.peer_host, end.host) {
            let patience = if is_blocked {
                Some(self.conditions.give_up)
            } else {
                keep_alive.map(|silence| silence + ASKED)
            };
            if let Some(patience) = patience {
                self.hold(key, patience, scene);
            }
        } else if end.other.is_none() {
            let wait = if is_blocked { Some(SENT_ANEW) } else { keep_alive };
            if let Some(wait) = wait {
                scene.after(wait, move |state, scene| state.hear_of_nothing(key, scene));
            }
        }
    }

    /// It has asked for an end that is gone.
    fn hear_of_nothing(&mut self, key: usize, scene: Scene<'_>) {
        let Some(end) = self.ends.get(key) else { return };
        if self.is_cut(end.host, end.peer_host) || self.is_cut(end.peer_host, end.host) {
            return self.ask(key, scene);
        }
        self.fail(key, io::ErrorKind::ConnectionReset, scene);
    }

    /// The way between two hosts is cut, or one of them is gone: those who ask will hear no answer.
    pub(super) fn ask_between(&mut self, one: usize, other: usize, scene: Scene<'_>) {
        let between = |end: &End| [(one, other), (other, one)].contains(&(end.host, end.peer_host));
        for key in self.ends.keys(between) {
            self.ask(key, scene);
        }
    }

    /// What was held, and can come through again, is sent anew.
    pub(super) fn send_anew(&mut self, scene: Scene<'_>) {
        for key in self.ends.keys(|end| end.held_since.is_some()) {
            let end = &self.ends[key];
            let (host, peer_host) = (end.host, end.peer_host);
            if self.is_cut(host, peer_host) {
                continue;
            }
            let hears = !self.is_cut(peer_host, host);
            let waited = Duration::from_micros(scene.below(SENT_ANEW.as_micros() as usize) as u64);
            let wait = self.latency(host, peer_host, scene) + waited;
            let end = &mut self.ends[key];
            if hears {
                end.held_since = None;
            }
            if !end.wire.is_watched {
                end.wire.postpone(scene.now() + wait);
            }
            if hears && end.wire.is_empty() {
                if end.other.is_none() {
                    scene.after(wait, move |state, scene| state.hear_of_nothing(key, scene));
                } else if end.is_blocked {
                    scene.after(wait, move |state, scene| state.look_for_room(key, scene));
                }
            }
            self.watch_wire(key, scene);
        }
    }

    /// It asks whether there is room again.
    fn look_for_room(&mut self, key: usize, scene: Scene<'_>) {
        let is_blocked = self.ends.get(key).is_some_and(|end| end.is_blocked);
        if is_blocked && self.room(key) * 3 >= self.conditions.window {
            self.ends[key].is_blocked = false;
            self.unblock(key, scene);
        }
    }
}
