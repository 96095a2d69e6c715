//! Options: what is asked for is in effect, and what cannot be had is said.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket as StdSocket};

use roundsman::SlowPolicy;
use roundsman::net::udp::{self, Bind, Interface};

fn loopback() -> Bind {
    udp::socket("127.0.0.1:0")
}

/// How a socket cannot be bound.
#[track_caller]
fn refusal(bind: Bind) -> (ErrorKind, String) {
    let error = bind.bind().expect_err("it cannot be");
    (error.kind(), error.to_string())
}

#[test]
fn options_of_ipv4_and_ipv6_are_in_effect() {
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let bind =
            udp::socket(address).broadcast(true).ttl(7).multicast_ttl(3).multicast_loop(false);
        let socket = bind.bind().expect("a free port");
        let now = socket.in_effect();
        assert!(now.broadcast && !now.multicast_loop, "{now:?}");
        assert_eq!((now.ttl, now.multicast_ttl), (7, 3), "{address}");
    }
}

#[test]
fn what_is_not_said_is_left_to_the_os() {
    let now = loopback().bind().expect("a free port").in_effect();
    let os = StdSocket::bind("127.0.0.1:0").expect("a free port");
    assert_eq!(now.broadcast, os.broadcast().expect("it says"));
    assert_eq!(now.ttl, os.ttl().expect("it says"));
    assert_eq!(now.multicast_ttl, os.multicast_ttl_v4().expect("it says"));
    assert_eq!(now.multicast_loop, os.multicast_loop_v4().expect("it says"));
}

#[test]
fn buffers_are_as_large_as_was_asked_for_or_as_the_os_allows() {
    let sizes = [8 * 1024, 64 * 1024];
    let [small, large] = sizes.map(|bytes| {
        loopback().receive_buffer(bytes).send_buffer(bytes).bind().expect("a free port").in_effect()
    });
    // Linux doubles what is said.
    assert!(small.receive_buffer >= sizes[0] && large.receive_buffer >= sizes[1], "{large:?}");
    assert!(small.send_buffer >= sizes[0] && large.send_buffer >= sizes[1], "{large:?}");
    assert!(small.receive_buffer < large.receive_buffer);
    assert!(small.send_buffer < large.send_buffer);
}

#[test]
fn a_port_that_is_taken_is_an_error_that_says_what_to_do() {
    let socket = loopback().bind().expect("a free port");
    let (kind, text) = refusal(udp::socket(socket.local()));
    assert_eq!(kind, ErrorKind::AddrInUse);
    assert!(text.contains(&socket.local().to_string()) && text.contains("reuse_address"), "{text}");
}

#[test]
fn sockets_that_all_reuse_an_address_share_it() {
    let first = loopback().reuse_address(true).bind().expect("a free port");
    let second = udp::socket(first.local()).reuse_address(true).bind().expect("both have said so");
    assert_eq!(first.local(), second.local());
}

#[cfg(unix)]
#[test]
fn sockets_that_all_reuse_a_port_share_it() {
    let first = loopback().reuse_port(true).bind().expect("a free port");
    let second = udp::socket(first.local()).reuse_port(true).bind().expect("both have said so");
    assert_eq!(first.local(), second.local());
    assert_eq!(refusal(udp::socket(first.local())).0, ErrorKind::AddrInUse);
}

#[test]
fn a_socket_of_ipv6_takes_both_families_unless_it_says_otherwise() {
    let at = |port| SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
    let both = udp::socket("[::]:0").bind().expect("a free port");
    assert_eq!(refusal(udp::socket(at(both.local().port()))).0, ErrorKind::AddrInUse);
    // The OS chooses a port that may be taken in the other family.
    let alone = (0..100).any(|_| {
        let v6 = udp::socket("[::]:0").only_v6(true).bind().expect("a free port");
        udp::socket(at(v6.local().port())).bind().is_ok()
    });
    assert!(alone, "the port is free in IPv4");
}

#[test]
fn a_star_stands_for_every_address() {
    let socket = udp::socket("*:0").bind().expect("a free port");
    assert!(socket.local().ip().is_unspecified());
}

#[test]
fn an_address_that_is_none_is_an_error_that_says_what_one_is() {
    for address in ["", "53", "example.com:53", "127.0.0.1", "127.0.0.1:70000", "*:", "*:x"] {
        let (kind, text) = refusal(udp::socket(address));
        assert_eq!(kind, ErrorKind::InvalidInput, "{address}");
        assert!(text.contains("IP:PORT"), "{text}");
    }
}

#[test]
fn an_address_of_another_machine_is_an_error() {
    let (kind, text) = refusal(udp::socket("198.51.100.1:0"));
    assert_eq!(kind, ErrorKind::AddrNotAvailable);
    assert!(text.contains("198.51.100.1:0") && text.contains("no such address"), "{text}");
}

#[test]
fn a_send_queue_has_nobody_to_disconnect() {
    let (kind, text) = refusal(loopback().send_queue(10, SlowPolicy::Disconnect));
    assert_eq!(kind, ErrorKind::InvalidInput);
    assert!(text.contains("nobody to disconnect"), "{text}");
}

#[test]
fn an_option_that_cannot_be_set_is_named() {
    let (kind, text) = refusal(loopback().multicast_interface(Interface::Index(1)));
    assert_eq!(kind, ErrorKind::InvalidInput);
    assert!(text.contains("multicast interface") && text.contains("Interface::Address"), "{text}");
    let (_, text) = refusal(udp::socket("[::1]:0").multicast_interface(Ipv4Addr::LOCALHOST));
    assert!(text.contains("Interface::Index"), "{text}");
}
