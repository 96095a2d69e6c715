//! Straight pipes from socket to socket: once there is much to move, the kernel moves it, and nobody can tell.

use std::net::TcpListener;
use std::sync::mpsc;

use roundsman::net::{Connection, tcp};
use roundsman_tests::links::Kind;
use roundsman_tests::payload::total;
use roundsman_tests::peer::{Peer, aside};
use roundsman_tests::server::{Event, Server};
use roundsman_tests::trial::{PATTERNS, Trial, World};
use roundsman_tests::{again, patience};

use crate::echo;

/// Some 16 MiB.
const ITEMS: u64 = 1_200;

#[test]
fn much_arrives_complete_and_in_order_whoever_keeps_it_back() {
    for (loops, keep) in (1..).zip(PATTERNS) {
        let trial = Trial::new(Kind::<bytes::Bytes>::tcp_to_tcp(), ITEMS).keep(keep);
        let report = trial.run(World::Real { loops });
        assert!(!report.disorder, "{report:#?}");
        assert_eq!(report.weight, total::<bytes::Bytes>(ITEMS), "{report:#?}");
        assert!(matches!(report.ends[..], [Ok(_)]), "{report:#?}");
    }
}

#[test]
fn a_cancel_in_the_middle_ends_it() {
    let limit = total::<bytes::Bytes>(ITEMS / 2);
    let trial = Trial::new(Kind::<bytes::Bytes>::tcp_to_tcp(), u64::MAX).cancel_at(limit);
    let report = trial.run(World::Real { loops: 2 });
    assert!(matches!(&report.ends[..], [Err(error)] if error.is_cancelled()), "{report:#?}");
    assert_eq!(report.source.drops(), 1, "{report:#?}");
}

fn pipes() -> usize {
    let all = std::fs::read_dir("/proc/self/fd").expect("Linux shows them");
    let links = all.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
    links.filter(|link| link.to_string_lossy().starts_with("pipe:")).count()
}

/// In a process of its own, where nobody else makes pipes.
#[test]
fn the_kernel_moves_what_is_much_and_holds_nothing_for_what_is_little() {
    if !again::is_child() {
        again::run(
            "straight::the_kernel_moves_what_is_much_and_holds_nothing_for_what_is_little",
            "",
            &[],
        );
        return;
    }
    patience::must_end(|| {
        let server = Server::start(1, echo);
        let before = pipes();
        let mut little = Peer::connect(&server.address);
        for _ in 0..1_000 {
            little.send(b"a little");
            little.expect(b"a little");
        }
        assert_eq!(pipes(), before, "small messages are copied");
        let mut much = Peer::connect(&server.address);
        let sent = much.send_until_blocked(0);
        while pipes() == before {
            // What it sends back is not read, so that it stands in a pipe soon.
            std::thread::yield_now();
        }
        much.finish();
        much.expect_pattern(0, sent);
        much.expect_end();
    });
}

/// Joins each client with a server of its own at `to`.
fn proxy(to: std::net::SocketAddr) -> Server {
    let mut waiting: Vec<Connection> = Vec::new();
    Server::start(1, move |event, ctx| {
        match event {
            Event::Accepted(client) => {
                waiting.push(client.take());
                tcp::connect(to).start(ctx, Event::Connected);
            }
            Event::Connected(server) => {
                let server = server?;
                let client = waiting.pop().expect("one at a time");
                client.reader().pipe(server.writer()).start(ctx, Event::Ended);
                server.reader().pipe(client.writer()).start(ctx, Event::Ended);
            }
            _ => {}
        }
        Ok(())
    })
}

/// A client and a server with a proxy in between.
fn joined() -> (Server, Peer, Peer) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let proxy = proxy(listener.local_addr().expect("an address"));
    let client = Peer::connect(&proxy.address);
    let (server, _) = listener.accept().expect("the proxy connects");
    (proxy, client, Peer::over(server))
}

#[test]
fn a_reset_behind_a_straight_pipe_resets_what_is_before_it() {
    patience::must_end(|| {
        let (proxy, mut client, mut server) = joined();
        let sent = client.send_until_blocked(0);
        server.expect_pattern(0, sent / 2);
        server.reset();
        client.expect_reset();
        proxy.wait_until_idle();
    });
}

#[test]
fn a_reset_before_a_straight_pipe_resets_what_is_behind_it() {
    patience::must_end(|| {
        let (proxy, mut client, mut server) = joined();
        let sent = client.send_until_blocked(0);
        server.expect_pattern(0, sent / 2);
        client.reset();
        server.expect_reset();
        proxy.wait_until_idle();
    });
}

#[test]
fn both_ways_end_each_for_itself() {
    patience::must_end(|| {
        let (proxy, mut client, mut server) = joined();
        let there = client.send_until_blocked(0);
        let back = server.send_until_blocked(0);
        client.finish();
        server.expect_pattern(0, there);
        server.expect_end();
        server.finish();
        client.expect_pattern(0, back);
        client.expect_end();
        proxy.wait_until_idle();
    });
}

#[test]
fn connections_that_move_while_the_kernel_moves_their_bytes_lose_none() {
    const MIB: u64 = 1024 * 1024;
    patience::must_end(|| {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let to = listener.local_addr().expect("an address");
        let (tell, both) = mpsc::channel();
        let mut waiting = Vec::new();
        let proxy = Server::start(3, move |event, ctx| {
            match event {
                Event::Accepted(client) => {
                    waiting.push(client.take());
                    tcp::connect(to).start(ctx, Event::Connected);
                }
                Event::Connected(server) => {
                    let server = server?;
                    let client = waiting.pop().expect("one at a time");
                    client.reader().pipe(server.writer()).start(ctx, Event::Ended);
                    server.reader().pipe(client.writer()).start(ctx, Event::Ended);
                    tell.send([client, server])?;
                }
                _ => {}
            }
            Ok(())
        });
        let mut client = Peer::connect(&proxy.address);
        let (server, _) = listener.accept().expect("the proxy connects");
        let mut server = Peer::over(server);
        let both = both.recv().expect("they are joined");
        let sending = aside(move || {
            client.send_pattern(0, 24 * MIB);
            client.finish();
            client
        });
        for part in 0..12 {
            let moved = &both[part % 2];
            moved.move_to(part);
            server.expect_pattern(2 * part as u64 * MIB, 2 * (part as u64 + 1) * MIB);
        }
        server.expect_end();
        let mut client = sending.join().expect("everything was sent");
        server.send(b"thanks");
        server.finish();
        client.expect(b"thanks");
        client.expect_end();
        drop(both);
        proxy.wait_until_idle();
    });
}
