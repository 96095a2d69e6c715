//! Groups that a UDP socket joins and leaves: as blueprints, whose outcome is a message.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr};

use roundsman_runtime::{Actor, AskError, Context};

use super::udp_socket::{Doing, UdpSocket};

/// Over which interface a group is joined, or reached.
///
/// # Examples
/// ```
/// use std::net::Ipv4Addr;
/// use roundsman::net::udp::Interface;
///
/// assert_eq!(Interface::from(Ipv4Addr::LOCALHOST), Interface::Address(Ipv4Addr::LOCALHOST));
/// assert_eq!(Interface::default(), Interface::Any);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Interface {
    /// The one that the OS chooses: mostly that of the default route.
    #[default]
    Any,
    /// The one that has this address. (IPv4)
    Address(Ipv4Addr),
    /// The one of this number, as `ip link` counts them. (IPv6; the scope of an address, `%2`)
    Index(u32),
}

impl From<Ipv4Addr> for Interface {
    fn from(address: Ipv4Addr) -> Self {
        Self::Address(address)
    }
}

impl From<u32> for Interface {
    fn from(index: u32) -> Self {
        Self::Index(index)
    }
}

impl fmt::Display for Interface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any interface"),
            Self::Address(address) => write!(f, "interface {address}"),
            Self::Index(index) => write!(f, "interface number {index}"),
        }
    }
}

/// What a socket is to join or leave.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change {
    pub(crate) joins: bool,
    pub(crate) group: IpAddr,
    /// The only one who is to be heard.
    pub(crate) source: Option<IpAddr>,
    pub(crate) interface: Interface,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = if self.joins { "joining" } else { "leaving" };
        write!(f, "{verb} the group {} on {}", self.group, self.interface)?;
        match self.source {
            Some(source) => write!(f, ", from {source} only"),
            None => Ok(()),
        }
    }
}

/// A group that is to be joined or left, as a blueprint: nothing happens until [`start`](Self::start). Made by
/// [`UdpSocket::join`] and its like.
#[derive(Debug)]
#[must_use = "nothing is joined or left until `start`"]
pub struct Membership {
    socket: UdpSocket,
    change: Change,
}

/// Why a group was not joined or left.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MulticastError {
    /// The OS said no.
    #[error("{what}: {source}{}", remedy(source))]
    Io {
        /// What was tried.
        what: String,
        /// What was said: `AddrInUse`, it was joined already; `AddrNotAvailable`, it was not joined.
        source: io::Error,
    },
    /// The socket did not answer: it has ended.
    #[error("{what}: the socket has ended ({source})")]
    NoAnswer {
        /// What was tried.
        what: String,
        /// How it came to nothing.
        source: AskError,
    },
}

impl MulticastError {
    /// What kind of error it was: the OS's, or `NotConnected`.
    #[must_use]
    pub fn kind(&self) -> io::ErrorKind {
        match self {
            Self::Io { source, .. } => source.kind(),
            Self::NoAnswer { .. } => io::ErrorKind::NotConnected,
        }
    }
}

fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => "; it was joined already",
        io::ErrorKind::AddrNotAvailable => "; it was not joined there",
        _ if error.raw_os_error() == Some(NO_DEVICE) => {
            "; no interface leads there, or none has that name: say which with `Interface`"
        }
        _ => "",
    }
}

/// ENODEV, of Unix.
const NO_DEVICE: i32 = 19;

impl Membership {
    pub(crate) fn new(socket: UdpSocket, change: Change) -> Self {
        Self { socket, change }
    }

    /// Joins or leaves; the outcome arrives as the actor's own message, after everything that the socket was told before.
    /// Answers within [`ASK_TIMEOUT`](roundsman_runtime::ASK_TIMEOUT). It does not begin the socket's life.
    pub fn start<A, F>(self, ctx: &mut Context<'_, A>, map: F)
    where
        A: Actor,
        F: Fn(Result<(), MulticastError>) -> A::Message + Send + Sync + 'static,
    {
        let Self { socket, change } = self;
        match socket.begin_change(change) {
            Doing::Done(result) => {
                let result = result.map_err(|source| failed(&change, source));
                ctx.recipient(map).complete(result);
            }
            Doing::Ask(engine) => {
                let question = |reply| super::datagram::Message::Change(change, reply);
                ctx.ask(&engine, question, move |answer| {
                    map(match answer {
                        Ok(result) => result.map_err(|source| failed(&change, source)),
                        Err(source) => {
                            Err(MulticastError::NoAnswer { what: change.to_string(), source })
                        }
                    })
                });
            }
        }
    }
}

fn failed(change: &Change, source: io::Error) -> MulticastError {
    MulticastError::Io { what: change.to_string(), source }
}
