//! One end of a simulated connection, in the table of its network.
//!
//! Its socket is in [`stream`](super::stream), what comes to it over the network in [`arriving`](super::arriving). Here is
//! what both need: how far it is, what it may send, how it fails, and when it is forgotten.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use bytes::{Buf, Bytes};
use roundsman_runtime::{Bell, Readiness, Timestamp};

use super::FAILED;
use super::network::State;
use super::scene::Scene;
use super::wire::{Segment, Wire};
use crate::net::endpoint::Endpoint;

/// One end of a connection.
pub(super) struct End {
    pub(super) host: usize,
    pub(super) local: Endpoint,
    pub(super) peer: Endpoint,
    /// The host at the other end, whatever has become of it.
    pub(super) peer_host: usize,
    /// The other end, while it is there.
    pub(super) other: Option<usize>,
    pub(super) life: Life,
    /// While it connects: when it wished to last, and how often it has wished before.
    pub(super) wished_at: Timestamp,
    pub(super) tries: u32,
    pub(super) bell: Option<Bell>,
    /// Its host has a descriptor of it: not so before it is accepted, and after it is closed.
    pub(super) has_descriptor: bool,
    /// What has arrived and was not read.
    pub(super) arrived: VecDeque<Bytes>,
    pub(super) unread: usize,
    /// The other end has ended, after all that has arrived.
    pub(super) at_end: bool,
    /// What this end has sent.
    pub(super) wire: Wire,
    /// It sends nothing more.
    pub(super) finished: bool,
    /// Closing it resets the connection.
    pub(super) resets: bool,
    /// It was told that it would block, and is rung when there is room.
    pub(super) is_blocked: bool,
    /// Since when it waits for a sign of the other host in vain.
    pub(super) held_since: Option<Timestamp>,
    /// After so much silence it asks for one.
    pub(super) keep_alive: Option<Duration>,
    /// Bytes that were read so far, and written; and where either was told that it would block although it need not: there
    /// it is told so once.
    pub(super) read: u64,
    pub(super) read_refused: Option<u64>,
    pub(super) written: u64,
    pub(super) write_refused: Option<u64>,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    Connecting,
    /// It was made by a wish that came to this door. Once the other end has heard of it, it waits to be accepted.
    Answering(usize),
    Connected,
    /// Why it has failed, until somebody was told.
    Failed(Option<io::ErrorKind>),
    /// Nobody has it any more; what it has sent is still delivered.
    Closed,
}

impl End {
    pub(super) fn new(
        host: usize,
        local: Endpoint,
        peer: Endpoint,
        peer_host: usize,
        life: Life,
    ) -> Self {
        Self {
            host,
            local,
            peer,
            peer_host,
            other: None,
            life,
            wished_at: Timestamp::default(),
            tries: 0,
            bell: None,
            has_descriptor: false,
            arrived: VecDeque::new(),
            unread: 0,
            at_end: false,
            wire: Wire::default(),
            finished: false,
            resets: false,
            is_blocked: false,
            held_since: None,
            keep_alive: None,
            read: 0,
            read_refused: None,
            written: 0,
            write_refused: None,
        }
    }

    pub(super) fn ring(&self, readiness: Readiness) {
        if let Some(bell) = &self.bell {
            bell.ring(readiness);
        }
    }

    /// Whether it is a Unix socket.
    pub(super) fn is_local(&self) -> bool {
        !matches!((&self.local, &self.peer), (Endpoint::Ip(_), Endpoint::Ip(_)))
    }

    pub(super) fn readiness(&self, room: usize) -> Readiness {
        let mut readiness = Readiness::NONE;
        match self.life {
            Life::Failed(_) => return FAILED,
            Life::Connecting | Life::Answering(_) | Life::Closed => return readiness,
            Life::Connected => {}
        }
        if self.unread > 0 || self.at_end {
            readiness |= Readiness::READABLE;
        }
        if self.at_end {
            readiness |= Readiness::READ_CLOSED;
        }
        if room > 0 {
            readiness |= Readiness::WRITABLE;
        }
        readiness
    }

    /// The error that it has failed with: told once; then what a socket says that has told it.
    pub(super) fn failure(&mut self, after: io::ErrorKind) -> Option<io::Error> {
        let Life::Failed(kind) = &mut self.life else { return None };
        Some(kind.take().unwrap_or(after).into())
    }

    /// Takes what has arrived.
    pub(super) fn take(&mut self, into: &mut [u8]) -> usize {
        let mut got = 0;
        while got < into.len() {
            let Some(first) = self.arrived.front_mut() else { break };
            let most = first.len().min(into.len() - got);
            first.copy_to_slice(&mut into[got..got + most]);
            got += most;
            if first.is_empty() {
                self.arrived.pop_front();
            }
        }
        self.unread -= got;
        self.read += got as u64;
        got
    }
}

impl State {
    /// Adds one; its port is in use from now on.
    pub(super) fn add_end(&mut self, end: End) -> usize {
        self.hosts[end.host].take_port(end.local.port());
        self.ends.insert(end)
    }

    /// How many bytes an end may send now.
    pub(super) fn room(&self, key: usize) -> usize {
        let end = &self.ends[key];
        let unread =
            end.other.and_then(|other| self.ends.get(other)).map_or(0, |other| other.unread);
        self.conditions.window.saturating_sub(end.wire.len() + unread)
    }

    /// Sends something from this end to the other.
    pub(super) fn send(&mut self, key: usize, what: Segment, scene: Scene<'_>) {
        let (host, peer_host) = (self.ends[key].host, self.ends[key].peer_host);
        let latency = self.latency(host, peer_host, scene);
        let takes = self.takes(host, peer_host, what.len());
        let end = &mut self.ends[key];
        // What was written to a Unix socket is with its peer already.
        if matches!(what, Segment::Reset) && !end.is_local() {
            end.wire.leave_behind();
        }
        end.wire.send(scene.now(), takes, latency, what);
        self.watch_wire(key, scene);
    }

    /// There is room again at this end's other end: who sends there may go on.
    pub(super) fn make_room(&mut self, key: usize, scene: Scene<'_>) {
        let Some(sender) = self.ends[key].other else { return };
        // As the OS does: worth a word once a third is free.
        if !self.ends[sender].is_blocked || self.room(sender) * 3 < self.conditions.window {
            return;
        }
        self.ends[sender].is_blocked = false;
        let latency = self.latency(self.ends[key].host, self.ends[sender].host, scene);
        scene.after(latency, move |state, scene| state.unblock(sender, scene));
    }

    /// It hears that there is room; unless nothing comes to it for now.
    pub(super) fn unblock(&mut self, key: usize, scene: Scene<'_>) {
        let Some(end) = self.ends.get_mut(key) else { return };
        let (host, peer_host) = (end.host, end.peer_host);
        if self.is_cut(peer_host, host) {
            self.ends[key].is_blocked = true;
            return self.hold(key, self.conditions.give_up, scene);
        }
        self.ends[key].ring(Readiness::WRITABLE);
    }

    /// It fails: its socket hears of it. What nobody has is forgotten.
    pub(super) fn fail(&mut self, key: usize, why: io::ErrorKind, scene: Scene<'_>) {
        let Some(end) = self.ends.get_mut(key) else { return };
        // As Linux calls a reset (`tcp_reset`): by what it has come to.
        let reset = why == io::ErrorKind::ConnectionReset;
        let why = match end.life {
            Life::Closed | Life::Answering(_) => return self.forget(key, Some(scene)),
            Life::Failed(_) => return,
            Life::Connecting if reset => io::ErrorKind::ConnectionRefused,
            Life::Connected if reset && end.at_end => io::ErrorKind::BrokenPipe,
            Life::Connecting | Life::Connected => why,
        };
        end.life = Life::Failed(Some(why));
        end.wire = Wire::default();
        end.held_since = None;
        end.is_blocked = false;
        end.ring(FAILED);
    }

    /// As the OS closes: over bytes that nobody has read, with a reset; else with FIN, after what was sent. Without a scene
    /// the simulation is over, and nothing is sent.
    pub(super) fn close(&mut self, key: usize, scene: Option<Scene<'_>>) {
        let Some(end) = self.ends.get_mut(key) else { return };
        let life = std::mem::replace(&mut end.life, Life::Closed);
        let resets = end.resets || end.unread > 0 || life == Life::Connecting;
        let finished = std::mem::replace(&mut end.finished, true);
        let is_open = match life {
            Life::Connected => true,
            Life::Connecting => end.other.is_some(),
            Life::Closed => return,
            Life::Answering(_) | Life::Failed(_) => false,
        };
        end.bell = None;
        end.arrived.clear();
        end.unread = 0;
        if std::mem::replace(&mut end.has_descriptor, false) {
            let host = end.host;
            self.hosts[host].open -= 1;
        }
        let Some(scene) = scene.filter(|_| is_open) else { return self.forget(key, scene) };
        if resets {
            self.send(key, Segment::Reset, scene);
        } else if !finished {
            self.send(key, Segment::Fin, scene);
        }
        self.forget_if_over(key, scene);
    }

    /// Takes an end out of the table. The other one is alone from now on, and does not know it.
    pub(super) fn forget(&mut self, key: usize, scene: Option<Scene<'_>>) {
        let Some(end) = self.ends.remove(key) else { return };
        self.hosts[end.host].give_port(end.local.port());
        if let Life::Answering(door) = end.life
            && let Some(door) = self.doors.get_mut(door)
        {
            door.expected -= 1;
        }
        let Some(other) = end.other else { return };
        if let Some(end) = self.ends.get_mut(other) {
            end.other = None;
            if let Some(scene) = scene {
                if end.life == Life::Connecting {
                    return self.wish_again(other, scene);
                }
                self.forget_if_over(other, scene);
                self.ask(other, scene);
            }
        }
    }

    /// Takes an end out that nobody has, once everything that it has sent has arrived and nothing more comes.
    pub(super) fn forget_if_over(&mut self, key: usize, scene: Scene<'_>) {
        let Some(end) = self.ends.get(key) else { return };
        let is_alone = end.other.is_none();
        let is_over = match end.life {
            Life::Closed => end.wire.is_empty() && (is_alone || end.at_end),
            Life::Answering(_) => is_alone,
            Life::Connecting | Life::Connected | Life::Failed(_) => false,
        };
        if is_over {
            self.forget(key, Some(scene));
        }
    }
}
