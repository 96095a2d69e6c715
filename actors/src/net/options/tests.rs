//! What is said reaches a socket.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use socket2::{Domain, Socket, Type};

use super::*;

/// A socket with these options, bound to a loopback address.
fn socket(ip: impl Into<std::net::IpAddr>, options: &Options) -> Option<Socket> {
    let address = SocketAddr::from((ip.into(), 0));
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None).ok()?;
    socket.bind(&address.into()).ok()?;
    options.apply(&SockRef::from(&socket)).expect("the OS takes them");
    Some(socket)
}

#[test]
fn what_is_not_said_is_the_systems_but_for_nodelay() {
    let plain = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    let socket = socket(Ipv4Addr::LOCALHOST, &Options::new()).expect("a socket");
    assert!(socket.tcp_nodelay().expect("an option"));
    assert!(!socket.keepalive().expect("an option"));
    assert_eq!(socket.linger().expect("an option"), plain.linger().expect("an option"));
    assert_eq!(socket.tos_v4().expect("an option"), plain.tos_v4().expect("an option"));
    let sizes = |socket: &Socket| (socket.send_buffer_size().ok(), socket.recv_buffer_size().ok());
    assert_eq!(sizes(&socket), sizes(&plain));
}

#[test]
fn what_is_said_is_set() {
    let options = Options::new()
        .nodelay(false)
        .keep_alive(Duration::from_secs(77))
        .linger(Duration::from_secs(3))
        .traffic_class(0x10)
        .ttl(9)
        .send_buffer(40_000)
        .receive_buffer(50_000);
    let socket = socket(Ipv4Addr::LOCALHOST, &options).expect("a socket");
    assert!(!socket.tcp_nodelay().expect("an option"));
    assert_eq!(socket.tcp_keepalive_time().expect("an option"), Duration::from_secs(77));
    assert_eq!(socket.linger().expect("an option"), Some(Duration::from_secs(3)));
    assert_eq!((socket.tos_v4().ok(), socket.ttl_v4().ok()), (Some(0x10), Some(9)));
    // Linux doubles what is said.
    assert!(socket.send_buffer_size().is_ok_and(|size| [40_000, 80_000].contains(&size)));
    assert!(socket.recv_buffer_size().is_ok_and(|size| [50_000, 100_000].contains(&size)));
}

#[cfg(unix)]
#[test]
fn ipv6_has_its_own_names_for_the_same() {
    let options = Options::new().traffic_class(0x20).ttl(7);
    // A machine may have no IPv6.
    let Some(socket) = socket(Ipv6Addr::LOCALHOST, &options) else { return };
    assert_eq!(socket.tclass_v6().ok(), Some(0x20));
    assert_eq!(socket.unicast_hops_v6().ok(), Some(7));
}

#[test]
fn less_than_a_second_of_silence_is_a_second() {
    let options = Options::new().keep_alive(Duration::ZERO);
    let socket = socket(Ipv4Addr::LOCALHOST, &options).expect("a socket");
    assert_eq!(socket.tcp_keepalive_time().expect("an option"), Duration::from_secs(1));
}
