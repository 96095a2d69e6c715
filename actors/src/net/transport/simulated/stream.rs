//! One end of a simulated connection, as its socket has it.
//!
//! It does what a socket of the OS does, edges included: whoever has read or written less than was possible, for the network
//! would have it so, is rung again.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::{Buf, Bytes, BytesMut};
use roundsman_runtime::{Bell, Readiness, Simulation};

use super::network::{Network, Stack, State, current, ring_later};
use super::wire::{Segment, Wire};
use super::{FAILED, happens};
use crate::net::endpoint::Endpoint;

/// One end of a connection, in the table of its network.
pub(super) struct End {
    pub(super) host: usize,
    pub(super) local: Endpoint,
    pub(super) peer: Endpoint,
    /// The host at the other end, whatever has become of it.
    pub(super) peer_host: usize,
    /// The other end, while it is there.
    pub(super) other: Option<usize>,
    pub(super) life: Life,
    pub(super) bell: Option<Bell>,
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
    resets: bool,
    /// It was told that it would block, and is rung when there is room.
    is_blocked: bool,
    /// So many of what has arrived are not shown yet.
    withheld: bool,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    Connecting,
    Connected,
    /// Why it has failed, until somebody was told.
    Failed(Option<io::ErrorKind>),
    /// Its socket is closed; what it has sent is still delivered.
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
            bell: None,
            arrived: VecDeque::new(),
            unread: 0,
            at_end: false,
            wire: Wire::default(),
            finished: false,
            resets: false,
            is_blocked: false,
            withheld: false,
        }
    }

    pub(super) fn ring(&self, readiness: Readiness) {
        if let Some(bell) = &self.bell {
            bell.ring(readiness);
        }
    }

    fn readiness(&self, room: usize) -> Readiness {
        let mut readiness = Readiness::NONE;
        match self.life {
            Life::Failed(_) => return FAILED,
            Life::Connecting | Life::Closed => return readiness,
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
    fn failure(&mut self, after: io::ErrorKind) -> Option<io::Error> {
        let Life::Failed(kind) = &mut self.life else { return None };
        Some(kind.take().unwrap_or(after).into())
    }
}

impl State {
    /// How many bytes an end may send now.
    fn room(&self, key: usize) -> usize {
        let end = &self.ends[key];
        let unread =
            end.other.and_then(|other| self.ends.get(other)).map_or(0, |other| other.unread);
        self.conditions.window.saturating_sub(end.wire.len() + unread)
    }

    /// Takes an end out of the table. The other one is alone from now on.
    pub(super) fn forget(&mut self, key: usize) {
        let Some(end) = self.ends.remove(key) else { return };
        if let Some(other) = end.other.and_then(|other| self.ends.get_mut(other)) {
            other.other = None;
        }
    }

    /// An end fails: its socket hears of it, unless it is closed.
    pub(super) fn fail(&mut self, key: usize, why: io::ErrorKind) {
        let Some(end) = self.ends.get_mut(key) else { return };
        if end.life == Life::Closed {
            return self.forget(key);
        }
        if !matches!(end.life, Life::Failed(_)) {
            end.life = Life::Failed(Some(why));
            end.wire = Wire::default();
            end.ring(FAILED);
        }
    }

    /// Sends something from this end to the other.
    pub(super) fn send(
        &mut self,
        network: &Arc<Network>,
        key: usize,
        what: Segment,
        simulation: &Simulation,
    ) {
        let (host, peer_host) = (self.ends[key].host, self.ends[key].peer_host);
        let latency = self.latency(host, peer_host, simulation);
        let takes = self.takes(host, peer_host, what.len());
        self.ends[key].wire.send(simulation.now(), takes, latency, what);
        self.watch_wire(network, key, simulation);
    }

    /// There is room again at this end's other end: who sends there may go on.
    fn make_room(&mut self, network: &Arc<Network>, key: usize, simulation: &Simulation) {
        let Some(sender) = self.ends[key].other else { return };
        // As the OS does: worth a word once a third is free.
        if !self.ends[sender].is_blocked || self.room(sender) * 3 < self.conditions.window {
            return;
        }
        self.ends[sender].is_blocked = false;
        let latency = self.latency(self.ends[key].host, self.ends[sender].host, simulation);
        let network = Arc::clone(network);
        simulation.at(simulation.now() + latency, move |_| {
            let state = network.lock();
            if let Some(end) = state.ends.get(sender) {
                end.ring(Readiness::WRITABLE);
            }
        });
    }
}

/// The socket of one end of a simulated connection.
pub(crate) struct Stream {
    network: Arc<Network>,
    key: usize,
    /// The host that it is of, and its ends: they do not change.
    host: usize,
}

impl Stream {
    pub(super) fn new(network: &Arc<Network>, key: usize, host: usize) -> Self {
        Self { network: Arc::clone(network), key, host }
    }

    /// Begins to connect.
    pub(crate) fn connect(
        stack: &Stack,
        to: &Endpoint,
        from: Option<SocketAddr>,
    ) -> io::Result<Self> {
        stack.connect(to, from)
    }

    /// Runs `f` with its end, unless its host has gone down with all it had.
    fn with<R>(&self, f: impl FnOnce(&mut State, &Simulation) -> io::Result<R>) -> io::Result<R> {
        let simulation = current()?;
        let mut state = self.network.lock();
        state.count();
        if !state.ends.contains(self.key) {
            return Err(io::ErrorKind::NotConnected.into());
        }
        f(&mut state, &simulation)
    }

    /// Where the peer is, once connected; `None` before that.
    pub(crate) fn connected(&self) -> io::Result<Option<Endpoint>> {
        self.with(|state, _| {
            let end = &mut state.ends[self.key];
            if let Some(error) = end.failure(io::ErrorKind::NotConnected) {
                return Err(error);
            }
            Ok((end.life == Life::Connected).then(|| end.peer.clone()))
        })
    }

    pub(crate) fn local_endpoint(&self) -> io::Result<Endpoint> {
        self.with(|state, _| Ok(state.ends[self.key].local.clone()))
    }

    pub(crate) fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let key = self.key;
        self.with(|state, simulation| {
            let (odd, short) = (state.conditions.odd_blocks, state.conditions.short_reads);
            let end = &mut state.ends[key];
            if end.unread == 0 {
                return match end.life {
                    Life::Failed(_) => end.failure(io::ErrorKind::BrokenPipe).map_or(Ok(0), Err),
                    _ if end.at_end => Ok(0),
                    _ => Err(io::ErrorKind::WouldBlock.into()),
                };
            }
            if into.is_empty() {
                return Ok(0);
            }
            if !end.withheld && happens(simulation, odd) {
                end.withheld = true;
                ring_later(end.bell.clone(), Readiness::READABLE, simulation);
                return Err(io::ErrorKind::WouldBlock.into());
            }
            end.withheld = false;
            let mut most = into.len().min(end.unread);
            if most > 1 && happens(simulation, short) {
                most -= 1 + simulation.below(most - 1);
            }
            let got = end.take(&mut into[..most]);
            if got < into.len() && end.unread > 0 {
                // Less than was asked for says that there is no more: the rest comes later.
                ring_later(end.bell.clone(), Readiness::READABLE, simulation);
            }
            state.make_room(&self.network, key, simulation);
            Ok(got)
        })
    }

    /// Whether the peer has ended and everything was read.
    pub(crate) fn is_at_end(&self) -> io::Result<bool> {
        self.with(|state, _| {
            let end = &mut state.ends[self.key];
            if end.unread > 0 {
                return Ok(false);
            }
            match end.failure(io::ErrorKind::BrokenPipe) {
                Some(error) => Err(error),
                None if end.at_end => Ok(true),
                None => Err(io::ErrorKind::WouldBlock.into()),
            }
        })
    }

    pub(crate) fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(from)])
    }

    pub(crate) fn write_vectored(&mut self, from: &[IoSlice<'_>]) -> io::Result<usize> {
        let key = self.key;
        self.with(|state, simulation| {
            let (odd, short) = (state.conditions.odd_blocks, state.conditions.short_writes);
            let end = &mut state.ends[key];
            match end.life {
                Life::Failed(_) => {
                    return end.failure(io::ErrorKind::BrokenPipe).map_or(Ok(0), Err);
                }
                Life::Connecting => return Err(io::ErrorKind::WouldBlock.into()),
                _ if end.finished => return Err(io::ErrorKind::BrokenPipe.into()),
                Life::Connected | Life::Closed => {}
            }
            let len: usize = from.iter().map(|slice| slice.len()).sum();
            if len == 0 {
                return Ok(0);
            }
            let mut most = state.room(key).min(len);
            if most == 0 {
                state.ends[key].is_blocked = true;
                return Err(io::ErrorKind::WouldBlock.into());
            }
            if happens(simulation, odd) {
                ring_later(state.ends[key].bell.clone(), Readiness::WRITABLE, simulation);
                return Err(io::ErrorKind::WouldBlock.into());
            }
            if most > 1 && happens(simulation, short) {
                most -= 1 + simulation.below(most - 1);
            }
            state.send(&self.network, key, Segment::Data(joined(from, most)), simulation);
            Ok(most)
        })
    }

    /// Closing it resets the connection.
    pub(crate) fn reset_on_close(&self) -> io::Result<()> {
        self.with(|state, _| {
            state.ends[self.key].resets = true;
            Ok(())
        })
    }

    /// Sends FIN.
    pub(crate) fn finish(&self) -> io::Result<()> {
        self.with(|state, simulation| {
            let end = &mut state.ends[self.key];
            if end.life != Life::Connected {
                return Err(io::ErrorKind::NotConnected.into());
            }
            if !std::mem::replace(&mut end.finished, true) {
                state.send(&self.network, self.key, Segment::Fin, simulation);
            }
            Ok(())
        })
    }

    /// From now on this bell is rung, at once if it is ready already.
    pub(crate) fn set_bell(&self, bell: Bell) -> io::Result<()> {
        self.with(|state, _| {
            let room = state.room(self.key);
            let end = &mut state.ends[self.key];
            let readiness = end.readiness(room);
            if readiness != Readiness::NONE {
                bell.ring(readiness);
            }
            end.bell = Some(bell);
            Ok(())
        })
    }

    pub(crate) fn remove_bell(&self) {
        if let Some(end) = self.network.lock().ends.get_mut(self.key) {
            end.bell = None;
        }
    }
}

impl End {
    /// Takes what has arrived.
    fn take(&mut self, into: &mut [u8]) -> usize {
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
        got
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.close();
    }
}

impl Stream {
    /// As the OS closes: over bytes that nobody has read, with a reset; else with FIN, after what was sent.
    pub(crate) fn close(&mut self) {
        let simulation = Simulation::current();
        let mut state = self.network.lock();
        let end = state.ends.get_mut(self.key).filter(|end| end.life != Life::Closed);
        let Some(end) = end else { return };
        let host = end.host;
        let was_open = match end.life {
            Life::Connected => true,
            Life::Connecting => end.other.is_some(),
            Life::Failed(_) | Life::Closed => false,
        };
        let resets = end.resets || end.unread > 0 || end.life == Life::Connecting;
        end.life = Life::Closed;
        end.bell = None;
        state.hosts[host].open = state.hosts[host].open.saturating_sub(1);
        let Some(simulation) = simulation.filter(|_| was_open) else {
            return state.forget(self.key);
        };
        if resets {
            state.send(&self.network, self.key, Segment::Reset, &simulation);
        } else if !std::mem::replace(&mut state.ends[self.key].finished, true) {
            state.send(&self.network, self.key, Segment::Fin, &simulation);
        }
        state.forget_if_over(self.key);
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stream({} of host {})", self.key, self.host)
    }
}

/// The first so many bytes of these.
fn joined(slices: &[IoSlice<'_>], most: usize) -> Bytes {
    let mut joined = BytesMut::with_capacity(most);
    for slice in slices {
        let left = most - joined.len();
        joined.extend_from_slice(&slice[..slice.len().min(left)]);
        if joined.len() == most {
            break;
        }
    }
    joined.freeze()
}
