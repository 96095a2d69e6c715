//! The simulated network: its hosts, their addresses, what is between them, and what befalls it.
//!
//! Shared by the stacks of all hosts of a simulation, and told by the test what is to happen. Sockets are in the tables here;
//! what they do is said by the files beside.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use roundsman_runtime::Simulation;

use super::super::listening::EMFILE;
use super::datagrams::Mailbag;
use super::end::{End, Life};
use super::faults::NetworkFaults;
use super::listening::Door;
use super::scene::Scene;
use super::table::Table;

/// Ports that the network chooses from, as the OS does.
const EPHEMERAL: Range<u16> = 49152..65535;

/// How the network is, between all hosts.
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
    /// What goes wrong, and how often.
    pub(crate) faults: NetworkFaults,
    /// Positions at which reads and writes of connections stop, and would block once; in order.
    pub(crate) splits: Vec<u64>,
}

impl Default for Conditions {
    fn default() -> Self {
        Self {
            latency: Duration::from_micros(50)..Duration::from_millis(2),
            bandwidth: None,
            window: 128 * 1024,
            give_up: Duration::from_secs(120),
            faults: NetworkFaults::default(),
            splits: Vec::new(),
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
    /// Who is cut off from all others, also from those that come later.
    isolated: BTreeSet<usize>,
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
    /// Ports of TCP that are in use, and by how many sockets.
    ports: BTreeMap<u16, usize>,
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
            ports: BTreeMap::new(),
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
    pub(crate) fn cut(self: &Arc<Self>, from: usize, to: usize, simulation: &Simulation) {
        if from != to {
            let mut state = self.lock();
            state.cuts.insert((from, to));
            state.ask_between(from, to, Scene { network: self, simulation });
        }
    }

    /// Nothing comes to a host any more but from itself, and nothing from it.
    pub(crate) fn isolate(self: &Arc<Self>, host: usize, simulation: &Simulation) {
        let mut state = self.lock();
        state.isolated.insert(host);
        for other in 0..state.hosts.len() {
            if other != host {
                state.ask_between(host, other, Scene { network: self, simulation });
                state.ask_between(other, host, Scene { network: self, simulation });
            }
        }
    }

    /// It is isolated no longer. Cuts stay.
    pub(crate) fn rejoin(self: &Arc<Self>, host: usize, simulation: &Simulation) {
        let mut state = self.lock();
        state.isolated.remove(&host);
        state.send_anew(Scene { network: self, simulation });
    }

    /// It does again. What a connection holds is sent anew within the time that a sender waits.
    pub(crate) fn heal(self: &Arc<Self>, from: usize, to: usize, simulation: &Simulation) {
        let mut state = self.lock();
        state.cuts.remove(&(from, to));
        state.send_anew(Scene { network: self, simulation });
    }

    /// All cuts are healed.
    pub(crate) fn heal_all(self: &Arc<Self>, simulation: &Simulation) {
        let mut state = self.lock();
        state.cuts.clear();
        state.isolated.clear();
        state.send_anew(Scene { network: self, simulation });
    }

    /// A host is gone: nothing that it has sent is still sent, and nobody is told. Its sockets are nobody's.
    pub(crate) fn take_down(self: &Arc<Self>, host: usize, simulation: &Simulation) {
        let scene = Scene { network: self, simulation };
        let mut state = self.lock();
        state.hosts[host].is_up = false;
        state.doors.retain(|door| door.host != host);
        state.mailbags.retain(|bag| bag.host != host);
        for key in state.ends.keys(|end| end.host == host) {
            state.forget(key, Some(scene));
        }
        state.hosts[host].ports.clear();
        state.hosts[host].open = 0;
        // Those whose other end was gone before find nobody now who says so.
        for key in state.ends.keys(|end| end.peer_host == host) {
            state.ask(key, scene);
        }
    }

    /// It is back: what comes for sockets that it had before is answered with a reset.
    pub(crate) fn bring_up(self: &Arc<Self>, host: usize, simulation: &Simulation) {
        let mut state = self.lock();
        state.hosts[host].is_up = true;
        state.send_anew(Scene { network: self, simulation });
    }

    /// Most sockets that a host may have at once.
    pub(crate) fn set_descriptors(&self, host: usize, most: usize) {
        self.lock().hosts[host].descriptors = most;
    }

    /// Resets the connections between two hosts, at both ends, at once. Returns how many there were.
    pub(crate) fn reset(
        self: &Arc<Self>,
        one: usize,
        other: usize,
        simulation: &Simulation,
    ) -> usize {
        let scene = Scene { network: self, simulation };
        let mut state = self.lock();
        let found = state.ends.keys(|end| {
            let way = (end.host, end.peer_host);
            let is_open = matches!(end.life, Life::Connecting | Life::Connected);
            is_open && (way == (one, other) || way == (other, one))
        });
        // Both ends of one are one.
        let is_second = |key: &&usize| {
            state.ends[**key].other.is_some_and(|other| other < **key && found.contains(&other))
        };
        let count = found.iter().filter(|key| !is_second(key)).count();
        for key in &found {
            state.fail(*key, io::ErrorKind::ConnectionReset, scene);
        }
        count
    }

    /// Ends of connections that are not over.
    pub(crate) fn open_ends(&self) -> usize {
        self.lock().ends.len()
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
        let is_isolated = |host| from != to && self.isolated.contains(&host);
        !self.hosts[to].is_up
            || !self.hosts[from].is_up
            || self.cuts.contains(&(from, to))
            || is_isolated(from)
            || is_isolated(to)
    }

    /// How long something travels. Within a host no time passes.
    pub(super) fn latency(&self, from: usize, to: usize, scene: Scene<'_>) -> Duration {
        if from == to {
            return Duration::ZERO;
        }
        let range = self.latencies.get(&(from, to)).unwrap_or(&self.conditions.latency);
        let spread = range.end.saturating_sub(range.start).as_micros() as usize;
        range.start + Duration::from_micros(scene.below(spread) as u64)
    }

    /// How long the line is busy with so many bytes.
    pub(super) fn takes(&self, from: usize, to: usize, len: usize) -> Duration {
        self.time_for(len).filter(|_| from != to).unwrap_or_default()
    }

    /// How long a line between hosts is busy with so many bytes, if that is limited.
    pub(super) fn time_for(&self, len: usize) -> Option<Duration> {
        let bandwidth = self.conditions.bandwidth?.max(1);
        Some(Duration::from_nanos((len as u64).saturating_mul(1_000_000_000) / bandwidth))
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

    /// From where a host sends to an address, with a socket that is bound here.
    ///
    /// # Errors
    /// Nobody has the address, or nothing goes there from here.
    pub(super) fn source_for(
        &self,
        host: usize,
        bound: SocketAddr,
        to: SocketAddr,
    ) -> io::Result<SocketAddr> {
        let is_group = to.ip().is_multicast();
        if bound.is_ipv4() && to.is_ipv6() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let to_host = self.host_of(host, to.ip());
        if to_host.is_none() && !is_group {
            return Err(io::ErrorKind::NetworkUnreachable.into());
        }
        let bound_ip = bound.ip().to_canonical();
        if bound_ip.is_loopback() && to_host != Some(host) && !is_group {
            // Nothing leaves a host from there.
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let is_own = !bound_ip.is_unspecified() && !bound_ip.is_multicast();
        let ip = if is_own { bound.ip() } else { self.source(host, to.ip()) };
        Ok(SocketAddr::new(ip, bound.port()))
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
    pub(super) fn open(&mut self, host: usize, scene: Scene<'_>) -> io::Result<()> {
        let is_out = scene.happens(self.conditions.faults.no_descriptors);
        let host = &mut self.hosts[host];
        if is_out || host.open >= host.descriptors {
            return Err(io::Error::from_raw_os_error(EMFILE));
        }
        host.open += 1;
        Ok(())
    }
}

impl Host {
    pub(super) fn has_port(&self, port: u16) -> bool {
        self.ports.contains_key(&port)
    }

    pub(super) fn take_port(&mut self, port: Option<u16>) {
        if let Some(port) = port {
            *self.ports.entry(port).or_default() += 1;
        }
    }

    pub(super) fn give_port(&mut self, port: Option<u16>) {
        if let Some(port) = port
            && let Some(count) = self.ports.get_mut(&port)
        {
            *count -= 1;
            if *count == 0 {
                self.ports.remove(&port);
            }
        }
    }
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
