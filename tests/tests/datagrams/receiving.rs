//! What comes: whole, in order, from whom it is said, and no more than is asked for.

use roundsman::net::udp;
use roundsman::stream::Cut;

use crate::host::Host;
use crate::{address, next, number, numbered, peer, peer_at};

/// Loopback addresses of both families.
const FAMILIES: [&str; 2] = ["127.0.0.1", "::1"];

/// A socket at this address, on a free port.
fn socket_at(ip: &str) -> udp::Bind {
    let host = if ip.contains(':') { format!("[{ip}]:0") } else { format!("{ip}:0") };
    udp::socket(host)
}

#[test]
fn a_datagram_comes_whole_with_the_address_of_its_sender() {
    for ip in FAMILIES {
        let (host, peer) = (Host::start(), peer_at(ip));
        let socket = socket_at(ip).bind().expect("a free port");
        host.read(&socket);
        peer.send_to(b"hello", socket.local()).expect("it goes");
        let came = host.came();
        assert_eq!(
            (&came.bytes[..], came.peer, came.truncated),
            (&b"hello"[..], address(&peer), false)
        );
        assert_eq!(socket.counts().received, 1);
        assert_eq!(socket.counts().received_bytes, 5);
    }
}

#[test]
fn an_empty_datagram_is_an_item_and_not_the_end() {
    let (host, peer) = (Host::start(), peer());
    let socket = socket_at("127.0.0.1").bind().expect("a free port");
    host.read(&socket);
    for bytes in [&b""[..], b"", b"more"] {
        peer.send_to(bytes, socket.local()).expect("it goes");
        assert_eq!(&host.came().bytes[..], bytes);
    }
}

#[test]
fn the_longest_datagram_comes_and_goes_back_whole() {
    for (ip, longest) in FAMILIES.into_iter().zip([udp::MAX_DATAGRAM_V4, udp::MAX_DATAGRAM_V6]) {
        let (host, peer) = (Host::start(), peer_at(ip));
        let socket = socket_at(ip).bind().expect("a free port");
        host.ask({
            let socket = socket.clone();
            move |ctx| socket.reader().pipe(socket.writer()).start(ctx, crate::host::Event::Ended)
        });
        for len in [longest, 20_000, 1, longest - 1] {
            let bytes: Vec<u8> = (0..len).map(|at| at as u8).collect();
            peer.send_to(&bytes, socket.local()).expect("it goes");
            let (back, from) = next(&peer);
            assert!(back == bytes, "{} of {len} bytes came back", back.len());
            assert_eq!(from, socket.local());
        }
    }
}

#[test]
fn a_datagram_longer_than_is_kept_is_cut_off_and_flagged_and_an_exact_fit_is_not() {
    let (host, peer) = (Host::start(), peer());
    for max in [10, 20_000] {
        let socket = socket_at("127.0.0.1").max_datagram(max).bind().expect("a free port");
        host.read(&socket);
        for len in [max - 1, max, max + 1, max + 2_000, 3] {
            peer.send_to(&vec![7; len], socket.local()).expect("it goes");
            let came = host.came();
            assert_eq!((came.bytes.len(), came.truncated), (len.min(max), len > max), "{len}");
        }
        assert_eq!(socket.counts().truncated, 2);
        assert_eq!(socket.counts().received, 5);
        socket.close();
        assert!(host.ended().is_ok());
    }
}

#[test]
fn no_datagram_is_received_that_nobody_has_asked_for() {
    let (host, peer) = (Host::start(), peer());
    let socket = socket_at("127.0.0.1").bind().expect("a free port");
    for n in 0..60 {
        peer.send_to(&numbered(n), socket.local()).expect("it goes");
    }
    host.read(&socket);
    // An inlet lets 16 items be under way; nobody has dropped any.
    let mut kept: Vec<_> = (0..16).map(|_| host.came()).collect();
    host.nothing();
    assert_eq!(socket.counts().received, 16);
    kept.clear();
    for n in 16..60 {
        assert_eq!(number(&host.came().bytes), n);
    }
}

#[test]
fn a_cancelled_reader_can_be_piped_again_and_gives_what_came_meanwhile() {
    let (host, peer) = (Host::start(), peer());
    let socket = socket_at("127.0.0.1").bind().expect("a free port");
    for round in 0..3 {
        peer.send_to(&numbered(round), socket.local()).expect("it goes");
        let running = host.read(&socket);
        assert_eq!(number(&host.came().bytes), round);
        running.cancel("enough");
        assert!(host.ended().expect_err("it was cancelled").is_cancelled());
    }
}

#[test]
fn a_second_reader_at_once_is_refused_and_the_first_goes_on() {
    let (host, peer) = (Host::start(), peer());
    let socket = socket_at("127.0.0.1").bind().expect("a free port");
    host.read(&socket);
    host.read(&socket);
    let error = host.ended().expect_err("it is in use");
    assert_eq!(error.cause_as(), Some(&Cut::InUse));
    assert!(error.stage().starts_with("udp reader "), "{error}");
    peer.send_to(b"still", socket.local()).expect("it goes");
    assert_eq!(&host.came().bytes[..], b"still");
}

#[test]
fn a_paused_reader_receives_nothing_until_it_resumes() {
    let (host, peer) = (Host::start(), peer());
    let socket = socket_at("127.0.0.1").bind().expect("a free port");
    let running = host.read(&socket);
    peer.send_to(&numbered(1), socket.local()).expect("it goes");
    assert_eq!(number(&host.came().bytes), 1);
    running.pause();
    host.nothing();
    peer.send_to(&numbered(2), socket.local()).expect("it goes");
    host.nothing();
    assert_eq!(socket.counts().received, 1);
    running.resume();
    assert_eq!(number(&host.came().bytes), 2);
}

#[test]
fn a_socket_for_both_families_knows_peers_of_ipv4_by_their_own_address_and_reaches_them() {
    let host = Host::start();
    let socket = udp::socket("[::]:0").bind().expect("a free port");
    host.ask({
        let socket = socket.clone();
        move |ctx| {
            let seen =
                socket.reader().inspect(|datagram| assert!(datagram.peer.ip().is_loopback()));
            seen.pipe(socket.writer()).start(ctx, crate::host::Event::Ended)
        }
    });
    for ip in FAMILIES {
        let peer = peer_at(ip);
        peer.send_to(b"?", (ip, socket.local().port())).expect("it goes");
        let (back, from) = next(&peer);
        assert_eq!((&back[..], from.ip().to_string()), (&b"?"[..], ip.to_owned()));
    }
}

#[test]
fn a_flood_is_received_in_turns_and_others_have_theirs() {
    let (host, peer) = (Host::start(), peer());
    let socket = socket_at("127.0.0.1").receive_buffer(4 << 20).bind().expect("a free port");
    // As many as any receive buffer holds.
    let all = 150;
    for n in 0..all {
        peer.send_to(&numbered(n), socket.local()).expect("it goes");
    }
    let counted = socket.clone();
    let mut seen = 0;
    let reader = socket.reader().map(move |datagram| {
        seen += 1;
        // What one turn has received comes at one stroke: never more than 64.
        assert!(counted.counts().received - seen < 64, "{seen}");
        datagram
    });
    host.ask(|ctx| {
        reader.for_each(drop).start(ctx, crate::host::Event::Ended);
    });
    while socket.counts().received < u64::from(all) {
        host.nothing();
    }
}
