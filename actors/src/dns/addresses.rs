//! The addresses of a host.

use std::net::{IpAddr, SocketAddr};
use std::ops::Deref;
use std::sync::Arc;

/// The addresses of a host, in the order of whoever gave them: never empty when a look-up has found something. Cheap to
/// clone.
///
/// They are socket addresses with port 0, for an IPv6 address may need a scope (`fe80::1%eth0`), which an [`IpAddr`] has
/// not.
///
/// # Examples
/// ```
/// use std::net::IpAddr;
///
/// use roundsman::dns::Addresses;
///
/// let home = Addresses::from_iter(["127.0.0.1".parse::<IpAddr>()?, "::1".parse()?]);
/// assert_eq!(home.ips().map(|ip| ip.to_string()).collect::<Vec<_>>(), ["127.0.0.1", "::1"]);
/// assert_eq!(home.with_port(80)[1].to_string(), "[::1]:80");
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addresses(Arc<[SocketAddr]>);

impl Addresses {
    /// The addresses without their scopes.
    pub fn ips(&self) -> impl ExactSizeIterator<Item = IpAddr> + '_ {
        self.0.iter().map(SocketAddr::ip)
    }

    /// The addresses with this port, in the same order.
    #[must_use]
    pub fn with_port(&self, port: u16) -> Vec<SocketAddr> {
        let with_port = |address: &SocketAddr| {
            let mut address = *address;
            address.set_port(port);
            address
        };
        self.0.iter().map(with_port).collect()
    }
}

impl Deref for Addresses {
    type Target = [SocketAddr];

    fn deref(&self) -> &[SocketAddr] {
        &self.0
    }
}

impl FromIterator<SocketAddr> for Addresses {
    fn from_iter<I: IntoIterator<Item = SocketAddr>>(addresses: I) -> Self {
        Self(addresses.into_iter().collect())
    }
}

impl FromIterator<IpAddr> for Addresses {
    fn from_iter<I: IntoIterator<Item = IpAddr>>(addresses: I) -> Self {
        addresses.into_iter().map(|ip| SocketAddr::new(ip, 0)).collect()
    }
}

impl<'a> IntoIterator for &'a Addresses {
    type Item = &'a SocketAddr;
    type IntoIter = std::slice::Iter<'a, SocketAddr>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}
