//! The groups that a socket for datagrams joins: what the OS is told.

use std::io;
use std::net::{IpAddr, Ipv4Addr};

use socket2::SockRef;

use super::DatagramSocket;
use crate::net::multicast::{Change, Interface};

impl DatagramSocket {
    /// Joins a group, or leaves one.
    pub(crate) fn change(&self, change: &Change) -> io::Result<()> {
        if !change.group.is_multicast() {
            return Err(invalid("no group: those are 224.0.0.0 to 239.255.255.255, and ff00::/8"));
        }
        let socket = match self {
            Self::Udp(socket) => SockRef::from(socket),
            Self::Simulated(socket) if change.source.is_none() => {
                return socket.set_member(change.group, change.joins);
            }
            Self::Simulated(_) => {
                let text = "a simulated network has no groups of one source";
                return Err(io::Error::new(io::ErrorKind::Unsupported, text));
            }
        };
        match (change.group, change.source) {
            (IpAddr::V4(group), None) => {
                let interface = v4(change.interface)?;
                if change.joins {
                    socket.join_multicast_v4(&group, &interface)
                } else {
                    socket.leave_multicast_v4(&group, &interface)
                }
            }
            (IpAddr::V4(group), Some(IpAddr::V4(source))) => {
                let interface = v4(change.interface)?;
                if change.joins {
                    socket.join_ssm_v4(&source, &group, &interface)
                } else {
                    socket.leave_ssm_v4(&source, &group, &interface)
                }
            }
            (IpAddr::V6(group), None) => {
                let interface = v6(change.interface)?;
                if change.joins {
                    socket.join_multicast_v6(&group, interface)
                } else {
                    socket.leave_multicast_v6(&group, interface)
                }
            }
            (IpAddr::V6(_), Some(IpAddr::V6(_))) => {
                let text = "one source of a group can be chosen over IPv4 only";
                Err(io::Error::new(io::ErrorKind::Unsupported, text))
            }
            (IpAddr::V4(_), Some(IpAddr::V6(_))) | (IpAddr::V6(_), Some(IpAddr::V4(_))) => {
                Err(invalid("a group and its source are of one family"))
            }
        }
    }
}

/// Says over which interface goes what is sent to groups.
pub(crate) fn set_interface(
    socket: &SockRef<'_>,
    is_v6: bool,
    interface: Interface,
) -> io::Result<()> {
    if is_v6 {
        socket.set_multicast_if_v6(v6(interface)?)
    } else {
        socket.set_multicast_if_v4(&v4(interface)?)
    }
}

fn v4(interface: Interface) -> io::Result<Ipv4Addr> {
    match interface {
        Interface::Any => Ok(Ipv4Addr::UNSPECIFIED),
        Interface::Address(address) => Ok(address),
        Interface::Index(_) => {
            Err(invalid("over IPv4 an interface is named by its address: `Interface::Address`"))
        }
    }
}

fn v6(interface: Interface) -> io::Result<u32> {
    match interface {
        Interface::Any => Ok(0),
        Interface::Index(index) => Ok(index),
        Interface::Address(_) => {
            Err(invalid("over IPv6 an interface is named by its index: `Interface::Index`"))
        }
    }
}

fn invalid(text: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, text)
}
