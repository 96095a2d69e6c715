//! What can be said of a listener, an attempt and a connection.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::sync::mpsc;
use std::time::Duration;

use bytes::Bytes;
use roundsman::emitter::{Emitter, Events};
use roundsman::net::{
    BlockList, Closed, Connection, ConnectionDropped, Idle, Listen, Listener, tcp,
};
use roundsman::stream::{Source, StreamContext};
use roundsman_tests::family::each_family;
use roundsman_tests::patience::must_end;
use roundsman_tests::peer::Peer;
use roundsman_tests::role::Role;
use roundsman_tests::server::{Event, Server};

use crate::echo;

/// Has `server` report connections that its listener has not let in.
fn dropped(server: &Server) -> mpsc::Receiver<ConnectionDropped> {
    let (tell, dropped) = mpsc::channel();
    let (ready, listens) = mpsc::channel();
    server.tell(move |ctx| {
        let events = Events::from(ctx.spawn(Emitter::happenings()));
        let hears = Role::<ConnectionDropped>::new(move |one, _| Ok(tell.send(one)?));
        events.on(ctx.spawn(hears).recipient(|one: ConnectionDropped| one))?;
        let listening = events.listener_count::<ConnectionDropped>();
        listening.ask(ctx, move |_| Event::Do(Box::new(move |_| Ok(ready.send(())?))));
        Ok(())
    });
    listens.recv().expect("it listens");
    dropped
}

fn bound(listen: Listen) -> Listener {
    listen.bind().expect("a free port")
}

#[test]
fn more_than_the_most_connections_are_closed_and_told_with_both_addresses() {
    let listener = bound(tcp::listener("127.0.0.1:0").max_connections(2));
    let server = Server::with(listener, 1, echo);
    let dropped = dropped(&server);
    let mut peers: Vec<_> = (0..2).map(|_| Peer::connect(&server.address)).collect();
    for peer in &mut peers {
        peer.send(b"in");
        peer.expect(b"in");
    }
    let mut third = Peer::connect(&server.address);
    third.expect_end();
    let one = dropped.recv().expect("it is told");
    assert_eq!(one.local, Some(server.address.clone()));
    assert_eq!(one.peer, Some(third.local()));
    assert_eq!(one.error.kind(), ErrorKind::QuotaExceeded);
    assert!(one.error.to_string().contains("2 connections are open"), "{}", one.error);

    // One leaves, and another gets in.
    peers.pop();
    must_end(move || {
        loop {
            let mut next = Peer::connect(&server.address);
            if next.is_let_in() {
                break;
            }
        }
    });
}

#[test]
fn of_a_listener_at_all_addresses_the_one_is_told_that_was_called() {
    let listener = bound(tcp::listener("0.0.0.0:0").max_connections(0));
    let server = Server::with(listener, 1, echo);
    let dropped = dropped(&server);
    let to = SocketAddr::from((Ipv4Addr::LOCALHOST, server.socket_addr().port()));
    let mut peer = Peer::connect(to);
    peer.expect_end();
    assert_eq!(dropped.recv().expect("it is told").local, Some(to.into()));
}

#[test]
fn a_blocked_address_is_closed_and_told() {
    let list = BlockList::new().block("127.0.0.0/8").expect("a range");
    let server = Server::with(bound(tcp::listener("localhost:0").block(list)), 1, echo);
    let dropped = dropped(&server);
    let mut peer = Peer::connect(&server.address);
    peer.expect_end();
    let one = dropped.recv().expect("it is told");
    assert_eq!((one.peer, one.error.kind()), (Some(peer.local()), ErrorKind::PermissionDenied));
}

#[test]
fn ranges_that_touch_or_lie_in_each_other_block_what_each_would() {
    let ranges = ["10.0.0.0/8", "10.1.0.0/16", "9.255.255.255", "192.0.2.7", "2001:db8::/32"];
    let list =
        ranges.iter().fold(BlockList::new(), |list, range| list.block(range).expect("a range"));
    for blocked in [
        "10.0.0.0",
        "10.255.255.255",
        "10.1.2.3",
        "9.255.255.255",
        "192.0.2.7",
        "2001:db8:ffff::1",
        "::ffff:10.0.0.1",
    ] {
        assert!(list.blocks(blocked.parse().expect("an address")), "{blocked}");
    }
    for free in ["9.255.255.254", "11.0.0.0", "192.0.2.6", "192.0.2.8", "2001:db9::", "::1"] {
        assert!(!list.blocks(free.parse().expect("an address")), "{free}");
    }
    let error = BlockList::new().block("10.0.0.0/33").expect_err("no such range");
    assert!(error.to_string().contains("10.0.0.0/33"), "{error}");
}

#[test]
fn a_range_of_ipv6_that_ends_with_the_last_address_of_ipv4_is_one_of_ipv6() {
    for range in ["::/80", "::/64", "::fffe:0:0/95"] {
        let list = BlockList::new().block(range).expect("a range");
        assert!(list.blocks("::fffe:0:1".parse().expect("an address")), "{range}");
        assert!(!list.blocks("192.0.2.1".parse().expect("an address")), "{range}");
    }
    let list = BlockList::new().block("::ffff:192.0.2.0/120").expect("a range");
    assert!(list.blocks("192.0.2.1".parse().expect("an address")));
}

#[test]
fn localhost_takes_both_families_on_one_port() {
    if TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_err() {
        #[expect(clippy::disallowed_macros, reason = "a test that is skipped says so aloud")]
        {
            eprintln!("SKIPPED: this machine has no IPv6 on its loopback interface");
        }
        return;
    }
    let server = Server::with(bound(tcp::listener("localhost:0")), 1, echo);
    let port = server.socket_addr().port();
    for ip in [Ipv4Addr::LOCALHOST.into(), std::net::IpAddr::from(Ipv6Addr::LOCALHOST)] {
        let mut peer = Peer::connect(SocketAddr::new(ip, port));
        peer.send(b"hello");
        peer.expect(b"hello");
    }
}

#[test]
fn every_address_of_both_families_is_one_socket_and_peers_of_ipv4_look_like_it() {
    let (tell, connections) = mpsc::channel::<Connection>();
    let server = Server::with(bound(tcp::listener("*:0")), 1, move |event, _| {
        if let Event::Accepted(connection) = event {
            tell.send(connection.take())?;
        }
        Ok(())
    });
    let port = server.socket_addr().port();
    let peer = Peer::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    let connection = connections.recv().expect("it is accepted");
    assert_eq!(connection.peer(), &peer.local());
    assert!(connection.peer().ip().is_some_and(|ip| ip.is_ipv4()));
}

#[cfg(unix)]
#[test]
fn several_sockets_share_a_port_if_each_says_so() {
    let first = bound(tcp::listener("127.0.0.1:0").reuse_port(true));
    let address = first.local().to_string();
    let second = tcp::listener(&address).reuse_port(true).bind().expect("it is shared");
    assert_eq!(first.local(), second.local());
    let error = tcp::listen(&address).expect_err("this one does not say so");
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    // Both are served, whichever the OS chooses.
    let servers = [first, second].map(|listener| Server::with(listener, 1, echo));
    for _ in 0..32 {
        let mut peer = Peer::connect(&servers[0].address);
        peer.send(b"hello");
        peer.expect(b"hello");
    }
}

#[test]
fn a_listener_spreads_its_connections_over_the_loops_with_fewest() {
    let (tell, connections) = mpsc::channel::<Connection>();
    let listener = bound(tcp::listener("127.0.0.1:0").spread());
    let server = Server::with(listener, 3, move |event, _| {
        if let Event::Accepted(connection) = event {
            tell.send(connection.take())?;
        }
        Ok(())
    });
    let mut peers = Vec::new();
    let mut next = || {
        peers.push(Peer::connect(&server.address));
        connections.recv().expect("it is accepted")
    };
    let mut kept: Vec<_> = (0..6).map(|_| next()).collect();
    let homes: Vec<_> = kept.iter().map(Connection::home).collect();
    assert_eq!(homes, [0, 1, 2, 0, 1, 2].map(Some));
    kept.retain(|connection| connection.home() != Some(1));
    kept.extend((0..2).map(|_| next()));
    assert_eq!(kept[4..].iter().map(Connection::home).collect::<Vec<_>>(), [Some(1); 2]);
}

#[test]
fn a_connection_that_was_spread_lives_on_its_loop_whoever_pipes_it() {
    let listener = bound(tcp::listener("127.0.0.1:0").spread());
    let server = Server::with(listener, 2, echo);
    let mut peers: Vec<_> = (0..4).map(|_| Peer::connect(&server.address)).collect();
    for peer in &mut peers {
        peer.send(b"hello");
        peer.expect(b"hello");
    }
    let actors = server.handle.metrics().loops[1].actors;
    assert_eq!(actors, 2);
}

#[test]
fn a_connection_over_which_nothing_goes_is_told_of_once_for_each_silence() {
    each_family(|family| {
        let (tell, silences) = mpsc::channel::<Idle>();
        let server = Server::of(family, 1, move |event, ctx| {
            match event {
                Event::Accepted(connection) => {
                    let after = Duration::from_millis(20);
                    connection.on_idle(after, ctx, Event::Idle);
                    connection.reader().pipe(connection.writer()).start(ctx, Event::Ended);
                }
                Event::Idle(idle) => tell.send(idle)?,
                _ => {}
            }
            Ok(())
        });
        let mut peer = Peer::connect(&server.address);
        let expect_silence = || {
            let idle = silences.recv().expect("it is told");
            assert_eq!(idle.after, Duration::from_millis(20));
        };
        expect_silence();
        peer.send(b"still here");
        peer.expect(b"still here");
        expect_silence();
    });
}

#[test]
fn a_silence_of_no_length_is_never_told_of_and_ends_what_was_said_before() {
    each_family(|family| {
        let (tell, silences) = mpsc::channel::<Idle>();
        let server = Server::of(family, 1, move |event, ctx| {
            match event {
                Event::Accepted(connection) => {
                    connection.close_when_idle(Duration::from_millis(50));
                    connection.reader().pipe(connection.writer()).start(ctx, Event::Ended);
                    connection.close_when_idle(Duration::ZERO);
                    connection.on_idle(Duration::ZERO, ctx, Event::Idle);
                }
                Event::Idle(idle) => tell.send(idle)?,
                _ => {}
            }
            Ok(())
        });
        let mut peer = Peer::connect(&server.address);
        peer.send(b"hello");
        peer.expect(b"hello");
        peer.expect_nothing(Duration::from_millis(200));
        peer.send(b"still here");
        peer.expect(b"still here");
        assert!(silences.try_recv().is_err());
    });
}

#[test]
fn a_connection_may_be_closed_when_nothing_goes() {
    each_family(|family| {
        let (tell, ends) = mpsc::channel();
        let server = Server::of(family, 1, move |event, ctx| {
            match event {
                Event::Accepted(connection) => {
                    connection.close_when_idle(Duration::from_millis(20));
                    connection.reader().pipe(connection.writer()).start(ctx, Event::Ended);
                }
                Event::Ended(end) => tell.send(end)?,
                _ => {}
            }
            Ok(())
        });
        let mut peer = Peer::connect(&server.address);
        peer.send(b"hello");
        peer.expect(b"hello");
        let error = ends.recv().expect("an end").expect_err("it was silent");
        assert_eq!(error.io_kind(), Some(ErrorKind::TimedOut));
        assert!(error.to_string().contains("20ms"), "{error}");
    });
}

#[test]
fn what_ends_is_told_in_order_the_reader_the_writer_and_then_the_connection() {
    each_family(|family| {
        let (tell, diary) = mpsc::channel();
        let mut held = None;
        let server = Server::of(family, 1, move |event, ctx| {
            match event {
                Event::Accepted(connection) => {
                    connection.closed(ctx, Event::Closed);
                    connection.reader().pipe(ctx.inlet(Event::Bytes)).start(ctx, Event::Ended);
                    held = Some(connection.take());
                }
                Event::Bytes(bytes) => tell.send(format!("data {}", bytes.len()))?,
                Event::Ended(end) => {
                    tell.send(format!("end {}", end?.bytes))?;
                    if let Some(connection) = held.take() {
                        let answer = Source::iter([Bytes::from_static(b"answer")]);
                        answer.pipe(connection.writer()).start(ctx, Event::Ended);
                    }
                }
                Event::Closed(Closed { traffic, error, .. }) => {
                    tell.send(format!("close {} {} {error:?}", traffic.read, traffic.written))?;
                }
                _ => {}
            }
            Ok(())
        });
        let mut peer = Peer::connect(&server.address);
        peer.send(b"question!");
        peer.finish();
        peer.expect(b"answer");
        peer.expect_end();
        let seen: Vec<_> = diary.iter().take(4).collect();
        assert_eq!(seen, ["data 9", "end 9", "end 6", "close 9 6 None"]);
    });
}

#[test]
fn a_connection_that_is_over_or_was_never_used_tells_so_at_once() {
    each_family(|family| {
        let (tell, closed) = mpsc::channel();
        let server = Server::of(family, 1, move |event, ctx| {
            match event {
                Event::Accepted(connection) => {
                    connection.closed(ctx, Event::Closed);
                    connection.abort();
                    connection.closed(ctx, Event::Closed);
                }
                Event::Closed(Closed { error, .. }) => tell.send(error.is_some())?,
                _ => {}
            }
            Ok(())
        });
        let _peer = Peer::connect(&server.address);
        assert_eq!([closed.recv(), closed.recv()], [Ok(true), Ok(true)]);
    });
}

/// What the kernel says of the sockets of a connection, both ends, if `ss` is there.
#[cfg(target_os = "linux")]
fn seen_from_outside(port: u16) -> Option<String> {
    let filter = format!("( sport = :{port} or dport = :{port} )");
    let output = std::process::Command::new("ss")
        .args(["-tnoi", "--tos", "state", "established", &filter])
        .output();
    let output = output.ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(target_os = "linux")]
#[test]
fn keep_alive_reaches_the_sockets_that_are_accepted_and_those_that_connect() {
    let watchful = tcp::Options::new().keep_alive(Duration::from_secs(77));
    let listener = bound(tcp::listener("127.0.0.1:0").options(watchful.clone()));
    let (tell, outcomes) = mpsc::channel();
    let server = Server::with(listener, 1, move |event, _| {
        match event {
            Event::Accepted(connection) => tell.send(connection.take())?,
            Event::Connected(connection) => tell.send(connection?)?,
            _ => {}
        }
        Ok(())
    });
    let address = server.address.clone();
    server.tell(move |ctx| {
        tcp::connect(&address).options(watchful).start(ctx, Event::Connected);
        Ok(())
    });
    let both = [outcomes.recv(), outcomes.recv()].map(|one| one.expect("a connection"));
    let Some(seen) = seen_from_outside(server.socket_addr().port()) else {
        #[expect(clippy::disallowed_macros, reason = "a test that is skipped says so aloud")]
        {
            eprintln!("SKIPPED: `ss` is not there to look at sockets from outside");
        }
        return;
    };
    assert_eq!(seen.matches("timer:(keepalive,1min").count(), 2, "{seen}");
    // What is not said any more is as it was in the beginning.
    both[0].set_options(tcp::Options::new());
    let seen = seen_from_outside(server.socket_addr().port()).expect("it was there");
    assert_eq!(seen.matches("timer:(keepalive,1min").count(), 1, "{seen}");
    drop(both);
}

#[cfg(target_os = "linux")]
#[test]
fn a_class_of_traffic_is_that_of_ipv4_too_where_a_listener_speaks_both() {
    let options = tcp::Options::new().traffic_class(0x10).ttl(33);
    for at in ["127.0.0.1:0", "[::]:0"] {
        let listener = bound(tcp::listener(at).options(options.clone()));
        let (tell, accepted) = mpsc::channel();
        let server = Server::with(listener, 1, move |event, _| {
            if let Event::Accepted(connection) = event {
                tell.send(connection.take())?;
            }
            Ok(())
        });
        let port = server.socket_addr().port();
        let _peer = Peer::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        let connection = accepted.recv().expect("it is accepted");
        let Some(seen) = seen_from_outside(port) else { return };
        assert_eq!(seen.matches("tos:0x10").count(), 1, "{at}: {seen}");
        drop(connection);
    }
}

#[test]
fn options_that_the_os_refuses_fail_the_attempt() {
    // A sender's address of another machine.
    let elsewhere: SocketAddr = "192.0.2.1:0".parse().expect("an address");
    let (tell, outcomes) = mpsc::channel();
    let client = Server::start(1, move |event, _| {
        if let Event::Connected(outcome) = event {
            tell.send(outcome)?;
        }
        Ok(())
    });
    let to = client.address.clone();
    client.tell(move |ctx| {
        tcp::connect(&to).local_address(elsewhere).start(ctx, Event::Connected);
        Ok(())
    });
    let error = outcomes.recv().expect("an outcome").expect_err("no such address here");
    assert_eq!(error.kind(), ErrorKind::AddrNotAvailable);
}

#[test]
fn an_attempt_comes_from_the_address_that_was_said() {
    let (tell, outcomes) = mpsc::channel();
    let server = Server::start(1, move |event, _| {
        if let Event::Connected(outcome) = event {
            tell.send(outcome)?;
        }
        Ok(())
    });
    let to = server.address.clone();
    server.tell(move |ctx| {
        let from = SocketAddr::from((Ipv4Addr::new(127, 0, 0, 9), 0));
        tcp::connect(&to).local_address(from).start(ctx, Event::Connected);
        Ok(())
    });
    if cfg!(target_os = "linux") {
        let connection = outcomes.recv().expect("an outcome").expect("a connection");
        assert_eq!(connection.local().ip(), Some(Ipv4Addr::new(127, 0, 0, 9).into()));
    }
}
