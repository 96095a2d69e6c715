//! How connections are made, step by step.
//!
//! | who connects | who listens |
//! |---|---|
//! | wishes to (SYN), and again after 1, 2, 4, … s while nothing is said | |
//! | | nobody listens there: the refusal travels back |
//! | | the way is cut, the host is down, or the queue is full: nothing is said |
//! | | else an end is made, and welcomes it (SYN and ACK) |
//! | hears that: it is connected, and says thanks (ACK) | |
//! | | hears that: the end waits to be accepted |

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use roundsman_runtime::Readiness;

use super::end::{End, Life};
use super::network::{Stack, State, current};
use super::scene::Scene;
use super::stream::Stream;
use super::wire::Segment;
use crate::net::endpoint::{Endpoint, canonical};

/// How often a wish is sent anew before its sender gives up. (Linux: `tcp_syn_retries` 6.)
const TRIES: u32 = 6;

impl Stack {
    /// Begins to connect.
    pub(super) fn connect(&self, to: &Endpoint, from: Option<SocketAddr>) -> io::Result<Stream> {
        let simulation = current()?;
        let scene = Scene { network: &self.network, simulation: &simulation };
        let host = self.host;
        let mut state = self.network.lock();
        state.count();
        let Endpoint::Ip(address) = to else { return self.connect_local(&mut state, to, scene) };
        let address = reachable(canonical(*address));
        let peer_host =
            state.host_of(host, address.ip()).ok_or(io::ErrorKind::NetworkUnreachable)?;
        let local = state.local_for(host, address, from)?;
        state.open(host, scene)?;
        let (local, peer) = (Endpoint::Ip(local), Endpoint::Ip(address));
        let end = End::new(host, local, peer, peer_host, Life::Connecting);
        let key = state.add_end(end);
        state.ends[key].has_descriptor = true;
        state.wish(key, scene);
        drop(state);
        Ok(Stream::new(&self.network, key, host))
    }

    /// Connects to a Unix socket: at once, or not.
    fn connect_local(
        &self,
        state: &mut State,
        to: &Endpoint,
        scene: Scene<'_>,
    ) -> io::Result<Stream> {
        let host = self.host;
        let Some(door) = state.doors_at(host, to).pop() else {
            return Err(match to {
                // Its file goes with who listens.
                Endpoint::Path(_) => io::ErrorKind::NotFound.into(),
                Endpoint::Abstract(_) => io::ErrorKind::ConnectionRefused.into(),
                Endpoint::Ip(_) | Endpoint::Unnamed => io::ErrorKind::InvalidInput.into(),
            });
        };
        if state.doors[door].is_full() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        state.open(host, scene)?;
        let end = End::new(host, Endpoint::Unnamed, to.clone(), host, Life::Connected);
        let key = state.add_end(end);
        state.ends[key].has_descriptor = true;
        let other = state.add_other(key, door);
        state.come_in(other, door, scene);
        Ok(Stream::new(&self.network, key, host))
    }
}

/// An address as it is reached: whoever connects to no address in particular means this machine.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

impl State {
    /// The address and the port from which a host connects to this one.
    fn local_for(
        &mut self,
        host: usize,
        to: SocketAddr,
        from: Option<SocketAddr>,
    ) -> io::Result<SocketAddr> {
        let any = SocketAddr::new(self.source(host, to.ip()), 0);
        let from = from.map_or(any, canonical);
        if from.is_ipv6() != to.is_ipv6() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        if !self.has(host, from.ip()) {
            return Err(io::ErrorKind::AddrNotAvailable.into());
        }
        let mut local = self.source_for(host, from, to)?;
        if local.port() == 0 {
            local.set_port(self.free_port(host, |state, port| state.is_bound(host, port))?);
            return Ok(local);
        }
        let (here, there) = (Endpoint::Ip(local), Endpoint::Ip(to));
        if !self.doors_at(host, &here).is_empty() {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        let mut ends = self.ends.iter();
        if ends.any(|(_, end)| end.host == host && end.local == here && end.peer == there) {
            return Err(io::ErrorKind::AddrNotAvailable.into());
        }
        Ok(local)
    }

    /// The wish of an end to be connected travels.
    fn wish(&mut self, key: usize, scene: Scene<'_>) {
        let (host, peer_host) = (self.ends[key].host, self.ends[key].peer_host);
        self.ends[key].wished_at = scene.now();
        let latency = self.latency(host, peer_host, scene);
        scene.after(latency, move |state, scene| state.wished(key, scene));
    }

    /// Nothing was said to it, so it is sent again when its time has come; or was sent often enough.
    pub(super) fn wish_again(&mut self, key: usize, scene: Scene<'_>) {
        let Some(end) = self.ends.get(key) else { return };
        let tries = end.tries;
        let due = end.wished_at + Duration::from_secs(1 << tries);
        scene.after(due - scene.now(), move |state, scene| {
            let waits = |end: &&mut End| end.life == Life::Connecting && end.tries == tries;
            let Some(end) = state.ends.get_mut(key).filter(waits) else { return };
            if tries == TRIES {
                return state.fail(key, io::ErrorKind::TimedOut, scene);
            }
            end.tries += 1;
            state.wish(key, scene);
        });
    }

    /// It has come to the host, or should have.
    fn wished(&mut self, key: usize, scene: Scene<'_>) {
        let waits = |end: &&End| end.life == Life::Connecting && end.other.is_none();
        let Some(end) = self.ends.get(key).filter(waits) else { return };
        let (host, peer_host) = (end.host, end.peer_host);
        if self.is_cut(host, peer_host) {
            return self.wish_again(key, scene);
        }
        let to = end.peer.clone();
        let doors = self.doors_at(peer_host, &to);
        if doors.is_empty() {
            let latency = self.latency(peer_host, host, scene);
            return scene.after(latency, move |state, scene| {
                if state.is_cut(peer_host, host) {
                    state.wish_again(key, scene);
                } else {
                    state.fail(key, io::ErrorKind::ConnectionRefused, scene);
                }
            });
        }
        let door = doors[scene.below(doors.len())];
        if self.doors[door].is_full() {
            return self.wish_again(key, scene);
        }
        let other = self.add_other(key, door);
        self.send(other, Segment::Welcome, scene);
    }

    /// The other end of a connection is made.
    fn add_other(&mut self, key: usize, door: usize) -> usize {
        let end = &self.ends[key];
        let (local, peer) = (end.peer.clone(), end.local.clone());
        let host = self.doors[door].host;
        let mut other = End::new(host, local, peer, end.host, Life::Answering(door));
        other.other = Some(key);
        self.doors[door].expected += 1;
        let other = self.add_end(other);
        self.ends[key].other = Some(other);
        other
    }

    /// Who wished to be connected hears that it is.
    pub(super) fn connected(&mut self, key: usize, scene: Scene<'_>) {
        self.ends[key].life = Life::Connected;
        self.ends[key].ring(Readiness::WRITABLE);
        self.send(key, Segment::Thanks, scene);
    }

    /// The other end waits to be accepted, if the door is still there.
    pub(super) fn come_in(&mut self, key: usize, door: usize, scene: Scene<'_>) {
        let end = &mut self.ends[key];
        end.life = Life::Connected;
        match self.doors.get_mut(door) {
            Some(door) => {
                door.expected -= 1;
                door.waiting.push_back(key);
                door.ring();
            }
            None => {
                end.resets = true;
                self.close(key, Some(scene));
            }
        }
    }
}
