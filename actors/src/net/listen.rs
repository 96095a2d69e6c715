//! What is said of a socket before it listens, and why it cannot.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use super::block_list::BlockList;
use super::endpoint::Endpoint;
use super::listener::{Listener, Settings};
use super::options::Options;
use super::transport::ListenSocket;

/// Connections that the OS holds until they are accepted. (Node and libuv: 511.)
const BACKLOG: u32 = 511;
/// How often two sockets are tried to be had on one port that the OS chooses.
const PORTS_TRIED: usize = 16;

/// A socket that is to listen, as a blueprint: nothing happens until [`bind`](Self::bind).
#[derive(Clone, Debug)]
#[must_use = "nothing listens until `bind`"]
pub struct Listen {
    place: Place,
    backlog: u32,
    only_v6: bool,
    reuse_port: bool,
    settings: Settings,
}

/// Where.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// An address, as it was said.
    Tcp(String),
    Local(Endpoint),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => f.write_str(address),
            Self::Local(endpoint) => endpoint.fmt(f),
        }
    }
}

/// A listener could not be had.
#[derive(Debug)]
pub struct ListenError {
    place: Place,
    source: io::Error,
}

impl ListenError {
    /// What kind of error the OS gave: `AddrInUse`, `PermissionDenied`, …
    #[must_use]
    pub fn kind(&self) -> io::ErrorKind {
        self.source.kind()
    }

    fn remedy(&self) -> &'static str {
        match (&self.place, self.kind()) {
            (Place::Tcp(_), io::ErrorKind::AddrInUse) => {
                "; another process listens there: choose another port, or 0 for any"
            }
            (Place::Tcp(_), io::ErrorKind::PermissionDenied) => {
                "; ports below 1024 need the right to bind them"
            }
            (Place::Tcp(_), io::ErrorKind::AddrNotAvailable) => {
                "; this machine has no such address"
            }
            (Place::Local(_), io::ErrorKind::AddrInUse) => {
                "; another process listens there, or it is no socket: choose another path"
            }
            (Place::Local(_), io::ErrorKind::NotFound) => "; its directory must be there",
            _ => "",
        }
    }
}

impl fmt::Display for ListenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot listen on {}: {}{}", self.place, self.source, self.remedy())
    }
}

impl std::error::Error for ListenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

impl Listen {
    pub(crate) fn new(place: Place) -> Self {
        let settings = Settings::default();
        Self { place, backlog: BACKLOG, only_v6: false, reuse_port: false, settings }
    }

    /// How many connections the OS holds until they are accepted; it may have a lower limit (Linux: `somaxconn`).
    /// Default 511, as in Node.
    pub fn backlog(mut self, connections: u32) -> Self {
        self.backlog = connections;
        self
    }

    /// Options of the connections that are accepted. (TCP)
    pub fn options(mut self, options: Options) -> Self {
        self.settings.options = options;
        self
    }

    /// `[::]` takes IPv6 only. Default: both families. (Node: `ipv6Only`.)
    pub fn only_v6(mut self, only: bool) -> Self {
        self.only_v6 = only;
        self
    }

    /// Several sockets may listen at the same address, if each of them says so, and the OS spreads connections over them: one
    /// on each loop accepts for itself. See [`Listener::local`] for the port of the first. (TCP on Unix; `SO_REUSEPORT`)
    ///
    /// The OS goes by the peer's address and asks nobody: a loop that is busy gets its share. [`spread`](Self::spread) is the
    /// other way.
    pub fn reuse_port(mut self, reuse: bool) -> Self {
        self.reuse_port = reuse;
        self
    }

    /// Each connection will live on the loop that has fewest connections of this listener, as if
    /// [`move_to`](super::Connection::move_to) had been said. [`Connection::home`](super::Connection::home) says which, for
    /// whoever spawns an actor beside it.
    pub fn spread(mut self) -> Self {
        self.settings.spread = true;
        self
    }

    /// Most connections that are open at once. Further ones are accepted, closed at once, and told as a
    /// [`ConnectionDropped`](super::ConnectionDropped). Default: as many as there are descriptors. (Node: `maxConnections`.)
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.settings.max_connections = Some(connections);
        self
    }

    /// Connections from these addresses are closed at once, and told as a
    /// [`ConnectionDropped`](super::ConnectionDropped). (Node: `blockList`.)
    pub fn block(mut self, list: BlockList) -> Self {
        self.settings.blocked = Some(Arc::new(list));
        self
    }

    /// Binds the socket. From now on the OS queues who connects; accepted is who is asked for.
    ///
    /// # Errors
    /// The address is in use, not this machine's, or may not be bound; the error says what to do.
    pub fn bind(self) -> Result<Listener, ListenError> {
        let sockets = match &self.place {
            Place::Tcp(address) => self.bind_tcp(address),
            Place::Local(endpoint) => self.bind_local(endpoint).map(|socket| vec![socket]),
        };
        let listener = sockets.and_then(|sockets| Listener::new(sockets, self.settings.clone()));
        listener.map_err(|source| ListenError { place: self.place, source })
    }

    fn bind_local(&self, endpoint: &Endpoint) -> io::Result<ListenSocket> {
        ListenSocket::bind_local(endpoint, self.os_backlog())
    }

    fn os_backlog(&self) -> i32 {
        i32::try_from(self.backlog).unwrap_or(i32::MAX)
    }

    fn bind_one(&self, address: SocketAddr) -> io::Result<ListenSocket> {
        let options = &self.settings.options;
        ListenSocket::bind_tcp(address, self.only_v6, self.reuse_port, self.os_backlog(), options)
    }

    fn bind_tcp(&self, address: &str) -> io::Result<Vec<ListenSocket>> {
        if let Some(port) = port_of(address, "localhost:") {
            return self.bind_loopback(port?);
        }
        if let Some(port) = port_of(address, "*:") {
            let port = port?;
            let both = self.bind_one((Ipv6Addr::UNSPECIFIED, port).into());
            let bound = match both {
                Err(error) if has_no_v6(&error) => {
                    self.bind_one((Ipv4Addr::UNSPECIFIED, port).into())
                }
                bound => bound,
            };
            return Ok(vec![bound?]);
        }
        let address = address.parse().map_err(|_| not_an_address())?;
        Ok(vec![self.bind_one(address)?])
    }

    /// Both loopback addresses, on one port.
    fn bind_loopback(&self, port: u16) -> io::Result<Vec<ListenSocket>> {
        let mut tries = 0;
        loop {
            tries += 1;
            let v4 = self.bind_one((Ipv4Addr::LOCALHOST, port).into())?;
            let port_had = v4.endpoint()?.port().unwrap_or(port);
            match self.bind_one((Ipv6Addr::LOCALHOST, port_had).into()) {
                Ok(v6) => return Ok(vec![v4, v6]),
                Err(error) if has_no_v6(&error) => return Ok(vec![v4]),
                // The OS has chosen a port that somebody else has in the other family.
                Err(error)
                    if port == 0
                        && tries < PORTS_TRIED
                        && error.kind() == io::ErrorKind::AddrInUse => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// The port of an address that begins so.
fn port_of(address: &str, prefix: &str) -> Option<io::Result<u16>> {
    address.strip_prefix(prefix).map(|port| port.parse().map_err(|_| not_an_address()))
}

fn not_an_address() -> io::Error {
    let text = "it takes IP:PORT, [IPv6]:PORT, localhost:PORT or *:PORT";
    io::Error::new(io::ErrorKind::InvalidInput, text)
}

/// Whether the error says that this machine has no IPv6, or none on its loopback interface.
pub(super) fn has_no_v6(error: &io::Error) -> bool {
    /// EAFNOSUPPORT of Linux, of BSD, and of Windows.
    const NO_FAMILY: [i32; 3] = [97, 47, 10047];
    error.kind() == io::ErrorKind::AddrNotAvailable
        || error.raw_os_error().is_some_and(|code| NO_FAMILY.contains(&code))
}
