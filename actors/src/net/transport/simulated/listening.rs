//! A simulated socket that listens, and how connections are made.
//!
//! | what | when |
//! |---|---|
//! | somebody connects | the wish travels to the host |
//! | it is there, and a socket listens | an end is made and waits to be accepted; the answer travels back |
//! | none listens | the refusal travels back |
//! | the way is cut, the host is down, or the queue is full | nothing is said; the wish is sent again after 1, 2, 4, … s |

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use roundsman_runtime::{Bell, Readiness, Simulation};

use super::arriving::tried_again;
use super::network::{Network, Stack, State, current};
use super::stream::{End, Life, Stream};
use crate::net::endpoint::{Endpoint, canonical};

/// How often a wish is sent before its sender gives up. (Linux: `tcp_syn_retries` 6.)
const TRIES: u32 = 6;

/// A socket that listens, in the table of its network.
pub(super) struct Door {
    pub(super) host: usize,
    at: Endpoint,
    only_v6: bool,
    reuse_port: bool,
    backlog: usize,
    /// Ends that wait to be accepted.
    waiting: VecDeque<usize>,
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
        let host = self.host;
        let mut state = self.network.lock();
        let at = match at {
            Endpoint::Ip(address) => {
                Endpoint::Ip(state.free_address(host, *address, only_v6, reuse_port)?)
            }
            Endpoint::Unnamed => return Err(io::ErrorKind::InvalidInput.into()),
            named if state.doors.iter().any(|(_, door)| door.is_at(host, named)) => {
                return Err(io::ErrorKind::AddrInUse.into());
            }
            named => named.clone(),
        };
        state.open(host, &simulation)?;
        let backlog = usize::try_from(backlog).unwrap_or(0).max(1);
        let (waiting, bell) = (VecDeque::new(), None);
        let door = Door { host, at: at.clone(), only_v6, reuse_port, backlog, waiting, bell };
        let key = state.doors.insert(door);
        drop(state);
        Ok(Listening { network: Arc::clone(&self.network), key, host, at })
    }

    /// Begins to connect.
    pub(super) fn connect(&self, to: &Endpoint, from: Option<SocketAddr>) -> io::Result<Stream> {
        let simulation = current()?;
        let host = self.host;
        let mut state = self.network.lock();
        let Endpoint::Ip(address) = to else {
            return self.connect_local(&mut state, to, &simulation);
        };
        let address = canonical(*address);
        let Some(peer_host) = state.host_of(host, address.ip()) else {
            return Err(io::ErrorKind::NetworkUnreachable.into());
        };
        let local = match from {
            Some(from) if !state.has(host, from.ip()) => {
                return Err(io::ErrorKind::AddrNotAvailable.into());
            }
            Some(from) if from.is_ipv6() != address.is_ipv6() => {
                return Err(io::ErrorKind::InvalidInput.into());
            }
            Some(from) if !from.ip().is_unspecified() => from,
            from => SocketAddr::new(
                state.source(host, address.ip()),
                from.map_or(0, |from| from.port()),
            ),
        };
        let port = match local.port() {
            0 => state.free_port(host, |state, port| state.is_bound(host, port))?,
            port => port,
        };
        state.open(host, &simulation)?;
        let local = Endpoint::Ip(SocketAddr::new(local.ip(), port));
        let end = End::new(host, local, Endpoint::Ip(address), peer_host, Life::Connecting);
        let key = state.ends.insert(end);
        state.wish(&self.network, key, 0, &simulation);
        Ok(Stream::new(&self.network, key, host))
    }

    /// Connects to a Unix socket: at once, or not.
    fn connect_local(
        &self,
        state: &mut State,
        to: &Endpoint,
        simulation: &Simulation,
    ) -> io::Result<Stream> {
        let host = self.host;
        let door = state.doors.iter().find(|(_, door)| door.is_at(host, to));
        let Some((door, is_full)) =
            door.map(|(key, door)| (key, door.waiting.len() >= door.backlog))
        else {
            return Err(io::ErrorKind::ConnectionRefused.into());
        };
        if is_full {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        state.open(host, simulation)?;
        let end = End::new(host, Endpoint::Unnamed, to.clone(), host, Life::Connected);
        let key = state.ends.insert(end);
        state.queue(door, key);
        Ok(Stream::new(&self.network, key, host))
    }
}

impl State {
    /// Whether anything of this host has the port, for TCP.
    fn is_bound(&self, host: usize, port: u16) -> bool {
        let has = |at: &Endpoint| at.port() == Some(port);
        self.doors.iter().any(|(_, door)| door.host == host && has(&door.at))
            || self.ends.iter().any(|(_, end)| end.host == host && has(&end.local))
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

    /// The wish of an end to be connected travels.
    fn wish(&mut self, network: &Arc<Network>, key: usize, tries: u32, simulation: &Simulation) {
        let (host, peer_host) = (self.ends[key].host, self.ends[key].peer_host);
        let at = simulation.now() + self.latency(host, peer_host, simulation);
        let network = Arc::clone(network);
        simulation.at(at, move |simulation| {
            network.lock().wished(&network, key, tries, simulation);
        });
    }

    /// It has come to the host, or should have.
    fn wished(&mut self, network: &Arc<Network>, key: usize, tries: u32, simulation: &Simulation) {
        let Some(end) = self.ends.get(key).filter(|end| end.life == Life::Connecting) else {
            return;
        };
        let (host, peer_host, to) = (end.host, end.peer_host, end.peer.clone());
        if self.is_cut(host, peer_host) {
            return self.wish_again(network, key, tries, simulation);
        }
        let doors = self.doors.keys(|door| door.is_at(peer_host, &to));
        let latency = self.latency(peer_host, host, simulation);
        if doors.is_empty() {
            let network = Arc::clone(network);
            simulation.at(simulation.now() + latency, move |_| {
                network.lock().fail(key, io::ErrorKind::ConnectionRefused);
            });
            return;
        }
        let door = doors[simulation.below(doors.len())];
        if self.doors[door].waiting.len() >= self.doors[door].backlog {
            return self.wish_again(network, key, tries, simulation);
        }
        self.queue(door, key);
        let network = Arc::clone(network);
        simulation.at(simulation.now() + latency, move |_| {
            let mut state = network.lock();
            // It may have failed, or been closed, meanwhile.
            if let Some(end) = state.ends.get_mut(key).filter(|end| end.life == Life::Connecting) {
                end.life = Life::Connected;
                end.ring(Readiness::WRITABLE);
                if end.unread > 0 || end.at_end {
                    end.ring(Readiness::READABLE);
                }
            }
        });
    }

    fn wish_again(
        &mut self,
        network: &Arc<Network>,
        key: usize,
        tries: u32,
        simulation: &Simulation,
    ) {
        let network = Arc::clone(network);
        simulation.at(tried_again(simulation, tries), move |simulation| {
            let mut state = network.lock();
            if state.ends.get(key).is_none_or(|end| end.life != Life::Connecting) {
                return;
            }
            if tries >= TRIES {
                state.fail(key, io::ErrorKind::TimedOut);
            } else {
                state.wish(&network, key, tries + 1, simulation);
            }
        });
    }

    /// The other end of a connection is made, and waits to be accepted.
    fn queue(&mut self, door: usize, key: usize) {
        let end = &self.ends[key];
        let (local, peer) = (end.peer.clone(), end.local.clone());
        let mut other = End::new(self.doors[door].host, local, peer, end.host, Life::Connected);
        other.other = Some(key);
        let other = self.ends.insert(other);
        self.ends[key].other = Some(other);
        let door = &mut self.doors[door];
        door.waiting.push_back(other);
        if let Some(bell) = &door.bell {
            bell.ring(Readiness::READABLE);
        }
    }
}

impl Listening {
    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.at
    }

    pub(crate) fn accept(&self) -> io::Result<(Stream, Endpoint)> {
        let simulation = current()?;
        let mut state = self.network.lock();
        state.count();
        let Some(door) = state.doors.get(self.key) else {
            return Err(io::ErrorKind::NotConnected.into());
        };
        if door.waiting.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        state.open(self.host, &simulation)?;
        let next = state.doors[self.key].waiting.pop_front();
        let peer = next.and_then(|key| state.ends.get(key).map(|end| (key, end.peer.clone())));
        let Some((key, peer)) = peer else { return Err(io::ErrorKind::ConnectionAborted.into()) };
        Ok((Stream::new(&self.network, key, self.host), peer))
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
        let mut state = self.network.lock();
        let Some(door) = state.doors.remove(self.key) else { return };
        state.hosts[self.host].open = state.hosts[self.host].open.saturating_sub(1);
        drop(state);
        if simulation.is_some() {
            for key in door.waiting {
                let stream = Stream::new(&self.network, key, self.host);
                let _ = stream.reset_on_close();
            }
        }
    }
}
