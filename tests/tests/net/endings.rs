//! How the halves of a connection end, each for itself.

use std::sync::mpsc;

use bytes::Bytes;
use roundsman::stream::{Source, StreamContext};
use roundsman_tests::family::each_family;
use roundsman_tests::patience;
use roundsman_tests::payload::block;
use roundsman_tests::peer::Peer;
use roundsman_tests::server::{Event, Server};

const MIB: u64 = 1024 * 1024;

fn pattern(len: u64) -> Source<Bytes> {
    Source::iter((0..len / 4096).map(|n| block(n * 4096, 4096)))
}

#[test]
fn the_peers_fin_ends_the_reader_and_the_writer_goes_on() {
    each_family(|family| {
        let mut held = None;
        let server = Server::of(family, 1, move |event, ctx| {
            match event {
                Event::Accepted(connection) => {
                    connection.reader().pipe(ctx.inlet(Event::Bytes)).start(ctx, Event::Ended);
                    held = Some(connection);
                }
                Event::Ended(result) => {
                    if let Some(connection) = held.take() {
                        assert_eq!(result?.bytes, 8);
                        pattern(MIB).pipe(connection.writer()).start(ctx, Event::Ended);
                    }
                }
                _ => {}
            }
            Ok(())
        });
        let mut peer = Peer::connect(&server.address);
        peer.send(b"question");
        peer.finish();
        peer.expect_pattern(0, MIB);
        peer.expect_end();
    });
}

#[test]
fn our_fin_ends_the_writer_and_the_reader_goes_on() {
    each_family(|family| {
        let (sender, received) = mpsc::channel();
        let server = Server::of(family, 1, move |event, ctx| {
            match event {
                Event::Accepted(connection) => {
                    connection.reader().pipe(ctx.inlet(Event::Bytes)).start(ctx, Event::Ended);
                    pattern(MIB).pipe(connection.writer()).start(ctx, Event::Ended);
                }
                Event::Ended(result) => sender.send(result?.bytes)?,
                _ => {}
            }
            Ok(())
        });
        let mut peer = Peer::connect(&server.address);
        peer.expect_pattern(0, MIB);
        peer.expect_end();
        assert_eq!(received.recv(), Ok(MIB), "the writer's pipeline");
        peer.send_pattern(0, 2 * MIB);
        peer.finish();
        assert_eq!(received.recv(), Ok(2 * MIB), "the reader's pipeline");
    });
}

#[test]
fn a_fin_that_comes_together_with_data_is_seen() {
    each_family(|family| {
        // What is read at once, what takes several reads, and what fills the window to the brim.
        for len in [0, 1, 2_000, 2_049, 65_535, 65_536, 65_537, 200_000] {
            let (sender, events) = mpsc::channel();
            let server = Server::of(family, 1, move |event, _| {
                match event {
                    Event::Accepted(connection) => sender.send(Ok(connection.take()))?,
                    Event::Ended(result) => sender.send(Err(result?.bytes))?,
                    _ => {}
                }
                Ok(())
            });
            let mut peer = Peer::connect(&server.address);
            peer.send_pattern(0, len);
            peer.finish();
            // Nobody looks at the socket until data and FIN are both there.
            let Ok(Ok(connection)) = events.recv() else { panic!("a connection comes first") };
            server.tell(move |ctx| {
                connection.reader().pipe(ctx.inlet(Event::Bytes)).start(ctx, Event::Ended);
                Ok(())
            });
            assert!(matches!(events.recv(), Ok(Err(bytes)) if bytes == len), "{len} bytes");
        }
    });
}

#[test]
fn a_connection_that_is_dropped_unused_is_closed() {
    each_family(|family| {
        let server = Server::of(family, 1, |event, _| {
            drop(event);
            Ok(())
        });
        Peer::connect(&server.address).expect_end();
    });
}

#[test]
fn a_half_that_is_never_used_does_not_keep_the_connection() {
    each_family(|family| {
        let server = Server::of(family, 1, |event, ctx| {
            if let Event::Accepted(connection) = event {
                pattern(MIB).pipe(connection.writer()).start(ctx, Event::Ended);
            }
            Ok(())
        });
        let mut peer = Peer::connect(&server.address);
        peer.expect_pattern(0, MIB);
        peer.expect_end();
        patience::must_end(move || server.wait_until_idle());
    });
}

#[test]
fn the_owners_end_closes_its_connections() {
    each_family(|family| {
        let server = Server::of(family, 1, |event, ctx| {
            if let Event::Accepted(connection) = event {
                let connection = connection.take();
                ctx.spawn(
                    roundsman_tests::role::Role::new(|_: Event, ctx| {
                        ctx.stop();
                        Ok(())
                    })
                    .started(move |ctx| {
                        connection.reader().pipe(ctx.inlet(Event::Bytes)).start(ctx, Event::Ended);
                        Ok(())
                    }),
                );
            }
            Ok(())
        });
        let mut peer = Peer::connect(&server.address);
        peer.send(b"the first message ends the session");
        peer.expect_end();
    });
}
