//! The socket of one end of a simulated connection.
//!
//! It does what a socket of the OS does, edges included: whoever has read or written less than was possible, for the network
//! would have it so, is rung again.

use std::fmt;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use roundsman_runtime::{Bell, Readiness, Simulation};

use super::end::Life;
use super::network::{Conditions, Network, Stack, State, current};
use super::scene::Scene;
use super::wire::Segment;
use crate::net::endpoint::Endpoint;

/// Over a line that takes its time bytes travel in pieces of so many at most: what comes first is not kept waiting by the rest.
const SEGMENT: usize = 8 * 1024;

/// The socket of one end of a simulated connection.
pub(crate) struct Stream {
    network: Arc<Network>,
    key: usize,
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

    /// Runs `f` where its end is, unless its host has gone down with all it had.
    fn with<R>(&self, f: impl FnOnce(&mut State, Scene<'_>) -> io::Result<R>) -> io::Result<R> {
        let simulation = current()?;
        let mut state = self.network.lock();
        state.count();
        if !state.ends.contains(self.key) {
            return Err(io::ErrorKind::NotConnected.into());
        }
        f(&mut state, Scene { network: &self.network, simulation: &simulation })
    }

    /// Where the peer is, once connected; `None` before that.
    pub(crate) fn connected(&self) -> io::Result<Option<Endpoint>> {
        self.with(|state, _| {
            let end = &mut state.ends[self.key];
            match end.failure(io::ErrorKind::NotConnected) {
                Some(error) => Err(error),
                None => Ok((end.life == Life::Connected).then(|| end.peer.clone())),
            }
        })
    }

    pub(crate) fn local_endpoint(&self) -> io::Result<Endpoint> {
        self.with(|state, _| Ok(state.ends[self.key].local.clone()))
    }

    pub(crate) fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let key = self.key;
        self.with(|state, scene| {
            let State { conditions, ends, .. } = &mut *state;
            let end = &mut ends[key];
            if end.unread == 0 {
                return match end.life {
                    _ if end.at_end => Ok(0),
                    // Whoever was told why sees the end.
                    Life::Failed(None) => Ok(0),
                    Life::Failed(Some(_)) => {
                        end.failure(io::ErrorKind::BrokenPipe).map_or(Ok(0), Err)
                    }
                    _ => Err(io::ErrorKind::WouldBlock.into()),
                };
            }
            if into.is_empty() {
                return Ok(0);
            }
            if conditions.refuses(end.read, &mut end.read_refused, scene) {
                scene.ring_later(end.bell.clone(), Readiness::READABLE);
                return Err(io::ErrorKind::WouldBlock.into());
            }
            let possible = into.len().min(end.unread);
            let most = conditions.portion(end.read, possible, conditions.faults.short_reads, scene);
            let got = end.take(&mut into[..most]);
            if got < into.len() && end.unread > 0 {
                // Less than was asked for says that there is no more: the rest comes later.
                scene.ring_later(end.bell.clone(), Readiness::READABLE);
            }
            state.make_room(key, scene);
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
            match end.life {
                _ if end.at_end => Ok(true),
                Life::Failed(_) => end.failure(io::ErrorKind::BrokenPipe).map_or(Ok(true), Err),
                _ => Err(io::ErrorKind::WouldBlock.into()),
            }
        })
    }

    pub(crate) fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(from)])
    }

    pub(crate) fn write_vectored(&mut self, from: &[IoSlice<'_>]) -> io::Result<usize> {
        let key = self.key;
        self.with(|state, scene| {
            let len: usize = from.iter().map(|slice| slice.len()).sum();
            state.may_write(key)?;
            if len == 0 {
                return Ok(0);
            }
            let possible = state.room(key).min(len);
            let State { conditions, ends, .. } = &mut *state;
            let end = &mut ends[key];
            if possible == 0 {
                end.is_blocked = true;
                return Err(io::ErrorKind::WouldBlock.into());
            }
            if conditions.refuses(end.written, &mut end.write_refused, scene) {
                scene.ring_later(end.bell.clone(), Readiness::WRITABLE);
                return Err(io::ErrorKind::WouldBlock.into());
            }
            let most =
                conditions.portion(end.written, possible, conditions.faults.short_writes, scene);
            end.written += most as u64;
            let mut left = joined(from, most);
            let segment = if conditions.bandwidth.is_some() { SEGMENT } else { most };
            while !left.is_empty() {
                let piece = left.split_to(segment.min(left.len()));
                state.send(key, Segment::Data(piece), scene);
            }
            Ok(most)
        })
    }

    /// Closing it resets the connection. A Unix socket has no such thing.
    pub(crate) fn reset_on_close(&self) -> io::Result<()> {
        self.with(|state, _| {
            let end = &mut state.ends[self.key];
            end.resets = !end.is_local();
            Ok(())
        })
    }

    /// What of the options of a socket there is here: after how long a silent peer is asked whether it is there, and how long
    /// what was written is kept after the end.
    pub(crate) fn set_options(
        &self,
        keep_alive: Option<Duration>,
        linger: Option<Duration>,
    ) -> io::Result<()> {
        self.with(|state, scene| {
            let end = &mut state.ends[self.key];
            if !end.is_local() {
                end.keep_alive = keep_alive.or(end.keep_alive);
                end.resets = linger.map_or(end.resets, |linger| linger.is_zero());
                state.ask(self.key, scene);
            }
            Ok(())
        })
    }

    /// Sends FIN.
    pub(crate) fn finish(&self) -> io::Result<()> {
        self.with(|state, scene| {
            let end = &mut state.ends[self.key];
            if end.life != Life::Connected {
                return Err(io::ErrorKind::NotConnected.into());
            }
            if !std::mem::replace(&mut end.finished, true) {
                state.send(self.key, Segment::Fin, scene);
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

    /// Closes it, as its drop does.
    pub(crate) fn close(&mut self) {
        let simulation = Simulation::current();
        let scene =
            simulation.as_ref().map(|simulation| Scene { network: &self.network, simulation });
        self.network.lock().close(self.key, scene);
    }
}

impl State {
    /// Why an end takes nothing, if it does not.
    fn may_write(&mut self, key: usize) -> io::Result<()> {
        let end = &self.ends[key];
        let other = end.other.and_then(|other| self.ends.get(other));
        if end.is_local() && other.is_none_or(|other| other.life == Life::Closed) {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let end = &mut self.ends[key];
        match end.life {
            Life::Failed(_) => end.failure(io::ErrorKind::BrokenPipe).map_or(Ok(()), Err),
            Life::Connecting => Err(io::ErrorKind::WouldBlock.into()),
            _ if end.finished => Err(io::ErrorKind::BrokenPipe.into()),
            Life::Connected | Life::Answering(_) | Life::Closed => Ok(()),
        }
    }
}

impl Conditions {
    /// Whether whoever has come to this position is told that it would block although it need not; there, once.
    fn refuses(&self, position: u64, refused: &mut Option<u64>, scene: Scene<'_>) -> bool {
        if *refused == Some(position) {
            return false;
        }
        let refuses =
            self.splits.binary_search(&position).is_ok() || scene.happens(self.faults.odd_blocks);
        if refuses {
            *refused = Some(position);
        }
        refuses
    }

    /// How many of so many that are possible are read, or written, from this position on.
    fn portion(&self, position: u64, possible: usize, rate: u32, scene: Scene<'_>) -> usize {
        let next = self.splits.partition_point(|split| *split <= position);
        let left = self.splits.get(next).map_or(u64::MAX, |split| split - position);
        let most = possible.min(usize::try_from(left).unwrap_or(usize::MAX));
        if most > 1 && scene.happens(rate) { 1 + scene.below(most - 1) } else { most }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.close();
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stream({} of host {})", self.key, self.host)
    }
}

/// The first so many bytes of these.
fn joined(slices: &[IoSlice<'_>], most: usize) -> Bytes {
    if let [one] = slices {
        return Bytes::copy_from_slice(&one[..most]);
    }
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
