//! A connection that lives moves to another loop: nothing is lost on the way, and nothing comes before anything else.

use std::sync::mpsc;

use bytes::Bytes;
use roundsman::net::Connection;
use roundsman::stream::{Source, StreamContext};
use roundsman_tests::counted::{Count, Counted};
use roundsman_tests::family::each_family;
use roundsman_tests::patience::must_end;
use roundsman_tests::payload::Payload;
use roundsman_tests::peer::{Peer, aside};
use roundsman_tests::server::{Event, Server};

const MIB: u64 = 1024 * 1024;

/// How many actors live on each loop.
fn actors(server: &Server) -> Vec<u64> {
    server.handle.metrics().loops.iter().map(|one| one.actors).collect()
}

#[test]
fn a_connection_that_moves_again_and_again_echoes_every_byte_in_order() {
    each_family(|family| {
        let (tell, connections) = mpsc::channel::<Connection>();
        let server = Server::of(family, 3, move |event, ctx| {
            if let Event::Accepted(connection) = event {
                connection.reader().pipe(connection.writer()).start(ctx, Event::Ended);
                tell.send(connection.take())?;
            }
            Ok(())
        });
        let mut peer = Peer::connect(&server.address);
        let mut sender = peer.twin();
        let sending = aside(move || {
            sender.send_pattern(0, 8 * MIB);
            sender.finish();
        });
        let connection = connections.recv().expect("it is accepted");
        for part in 0..8 {
            connection.move_to(part + 1);
            peer.expect_pattern(part as u64 * MIB, (part as u64 + 1) * MIB);
        }
        peer.expect_end();
        sending.join().expect("everything was sent");
        drop(connection);
        must_end(move || server.wait_until_idle());
    });
}

#[test]
fn a_connection_that_has_moved_lives_there() {
    each_family(|family| {
        let (tell, connections) = mpsc::channel::<Connection>();
        let server = Server::of(family, 2, move |event, ctx| {
            if let Event::Accepted(connection) = event {
                connection.reader().pipe(connection.writer()).start(ctx, Event::Ended);
                tell.send(connection.take())?;
            }
            Ok(())
        });
        let mut peer = Peer::connect(&server.address);
        peer.send(b"here");
        peer.expect(b"here");
        let connection = connections.recv().expect("it is accepted");
        assert_eq!((actors(&server)[1], connection.home()), (0, None));
        connection.move_to(1);
        assert_eq!(connection.home(), Some(1));
        let there = move || {
            while actors(&server)[1] != 1 {
                std::thread::yield_now();
            }
            server
        };
        let server = must_end(there);
        peer.send(b"there");
        peer.expect(b"there");
        assert_eq!(connection.traffic().read, 9, "counted on");
        drop(server);
    });
}

#[test]
fn what_waits_for_a_peer_moves_too_and_so_does_the_pressure() {
    each_family(|family| {
        let (tell, connections) = mpsc::channel::<Connection>();
        let count = Count::default();
        let made = count.clone();
        let server = Server::of(family, 2, move |event, ctx| {
            if let Event::Accepted(connection) = event {
                let endless = Source::iter(Counted::<Bytes>::new(u64::MAX, &made));
                endless.pipe(connection.writer()).start(ctx, Event::Ended);
                tell.send(connection.take())?;
            }
            Ok(())
        });
        let mut peer = Peer::narrow(&server.address);
        peer.expect_pattern(0, 1);
        let connection = connections.recv().expect("it is accepted");
        connection.move_to(1);
        peer.expect_pattern(1, 4 * MIB);
        connection.move_to(0);
        peer.expect_pattern(4 * MIB, 8 * MIB);
        let most = 8 * MIB + 2 * Bytes::LINK + roundsman_tests::links::kernel_buffers();
        assert!(count.weight() <= most, "{count:?}");
    });
}

#[test]
fn a_connection_that_has_moved_is_aborted_where_it_is() {
    each_family(|family| {
        let (tell, connections) = mpsc::channel::<Connection>();
        let (told, ends) = mpsc::channel();
        let server = Server::of(family, 2, move |event, ctx| {
            match event {
                Event::Accepted(connection) => {
                    let reader = connection.reader();
                    reader.pipe(ctx.inlet(Event::Bytes)).start(ctx, Event::Ended);
                    tell.send(connection.take())?;
                }
                Event::Ended(end) => told.send(end)?,
                _ => {}
            }
            Ok(())
        });
        let _peer = Peer::connect(&server.address);
        let connection = connections.recv().expect("it is accepted");
        connection.move_to(1);
        connection.abort();
        assert!(ends.recv().expect("an end").is_err());
        must_end(move || server.wait_until_idle());
    });
}

#[test]
fn a_half_that_is_piped_after_the_move_goes_on_there() {
    each_family(|family| {
        let mut held = None;
        let server = Server::of(family, 2, move |event, ctx| {
            match event {
                Event::Accepted(connection) => {
                    connection.reader().pipe(ctx.inlet(Event::Bytes)).start(ctx, Event::Ended);
                    connection.move_to(1);
                    held = Some(connection.take());
                }
                Event::Bytes(bytes) => {
                    if let Some(connection) = held.take() {
                        let answer = Source::iter([bytes.take()]);
                        answer.pipe(connection.writer()).start(ctx, Event::Ended);
                    }
                }
                _ => {}
            }
            Ok(())
        });
        let mut peer = Peer::connect(&server.address);
        peer.send(b"question");
        peer.expect(b"question");
        peer.expect_end();
    });
}
