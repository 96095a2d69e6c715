//! Where one end of a connection is, whatever its family.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use socket2::SockAddr;

/// Where one end of a connection is: an address and a port, or what Unix sockets have in their place.
///
/// # Examples
/// ```
/// use std::net::SocketAddr;
/// use roundsman::net::Endpoint;
///
/// let address: SocketAddr = "192.0.2.1:6667".parse()?;
/// let peer = Endpoint::from(address);
/// assert_eq!(peer.to_string(), "192.0.2.1:6667");
/// assert_eq!(peer.ip(), Some(address.ip()));
/// assert_eq!(Endpoint::Path("chat.sock".into()).ip(), None);
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Endpoint {
    /// An address of the Internet, and a port.
    Ip(SocketAddr),
    /// A Unix socket with a place in the file system.
    Path(PathBuf),
    /// A Unix socket with a name that is no file. (Linux: an abstract name, without the leading NUL.)
    Abstract(Vec<u8>),
    /// A Unix socket without a name: mostly that of whoever has connected.
    Unnamed,
}

impl Endpoint {
    /// The address and the port, if there are such.
    #[must_use]
    pub fn socket_addr(&self) -> Option<SocketAddr> {
        match self {
            Self::Ip(address) => Some(*address),
            Self::Path(_) | Self::Abstract(_) | Self::Unnamed => None,
        }
    }

    /// The address, if there is one.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        self.socket_addr().map(|address| address.ip())
    }

    /// The port, if there is one.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.socket_addr().map(|address| address.port())
    }

    /// The place in the file system, if it has one.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Path(path) => Some(path),
            Self::Ip(_) | Self::Abstract(_) | Self::Unnamed => None,
        }
    }

    /// What these sockets are called in names of actors and stages.
    pub(crate) fn family(&self) -> &'static str {
        match self {
            Self::Ip(_) => "tcp",
            Self::Path(_) | Self::Abstract(_) | Self::Unnamed => "unix",
        }
    }

    /// As the OS says it.
    pub(crate) fn from_os(address: &SockAddr) -> Self {
        if let Some(address) = address.as_socket() {
            return Self::Ip(canonical(address));
        }
        super::transport::local_name(address)
    }
}

/// A peer of IPv4 that a socket for both families has accepted has its address in one of IPv6: the plain one is given.
pub(crate) fn canonical(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V6(v6) => match v6.ip().to_ipv4_mapped() {
            Some(v4) => SocketAddr::new(v4.into(), v6.port()),
            None => address,
        },
        SocketAddr::V4(_) => address,
    }
}

impl From<SocketAddr> for Endpoint {
    fn from(address: SocketAddr) -> Self {
        Self::Ip(address)
    }
}

impl From<&Endpoint> for Endpoint {
    fn from(endpoint: &Endpoint) -> Self {
        endpoint.clone()
    }
}

impl PartialEq<SocketAddr> for Endpoint {
    fn eq(&self, other: &SocketAddr) -> bool {
        self.socket_addr() == Some(*other)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(address) => address.fmt(f),
            Self::Path(path) => path.display().fmt(f),
            Self::Abstract(name) => write!(f, "@{}", name.escape_ascii()),
            Self::Unnamed => f.write_str("unnamed"),
        }
    }
}
