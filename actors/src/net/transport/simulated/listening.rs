//! A simulated socket that listens: where it is, and who waits to be accepted.
//!
//! How those come to wait is in [`handshake`](super::handshake).

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use roundsman_runtime::{Bell, Readiness, Simulation};

use super::network::{Network, Stack, State, current};
use super::scene::Scene;
use super::stream::Stream;
use crate::net::endpoint::Endpoint;

/// A socket that listens, in the table of its network.
pub(super) struct Door {
    pub(super) host: usize,
    at: Endpoint,
    only_v6: bool,
    reuse_port: bool,
    backlog: usize,
    /// Ends that were made, and whose other end has not heard of them.
    pub(super) expected: usize,
    /// Ends that wait to be accepted.
    pub(super) waiting: VecDeque<usize>,
    /// It was said that nobody waits, although somebody does.
    refused: bool,
    bell: Option<Bell>,
}

impl Door {
    /// Whether who connects to this address of the host comes to it.
    fn is_at(&self, host: usize, to: &Endpoint) -> bool {
        if self.host != host {
            return false;
        }
        match (&self.at, to) {
            (Endpoint::Ip(at), Endpoint::Ip(to)) => {
                at.port() == to.port() && takes(at, to, self.only_v6)
            }
            (at, to) => at == to,
        }
    }

    /// Whether nobody more may come for now.
    pub(super) fn is_full(&self) -> bool {
        self.waiting.len() + self.expected >= self.backlog
    }

    pub(super) fn ring(&self) {
        if let Some(bell) = &self.bell {
            bell.ring(Readiness::READABLE);
        }
    }
}

/// Whether a socket at `at` takes what comes to `to`.
pub(super) fn takes(at: &SocketAddr, to: &SocketAddr, only_v6: bool) -> bool {
    let family = at.is_ipv6() == to.is_ipv6() || (at.is_ipv6() && !only_v6);
    at.ip() == to.ip() || (at.ip().is_unspecified() && family)
}

/// The socket of one that listens.
pub(crate) struct Listening {
    network: Arc<Network>,
    key: usize,
    host: usize,
    at: Endpoint,
}

impl Stack {
    /// Listens there. Port 0: one that is free.
    pub(crate) fn listen(
        &self,
        at: &Endpoint,
        only_v6: bool,
        reuse_port: bool,
        backlog: i32,
    ) -> io::Result<Listening> {
        let simulation = current()?;
        let scene = Scene { network: &self.network, simulation: &simulation };
        let host = self.host;
        let mut state = self.network.lock();
        let at = match at {
            Endpoint::Ip(address) => {
                Endpoint::Ip(state.free_address(host, *address, only_v6, reuse_port)?)
            }
            Endpoint::Unnamed => return Err(io::ErrorKind::InvalidInput.into()),
            named if !state.doors_at(host, named).is_empty() => {
                return Err(io::ErrorKind::AddrInUse.into());
            }
            named => named.clone(),
        };
        state.open(host, scene)?;
        state.hosts[host].take_port(at.port());
        let key = state.doors.insert(Door {
            host,
            at: at.clone(),
            only_v6,
            reuse_port,
            backlog: usize::try_from(backlog).unwrap_or(0).max(1),
            expected: 0,
            waiting: VecDeque::new(),
            refused: false,
            bell: None,
        });
        drop(state);
        Ok(Listening { network: Arc::clone(&self.network), key, host, at })
    }
}

impl State {
    /// The doors to which who connects to this address of the host comes.
    pub(super) fn doors_at(&self, host: usize, to: &Endpoint) -> Vec<usize> {
        self.doors.keys(|door| door.is_at(host, to))
    }

    /// Whether anything of this host has the port, for TCP.
    pub(super) fn is_bound(&self, host: usize, port: u16) -> bool {
        self.hosts[host].has_port(port)
    }

    fn free_address(
        &mut self,
        host: usize,
        mut at: SocketAddr,
        only_v6: bool,
        reuse_port: bool,
    ) -> io::Result<SocketAddr> {
        if !self.has(host, at.ip()) {
            return Err(io::ErrorKind::AddrNotAvailable.into());
        }
        if at.port() == 0 {
            at.set_port(self.free_port(host, |state, port| state.is_bound(host, port))?);
            return Ok(at);
        }
        let is_taken = self.doors.iter().any(|(_, door)| {
            let Endpoint::Ip(other) = &door.at else { return false };
            let meet = other.port() == at.port()
                && (takes(other, &at, door.only_v6) || takes(&at, other, only_v6));
            door.host == host && meet && !(reuse_port && door.reuse_port)
        });
        if is_taken { Err(io::ErrorKind::AddrInUse.into()) } else { Ok(at) }
    }
}

impl Listening {
    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.at
    }

    pub(crate) fn accept(&self) -> io::Result<(Stream, Endpoint)> {
        let simulation = current()?;
        let scene = Scene { network: &self.network, simulation: &simulation };
        let mut state = self.network.lock();
        state.count();
        let odd = state.conditions.faults.odd_blocks;
        let door = state.doors.get_mut(self.key).ok_or(io::ErrorKind::NotConnected)?;
        let next = *door.waiting.front().ok_or(io::ErrorKind::WouldBlock)?;
        if !door.refused && scene.happens(odd) {
            door.refused = true;
            scene.ring_later(door.bell.clone(), Readiness::READABLE);
            return Err(io::ErrorKind::WouldBlock.into());
        }
        door.refused = false;
        // Out of descriptors it goes on to wait.
        state.open(self.host, scene)?;
        state.doors[self.key].waiting.pop_front();
        let end = &mut state.ends[next];
        end.has_descriptor = true;
        let peer = end.peer.clone();
        drop(state);
        Ok((Stream::new(&self.network, next, self.host), peer))
    }

    /// From now on this bell is rung, at once if somebody waits already.
    pub(crate) fn set_bell(&self, bell: Bell) {
        let mut state = self.network.lock();
        let Some(door) = state.doors.get_mut(self.key) else { return };
        if !door.waiting.is_empty() {
            bell.ring(Readiness::READABLE);
        }
        door.bell = Some(bell);
    }
}

impl Drop for Listening {
    /// Who waits to be accepted is turned away.
    fn drop(&mut self) {
        let simulation = Simulation::current();
        let scene =
            simulation.as_ref().map(|simulation| Scene { network: &self.network, simulation });
        let mut state = self.network.lock();
        let Some(door) = state.doors.remove(self.key) else { return };
        state.hosts[self.host].open -= 1;
        state.hosts[self.host].give_port(self.at.port());
        for key in door.waiting {
            if let Some(end) = state.ends.get_mut(key) {
                end.resets = true;
                state.close(key, scene);
            }
        }
    }
}
