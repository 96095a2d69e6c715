//! Options of TCP sockets, the same for those that connect, listen and are accepted.

use std::io;
use std::time::Duration;

use socket2::{SockRef, Socket, TcpKeepalive};

use super::transport::set_traffic_class;

/// How far apart a silent peer is asked, and how often. (libuv: the same.)
const PROBE_INTERVAL: Duration = Duration::from_secs(1);
const PROBES: u32 = 10;

/// Options of a TCP socket: what is not said is left to the OS, but for [`nodelay`](Self::nodelay).
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use roundsman::net::tcp;
///
/// // A peer that has vanished is noticed after 70 seconds.
/// let watchful = tcp::Options::new().keep_alive(Duration::from_secs(60));
/// let listener = tcp::listener("127.0.0.1:0").options(watchful).bind()?;
/// # drop(listener);
/// # Ok::<(), tcp::ListenError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "options do nothing until they are given to a listener, an attempt or a connection"]
pub struct Options {
    nodelay: bool,
    keep_alive: Option<Duration>,
    linger: Option<Duration>,
    send_buffer: Option<usize>,
    receive_buffer: Option<usize>,
    traffic_class: Option<u8>,
    ttl: Option<u8>,
}

impl Default for Options {
    fn default() -> Self {
        Self::new()
    }
}

impl Options {
    /// `TCP_NODELAY`, and nothing else.
    pub fn new() -> Self {
        Self {
            nodelay: true,
            keep_alive: None,
            linger: None,
            send_buffer: None,
            receive_buffer: None,
            traffic_class: None,
            ttl: None,
        }
    }

    /// Whether small writes go out at once (`TCP_NODELAY`). Default true: the writes of a round are joined anyhow.
    /// (Node: `setNoDelay`, there false.)
    pub fn nodelay(mut self, on: bool) -> Self {
        self.nodelay = on;
        self
    }

    /// Asks a peer that has been silent for so long whether it is still there, ten times, a second apart; without an answer the
    /// connection fails with `TimedOut`. In whole seconds, at least 1. Default: never. (Node: `setKeepAlive`; libuv has the same
    /// ten and one. A system that lets less be said goes by its own: often ten times, 75 s apart.)
    pub fn keep_alive(mut self, after: Duration) -> Self {
        self.keep_alive = Some(after.max(Duration::from_secs(1)));
        self
    }

    /// How long the OS keeps what was written and not sent when the socket is closed; zero: the peer sees a reset.
    ///
    /// Sockets here never block, so no close waits for it. Default: as long as it takes.
    pub fn linger(mut self, time: Duration) -> Self {
        self.linger = Some(time);
        self
    }

    /// Bytes that the OS keeps to be sent (`SO_SNDBUF`; Linux doubles what is said).
    pub fn send_buffer(mut self, bytes: usize) -> Self {
        self.send_buffer = Some(bytes);
        self
    }

    /// Bytes that the OS keeps until they are read (`SO_RCVBUF`): the TCP window follows from it.
    pub fn receive_buffer(mut self, bytes: usize) -> Self {
        self.receive_buffer = Some(bytes);
        self
    }

    /// The class of traffic that routers see: `IP_TOS`, and `IPV6_TCLASS` where there is such. On Linux both, if the socket speaks
    /// both.
    pub fn traffic_class(mut self, class: u8) -> Self {
        self.traffic_class = Some(class);
        self
    }

    /// How many routers a packet may pass (`IP_TTL`, or hops in IPv6).
    pub fn ttl(mut self, routers: u8) -> Self {
        self.ttl = Some(routers);
        self
    }

    /// After how long a silent peer is asked.
    pub(crate) fn asks_after(&self) -> Option<Duration> {
        self.keep_alive
    }

    /// How long what was written is kept after the end.
    pub(crate) fn lingers(&self) -> Option<Duration> {
        self.linger
    }

    /// What must be said before a socket is connected or listens: window sizes are agreed on then.
    pub(crate) fn prepare(&self, socket: &SockRef<'_>) -> io::Result<()> {
        if let Some(bytes) = self.send_buffer {
            socket.set_send_buffer_size(bytes)?;
        }
        if let Some(bytes) = self.receive_buffer {
            socket.set_recv_buffer_size(bytes)?;
        }
        Ok(())
    }

    /// Sets everything on a connected socket.
    pub(crate) fn apply(&self, socket: &SockRef<'_>) -> io::Result<()> {
        socket.set_tcp_nodelay(self.nodelay)?;
        if let Some(after) = self.keep_alive {
            socket.set_tcp_keepalive(&probes(after))?;
        }
        if self.linger.is_some() {
            socket.set_linger(self.linger)?;
        }
        if self.traffic_class.is_some() || self.ttl.is_some() {
            self.apply_to_packets(socket)?;
        }
        self.prepare(socket)
    }

    /// What stands in the head of each packet.
    fn apply_to_packets(&self, socket: &SockRef<'_>) -> io::Result<()> {
        for is_v6 in Families::of(socket)?.each() {
            if let Some(class) = self.traffic_class {
                set_traffic_class(socket, is_v6, class)?;
            }
            if let Some(routers) = self.ttl.map(u32::from) {
                let set = if is_v6 { Socket::set_unicast_hops_v6 } else { Socket::set_ttl_v4 };
                set(socket, routers)?;
            }
        }
        Ok(())
    }

    /// Sets everything on a socket that others may have set before.
    pub(crate) fn apply_anew(&self, socket: &SockRef<'_>) -> io::Result<()> {
        if self.keep_alive.is_none() {
            socket.set_keepalive(false)?;
        }
        socket.set_linger(self.linger)?;
        self.apply(socket)
    }
}

/// The families that a socket speaks: what is said of packets is said for each.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Families {
    v4: bool,
    v6: bool,
}

impl Families {
    /// Of one that is bound. One of IPv6 speaks IPv4 as well, unless it was told not to; only Linux takes options of both
    /// there.
    pub(crate) fn of(socket: &SockRef<'_>) -> io::Result<Self> {
        let v6 = socket.local_addr()?.is_ipv6();
        Ok(Self { v4: !v6 || (cfg!(target_os = "linux") && !socket.only_v6()?), v6 })
    }

    /// For each of them, whether it is IPv6.
    pub(crate) fn each(self) -> impl Iterator<Item = bool> {
        [self.v6.then_some(true), self.v4.then_some(false)].into_iter().flatten()
    }
}

/// How a silent peer is asked. What the system's own habits make of it takes a quarter of an hour.
fn probes(after: Duration) -> TcpKeepalive {
    TcpKeepalive::new().with_time(after).with_interval(PROBE_INTERVAL).with_retries(PROBES)
}

#[cfg(test)]
mod tests;
