//! A simulated socket for datagrams.
//!
//! What is sent arrives later, or never, or twice, and in any order. What comes to a full socket is lost, as it is in the OS.

use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use roundsman_runtime::{Bell, Readiness, Timestamp};

use super::super::datagrams::TOO_LARGE;
use super::listening::takes;
use super::network::{Network, Stack, State, current};
use super::scene::Scene;
use crate::net::endpoint::canonical;

/// Most bytes of a datagram. (UDP over IPv4.)
const MOST: usize = 65_507;
/// Bytes that a socket holds until they are received, or until its line has taken them. (Linux: `rmem_default`.)
const BUFFER: usize = 208 * 1024;
/// What each datagram takes of that beyond its bytes.
const OVERHEAD: usize = 512;

/// A socket for datagrams, in the table of its network.
pub(super) struct Mailbag {
    pub(super) host: usize,
    local: SocketAddr,
    only_v6: bool,
    shares: bool,
    peer: Option<SocketAddr>,
    groups: BTreeSet<IpAddr>,
    arrived: VecDeque<(SocketAddr, Bytes)>,
    /// What these take of its buffer.
    len: usize,
    /// Its line has so much to send.
    busy_until: Timestamp,
    /// It was told that it would block although it need not: not twice in a row.
    refused: [bool; 2],
    /// What the network has said of the peer.
    error: Option<io::ErrorKind>,
    bell: Option<Bell>,
}

/// A datagram under way.
#[derive(Clone)]
struct Letter {
    /// The socket that has sent it, and its host.
    sender: (usize, usize),
    from: SocketAddr,
    to: SocketAddr,
    bytes: Bytes,
}

/// The socket.
pub(crate) struct Datagrams {
    network: Arc<Network>,
    key: usize,
    host: usize,
}

impl Stack {
    /// Binds one. Port 0: one that is free. With `shares`, others that share may be bound there, too.
    pub(crate) fn bind(
        &self,
        at: SocketAddr,
        only_v6: bool,
        shares: bool,
    ) -> io::Result<Datagrams> {
        let simulation = current()?;
        let scene = Scene { network: &self.network, simulation: &simulation };
        let host = self.host;
        let mut state = self.network.lock();
        state.count();
        let mut local = at;
        if !state.has(host, at.ip()) && !at.ip().is_multicast() {
            return Err(io::ErrorKind::AddrNotAvailable.into());
        }
        let is_taken = |state: &State, at: SocketAddr| {
            state.mailbags.iter().any(|(_, bag)| {
                let meets = takes(&bag.local, &at, bag.only_v6) || takes(&at, &bag.local, only_v6);
                bag.host == host
                    && bag.local.port() == at.port()
                    && meets
                    && !(shares && bag.shares)
            })
        };
        if at.port() == 0 {
            let port = state
                .free_port(host, |state, port| is_taken(state, SocketAddr::new(at.ip(), port)))?;
            local.set_port(port);
        } else if is_taken(&state, at) {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        state.open(host, scene)?;
        let key = state.mailbags.insert(Mailbag {
            host,
            local,
            only_v6,
            shares,
            peer: None,
            groups: BTreeSet::new(),
            arrived: VecDeque::new(),
            len: 0,
            busy_until: Timestamp::default(),
            refused: [false; 2],
            error: None,
            bell: None,
        });
        drop(state);
        Ok(Datagrams { network: Arc::clone(&self.network), key, host })
    }
}

impl State {
    /// Which sockets of a host get a datagram. Of one address, those that are closest to it: connected, bound to just this.
    fn receivers(&self, host: usize, letter: &Letter) -> Vec<usize> {
        let Letter { from, to, .. } = letter;
        let is_group = to.ip().is_multicast();
        let is_for = |bag: &Mailbag| {
            bag.host == host
                && bag.local.port() == to.port()
                && if is_group {
                    bag.groups.contains(&to.ip())
                } else {
                    takes(&bag.local, to, bag.only_v6)
                }
                && bag.peer.is_none_or(|peer| peer == *from)
        };
        let mut receivers = self.mailbags.keys(is_for);
        if !is_group {
            let closeness = |key: &usize| {
                let bag = &self.mailbags[*key];
                (bag.peer.is_some(), !bag.local.ip().is_unspecified())
            };
            let closest = receivers.iter().map(closeness).max();
            receivers.retain(|key| Some(closeness(key)) == closest);
        }
        receivers
    }

    /// Sends it off, so many times as the network will have it.
    fn send_datagram(&mut self, letter: &Letter, scene: Scene<'_>) {
        let (key, host) = letter.sender;
        let to_hosts = match letter.to.ip() {
            ip if ip.is_multicast() => (0..self.hosts.len()).collect(),
            ip => Vec::from_iter(self.host_of(host, ip)),
        };
        let far = to_hosts.iter().find(|to| **to != host).copied();
        let takes = self.takes(host, far.unwrap_or(host), letter.bytes.len());
        let bag = &mut self.mailbags[key];
        bag.busy_until = bag.busy_until.max(scene.now()) + takes;
        let busy = bag.busy_until - scene.now();
        for peer_host in to_hosts {
            let is_far = host != peer_host;
            if is_far && scene.happens(self.conditions.faults.lost) {
                continue;
            }
            let copies = 1 + usize::from(is_far && scene.happens(self.conditions.faults.doubled));
            for _ in 0..copies {
                let busy = if is_far { busy } else { Duration::ZERO };
                let latency = busy + self.latency(host, peer_host, scene);
                let letter = letter.clone();
                scene.after(latency, move |state, scene| {
                    if !is_far || !state.is_cut(host, peer_host) {
                        state.come(peer_host, letter, scene);
                    }
                });
            }
        }
    }

    /// A datagram has come to a host.
    fn come(&mut self, host: usize, letter: Letter, scene: Scene<'_>) {
        let receivers = self.receivers(host, &letter);
        if letter.to.ip().is_multicast() {
            for key in receivers {
                self.mailbags[key].keep(letter.from, letter.bytes.clone());
            }
        } else if receivers.is_empty() {
            self.say_unreachable(host, letter, scene);
        } else {
            let key = receivers[scene.below(receivers.len())];
            self.mailbags[key].keep(letter.from, letter.bytes);
        }
    }

    /// Nobody is there; who is connected hears of that. (ICMP)
    fn say_unreachable(&mut self, host: usize, letter: Letter, scene: Scene<'_>) {
        let (key, sender_host) = letter.sender;
        let latency = self.latency(host, sender_host, scene);
        scene.after(latency, move |state, _| {
            let is_cut = host != sender_host && state.is_cut(host, sender_host);
            if let Some(bag) = state.mailbags.get_mut(key)
                && bag.peer == Some(letter.to)
                && !is_cut
            {
                bag.error = Some(io::ErrorKind::ConnectionRefused);
                bag.ring(Readiness::READABLE | Readiness::ERROR);
            }
        });
    }
}

impl Mailbag {
    fn ring(&self, readiness: Readiness) {
        if let Some(bell) = &self.bell {
            bell.ring(readiness);
        }
    }

    fn keep(&mut self, from: SocketAddr, bytes: Bytes) {
        let len = self.len + bytes.len() + OVERHEAD;
        if len <= BUFFER {
            self.len = len;
            self.arrived.push_back((from, bytes));
            self.ring(Readiness::READABLE);
        }
    }

    /// Whether it says that it would block although it need not.
    fn refuses(&mut self, which: usize, rate: u32, readiness: Readiness, scene: Scene<'_>) -> bool {
        let refuses = !self.refused[which] && scene.happens(rate);
        self.refused[which] = refuses;
        if refuses {
            scene.ring_later(self.bell.clone(), readiness);
        }
        refuses
    }
}

impl Datagrams {
    fn with<R>(&self, f: impl FnOnce(&mut State, Scene<'_>) -> io::Result<R>) -> io::Result<R> {
        let simulation = current()?;
        let mut state = self.network.lock();
        state.count();
        if !state.mailbags.contains(self.key) {
            return Err(io::ErrorKind::NotConnected.into());
        }
        f(&mut state, Scene { network: &self.network, simulation: &simulation })
    }

    pub(crate) fn connect(&self, peer: SocketAddr) -> io::Result<()> {
        let peer = canonical(peer);
        self.with(|state, _| {
            let source = state.source_for(self.host, state.mailbags[self.key].local, peer)?;
            let bag = &mut state.mailbags[self.key];
            bag.local = source;
            bag.peer = Some(peer);
            Ok(())
        })
    }

    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        self.with(|state, _| Ok(state.mailbags[self.key].local))
    }

    /// To the connected peer.
    pub(crate) fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        let peer = self.with(|state, _| {
            let bag = &mut state.mailbags[self.key];
            match bag.error.take() {
                Some(error) => Err(error.into()),
                None => bag.peer.ok_or_else(|| io::ErrorKind::NotConnected.into()),
            }
        })?;
        self.send_to(bytes, peer)
    }

    pub(crate) fn send_to(&self, bytes: &[u8], to: SocketAddr) -> io::Result<usize> {
        let to = canonical(to);
        self.with(|state, scene| {
            if bytes.len() > MOST {
                return Err(io::Error::from_raw_os_error(TOO_LARGE[0]));
            }
            let from = state.source_for(self.host, state.mailbags[self.key].local, to)?;
            let odd = state.conditions.faults.odd_blocks;
            let full = state.time_for(BUFFER);
            let bag = &mut state.mailbags[self.key];
            if bag.refuses(1, odd, Readiness::WRITABLE, scene) {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            let busy = bag.busy_until - scene.now();
            if full.is_some_and(|full| busy >= full) {
                // As the OS says it: once half of what waits has gone.
                let bell = bag.bell.clone();
                scene.simulation.at(scene.now() + busy / 2, move |_| {
                    if let Some(bell) = bell {
                        bell.ring(Readiness::WRITABLE);
                    }
                });
                return Err(io::ErrorKind::WouldBlock.into());
            }
            let bytes = Bytes::copy_from_slice(bytes);
            let len = bytes.len();
            let letter = Letter { sender: (self.key, self.host), from, to, bytes };
            state.send_datagram(&letter, scene);
            Ok(len)
        })
    }

    /// What does not fit is cut off.
    pub(crate) fn receive_from(&self, into: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.with(|state, scene| {
            let odd = state.conditions.faults.odd_blocks;
            let bag = &mut state.mailbags[self.key];
            if let Some(error) = bag.error.take() {
                return Err(error.into());
            }
            if bag.arrived.is_empty() || bag.refuses(0, odd, Readiness::READABLE, scene) {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            let (peer, bytes) = bag.arrived.pop_front().ok_or(io::ErrorKind::WouldBlock)?;
            bag.len -= bytes.len() + OVERHEAD;
            let len = bytes.len().min(into.len());
            into[..len].copy_from_slice(&bytes[..len]);
            Ok((len, peer))
        })
    }

    pub(crate) fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.with(|state, _| Ok(state.mailbags[self.key].error.take().map(io::Error::from)))
    }

    /// Joins a group, or leaves it.
    pub(crate) fn set_member(&self, group: IpAddr, joins: bool) -> io::Result<()> {
        self.with(|state, _| {
            let groups = &mut state.mailbags[self.key].groups;
            let changed = if joins { groups.insert(group) } else { groups.remove(&group) };
            match (changed, joins) {
                (true, _) => Ok(()),
                (false, true) => Err(io::ErrorKind::AddrInUse.into()),
                (false, false) => Err(io::ErrorKind::AddrNotAvailable.into()),
            }
        })
    }

    pub(crate) fn set_bell(&self, bell: Bell) -> io::Result<()> {
        self.with(|state, _| {
            let bag = &mut state.mailbags[self.key];
            let waiting = !bag.arrived.is_empty() || bag.error.is_some();
            bell.ring(if waiting {
                Readiness::READABLE | Readiness::WRITABLE
            } else {
                Readiness::WRITABLE
            });
            bag.bell = Some(bell);
            Ok(())
        })
    }

    pub(crate) fn remove_bell(&self) {
        if let Some(bag) = self.network.lock().mailbags.get_mut(self.key) {
            bag.bell = None;
        }
    }
}

impl Drop for Datagrams {
    fn drop(&mut self) {
        let mut state = self.network.lock();
        if state.mailbags.remove(self.key).is_some() {
            state.hosts[self.host].open -= 1;
        }
    }
}
