//! The simulated network: its hosts, their addresses, what is between them, and what befalls it.
//!
//! Shared by the stacks of all hosts of a simulation, and told by the test what is to happen. Sockets are in the tables here;
//! what they do is said by the files beside.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use roundsman_runtime::{Bell, Readiness, Simulation};

use super::datagrams::Mailbag;
use super::happens;
use super::listening::Door;
use super::stream::End;
use super::table::Table;
use crate::net::block;

/// Ports that the network chooses from, as the OS does.
const EPHEMERAL: Range<u16> = 49152..65535;
/// EMFILE.
const NO_DESCRIPTOR: i32 = 24;

/// How the network is, between all hosts. Rates are in a million: 0 never, 1,000,000 always.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Conditions {
    /// How long a segment or a datagram travels between two hosts.
    pub(crate) latency: Range<Duration>,
    /// Bytes a second that a connection or a socket for datagrams sends. `None`: as many as it is given.
    pub(crate) bandwidth: Option<u64>,
    /// Bytes that one direction of a connection holds: sent and not read.
    pub(crate) window: usize,
    /// How long a connection gets nothing through before it fails.
    pub(crate) give_up: Duration,
    /// Reads that give less than there is.
    pub(crate) short_reads: u32,
    /// Writes that take less than there is room for.
    pub(crate) short_writes: u32,
    /// Calls that would block although they need not.
    pub(crate) odd_blocks: u32,
    /// Segments whose connection is reset instead.
    pub(crate) resets: u32,
    /// Sockets for which there is no descriptor.
    pub(crate) no_descriptors: u32,
    /// Datagrams that are lost, and such that come twice.
    pub(crate) lost: u32,
    pub(crate) doubled: u32,
}

impl Default for Conditions {
    fn default() -> Self {
        Self {
            latency: Duration::from_micros(50)..Duration::from_millis(2),
            bandwidth: None,
            window: 128 * 1024,
            give_up: Duration::from_secs(120),
            short_reads: 20_000,
            short_writes: 20_000,
            odd_blocks: 20_000,
            resets: 0,
            no_descriptors: 0,
            lost: 0,
            doubled: 0,
        }
    }
}

/// The network of one simulation.
pub(crate) struct Network {
    state: Mutex<State>,
}

/// All that there is of it.
#[derive(Default)]
pub(super) struct State {
    pub(super) conditions: Conditions,
    pub(super) hosts: Vec<Host>,
    /// From whom nothing comes to whom.
    cuts: BTreeSet<(usize, usize)>,
    /// Latencies of their own.
    latencies: BTreeMap<(usize, usize), Range<Duration>>,
    pub(super) ends: Table<End>,
    pub(super) doors: Table<Door>,
    pub(super) mailbags: Table<Mailbag>,
    /// Operations of sockets.
    operations: u64,
}

/// A host, as the network knows it.
pub(super) struct Host {
    name: String,
    v4: Ipv4Addr,
    v6: Ipv6Addr,
    pub(super) is_up: bool,
    next_port: u16,
    /// Most sockets, and how many there are.
    descriptors: usize,
    pub(super) open: usize,
}

/// The network stack of one host: what its sockets are made by.
#[derive(Clone)]
pub(crate) struct Stack {
    pub(super) network: Arc<Network>,
    pub(super) host: usize,
}

impl Network {
    /// One without hosts.
    pub(crate) fn new() -> Arc<Self> {
        block::begin_anew();
        Arc::new(Self { state: Mutex::default() })
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing of the user's runs under it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more host, with the next addresses: 10.0.0.1 and fd00::1 are those of the first. It is up.
    pub(crate) fn add_host(&self, name: &str) -> usize {
        let mut state = self.lock();
        let host = state.hosts.len();
        let number = host as u32 + 1;
        state.hosts.push(Host {
            name: name.to_ascii_lowercase(),
            v4: Ipv4Addr::from_bits(Ipv4Addr::new(10, 0, 0, 0).to_bits() + number),
            v6: Ipv6Addr::from_bits(
                Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 0).to_bits() + u128::from(number),
            ),
            is_up: true,
            next_port: EPHEMERAL.start,
            descriptors: usize::MAX,
            open: 0,
        });
        host
    }

    /// The number of a host by its name.
    pub(crate) fn find(&self, name: &str) -> Option<usize> {
        let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
        self.lock().hosts.iter().position(|host| host.name == name)
    }

    /// The stack of a host.
    pub(crate) fn stack(self: &Arc<Self>, host: usize) -> Stack {
        Stack { network: Arc::clone(self), host }
    }

    /// The addresses of a host.
    pub(crate) fn addresses(&self, host: usize) -> [IpAddr; 2] {
        let host = &self.lock().hosts[host];
        [host.v4.into(), host.v6.into()]
    }

    /// The names of all hosts.
    pub(crate) fn names(&self) -> Vec<String> {
        self.lock().hosts.iter().map(|host| host.name.clone()).collect()
    }

    /// Changes how it is.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Conditions)) {
        change(&mut self.lock().conditions);
    }

    /// Gives one direction a latency of its own.
    pub(crate) fn set_latency(&self, from: usize, to: usize, latency: Range<Duration>) {
        self.lock().latencies.insert((from, to), latency);
    }

    /// Nothing comes from one host to the other any more.
    pub(crate) fn cut(&self, from: usize, to: usize) {
        if from != to {
            self.lock().cuts.insert((from, to));
        }
    }

    /// It does again. What a connection holds is sent anew within the time that a sender waits.
    pub(crate) fn heal(self: &Arc<Self>, from: usize, to: usize, simulation: &Simulation) {
        let mut state = self.lock();
        state.cuts.remove(&(from, to));
        state.send_anew(self, simulation);
    }

    /// All cuts are healed.
    pub(crate) fn heal_all(self: &Arc<Self>, simulation: &Simulation) {
        let mut state = self.lock();
        state.cuts.clear();
        state.send_anew(self, simulation);
    }

    /// A host is gone: nothing that it has sent is still sent, and nobody is told. Its sockets are nobody's.
    pub(crate) fn take_down(&self, host: usize) {
        let mut state = self.lock();
        state.hosts[host].is_up = false;
        state.hosts[host].open = 0;
        for key in state.ends.keys(|end| end.host == host) {
            state.forget(key);
        }
        state.doors.retain(|door| door.host != host);
        state.mailbags.retain(|bag| bag.host != host);
    }

    /// It is back: what comes for sockets that it had before is answered with a reset.
    pub(crate) fn bring_up(self: &Arc<Self>, host: usize, simulation: &Simulation) {
        let mut state = self.lock();
        state.hosts[host].is_up = true;
        state.send_anew(self, simulation);
    }

    /// Most sockets that a host may have at once.
    pub(crate) fn set_descriptors(&self, host: usize, most: usize) {
        self.lock().hosts[host].descriptors = most;
    }

    /// Resets the connections between two hosts, at both ends, at once.
    pub(crate) fn reset(&self, one: usize, other: usize) -> usize {
        let mut state = self.lock();
        let found = state.ends.keys(|end| {
            let way = (end.host, end.peer_host);
            way == (one, other) || way == (other, one)
        });
        for key in &found {
            state.fail(*key, io::ErrorKind::ConnectionReset);
        }
        found.len() / 2
    }

    /// How many operations its sockets have done.
    pub(crate) fn operations(&self) -> u64 {
        self.lock().operations
    }
}

impl State {
    /// One more operation.
    pub(super) fn count(&mut self) {
        self.operations += 1;
    }

    /// Whether nothing comes from one host to another for now.
    pub(super) fn is_cut(&self, from: usize, to: usize) -> bool {
        !self.hosts[to].is_up || !self.hosts[from].is_up || self.cuts.contains(&(from, to))
    }

    /// How long something travels. Within a host no time passes.
    pub(super) fn latency(&self, from: usize, to: usize, simulation: &Simulation) -> Duration {
        if from == to {
            return Duration::ZERO;
        }
        let range = self.latencies.get(&(from, to)).unwrap_or(&self.conditions.latency);
        let spread = range.end.saturating_sub(range.start).as_micros() as usize;
        range.start + Duration::from_micros(simulation.below(spread) as u64)
    }

    /// How long the line is busy with so many bytes.
    pub(super) fn takes(&self, from: usize, to: usize, len: usize) -> Duration {
        match self.conditions.bandwidth {
            Some(bandwidth) if from != to => {
                Duration::from_nanos((len as u64).saturating_mul(1_000_000_000) / bandwidth.max(1))
            }
            _ => Duration::ZERO,
        }
    }

    /// The host with this address, seen from another.
    pub(super) fn host_of(&self, from: usize, ip: IpAddr) -> Option<usize> {
        if ip.to_canonical().is_loopback() {
            return Some(from);
        }
        self.hosts.iter().position(|host| match ip.to_canonical() {
            IpAddr::V4(v4) => host.v4 == v4,
            IpAddr::V6(v6) => host.v6 == v6,
        })
    }

    /// Whether a host has this address, or all are meant.
    pub(super) fn has(&self, host: usize, ip: IpAddr) -> bool {
        ip.is_unspecified() || self.host_of(host, ip) == Some(host)
    }

    /// The address from which a host reaches this one.
    pub(super) fn source(&self, host: usize, to: IpAddr) -> IpAddr {
        let Host { v4, v6, .. } = &self.hosts[host];
        match to.to_canonical() {
            ip if ip.is_loopback() => ip,
            IpAddr::V4(_) => (*v4).into(),
            IpAddr::V6(_) => (*v6).into(),
        }
    }

    /// A port that nobody has.
    pub(super) fn free_port(
        &mut self,
        host: usize,
        is_taken: impl Fn(&Self, u16) -> bool,
    ) -> io::Result<u16> {
        for _ in EPHEMERAL {
            let port = self.hosts[host].next_port;
            self.hosts[host].next_port =
                if port + 1 == EPHEMERAL.end { EPHEMERAL.start } else { port + 1 };
            if !is_taken(self, port) {
                return Ok(port);
            }
        }
        Err(io::ErrorKind::AddrInUse.into())
    }

    /// One more socket of a host.
    pub(super) fn open(&mut self, host: usize, simulation: &Simulation) -> io::Result<()> {
        let is_out = happens(simulation, self.conditions.no_descriptors);
        let host = &mut self.hosts[host];
        if is_out || host.open >= host.descriptors {
            return Err(io::Error::from_raw_os_error(NO_DESCRIPTOR));
        }
        host.open += 1;
        Ok(())
    }
}

/// Rings somebody a little later, for what a call has held back.
pub(super) fn ring_later(bell: Option<Bell>, readiness: Readiness, simulation: &Simulation) {
    let Some(bell) = bell else { return };
    let later = Duration::from_micros(1 + simulation.below(500) as u64);
    simulation.at(simulation.now() + later, move |_| bell.ring(readiness));
}

/// The simulation, for a socket that does something.
///
/// # Errors
/// It is used outside of it, after its end.
pub(super) fn current() -> io::Result<Simulation> {
    Simulation::current().ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::NotConnected,
            "a socket of a simulation is used outside of it",
        )
    })
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        write!(f, "Network({} hosts, {} ends)", state.hosts.len(), state.ends.len())
    }
}
