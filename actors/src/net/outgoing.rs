//! Datagrams as values: one that has come, one that is to go, and what is said to whoever wants it to go.
//!
//! Used by [`UdpSocket`](super::UdpSocket) and its engine. They know no socket.

use std::io;
use std::net::SocketAddr;

use bytes::Bytes;

use super::endpoint::canonical;

/// The most bytes that one datagram carries over IPv4: 65,535 less the headers of IP and UDP. (RFC 768, RFC 791)
pub const MAX_DATAGRAM_V4: usize = 65_507;
/// The most bytes that one datagram carries over IPv6, without jumbograms: 65,535 less the header of UDP. (RFC 8200)
pub const MAX_DATAGRAM_V6: usize = 65_527;

/// A datagram that has come.
///
/// [`Outgoing`] can be made of one: it then goes back to whoever has sent it.
///
/// # Examples
/// ```
/// use bytes::Bytes;
/// use roundsman::net::udp::{Datagram, Outgoing};
///
/// fn answer(question: &Datagram) -> Outgoing {
///     Outgoing::to(question.peer, Bytes::from_static(b"pong"))
/// }
/// # let _ = answer;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Datagram {
    /// Who has sent it. One that came over IPv4 has an address of IPv4, also at a socket for both families.
    pub peer: SocketAddr,
    /// What is in it. May be empty: that is no end.
    pub bytes: Bytes,
    /// It was longer than the socket's [`max_datagram`](super::udp::Bind::max_datagram): the rest is lost.
    pub truncated: bool,
}

/// A datagram that is to go.
///
/// # Examples
/// ```
/// use std::net::SocketAddr;
/// use bytes::Bytes;
/// use roundsman::net::udp::Outgoing;
///
/// let bytes = Bytes::from_static(b"ping");
/// assert_eq!(Outgoing::from(bytes.clone()).to, None, "where the socket is connected to");
/// let peer: SocketAddr = "192.0.2.1:7".parse()?;
/// assert_eq!(Outgoing::from((bytes.clone(), peer)), Outgoing::to(peer, bytes));
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// Where it goes. `None`: to the peer that the socket is [connected](super::udp::Bind::connect) to.
    pub to: Option<SocketAddr>,
    /// What is in it. May be empty.
    pub bytes: Bytes,
}

impl Outgoing {
    /// One that goes there.
    #[must_use]
    pub fn to(peer: SocketAddr, bytes: impl Into<Bytes>) -> Self {
        Self { to: Some(peer), bytes: bytes.into() }
    }
}

impl From<Datagram> for Outgoing {
    /// Back to whoever has sent it.
    fn from(datagram: Datagram) -> Self {
        Self { to: Some(datagram.peer), bytes: datagram.bytes }
    }
}

impl From<Bytes> for Outgoing {
    fn from(bytes: Bytes) -> Self {
        Self { to: None, bytes }
    }
}

impl From<(Bytes, SocketAddr)> for Outgoing {
    fn from((bytes, peer): (Bytes, SocketAddr)) -> Self {
        Self { to: Some(peer), bytes }
    }
}

/// What has become of a datagram that was given to [`send`](super::UdpSocket::send).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fate {
    /// It waits to be sent, in order.
    Queued,
    /// The same, and so many older ones were dropped for it. ([`DropOldest`](crate::SlowPolicy::DropOldest))
    Displaced(usize),
    /// It was dropped: as much waits as may. ([`DropNewest`](crate::SlowPolicy::DropNewest))
    Dropped,
}

/// A datagram that was not taken; it is handed back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
#[non_exhaustive]
pub struct SendRefused {
    /// The datagram.
    pub outgoing: Outgoing,
    /// Why.
    pub why: Refusal,
}

/// Why a datagram was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// As much waits as may, and the policy is to wait.
    #[error(
        "the send queue is full ({waiting} datagrams, {bytes} bytes): wait for `UdpSocket::when_room`, raise \
         `Bind::send_queue`, or choose a policy that drops"
    )]
    Full {
        /// Datagrams that wait.
        waiting: usize,
        /// Their bytes.
        bytes: usize,
    },
    /// No datagram is that long.
    #[error(
        "a datagram of {len} bytes: UDP carries {limit} at most to this peer; send less at once"
    )]
    TooLarge {
        /// Its bytes.
        len: usize,
        /// The most that would go.
        limit: usize,
    },
    /// It says not where it goes, nor does the socket.
    #[error(
        "the datagram names no peer and the socket is not connected: name one, or use `Bind::connect`"
    )]
    NoPeer,
    /// It is to go elsewhere than the socket is connected to.
    #[error("the socket is connected to {connected} and sends to nobody else: use another socket")]
    OtherPeer {
        /// The peer that the socket is connected to.
        connected: SocketAddr,
    },
    /// The socket was closed, or has ended with the actor that had used it first.
    #[error("the socket has ended")]
    Closed,
}

/// What is said of a socket once and for all.
pub(crate) struct Settings {
    pub(crate) local: SocketAddr,
    pub(crate) route: Route,
    /// Bytes of a datagram that are kept.
    pub(crate) max_datagram: usize,
}

/// Where a socket sends: what decides, before anything is queued, whether a datagram can go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Route {
    pub(crate) is_v6: bool,
    /// Who it is connected to, by its plain address.
    pub(crate) peer: Option<SocketAddr>,
}

impl Route {
    /// Whether it can go.
    pub(crate) fn check(&self, outgoing: &Outgoing) -> Result<(), Refusal> {
        let to = match (self.peer, outgoing.to.map(canonical)) {
            (Some(connected), Some(to)) if connected != to => {
                return Err(Refusal::OtherPeer { connected });
            }
            (Some(connected), _) => connected,
            (None, Some(to)) => to,
            (None, None) => return Err(Refusal::NoPeer),
        };
        let (len, limit) = (outgoing.bytes.len(), longest_to(to));
        if len > limit { Err(Refusal::TooLarge { len, limit }) } else { Ok(()) }
    }
}

/// The most bytes of a datagram to this peer, whose address is its plain one.
fn longest_to(peer: SocketAddr) -> usize {
    if peer.is_ipv6() { MAX_DATAGRAM_V6 } else { MAX_DATAGRAM_V4 }
}

/// The error of a datagram that this system does not send, with the limit in it.
pub(crate) fn too_large(len: usize, error: &io::Error) -> io::Error {
    let text = format!(
        "a datagram of {len} bytes is more than this system sends at once ({error}): UDP carries {MAX_DATAGRAM_V4} over IPv4 \
         and {MAX_DATAGRAM_V6} over IPv6, and the send buffer may allow less"
    );
    io::Error::new(io::ErrorKind::InvalidInput, text)
}
