//! A simulated socket for datagrams.
//!
//! What is sent arrives later, or never, or twice, and in any order. What comes to a full socket is lost.

use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use roundsman_runtime::{Bell, Readiness, Simulation};

use super::happens;
use super::listening::takes;
use super::network::{Network, Stack, State, current, ring_later};
use crate::net::endpoint::canonical;

/// Most bytes of a datagram. (UDP over IPv4.)
const MOST: usize = 65_507;
/// EMSGSIZE.
const TOO_LARGE: i32 = 90;
/// Bytes that a socket holds until they are received.
const BUFFER: usize = 208 * 1024;

/// A socket for datagrams, in the table of its network.
pub(super) struct Mailbag {
    pub(super) host: usize,
    local: SocketAddr,
    only_v6: bool,
    shares: bool,
    peer: Option<SocketAddr>,
    groups: BTreeSet<IpAddr>,
    arrived: VecDeque<(SocketAddr, Bytes)>,
    len: usize,
    /// What the network has said of the peer.
    error: Option<io::ErrorKind>,
    bell: Option<Bell>,
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
        let host = self.host;
        let mut state = self.network.lock();
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
        state.open(host, &simulation)?;
        let key = state.mailbags.insert(Mailbag {
            host,
            local,
            only_v6,
            shares,
            peer: None,
            groups: BTreeSet::new(),
            arrived: VecDeque::new(),
            len: 0,
            error: None,
            bell: None,
        });
        drop(state);
        Ok(Datagrams { network: Arc::clone(&self.network), key, host })
    }
}

impl State {
    /// Which sockets of a host get what comes to this address.
    fn receivers(&self, host: usize, from: SocketAddr, to: SocketAddr) -> Vec<usize> {
        let is_for = |bag: &Mailbag| {
            let at = if to.ip().is_multicast() {
                bag.local.port() == to.port() && bag.groups.contains(&to.ip())
            } else {
                bag.local.port() == to.port() && takes(&bag.local, &to, bag.only_v6)
            };
            bag.host == host && at && bag.peer.is_none_or(|peer| peer == from)
        };
        self.mailbags.keys(is_for)
    }

    fn send_datagram(
        &mut self,
        network: &Arc<Network>,
        key: usize,
        from: SocketAddr,
        to: SocketAddr,
        bytes: &Bytes,
        simulation: &Simulation,
    ) {
        let host = self.mailbags[key].host;
        let to_hosts = match to.ip() {
            ip if ip.is_multicast() => (0..self.hosts.len()).collect(),
            ip => Vec::from_iter(self.host_of(host, ip)),
        };
        for peer_host in to_hosts {
            let (lost, doubled) = (self.conditions.lost, self.conditions.doubled);
            if host != peer_host && happens(simulation, lost) {
                continue;
            }
            let copies = 1 + usize::from(host != peer_host && happens(simulation, doubled));
            for _ in 0..copies {
                let takes = self.takes(host, peer_host, bytes.len());
                let at = simulation.now() + takes + self.latency(host, peer_host, simulation);
                let (network, bytes) = (Arc::clone(network), bytes.clone());
                simulation.at(at, move |simulation| {
                    let mut state = network.lock();
                    if !state.is_cut(host, peer_host) || host == peer_host {
                        state.come(&network, (key, host), peer_host, from, to, bytes, simulation);
                    }
                });
            }
        }
    }

    /// A datagram has come to a host.
    #[expect(clippy::too_many_arguments, reason = "from where, to where, and what")]
    fn come(
        &mut self,
        network: &Arc<Network>,
        (key, host): (usize, usize),
        peer_host: usize,
        from: SocketAddr,
        to: SocketAddr,
        bytes: Bytes,
        simulation: &Simulation,
    ) {
        let receivers = self.receivers(peer_host, from, to);
        if receivers.is_empty() && !to.ip().is_multicast() {
            // Nobody is there; who is connected hears of that.
            let at = simulation.now() + self.latency(peer_host, host, simulation);
            let network = Arc::clone(network);
            simulation.at(at, move |_| {
                let mut state = network.lock();
                let sender = state.mailbags.get_mut(key);
                if let Some(bag) = sender.filter(|bag| bag.peer == Some(to) && bag.host == host) {
                    bag.error = Some(io::ErrorKind::ConnectionRefused);
                    bag.ring(Readiness::READABLE | Readiness::ERROR);
                }
            });
            return;
        }
        let chosen = if to.ip().is_multicast() {
            receivers
        } else {
            vec![receivers[simulation.below(receivers.len())]]
        };
        for receiver in chosen {
            let bag = &mut self.mailbags[receiver];
            if bag.len + bytes.len() <= BUFFER {
                bag.len += bytes.len();
                bag.arrived.push_back((from, bytes.clone()));
                bag.ring(Readiness::READABLE);
            }
        }
    }
}

impl Mailbag {
    fn ring(&self, readiness: Readiness) {
        if let Some(bell) = &self.bell {
            bell.ring(readiness);
        }
    }
}

impl Datagrams {
    fn with<R>(&self, f: impl FnOnce(&mut State, &Simulation) -> io::Result<R>) -> io::Result<R> {
        let simulation = current()?;
        let mut state = self.network.lock();
        state.count();
        if !state.mailbags.contains(self.key) {
            return Err(io::ErrorKind::NotConnected.into());
        }
        f(&mut state, &simulation)
    }

    pub(crate) fn connect(&self, peer: SocketAddr) -> io::Result<()> {
        let peer = canonical(peer);
        self.with(|state, _| {
            let source = state.source(self.host, peer.ip());
            let bag = &mut state.mailbags[self.key];
            if bag.local.ip().is_unspecified() {
                bag.local.set_ip(source);
            }
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
        self.with(|state, simulation| {
            if bytes.len() > MOST {
                return Err(io::Error::from_raw_os_error(TOO_LARGE));
            }
            let bag = &state.mailbags[self.key];
            if happens(simulation, state.conditions.odd_blocks) {
                ring_later(bag.bell.clone(), Readiness::WRITABLE, simulation);
                return Err(io::ErrorKind::WouldBlock.into());
            }
            let mut from = bag.local;
            if from.ip().is_unspecified() {
                from.set_ip(state.source(self.host, to.ip()));
            }
            if !to.ip().is_multicast() && state.host_of(self.host, to.ip()).is_none() {
                return Err(io::ErrorKind::NetworkUnreachable.into());
            }
            let bytes = Bytes::copy_from_slice(bytes);
            state.send_datagram(&self.network, self.key, from, to, &bytes, simulation);
            Ok(bytes.len())
        })
    }

    /// What does not fit is cut off.
    pub(crate) fn receive_from(&self, into: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.with(|state, _| {
            let bag = &mut state.mailbags[self.key];
            if let Some(error) = bag.error.take() {
                return Err(error.into());
            }
            let Some((peer, bytes)) = bag.arrived.pop_front() else {
                return Err(io::ErrorKind::WouldBlock.into());
            };
            bag.len -= bytes.len();
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
            state.hosts[self.host].open = state.hosts[self.host].open.saturating_sub(1);
        }
    }
}
