//! UDP: options only; the work is done by the engine for datagrams.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use socket2::{SockRef, Socket};

use super::endpoint::canonical;
use super::listen::has_no_v6;
use super::options::Families;
use super::outgoing::{Route, Settings};
use super::send_queue::{Limits, SendQueue};
use super::transport::{self, DatagramSocket, as_v6};
use super::udp_socket::UdpSocket;
use crate::slow::SlowPolicy;

pub use super::multicast::{Interface, Membership, MulticastError};
pub use super::outgoing::{
    Datagram, Fate, MAX_DATAGRAM_V4, MAX_DATAGRAM_V6, Outgoing, Refusal, SendRefused,
};
pub use super::send_queue::{Room, UdpCounts};

/// How many datagrams, and bytes, may wait to be sent, unless said otherwise: as in mailboxes.
const QUEUE: (usize, usize) = (1024, 1024 * 1024);
/// No datagram is longer.
const LONGEST: usize = 65_535;

/// A socket for datagrams that is to be bound at `address`; [`Bind`] has its options, and [`Bind::bind`] makes it. Port 0 lets
/// the OS choose: see [`UdpSocket::local`]. (Node: `dgram.createSocket`, `bind`.)
///
/// | `address` | what it receives |
/// |---|---|
/// | `127.0.0.1:53`, `[::1]:53` | what is sent there |
/// | `0.0.0.0:53` | what is sent to any address of IPv4, and to groups |
/// | `[::]:53` | the same in both families, unless [`only_v6`](Bind::only_v6) |
/// | `*:53` | the same; where there is no IPv6, in IPv4 |
///
/// No name is looked up: that would block.
///
/// # Examples
/// ```
/// use roundsman::SlowPolicy;
/// use roundsman::net::udp;
///
/// let socket = udp::socket("127.0.0.1:0").send_queue(100, SlowPolicy::DropOldest).bind()?;
/// assert_ne!(socket.local().port(), 0);
/// # Ok::<(), udp::BindError>(())
/// ```
pub fn socket(address: impl ToString) -> Bind {
    Bind {
        address: address.to_string(),
        peer: None,
        max_datagram: LONGEST,
        limits: Limits { datagrams: QUEUE.0, bytes: QUEUE.1, policy: SlowPolicy::Wait },
        options: Options::default(),
    }
}

/// A socket that is to be bound, as a blueprint: nothing happens until [`bind`](Self::bind).
///
/// What is said of TTLs and of groups is said of the family of its address; on Linux of both, if it takes both.
///
/// # Examples
/// ```
/// use roundsman::net::udp;
///
/// let bind = udp::socket("127.0.0.1:0").broadcast(true).ttl(3).receive_buffer(256 * 1024);
/// let now = bind.bind()?.in_effect();
/// assert!(now.broadcast);
/// assert_eq!(now.ttl, 3);
/// # Ok::<(), udp::BindError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is bound until `bind`"]
pub struct Bind {
    address: String,
    peer: Option<SocketAddr>,
    max_datagram: usize,
    limits: Limits,
    options: Options,
}

/// What the OS is told. What is not said is left to it.
#[derive(Clone, Debug, Default)]
struct Options {
    broadcast: bool,
    reuse_address: bool,
    reuse_port: bool,
    only_v6: bool,
    receive_buffer: Option<usize>,
    send_buffer: Option<usize>,
    ttl: Option<u8>,
    multicast_ttl: Option<u8>,
    multicast_loop: Option<bool>,
    multicast_interface: Option<Interface>,
}

/// Options as the OS has them: see [`UdpSocket::in_effect`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InEffect {
    /// Whether it may send to broadcast addresses.
    pub broadcast: bool,
    /// Bytes that the OS keeps until they are received. (Linux: twice what was asked for, up to `net.core.rmem_max`.)
    pub receive_buffer: usize,
    /// Bytes that the OS keeps to be sent. (Linux: twice what was asked for, up to `net.core.wmem_max`.)
    pub send_buffer: usize,
    /// How many routers a datagram to one peer may pass.
    pub ttl: u32,
    /// How many routers a datagram to a group may pass.
    pub multicast_ttl: u32,
    /// Whether this machine hears what it sends to groups.
    pub multicast_loop: bool,
}

/// A socket could not be bound.
#[derive(Debug)]
pub struct BindError {
    address: String,
    source: io::Error,
}

impl BindError {
    /// What kind of error the OS gave: `AddrInUse`, `PermissionDenied`, …
    #[must_use]
    pub fn kind(&self) -> io::ErrorKind {
        self.source.kind()
    }

    fn remedy(&self) -> &'static str {
        match self.kind() {
            io::ErrorKind::AddrInUse => {
                "; another socket is bound there: choose another port, or 0 for any, or have both say `reuse_address`"
            }
            io::ErrorKind::PermissionDenied => "; ports below 1024 need the right to bind them",
            io::ErrorKind::AddrNotAvailable => "; this machine has no such address",
            _ => "",
        }
    }
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot bind a UDP socket to {}: {}{}", self.address, self.source, self.remedy())
    }
}

impl std::error::Error for BindError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

impl Bind {
    /// Sends to this peer only, and receives from it only: the OS keeps what others send away. What the network says of it,
    /// such as `ConnectionRefused`, is then heard: see [`UdpSocket::reader`]. Nothing is sent by this. (Node: `connect`.)
    pub fn connect(mut self, peer: SocketAddr) -> Self {
        self.peer = Some(peer);
        self
    }

    /// Most bytes of a datagram that are kept; the rest of a longer one is dropped, and it is
    /// [flagged](Datagram::truncated). Default 65,535, which none exceeds.
    pub fn max_datagram(mut self, bytes: usize) -> Self {
        self.max_datagram = bytes;
        self
    }

    /// Most datagrams that wait here while the OS takes none, at least 1, and what is done about more. Default 1,024, and
    /// [`SlowPolicy::Wait`].
    ///
    /// | policy | [`send`](UdpSocket::send) to a full queue | [`writer`](UdpSocket::writer) |
    /// |---|---|---|
    /// | `Wait` | refuses, and hands the datagram back | asks for no more until there is room |
    /// | `DropOldest` | drops the oldest | the same |
    /// | `DropNewest` | drops what was given | the same |
    /// | `Disconnect` | [`bind`](Self::bind) refuses: there is nobody to cut off | |
    ///
    /// What is dropped is [counted](UdpCounts::dropped) and told as a [`DatagramDropped`](super::DatagramDropped).
    pub fn send_queue(mut self, datagrams: usize, policy: SlowPolicy) -> Self {
        self.limits.datagrams = datagrams.max(1);
        self.limits.policy = policy;
        self
    }

    /// Most bytes that wait, besides. One datagram alone always may; with `Wait`, the up to 16 that the writer's link was
    /// asked for may come on top. Default 1 MiB.
    pub fn send_queue_bytes(mut self, bytes: usize) -> Self {
        self.limits.bytes = bytes;
        self
    }

    /// May send to broadcast addresses (`SO_BROADCAST`). Without it such a datagram fails, with `PermissionDenied`. (Node:
    /// `setBroadcast`.)
    pub fn broadcast(mut self, may: bool) -> Self {
        self.options.broadcast = may;
        self
    }

    /// Several sockets may be bound to the address if each of them says so (`SO_REUSEADDR`): each gets what comes for groups,
    /// and one of them what comes for one peer. On Windows any process can then take the address away. (Node: `reuseAddr`.)
    pub fn reuse_address(mut self, reuse: bool) -> Self {
        self.options.reuse_address = reuse;
        self
    }

    /// Several sockets of one user may be bound to the address if each of them says so, and the OS spreads peers over them
    /// (`SO_REUSEPORT`; Unix, elsewhere refused). (Node: `reusePort`.)
    pub fn reuse_port(mut self, reuse: bool) -> Self {
        self.options.reuse_port = reuse;
        self
    }

    /// `[::]` takes IPv6 only. Default: both families. (Node: `ipv6Only`.)
    pub fn only_v6(mut self, only: bool) -> Self {
        self.options.only_v6 = only;
        self
    }

    /// Bytes that the OS keeps until they are received (`SO_RCVBUF`): what comes while that is full is lost. See
    /// [`UdpSocket::in_effect`] for what it gives. (Node: `recvBufferSize`.)
    pub fn receive_buffer(mut self, bytes: usize) -> Self {
        self.options.receive_buffer = Some(bytes);
        self
    }

    /// Bytes that the OS keeps to be sent (`SO_SNDBUF`); on some systems no longer datagram can be sent. (Node:
    /// `sendBufferSize`.)
    pub fn send_buffer(mut self, bytes: usize) -> Self {
        self.options.send_buffer = Some(bytes);
        self
    }

    /// How many routers a datagram to one peer may pass (`IP_TTL`, or hops in IPv6). (Node: `setTTL`.)
    pub fn ttl(mut self, routers: u8) -> Self {
        self.options.ttl = Some(routers);
        self
    }

    /// How many routers a datagram to a group may pass; 0: it stays on this machine. The OS's default is 1: it stays on this
    /// network. (Node: `setMulticastTTL`.)
    pub fn multicast_ttl(mut self, routers: u8) -> Self {
        self.options.multicast_ttl = Some(routers);
        self
    }

    /// Whether sockets of this machine hear what this one sends to groups that they are in. The OS's default: yes. The loopback
    /// interface gives everything back whatever is said. (On Windows the receiver says so, not the sender. Node:
    /// `setMulticastLoopback`.)
    pub fn multicast_loop(mut self, hear: bool) -> Self {
        self.options.multicast_loop = Some(hear);
        self
    }

    /// Over which interface goes what is sent to groups. (Node: `setMulticastInterface`.)
    pub fn multicast_interface(mut self, interface: impl Into<Interface>) -> Self {
        self.options.multicast_interface = Some(interface.into());
        self
    }

    /// Binds the socket. From now on the OS keeps what comes, up to its receive buffer.
    ///
    /// # Errors
    /// The address is in use, not this machine's, or may not be bound; the OS does not take an option; or the policy of the
    /// send queue is [`SlowPolicy::Disconnect`]. The error says what to do.
    pub fn bind(self) -> Result<UdpSocket, BindError> {
        self.try_bind().map_err(|source| BindError { address: self.address, source })
    }

    fn try_bind(&self) -> io::Result<UdpSocket> {
        if !matches!(
            self.limits.policy,
            SlowPolicy::Wait | SlowPolicy::DropOldest | SlowPolicy::DropNewest
        ) {
            return Err(invalid("a send queue waits or drops: there is nobody to disconnect"));
        }
        let socket = self.open()?;
        let is_v6 = socket.local_addr()?.is_ipv6();
        if let Some(socket) = socket.options() {
            self.options.apply(&socket)?;
        }
        let peer = self.peer.map(canonical);
        if let Some(peer) = peer {
            socket.connect(if is_v6 { as_v6(peer) } else { peer })?;
        }
        let in_effect = match socket.options() {
            Some(socket) => InEffect::of(&socket, is_v6)?,
            None => self.options.taken_at_their_word(),
        };
        let settings = Settings {
            local: canonical(socket.local_addr()?),
            route: Route { is_v6, peer },
            max_datagram: self.max_datagram,
        };
        Ok(UdpSocket::new(socket, settings, SendQueue::new(self.limits), in_effect))
    }

    fn open(&self) -> io::Result<DatagramSocket> {
        let at = |address: SocketAddr| {
            let Options { only_v6, reuse_address, reuse_port, .. } = self.options;
            let said = [only_v6, reuse_address || reuse_port];
            DatagramSocket::bind(address, said, |socket| self.options.prepare(socket, address))
        };
        let Some(port) = self.address.strip_prefix("*:") else {
            return at(self.address.parse().map_err(|_| not_an_address())?);
        };
        let port: u16 = port.parse().map_err(|_| not_an_address())?;
        match at((Ipv6Addr::UNSPECIFIED, port).into()) {
            Err(error) if has_no_v6(&error) => at((Ipv4Addr::UNSPECIFIED, port).into()),
            bound => bound,
        }
    }
}

impl Options {
    /// What must be said before the socket is bound.
    fn prepare(&self, socket: &Socket, address: SocketAddr) -> io::Result<()> {
        if address.is_ipv6() {
            said("IPV6_V6ONLY", socket.set_only_v6(self.only_v6))?;
        }
        if self.reuse_address {
            said("SO_REUSEADDR", socket.set_reuse_address(true))?;
        }
        if self.reuse_port {
            said("SO_REUSEPORT", transport::set_reuse_port(socket))?;
        }
        if let Some(bytes) = self.receive_buffer {
            said("SO_RCVBUF", socket.set_recv_buffer_size(bytes))?;
        }
        if let Some(bytes) = self.send_buffer {
            said("SO_SNDBUF", socket.set_send_buffer_size(bytes))?;
        }
        Ok(())
    }

    /// What a simulated network makes of them: it gives what was asked for, and nothing comes of most.
    fn taken_at_their_word(&self) -> InEffect {
        InEffect {
            broadcast: self.broadcast,
            receive_buffer: self.receive_buffer.unwrap_or_default(),
            send_buffer: self.send_buffer.unwrap_or_default(),
            ttl: self.ttl.unwrap_or(64).into(),
            multicast_ttl: self.multicast_ttl.unwrap_or(1).into(),
            multicast_loop: self.multicast_loop.unwrap_or(true),
        }
    }

    fn apply(&self, socket: &SockRef<'_>) -> io::Result<()> {
        if self.broadcast {
            said("SO_BROADCAST", socket.set_broadcast(true))?;
        }
        for is_v6 in Families::of(socket)?.each() {
            self.apply_to_packets(socket, is_v6)?;
        }
        match self.multicast_interface {
            Some(interface) => said("multicast interface", set_interface(socket, interface)),
            None => Ok(()),
        }
    }

    /// What stands in the head of each packet of a family, and which of them come back.
    fn apply_to_packets(&self, socket: &SockRef<'_>, is_v6: bool) -> io::Result<()> {
        if let Some(routers) = self.ttl.map(u32::from) {
            let set = if is_v6 { Socket::set_unicast_hops_v6 } else { Socket::set_ttl_v4 };
            said("TTL", set(socket, routers))?;
        }
        if let Some(routers) = self.multicast_ttl.map(u32::from) {
            let set =
                if is_v6 { Socket::set_multicast_hops_v6 } else { Socket::set_multicast_ttl_v4 };
            said("multicast TTL", set(socket, routers))?;
        }
        if let Some(hear) = self.multicast_loop {
            let set =
                if is_v6 { Socket::set_multicast_loop_v6 } else { Socket::set_multicast_loop_v4 };
            said("multicast loop", set(socket, hear))?;
        }
        Ok(())
    }
}

/// Says over which interface goes what is sent to groups. A socket of both families takes what names one in either.
fn set_interface(socket: &SockRef<'_>, interface: Interface) -> io::Result<()> {
    let mut results = Families::of(socket)?
        .each()
        .map(|is_v6| transport::set_interface(socket, is_v6, interface));
    let first = results.next().unwrap_or(Ok(()));
    results.fold(first, Result::or)
}

impl InEffect {
    fn of(socket: &SockRef<'_>, is_v6: bool) -> io::Result<Self> {
        Ok(Self {
            broadcast: socket.broadcast()?,
            receive_buffer: socket.recv_buffer_size()?,
            send_buffer: socket.send_buffer_size()?,
            ttl: if is_v6 { socket.unicast_hops_v6()? } else { socket.ttl_v4()? },
            multicast_ttl: if is_v6 {
                socket.multicast_hops_v6()?
            } else {
                socket.multicast_ttl_v4()?
            },
            multicast_loop: if is_v6 {
                socket.multicast_loop_v6()?
            } else {
                socket.multicast_loop_v4()?
            },
        })
    }
}

/// The result of setting an option, whose error names it.
fn said(option: &'static str, result: io::Result<()>) -> io::Result<()> {
    result.map_err(|error| io::Error::new(error.kind(), format!("{option}: {error}")))
}

fn invalid(text: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, text)
}

fn not_an_address() -> io::Error {
    invalid("it takes IP:PORT, [IPv6]:PORT or *:PORT")
}
