//! Sockets that are connected to one peer, and what the network says of it.

use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket as StdSocket};

use bytes::Bytes;
use roundsman::net::UdpSocket;
use roundsman::net::udp::{self, Fate, Outgoing, Refusal};
use roundsman::stream::Source;

use crate::host::{Event, Host};
use crate::{address, next, number, numbered, patient, peer};

/// A socket that is connected to a peer.
fn connected(peer: &StdSocket) -> UdpSocket {
    udp::socket("127.0.0.1:0").connect(address(peer)).bind().expect("a free port")
}

/// Has the actor send bytes to the connected peer.
fn send(host: &Host, socket: &UdpSocket, bytes: Bytes) {
    let socket = socket.clone();
    assert_eq!(host.ask(move |ctx| socket.send(ctx, bytes)), Ok(Fate::Queued));
}

#[test]
fn a_connected_socket_hears_its_peer_and_no_stranger() {
    let (host, peer, stranger) = (Host::start(), peer(), peer());
    let socket = connected(&peer);
    assert_eq!(socket.peer(), Some(address(&peer)));
    host.read(&socket);
    stranger.send_to(b"let me in", socket.local()).expect("it goes");
    peer.send_to(b"hello", socket.local()).expect("it goes");
    let came = host.came();
    assert_eq!((&came.bytes[..], came.peer), (&b"hello"[..], address(&peer)));
    drop(came);
    host.nothing();
    assert_eq!(socket.counts().received, 1);
}

#[test]
fn bytes_that_are_piped_into_a_connected_socket_reach_its_peer() {
    let (host, peer) = (Host::start(), peer());
    let socket = connected(&peer);
    let writer = socket.writer();
    host.ask(move |ctx| {
        Source::iter((0..50).map(numbered)).pipe(writer).start(ctx, Event::Ended);
    });
    for n in 0..50 {
        let (bytes, from) = next(&peer);
        assert_eq!((number(&bytes), from), (n, socket.local()));
    }
    let summary = host.ended().expect("it ends well");
    assert_eq!((summary.items, summary.bytes), (50, 200));
}

#[test]
fn a_connected_socket_sends_to_nobody_else() {
    let (host, peer, other) = (Host::start(), peer(), peer());
    let socket = connected(&peer);
    let outgoing = Outgoing::to(address(&other), Bytes::from_static(b"?"));
    let refused = host.ask({
        let (socket, outgoing) = (socket.clone(), outgoing.clone());
        move |ctx| socket.send(ctx, outgoing)
    });
    let refused = refused.expect_err("it is another peer");
    assert_eq!(refused.outgoing, outgoing);
    assert_eq!(refused.why, Refusal::OtherPeer { connected: address(&peer) });
    assert!(refused.to_string().contains(&address(&peer).to_string()), "{refused}");
    let named = Outgoing::to(address(&peer), Bytes::from_static(b"!"));
    host.ask(move |ctx| socket.send(ctx, named)).expect("it is the peer");
    assert_eq!(next(&peer).0, b"!");
}

/// A peer that is gone, and its address.
fn nobody() -> (SocketAddr, impl FnOnce() -> StdSocket) {
    let address = address(&peer());
    (address, move || patient(StdSocket::bind(address).expect("it was free a moment ago")))
}

#[test]
fn a_reader_fails_when_nobody_is_at_the_peers_port_and_the_socket_goes_on() {
    let host = Host::start();
    host.listen();
    let (at, come_back) = nobody();
    let socket = udp::socket("127.0.0.1:0").connect(at).bind().expect("a free port");
    host.read(&socket);
    send(&host, &socket, numbered(1));
    let failure = host.failure();
    assert_eq!((failure.to, failure.len), (Some(at), None));
    assert_eq!(failure.error.kind(), ErrorKind::ConnectionRefused);
    let error = host.ended().expect_err("nobody is there");
    assert_eq!(error.io_kind(), Some(ErrorKind::ConnectionRefused));
    assert_eq!(error.stage(), format!("udp reader {at}"));
    assert_eq!((socket.counts().sent, socket.counts().errors), (1, 1));
    let peer = come_back();
    host.read(&socket);
    send(&host, &socket, numbered(2));
    let (bytes, from) = next(&peer);
    assert_eq!(number(&bytes), 2);
    peer.send_to(b"here I am", from).expect("it goes");
    assert_eq!(&host.came().bytes[..], b"here I am");
}

#[test]
fn a_reader_fails_although_nothing_is_asked_for() {
    let (host, peer) = (Host::start(), peer());
    let socket = connected(&peer);
    for n in 0..16 {
        peer.send_to(&numbered(n), socket.local()).expect("it goes");
    }
    host.read(&socket);
    let kept: Vec<_> = (0..16).map(|_| host.came()).collect();
    drop(peer);
    send(&host, &socket, numbered(1));
    let error = host.ended().expect_err("nobody is there");
    assert_eq!(error.io_kind(), Some(ErrorKind::ConnectionRefused));
    drop(kept);
}

#[test]
fn a_writer_goes_on_although_nobody_is_there_and_every_datagram_is_tried() {
    let host = Host::start();
    let (at, _) = nobody();
    let socket = udp::socket("127.0.0.1:0").connect(at).bind().expect("a free port");
    let writer = socket.writer();
    host.ask(move |ctx| {
        Source::iter((0..100).map(numbered)).pipe(writer).start(ctx, Event::Ended);
    });
    assert_eq!(host.ended().expect("it ends well").items, 100);
    let counts = socket.counts();
    assert_eq!((counts.accepted, counts.sent, counts.failed), (100, 100, 0));
    assert!(counts.errors > 0, "what the network says is counted: {counts:?}");
}

#[test]
fn a_socket_that_is_not_connected_fails_by_no_peer() {
    let (host, peer) = (Host::start(), peer());
    let (at, _) = nobody();
    let socket = udp::socket("127.0.0.1:0").bind().expect("a free port");
    host.read(&socket);
    for to in [at, at, address(&peer)] {
        let (socket, outgoing) = (socket.clone(), Outgoing::to(to, numbered(7)));
        assert_eq!(host.ask(move |ctx| socket.send(ctx, outgoing)), Ok(Fate::Queued));
    }
    let (bytes, from) = next(&peer);
    assert_eq!((number(&bytes), from), (7, socket.local()));
    peer.send_to(b"hello", socket.local()).expect("it goes");
    assert_eq!(&host.came().bytes[..], b"hello");
}

#[test]
fn a_socket_for_both_families_that_is_connected_to_ipv4_has_plain_addresses() {
    let (host, peer) = (Host::start(), peer());
    let SocketAddr::V4(plain) = address(&peer) else { panic!("it is IPv4") };
    let mapped = SocketAddr::from((plain.ip().to_ipv6_mapped(), plain.port()));
    for to in [plain.into(), mapped] {
        let socket = udp::socket("[::]:0").connect(to).bind().expect("a free port");
        assert_eq!(socket.peer(), Some(plain.into()));
        assert!(socket.local().is_ipv4(), "{}", socket.local());
        for outgoing in [Outgoing::to(to, numbered(1)), numbered(1).into()] {
            let socket = socket.clone();
            host.ask(move |ctx| socket.send(ctx, outgoing)).expect("it is the peer");
            assert_eq!(number(&next(&peer).0), 1);
        }
        peer.send_to(b"hello", socket.local()).expect("it goes");
        host.read(&socket);
        assert_eq!(host.came().peer, plain.into());
    }
}
