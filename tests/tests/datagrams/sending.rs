//! What is sent: in order, within bounds, by the policy, and every datagram is in the books.

use std::io::ErrorKind;
use std::net::UdpSocket as StdSocket;

use bytes::Bytes;
use roundsman::net::UdpSocket;
use roundsman::net::udp::{self, Fate, Outgoing, Refusal, UdpCounts};
use roundsman::stream::{Cut, Source, outlet};
use roundsman::{Placement, SlowPolicy};
use roundsman_tests::role::Role;

use crate::host::{Event, Host};
use crate::{address, next, number, numbered, peer};

const LIMIT: u32 = 10;
const ALL: u32 = 10_000;

fn bound(bind: udp::Bind) -> UdpSocket {
    bind.bind().expect("a free port")
}

fn socket() -> udp::Bind {
    udp::socket("127.0.0.1:0")
}

/// One for this peer.
fn to(peer: &StdSocket, number: u32) -> Outgoing {
    Outgoing::to(address(peer), numbered(number))
}

#[track_caller]
fn assert_balanced(counts: &UdpCounts) {
    let UdpCounts { accepted, sent, dropped, failed, unsent, waiting, .. } = *counts;
    assert_eq!(accepted, sent + dropped + failed + unsent + waiting, "{counts:?}");
}

/// Has the actor send so many at one stroke, and returns what became of each.
fn send_all(
    host: &Host,
    socket: &UdpSocket,
    peer: &StdSocket,
) -> Vec<Result<Fate, udp::SendRefused>> {
    let (socket, at) = (socket.clone(), address(peer));
    host.ask(move |ctx| (0..ALL).map(|n| socket.send(ctx, Outgoing::to(at, numbered(n)))).collect())
}

/// The numbers of those that come next.
fn numbers(peer: &StdSocket, count: u32) -> Vec<u32> {
    (0..count).map(|_| number(&next(peer).0)).collect()
}

#[test]
fn a_full_queue_that_waits_refuses_and_hands_back_what_it_does_not_take() {
    let (host, peer) = (Host::start(), peer());
    let socket = bound(socket().send_queue(LIMIT as usize, SlowPolicy::Wait));
    let fates = send_all(&host, &socket, &peer);
    for (n, fate) in (0..).zip(fates) {
        if n < LIMIT {
            assert_eq!(fate, Ok(Fate::Queued));
            continue;
        }
        let refused = fate.expect_err("it is full");
        assert_eq!(refused.outgoing, to(&peer, n));
        assert_eq!(refused.why, Refusal::Full { waiting: 10, bytes: 40 });
    }
    assert_eq!(numbers(&peer, LIMIT), (0..LIMIT).collect::<Vec<_>>());
    host.nothing();
    let counts = socket.counts();
    assert_eq!((counts.accepted, counts.sent, counts.dropped, counts.waiting), (10, 10, 0, 0));
}

#[test]
fn a_full_queue_that_drops_the_oldest_sends_the_newest() {
    let (host, peer) = (Host::start(), peer());
    let socket = bound(socket().send_queue(LIMIT as usize, SlowPolicy::DropOldest));
    let fates = send_all(&host, &socket, &peer);
    let (first, rest) = fates.split_at(LIMIT as usize);
    assert!(first.iter().all(|fate| *fate == Ok(Fate::Queued)), "{first:?}");
    assert!(rest.iter().all(|fate| *fate == Ok(Fate::Displaced(1))));
    assert_eq!(numbers(&peer, LIMIT), (ALL - LIMIT..ALL).collect::<Vec<_>>());
    host.nothing();
    let counts = socket.counts();
    assert_eq!((counts.accepted, counts.sent, counts.dropped), (10_000, 10, 9_990));
    assert_balanced(&counts);
}

#[test]
fn a_full_queue_that_drops_the_newest_sends_the_oldest() {
    let (host, peer) = (Host::start(), peer());
    let socket = bound(socket().send_queue(LIMIT as usize, SlowPolicy::DropNewest));
    let fates = send_all(&host, &socket, &peer);
    let (first, rest) = fates.split_at(LIMIT as usize);
    assert!(first.iter().all(|fate| *fate == Ok(Fate::Queued)), "{first:?}");
    assert!(rest.iter().all(|fate| *fate == Ok(Fate::Dropped)));
    assert_eq!(numbers(&peer, LIMIT), (0..LIMIT).collect::<Vec<_>>());
    host.nothing();
    let counts = socket.counts();
    assert_eq!((counts.accepted, counts.sent, counts.dropped), (10_000, 10, 9_990));
    assert_balanced(&counts);
}

#[test]
fn a_queue_is_bounded_in_bytes_and_one_datagram_alone_always_has_room() {
    let (host, peer) = (Host::start(), peer());
    let socket = bound(socket().send_queue(100, SlowPolicy::Wait).send_queue_bytes(1_000));
    let at = address(&peer);
    let sizes = [2_000, 1];
    let fates = host.ask({
        let socket = socket.clone();
        move |ctx| sizes.map(|size| socket.send(ctx, Outgoing::to(at, vec![0; size])))
    });
    assert_eq!(fates[0], Ok(Fate::Queued));
    let refused = fates[1].as_ref().expect_err("the bytes are full");
    assert_eq!(refused.why, Refusal::Full { waiting: 1, bytes: 2_000 });
    assert_eq!(next(&peer).0.len(), 2_000);
}

#[test]
fn every_datagram_of_many_senders_is_sent_dropped_or_handed_back() {
    for policy in [SlowPolicy::Wait, SlowPolicy::DropOldest, SlowPolicy::DropNewest] {
        let (host, peer) = (Host::on(2), peer());
        let socket = bound(socket().send_queue(LIMIT as usize, policy));
        // The engine lives with the host, on the first loop; a sender on each.
        host.ask({
            let (socket, first) = (socket.clone(), to(&peer, u32::MAX));
            move |ctx| socket.send(ctx, first)
        })
        .expect("there is room");
        let (tell, told) = std::sync::mpsc::channel();
        for on in 0..2 {
            let (socket, at, tell) = (socket.clone(), address(&peer), tell.clone());
            host.ask(move |ctx| {
                ctx.spawn_on(Placement::Loop(on), move || {
                    Role::<()>::idle().started(move |ctx| {
                        let sends = (0..ALL / 2)
                            .map(|n| socket.send(ctx, Outgoing::to(at, numbered(n))))
                            .filter(Result::is_ok);
                        tell.send(sends.count() as u64)?;
                        ctx.stop();
                        Ok(())
                    })
                });
            });
        }
        let taken: u64 = told.iter().take(2).sum();
        while socket.counts().waiting > 0 {
            host.nothing();
        }
        let counts = socket.counts();
        assert_eq!(counts.accepted, taken + 1, "{policy:?}");
        assert_eq!((counts.failed, counts.unsent), (0, 0), "{policy:?}");
        assert_balanced(&counts);
        if policy == SlowPolicy::Wait {
            assert_eq!(counts.dropped, 0);
        } else {
            assert_eq!(taken, u64::from(ALL), "{policy:?}");
        }
    }
}

#[test]
fn a_writer_that_waits_sends_everything_in_order_though_the_queue_is_short() {
    for limit in [1, 3, 16, 1_000] {
        let (host, peer) = (Host::start(), peer());
        let socket = bound(socket().send_queue(limit, SlowPolicy::Wait));
        let (writer, at) = (socket.writer(), address(&peer));
        let many = Source::iter((0..ALL).map(move |n| (numbered(n), at)));
        host.ask(move |ctx| {
            many.pipe(writer).start(ctx, Event::Ended);
        });
        // As far as the peer's buffer holds them; what is lost there are later ones.
        assert_eq!(numbers(&peer, 50), (0..50).collect::<Vec<_>>());
        assert_eq!(host.ended().expect("it ends well").items, u64::from(ALL));
        let counts = socket.counts();
        assert_eq!((counts.accepted, counts.sent, counts.waiting), (10_000, 10_000, 0), "{limit}");
    }
}

#[test]
fn a_writer_drops_nothing_that_the_os_would_take() {
    for policy in [SlowPolicy::DropOldest, SlowPolicy::DropNewest] {
        let (host, peer) = (Host::start(), peer());
        let socket = bound(socket().send_queue(1, policy));
        let (writer, at) = (socket.writer(), address(&peer));
        let many = Source::iter((0..ALL).map(move |n| (numbered(n), at)));
        host.ask(move |ctx| {
            many.pipe(writer).start(ctx, Event::Ended);
        });
        host.ended().expect("it ends well");
        let counts = socket.counts();
        assert_balanced(&counts);
        assert_eq!(counts.accepted, u64::from(ALL));
        // Loopback never makes the OS full.
        assert_eq!(counts.dropped, 0, "{policy:?}");
    }
}

#[test]
fn a_drop_is_told() {
    let (host, peer) = (Host::start(), peer());
    host.listen();
    let socket = bound(socket().send_queue(1, SlowPolicy::DropOldest));
    host.ask({
        let (socket, both) = (socket.clone(), [to(&peer, 1), to(&peer, 2)]);
        move |ctx| both.map(|outgoing| socket.send(ctx, outgoing).expect("it is taken"))
    });
    let dropped = host.dropped();
    assert_eq!((dropped.local, dropped.to, dropped.len), (socket.local(), Some(address(&peer)), 4));
    assert_eq!(dropped.policy, Some(SlowPolicy::DropOldest));
    assert_eq!(number(&next(&peer).0), 2);
}

#[test]
fn whoever_was_refused_is_told_when_there_is_room() {
    let (host, peer) = (Host::start(), peer());
    let socket = bound(socket().send_queue(2, SlowPolicy::Wait));
    host.ask({
        let (socket, at) = (socket.clone(), address(&peer));
        move |ctx| {
            let fates = [1, 2, 3].map(|n| socket.send(ctx, Outgoing::to(at, numbered(n))));
            assert!(fates[2].is_err());
            socket.when_room(ctx, Event::Room);
        }
    });
    host.room();
    // And at once, if there is.
    host.ask({
        let socket = socket.clone();
        move |ctx| socket.when_room(ctx, Event::Room)
    });
    host.room();
    let third = to(&peer, 3);
    host.ask(move |ctx| socket.send(ctx, third)).expect("there is room");
    assert_eq!(numbers(&peer, 3), [1, 2, 3]);
}

#[test]
fn a_datagram_of_one_byte_too_many_is_handed_back_with_the_limit() {
    let host = Host::start();
    for (ip, limit) in [("127.0.0.1", udp::MAX_DATAGRAM_V4), ("[::1]", udp::MAX_DATAGRAM_V6)] {
        let socket = bound(udp::socket(format!("{ip}:0")));
        let outgoing = Outgoing::to(socket.local(), vec![0; limit + 1]);
        let refused = host.ask({
            let outgoing = outgoing.clone();
            move |ctx| socket.send(ctx, outgoing)
        });
        let refused = refused.expect_err("it is too long");
        assert_eq!(refused.outgoing, outgoing);
        assert_eq!(refused.why, Refusal::TooLarge { len: limit + 1, limit });
        assert!(refused.to_string().contains(&limit.to_string()), "{refused}");
    }
}

#[test]
fn a_datagram_without_a_peer_is_handed_back() {
    let host = Host::start();
    let socket = bound(socket());
    let refused = host.ask(move |ctx| socket.send(ctx, Bytes::from_static(b"whither?")));
    let refused = refused.expect_err("nobody is named");
    assert_eq!(refused.why, Refusal::NoPeer);
    assert!(refused.to_string().contains("Bind::connect"), "{refused}");
}

#[test]
fn a_datagram_that_cannot_go_fails_alone_and_the_writer_goes_on() {
    let (host, peer) = (Host::start(), peer());
    host.listen();
    let socket = bound(socket());
    let (writer, at) = (socket.writer::<Outgoing>(), address(&peer));
    let nowhere = Outgoing { to: None, bytes: Bytes::from_static(b"?") };
    let too_long = Outgoing::to(at, vec![0; udp::MAX_DATAGRAM_V4 + 1]);
    let all = vec![nowhere, too_long, Outgoing::to(at, numbered(3))];
    host.ask(move |ctx| {
        Source::iter(all).pipe(writer).start(ctx, Event::Ended);
    });
    assert_eq!(number(&next(&peer).0), 3);
    let failures = [host.failure(), host.failure()];
    assert_eq!(failures.each_ref().map(|failure| failure.to), [None, Some(at)]);
    assert_eq!(failures.each_ref().map(|failure| failure.len), [Some(1), Some(65_508)]);
    assert!(failures[1].error.to_string().contains("65507"), "{}", failures[1].error);
    assert_eq!(host.ended().expect("it ends well").items, 3);
    let counts = socket.counts();
    assert_eq!((counts.accepted, counts.sent, counts.failed), (3, 1, 2));
}

#[test]
fn a_broadcast_needs_the_option_and_its_refusal_is_that_datagrams_alone() {
    let (host, peer) = (Host::start(), peer());
    host.listen();
    let socket = bound(socket());
    let everybody = "127.255.255.255:9".parse().expect("an address");
    host.ask({
        let (socket, next) = (socket.clone(), to(&peer, 2));
        move |ctx| {
            socket.send(ctx, Outgoing::to(everybody, numbered(1))).expect("it is queued");
            socket.send(ctx, next).expect("it is queued");
        }
    });
    let failure = host.failure();
    assert_eq!(failure.error.kind(), ErrorKind::PermissionDenied);
    assert_eq!((failure.to, failure.len), (Some(everybody), Some(4)));
    assert_eq!(number(&next(&peer).0), 2);
    assert_eq!((socket.counts().sent, socket.counts().failed), (1, 1));
}

#[test]
fn a_broadcast_with_the_option_reaches_whoever_is_bound_there() {
    let host = Host::start();
    let everybody = crate::patient(StdSocket::bind("0.0.0.0:0").expect("a free port"));
    let socket = bound(socket().broadcast(true));
    let at = ([127, 255, 255, 255], address(&everybody).port()).into();
    host.ask(move |ctx| socket.send(ctx, Outgoing::to(at, numbered(5)))).expect("it is queued");
    assert_eq!(number(&next(&everybody).0), 5);
}

#[test]
fn a_second_writer_at_once_is_refused_and_a_later_one_is_not() {
    let (host, peer) = (Host::start(), peer());
    let socket = bound(socket());
    let (source, mut first) = outlet::<Outgoing>(10);
    host.ask({
        let (one, two) = (socket.writer(), socket.writer());
        move |ctx| {
            source.pipe(one).start(ctx, Event::Ended);
            Source::iter([] as [Outgoing; 0]).pipe(two).start(ctx, Event::Ended);
        }
    });
    let error = host.ended().expect_err("it is in use");
    assert_eq!(error.cause_as(), Some(&Cut::InUse));
    first.push(to(&peer, 1)).expect("there is room");
    first.end();
    assert_eq!(number(&next(&peer).0), 1);
    assert_eq!(host.ended().expect("it ends well").items, 1);
    host.ask({
        let (writer, outgoing) = (socket.writer(), to(&peer, 2));
        move |ctx| {
            Source::iter([outgoing]).pipe(writer).start(ctx, Event::Ended);
        }
    });
    assert_eq!(number(&next(&peer).0), 2);
    host.ended().expect("it ends well");
}

#[test]
fn what_fails_above_a_writer_ends_it_and_the_socket_goes_on() {
    let (host, peer) = (Host::start(), peer());
    let socket = bound(socket());
    let (source, mut outlet) = outlet::<Outgoing>(10);
    outlet.push(to(&peer, 1)).expect("there is room");
    host.ask({
        let writer = socket.writer();
        move |ctx| {
            source.pipe(writer).start(ctx, Event::Ended);
        }
    });
    assert_eq!(number(&next(&peer).0), 1);
    drop(outlet);
    assert_eq!(host.ended().expect_err("it was not ended").stage(), "outlet");
    let second = to(&peer, 2);
    host.ask(move |ctx| socket.send(ctx, second)).expect("there is room");
    assert_eq!(number(&next(&peer).0), 2);
}
