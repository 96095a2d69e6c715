//! What is sent arrives: all of it, once, in order.

use roundsman::Placement;
use roundsman::net::Connection;
use roundsman_tests::family::each_family;
use roundsman_tests::peer::{Peer, aside};
use roundsman_tests::role::Role;
use roundsman_tests::server::{Event, Server};

use crate::echo;

const MIB: u64 = 1024 * 1024;

#[test]
fn ten_mib_both_ways_at_once_are_byte_exact() {
    each_family(|family| {
        for loops in 1..=3 {
            let server = Server::of(family, loops, echo);
            let peers: Vec<_> = (0..2)
                .map(|_| {
                    let mut sender = Peer::connect(&server.address);
                    let mut reader = sender.twin();
                    let sending = aside(move || {
                        sender.send_pattern(0, 10 * MIB);
                        sender.finish();
                    });
                    aside(move || {
                        reader.expect_pattern(0, 10 * MIB);
                        reader.expect_end();
                        sending.join().expect("everything was sent");
                    })
                })
                .collect();
            for peer in peers {
                peer.join().expect("everything came back");
            }
        }
    });
}

#[test]
fn single_bytes_come_back_one_by_one() {
    each_family(|family| {
        let server = Server::of(family, 1, echo);
        let mut peer = Peer::connect(&server.address);
        for byte in 0..=255 {
            peer.send(&[byte]);
            peer.expect(&[byte]);
        }
    });
}

/// A session that sends back what comes, wherever it lives.
fn session(connection: Connection, on_loop: usize) -> Role<Event> {
    Role::new(|_, _| Ok(())).started(move |ctx| {
        assert_eq!(ctx.loop_index(), on_loop);
        connection.reader().pipe(connection.writer()).start(ctx, Event::Ended);
        Ok(())
    })
}

#[test]
fn a_connection_moves_to_another_loop_before_its_first_use() {
    each_family(|family| {
        let server = Server::of(family, 2, |event, ctx| {
            if let Event::Accepted(connection) = event {
                let connection = connection.take();
                ctx.spawn_on(Placement::Loop(1), move || session(connection, 1));
            }
            Ok(())
        });
        let mut peers: Vec<_> = (0..4).map(|_| Peer::connect(&server.address)).collect();
        for peer in &mut peers {
            let mut sender = peer.twin();
            let sending = aside(move || sender.send_pattern(0, MIB));
            peer.expect_pattern(0, MIB);
            sending.join().expect("everything was sent");
        }
    });
}

#[test]
fn two_actors_on_two_loops_share_the_halves_of_a_connection() {
    each_family(|family| {
        let server = Server::of(family, 2, |event, ctx| {
            if let Event::Accepted(connection) = event {
                let reader = connection.reader();
                let writer = connection.writer();
                drop(connection);
                // The link crosses from the loop where the halves meet the socket to where the stage runs, and back.
                ctx.spawn_on(Placement::Loop(1), move || {
                    Role::new(|_: Event, _| Ok(())).started(move |ctx| {
                        reader.boundary().pipe(writer).start(ctx, Event::Ended);
                        Ok(())
                    })
                });
            }
            Ok(())
        });
        let mut peer = Peer::connect(&server.address);
        let mut sender = peer.twin();
        let sending = aside(move || {
            sender.send_pattern(0, MIB);
            sender.finish();
        });
        peer.expect_pattern(0, MIB);
        peer.expect_end();
        sending.join().expect("everything was sent");
    });
}
