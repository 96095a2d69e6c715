//! Last words to a peer that is still sending, and how long it is listened to.

use std::sync::mpsc;

use bytes::Bytes;
use roundsman::net::Connection;
use roundsman::stream::{Source, StreamContext};
use roundsman::{Actor, Context};
use roundsman_tests::family::{Family, each_family};
use roundsman_tests::patience;
use roundsman_tests::peer::Peer;
use roundsman_tests::role::Role;
use roundsman_tests::server::{Event, Server};

const MIB: u64 = 1024 * 1024;
const LAST_WORDS: &str = "ERROR :that is enough\r\n";

/// Says its last words, and nothing after them.
fn say_last_words<A: Actor<Message = Event>>(connection: &Connection, ctx: &mut Context<'_, A>) {
    let words = Source::iter([Bytes::from(LAST_WORDS)]);
    words.pipe(connection.writer()).start(ctx, Event::Ended);
}

/// A server that gives up its reader at the first that it hears, and then says its last words.
fn gives_up_its_reader(family: Family) -> Server {
    let mut open = None;
    Server::of(family, 1, move |event, ctx| {
        match event {
            Event::Accepted(connection) => {
                let reading = connection.reader().pipe(ctx.inlet(Event::Bytes));
                open = Some((reading.start(ctx, Event::Ended), connection));
            }
            Event::Bytes(_) => {
                if let Some((reading, connection)) = open.take() {
                    reading.cancel("it has heard enough");
                    say_last_words(&connection, ctx);
                }
            }
            _ => {}
        }
        Ok(())
    })
}

#[test]
fn a_peer_that_says_everything_before_it_reads_reads_our_last_words() {
    each_family(|family| {
        let server = gives_up_its_reader(family);
        let mut peer = Peer::connect(&server.address);
        peer.send_pattern(0, 8 * MIB);
        peer.expect(LAST_WORDS.as_bytes());
        peer.expect_end();
    });
}

/// Says its last words, stops as soon as they are written, and has never read.
fn session(connection: Connection) -> Role<Event> {
    Role::new(|event, ctx| {
        if let Event::Ended(result) = event {
            result?;
            ctx.stop();
        }
        Ok(())
    })
    .started(move |ctx| {
        say_last_words(&connection, ctx);
        Ok(())
    })
}

#[test]
fn last_words_are_read_although_the_owner_of_the_connection_has_ended_with_them() {
    each_family(|family| {
        let (ended, has_ended) = mpsc::channel();
        let server = Server::of(family, 1, move |event, ctx| {
            match event {
                Event::Accepted(connection) => {
                    connection.closed(ctx, Event::Closed);
                    let session = ctx.spawn(session(connection.take()));
                    let ended = ended.clone();
                    ctx.watch(&session, move |_| {
                        // The test has failed if nobody waits for it.
                        let _ = ended.send("the session");
                        Event::Do(Box::new(|_| Ok(())))
                    });
                }
                Event::Closed(closed) => {
                    assert!(closed.error.is_none(), "{closed:?}");
                    ended.send("the connection")?;
                }
                _ => {}
            }
            Ok(())
        });
        let mut peer = Peer::connect(&server.address);
        assert_eq!(has_ended.recv(), Ok("the session"));
        for piece in 0..64 {
            peer.send_pattern(piece * 1024, (piece + 1) * 1024);
        }
        peer.expect(LAST_WORDS.as_bytes());
        peer.expect_end();
        peer.finish();
        assert_eq!(has_ended.recv(), Ok("the connection"), "once its peer has ended as well");
    });
}

#[test]
fn a_peer_that_sends_for_ever_is_not_listened_to_for_ever() {
    each_family(|family| {
        let server = gives_up_its_reader(family);
        let mut peer = Peer::connect(&server.address);
        let taken = patience::must_end(move || peer.send_until_broken());
        // 16 MiB are dropped; some more were on their way.
        assert!(taken < 64 * MIB, "{taken} bytes were taken");
        patience::must_end(move || server.wait_until_idle());
    });
}
