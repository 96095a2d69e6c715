//! Groups: over the loopback interface, as far as this system has groups there.
//!
//! Each test has a group of its own, for others of this machine may be in one.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicU8, Ordering};

use roundsman::net::UdpSocket;
use roundsman::net::udp::{self, Fate, Interface, Membership, MulticastError, Outgoing};

use crate::host::{Event, Host};
use crate::{number, numbered};

/// A group that nobody else is in, mostly: of those that stay within an organisation.
fn group() -> IpAddr {
    static NEXT: AtomicU8 = AtomicU8::new(1);
    let pid = std::process::id().to_be_bytes();
    Ipv4Addr::new(239, pid[2], pid[3], NEXT.fetch_add(1, Ordering::Relaxed)).into()
}

/// A socket that hears groups.
fn receiver() -> UdpSocket {
    udp::socket("0.0.0.0:0").bind().expect("a free port")
}

/// A socket that sends to groups over the loopback interface.
fn sender(from: &str) -> udp::Bind {
    udp::socket(format!("{from}:0")).multicast_interface(Ipv4Addr::LOCALHOST).multicast_ttl(0)
}

#[track_caller]
fn change(host: &Host, membership: Membership) -> Result<(), MulticastError> {
    host.ask(move |ctx| membership.start(ctx, Event::Changed));
    host.changed()
}

/// Joins. False, with a word about it, where this system has no groups on its loopback interface.
#[track_caller]
#[expect(clippy::disallowed_macros, reason = "a test that is skipped says so aloud")]
fn joined(result: Result<(), MulticastError>) -> bool {
    let Err(error) = result else { return true };
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{error}");
    eprintln!("SKIPPED: {error}, so groups were not tried");
    false
}

/// Whether one of these has not sent what it was given; with a word about it.
#[track_caller]
#[expect(clippy::disallowed_macros, reason = "a test that is skipped says so aloud")]
fn has_failed(sockets: &[&UdpSocket]) -> bool {
    let failed = sockets.iter().any(|socket| socket.counts().failed > 0);
    assert!(!failed || std::env::var("CI").as_deref() != Ok("true"), "no way leads to groups");
    if failed {
        eprintln!("SKIPPED: no way leads to groups, so they were not tried");
    }
    failed
}

/// Has the actor send numbers, one after another.
#[track_caller]
fn send(host: &Host, socket: &UdpSocket, to: (IpAddr, u16), numbers: &[u32]) {
    for n in numbers {
        let (socket, outgoing) = (socket.clone(), Outgoing::to(to.into(), numbered(*n)));
        assert_eq!(host.ask(move |ctx| socket.send(ctx, outgoing)), Ok(Fate::Queued));
    }
}

/// Says the same to the socket itself, which hears it after what came before.
#[track_caller]
fn mark(host: &Host, socket: &UdpSocket, from: &UdpSocket, number: u32) {
    send(host, from, (Ipv4Addr::LOCALHOST.into(), socket.local().port()), &[number]);
}

#[track_caller]
fn assert_hears(host: &Host, numbers: &[u32]) {
    for n in numbers {
        assert_eq!(number(&host.came().bytes), *n);
    }
}

#[test]
fn a_socket_hears_a_group_from_when_it_has_joined_until_it_leaves() {
    let (host, group) = (Host::start(), group());
    let (socket, from) = (receiver(), sender("127.0.0.1").bind().expect("a free port"));
    let at = (group, socket.local().port());
    let join = |socket: &UdpSocket| socket.join(group, Ipv4Addr::LOCALHOST);
    // Joined before it has begun to live, and left, and joined again, as it lives.
    if !joined(change(&host, join(&socket))) {
        return;
    }
    host.read(&socket);
    send(&host, &from, at, &[1]);
    assert_hears(&host, &[1]);
    change(&host, socket.leave(group, Ipv4Addr::LOCALHOST)).expect("it was joined");
    send(&host, &from, at, &[2]);
    mark(&host, &socket, &from, 3);
    assert_hears(&host, &[3]);
    change(&host, join(&socket)).expect("it was left");
    send(&host, &from, at, &[4]);
    assert_hears(&host, &[4]);
}

#[test]
fn a_socket_that_has_joined_for_one_source_hears_no_other() {
    let (host, group) = (Host::start(), group());
    let socket = receiver();
    let [good, bad] =
        ["127.0.0.1", "127.0.0.2"].map(|from| sender(from).bind().expect("a free port"));
    let at = (group, socket.local().port());
    let source = good.local().ip();
    if !joined(change(&host, socket.join_source(source, group, Ipv4Addr::LOCALHOST))) {
        return;
    }
    host.read(&socket);
    send(&host, &bad, at, &[1]);
    send(&host, &good, at, &[2]);
    let came = host.came();
    assert_eq!((number(&came.bytes), came.peer), (2, good.local()));
    drop(came);
    change(&host, socket.leave_source(source, group, Ipv4Addr::LOCALHOST)).expect("it was joined");
    send(&host, &good, at, &[3]);
    mark(&host, &socket, &good, 4);
    assert_hears(&host, &[4]);
}

#[test]
fn a_sender_that_is_not_to_be_heard_here_is_not() {
    for from in ["0.0.0.0:0", "[::]:0"] {
        is_not_heard(from);
    }
}

/// Sends to a group from there, so that it is heard here, and so that it is not.
fn is_not_heard(from: &str) {
    let (host, group) = (Host::start(), group());
    let socket = receiver();
    // Over a real interface: that of loopback gives everything back.
    let [loud, silent] = [true, false].map(|hear| {
        let bind = udp::socket(from).multicast_loop(hear).multicast_ttl(0);
        bind.bind().expect("a free port")
    });
    let at = (group, socket.local().port());
    if !joined(change(&host, socket.join(group, Interface::Any))) {
        return;
    }
    host.read(&socket);
    send(&host, &silent, at, &[1]);
    send(&host, &loud, at, &[2]);
    while silent.counts().waiting + loud.counts().waiting > 0 {
        host.ask(|_| ());
    }
    if has_failed(&[&silent, &loud]) {
        return;
    }
    assert_hears(&host, &[2]);
}

#[test]
fn two_sockets_of_one_port_both_hear_a_group() {
    let (host, group) = (Host::start(), group());
    let bind = |port| udp::socket(format!("0.0.0.0:{port}")).reuse_address(true).bind();
    let first = bind(0).expect("a free port");
    let second = bind(first.local().port()).expect("both have said so");
    for socket in [&first, &second] {
        if !joined(change(&host, socket.join(group, Ipv4Addr::LOCALHOST))) {
            return;
        }
        host.read(socket);
    }
    let from = sender("127.0.0.1").bind().expect("a free port");
    send(&host, &from, (group, first.local().port()), &[1]);
    assert_hears(&host, &[1, 1]);
    assert_eq!((first.counts().received, second.counts().received), (1, 1));
}

#[test]
fn a_group_is_joined_once_and_left_once_and_the_errors_say_so() {
    let (host, group) = (Host::start(), group());
    let socket = receiver();
    // Of a socket that has not begun to live, and of one that has.
    for lives in [false, true] {
        if lives {
            host.read(&socket);
        }
        let join = || socket.join(group, Ipv4Addr::LOCALHOST);
        let leave = || socket.leave(group, Ipv4Addr::LOCALHOST);
        if !joined(change(&host, join())) {
            return;
        }
        let error = change(&host, join()).expect_err("it was joined");
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        assert!(error.to_string().contains("joined already"), "{error}");
        change(&host, leave()).expect("it was joined");
        let error = change(&host, leave()).expect_err("it was left");
        assert_eq!(error.kind(), ErrorKind::AddrNotAvailable);
        assert!(error.to_string().contains("not joined"), "{error}");
    }
}

#[test]
fn what_is_no_group_cannot_be_joined() {
    let host = Host::start();
    for (address, group) in [("0.0.0.0:0", "192.0.2.1"), ("[::]:0", "2001:db8::1")] {
        let socket = udp::socket(address).bind().expect("a free port");
        let group = group.parse().expect("an address");
        let error = change(&host, socket.join(group, Interface::Any)).expect_err("it is none");
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("224.0.0.0"), "{error}");
    }
}

#[test]
fn an_interface_that_is_not_there_is_an_error_that_names_it() {
    let (host, socket) = (Host::start(), receiver());
    let nowhere = Ipv4Addr::new(198, 51, 100, 1);
    let error = change(&host, socket.join(group(), nowhere)).expect_err("it is not there");
    assert!(error.to_string().contains("198.51.100.1"), "{error}");
    let error = change(&host, socket.join(group(), 1)).expect_err("it has a number");
    assert!(error.to_string().contains("Interface::Address"), "{error}");
}

#[test]
fn a_group_of_ipv6_is_joined_and_left() {
    let host = Host::start();
    let socket = udp::socket("[::]:0").bind().expect("a free port");
    let group: IpAddr = "ff02::1234".parse().expect("a group");
    if !joined(change(&host, socket.join(group, Interface::Any))) {
        return;
    }
    change(&host, socket.leave(group, Interface::Any)).expect("it was joined");
    let error = change(&host, socket.leave(group, Interface::Any)).expect_err("it was left");
    assert_eq!(error.kind(), ErrorKind::AddrNotAvailable);
    let source: IpAddr = "2001:db8::1".parse().expect("an address");
    let error = change(&host, socket.join_source(source, group, Interface::Any));
    assert_eq!(error.expect_err("of IPv4 only").kind(), ErrorKind::Unsupported);
}

#[test]
fn a_group_of_ipv6_is_heard() {
    let host = Host::start();
    let [socket, from] =
        [(); 2].map(|()| udp::socket("[::]:0").multicast_ttl(1).bind().expect("a free port"));
    // One that stays within an interface.
    let group: IpAddr = "ff01::1234".parse().expect("a group");
    if !joined(change(&host, socket.join(group, Interface::Any))) {
        return;
    }
    host.read(&socket);
    send(&host, &from, (group, socket.local().port()), &[1]);
    while from.counts().waiting > 0 {
        host.ask(|_| ());
    }
    if has_failed(&[&from]) {
        return;
    }
    let came = host.came();
    assert_eq!((number(&came.bytes), came.peer.port()), (1, from.local().port()));
}

#[test]
fn a_socket_that_was_closed_joins_nothing() {
    let (host, socket) = (Host::start(), receiver());
    socket.close();
    let error = change(&host, socket.join(group(), Ipv4Addr::LOCALHOST)).expect_err("it is closed");
    assert_eq!(error.kind(), ErrorKind::NotConnected);
}
