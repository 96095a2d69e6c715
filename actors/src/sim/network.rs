//! The network of a simulation, in the hands of a test.
//!
//! What moves over it is in `net/transport/simulated`; here it is said what there is and what befalls it, and that is noted in the trace.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use roundsman_runtime::{Builder, Simulation};

use super::kit::{Client, Pace};
use super::watcher::Watcher;
use crate::dns::{Addresses, LookupError, Lookups};
use crate::net::Endpoint;
use crate::net::transport::simulated;
pub use crate::net::transport::simulated::NetworkFaults;

/// A network of named hosts, in memory: what `tcp::listen`, `tcp::connect`, `unix` and `udp` use on the hosts that have
/// [joined](Self::join) it, and where `dns::lookup` finds their names. Clones are the same one.
///
/// The engine above is the one that serves the OS's sockets. What these do, the network draws from the seed: how long each
/// segment travels, and how much a read or a write takes; they would block at odd moments, as the OS's may. Whatever a
/// connection carries arrives once and in order, or the connection fails. Datagrams may be lost, doubled and overtaken.
///
/// | what | by default |
/// |---|---|
/// | [`latency`](Self::latency) | 50 µs to 2 ms; none within a host |
/// | [`bandwidth`](Self::bandwidth) | as much as is sent |
/// | [`window`](Self::window) | 128 KiB under way or unread, in each direction |
/// | [`give_up`](Self::give_up) | a connection that gets nothing through fails after 120 s; one that is not answered, after 127 |
/// | [`faults`](Self::faults) | short reads, short writes and odd `WouldBlock`: 2 % each; no others |
///
/// Hosts are 10.0.0.1, 10.0.0.2, … and fd00::1, fd00::2, …, in the order in which they were added; `localhost` is each host's
/// own. A name that is no host's is not found. Of the options of sockets [`keep_alive`](crate::net::tcp::Options::keep_alive) and a
/// [`linger`](crate::net::tcp::Options::linger) of zero do what they say, and [`nodelay`](crate::net::tcp::Options::nodelay) is as if it
/// were always said; the others do nothing. There are no names of users (credentials), no groups of one source and no
/// broadcast, and the kernel moves no bytes by itself.
#[derive(Clone)]
pub struct Network {
    network: Arc<simulated::Network>,
    simulation: Simulation,
    /// Who is told what befalls it, for the trace.
    watcher: Option<Rc<Watcher>>,
}

impl Network {
    /// A network without hosts, in this simulation.
    #[must_use]
    pub fn new(simulation: &Simulation) -> Self {
        let network = simulated::Network::new();
        Self { network, simulation: simulation.clone(), watcher: None }
    }

    /// The same; what befalls it stands in the trace.
    pub(super) fn watched(simulation: &Simulation, watcher: &Rc<Watcher>) -> Self {
        Self { watcher: Some(Rc::clone(watcher)), ..Self::new(simulation) }
    }

    /// A runtime that is built so is on the host of this name, which is added if there is none yet. Upper and lower case are
    /// the same.
    #[must_use = "the runtime is on the network only if it is built from what this returns"]
    pub fn join(&self, name: &str, builder: Builder) -> Builder {
        let host = self.network.find(name);
        let host = host.unwrap_or_else(|| self.network.add_host(name));
        let names = Arc::clone(&self.network);
        let lookups = Lookups::by(move |name, family| {
            let found = match names.find(name) {
                Some(host) => names.addresses(host),
                None if is_localhost(name) => {
                    [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]
                }
                None => return Err(LookupError::NotFound { host: name.into() }),
            };
            Ok(Addresses::from_iter(found.into_iter().filter(|ip| family.has(*ip))))
        });
        builder.provide(self.network.stack(host)).provide(lookups)
    }

    /// The addresses of a host, of IPv4 and of IPv6.
    ///
    /// # Panics
    /// If there is no such host; so do all functions here that take names.
    #[must_use]
    #[track_caller]
    pub fn addresses(&self, name: &str) -> [IpAddr; 2] {
        self.network.addresses(self.host(name))
    }

    /// A client on a host of this name, which is added if there is none yet, connected to `HOST:PORT`. See [`Client`].
    ///
    /// # Errors
    /// `NotFound`: no host has this name, or it is none; else what the network says, after at most 30 s of virtual time.
    pub fn client(&self, from: &str, to: &str) -> io::Result<Client> {
        self.client_at(Pace::from(&self.simulation), from, to)
    }

    /// The same, for a test that waits like this.
    pub(super) fn client_at(&self, pace: Pace, from: &str, to: &str) -> io::Result<Client> {
        let (host, port) = to.rsplit_once(':').ok_or(io::ErrorKind::NotFound)?;
        let port: u16 = port.parse().map_err(|_| io::ErrorKind::NotFound)?;
        let to = self.network.find(host).ok_or(io::ErrorKind::NotFound)?;
        let to = SocketAddr::new(self.network.addresses(to)[0], port);
        let from = self.network.find(from).unwrap_or_else(|| self.network.add_host(from));
        let stack = self.network.stack(from);
        let connect = || simulated::Stream::connect(&stack, &Endpoint::Ip(to), None);
        let stream = self.simulation.inside(connect)?;
        Client::simulated(stream, pace)
    }

    // How it is.

    /// How long what is sent travels between two hosts: drawn anew for each piece. The pieces of a connection never overtake
    /// each other; datagrams do.
    pub fn latency(&self, latency: Range<Duration>) {
        self.network.change(|conditions| conditions.latency = latency);
    }

    /// The same for one direction between two hosts only.
    #[track_caller]
    pub fn latency_between(&self, from: &str, to: &str, latency: Range<Duration>) {
        self.network.set_latency(self.host(from), self.host(to), latency);
    }

    /// How many bytes a second a connection, or a socket for datagrams, sends at most; `None`: no limit.
    pub fn bandwidth(&self, bytes_per_second: Option<u64>) {
        self.network.change(|conditions| conditions.bandwidth = bytes_per_second);
    }

    /// How many bytes each direction of a connection holds that were sent and not read, at least 1: then writes would block.
    pub fn window(&self, bytes: usize) {
        self.network.change(|conditions| conditions.window = bytes.max(1));
    }

    /// How long a connection gets nothing through before it fails with `TimedOut`.
    pub fn give_up(&self, after: Duration) {
        self.network.change(|conditions| conditions.give_up = after);
    }

    /// How often things go wrong, from now on.
    pub fn faults(&self, faults: NetworkFaults) {
        self.network.change(|conditions| conditions.faults = faults);
    }

    /// Reads and writes stop at these positions of every connection, counted in bytes from its beginning, each direction for
    /// itself, and there would block once: for parsers, and whatever else must not care how bytes come. An empty list: nowhere.
    ///
    /// A test that tries every position of a short exchange has tried every way in which it can be parted in two. This comes on
    /// top of the [faults](Self::faults), which are drawn.
    pub fn split_at(&self, positions: impl IntoIterator<Item = u64>) {
        let mut splits: Vec<_> = positions.into_iter().collect();
        splits.sort_unstable();
        self.network.change(|conditions| conditions.splits = splits);
    }

    /// Most sockets that a host has at once; then it gets no descriptor for more (EMFILE).
    #[track_caller]
    pub fn descriptors(&self, host: &str, most: usize) {
        self.network.set_descriptors(self.host(host), most);
    }

    // What befalls it.

    /// Nothing comes from one host to the other any more. What connections have under way is held, and arrives once it is
    /// [healed](Self::heal); datagrams are lost. What comes the other way arrives, but its sender never hears that it has: it,
    /// too, [gives up](Self::give_up).
    #[track_caller]
    pub fn cut(&self, from: &str, to: &str) {
        let (one, other) = (self.host(from), self.host(to));
        self.note("", format_args!("nothing comes from {from} to {to} any more"));
        self.network.cut(one, other, &self.simulation);
    }

    /// The same in both directions.
    #[track_caller]
    pub fn partition(&self, one: &str, other: &str) {
        let hosts = (self.host(one), self.host(other));
        self.note("", format_args!("{one} and {other} are cut off from each other"));
        self.network.cut(hosts.0, hosts.1, &self.simulation);
        self.network.cut(hosts.1, hosts.0, &self.simulation);
    }

    /// The host is cut off from all others, in both directions, also from those that are added later, until it
    /// [rejoins](Self::rejoin) them or [all is healed](Self::heal_all).
    #[track_caller]
    pub fn isolate(&self, name: &str) {
        let host = self.host(name);
        self.note(name, format_args!("cut off from all others"));
        self.network.isolate(host, &self.simulation);
    }

    /// The end of [`isolate`](Self::isolate). What is [cut](Self::cut) besides stays cut.
    #[track_caller]
    pub fn rejoin(&self, name: &str) {
        let host = self.host(name);
        self.note(name, format_args!("rejoins the others"));
        self.network.rejoin(host, &self.simulation);
    }

    /// The two hosts reach each other again. What was held is sent anew, within half a second.
    #[track_caller]
    pub fn heal(&self, one: &str, other: &str) {
        let hosts = (self.host(one), self.host(other));
        self.note("", format_args!("{one} and {other} reach each other again"));
        self.network.heal(hosts.0, hosts.1, &self.simulation);
        self.network.heal(hosts.1, hosts.0, &self.simulation);
    }

    /// All hosts reach each other again.
    pub fn heal_all(&self) {
        self.note("", format_args!("all hosts reach each other again"));
        self.network.heal_all(&self.simulation);
    }

    /// Resets all connections between two hosts, at both ends; returns how many there were.
    #[track_caller]
    pub fn reset(&self, one: &str, other: &str) -> usize {
        let hosts = (self.host(one), self.host(other));
        let count = self.network.reset(hosts.0, hosts.1, &self.simulation);
        self.note("", format_args!("{count} connections between {one} and {other} are reset"));
        count
    }

    /// The host has lost its power, as seen by others: nothing that it has sent is still sent, nobody is told, and its sockets
    /// are gone. To be called ahead of [`Simulation::kill`].
    #[track_caller]
    pub fn take_down(&self, name: &str) {
        self.network.take_down(self.host(name), &self.simulation);
    }

    /// It is back, without the sockets that it had: what comes for them is answered with a reset.
    #[track_caller]
    pub fn bring_up(&self, name: &str) {
        self.network.bring_up(self.host(name), &self.simulation);
    }

    /// How many operations its sockets have done: reads, writes, accepts, sends and the like.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.network.operations()
    }

    /// How many ends of connections there are that are not over: open, waiting to be accepted, or closed with something under
    /// way. Once everything is closed and time has passed there are none.
    #[must_use]
    pub fn open_ends(&self) -> usize {
        self.network.open_ends()
    }

    fn note(&self, host: &str, what: fmt::Arguments<'_>) {
        if let Some(watcher) = &self.watcher {
            watcher.note(self.simulation.now(), host, &what.to_string());
        }
    }

    #[track_caller]
    fn host(&self, name: &str) -> usize {
        let host = self.network.find(name);
        host.unwrap_or_else(|| {
            panic!("no host {name:?} on this network: {:?}", self.network.names())
        })
    }
}

/// Whether a name is each host's own (RFC 6761, section 6.3).
fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Network").field(&self.network.names()).finish()
    }
}
