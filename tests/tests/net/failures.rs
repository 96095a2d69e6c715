//! A connection's failure is that connection's, and both of its halves hear of it.

use std::io::ErrorKind;
use std::sync::mpsc;

use bytes::Bytes;
use roundsman::stream::{Cut, PipeError, Source, StreamContext, Summary, outlet};
use roundsman_tests::counted::{Count, Counted};
use roundsman_tests::peer::Peer;
use roundsman_tests::server::{Event, Server};

use crate::echo;

type Ends = mpsc::Receiver<Result<Summary, PipeError>>;

/// A server that does `serve` and reports how its pipelines end.
fn reporting(
    mut serve: impl FnMut(Event, &mut roundsman_tests::server::Ctx<'_>) -> roundsman::Outcome
    + Send
    + 'static,
) -> (Server, Ends) {
    let (sender, ends) = mpsc::channel();
    let server = Server::start(1, move |event, ctx| match event {
        Event::Ended(end) => {
            // The test may have seen enough.
            let _ = sender.send(end);
            Ok(())
        }
        event => serve(event, ctx),
    });
    (server, ends)
}

fn endless() -> Source<Bytes> {
    Source::iter(Counted::new(u64::MAX, &Count::default()))
}

#[track_caller]
fn io_kind(ends: &Ends) -> ErrorKind {
    let error = ends.recv().expect("an end").expect_err("a failure");
    error.io_kind().unwrap_or_else(|| panic!("no error of the OS: {error}"))
}

#[test]
fn a_reset_in_the_middle_of_a_large_write_fails_that_connection_only() {
    let (server, ends) = reporting(|event, ctx| {
        if let Event::Accepted(connection) = event {
            endless().pipe(connection.writer()).start(ctx, Event::Ended);
        }
        Ok(())
    });
    let mut other = Peer::connect(&server.address);
    let mut broken = Peer::connect(&server.address);
    other.expect_pattern(0, 100_000);
    broken.expect_pattern(0, 100_000);
    broken.reset();
    assert!(matches!(io_kind(&ends), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe));
    other.expect_pattern(100_000, 8_000_000);
    Peer::connect(&server.address).expect_pattern(0, 100_000);
    assert!(ends.try_recv().is_err(), "nobody else has ended");
}

#[test]
fn a_reset_reaches_both_halves_once_each() {
    let (server, ends) = reporting(|event, ctx| {
        if let Event::Accepted(connection) = event {
            endless().pipe(connection.writer()).start(ctx, Event::Ended);
            connection.reader().pipe(ctx.inlet(Event::Bytes)).start(ctx, Event::Ended);
        }
        Ok(())
    });
    Peer::connect(&server.address).reset();
    let mut stages: Vec<_> = (0..2)
        .map(|_| {
            let error = ends.recv().expect("an end").expect_err("a failure");
            error.stage().split_whitespace().take(2).collect::<Vec<_>>().join(" ")
        })
        .collect();
    stages.sort();
    assert_eq!(stages, ["tcp reader", "tcp writer"]);
    drop(server);
    assert!(ends.recv().is_err(), "no third end");
}

#[test]
fn a_reset_is_seen_although_nothing_is_asked_for() {
    let mut kept = Vec::new();
    let (told, full) = mpsc::channel();
    let mut bytes = 0;
    let (server, ends) = reporting(move |event, ctx| {
        match event {
            Event::Accepted(connection) => {
                connection.reader().pipe(ctx.inlet(Event::Bytes)).start(ctx, Event::Ended);
            }
            Event::Bytes(item) => {
                bytes += item.len();
                kept.push(item);
                if bytes == 64 * 1024 {
                    told.send(())?;
                }
            }
            _ => {}
        }
        Ok(())
    });
    let mut peer = Peer::connect(&server.address);
    peer.send_pattern(0, 64 * 1024);
    full.recv().expect("the window is full, and kept");
    peer.reset();
    assert_eq!(io_kind(&ends), ErrorKind::ConnectionReset);
}

#[test]
fn what_ends_halfway_does_not_look_complete_to_the_peer() {
    let (server, ends) = reporting(|event, ctx| {
        if let Event::Accepted(connection) = event {
            let (source, mut outlet) = outlet(100);
            source.pipe(connection.writer()).start(ctx, Event::Ended);
            outlet.push(Bytes::from_static(b"half of the tru"))?;
            // Dropped without an end.
        }
        Ok(())
    });
    Peer::connect(&server.address).expect_reset();
    let error = ends.recv().expect("an end").expect_err("a failure");
    assert_eq!(error.stage(), "outlet");
}

#[test]
fn abort_fails_both_halves_and_resets_the_peer() {
    let (server, ends) = reporting(|event, ctx| {
        match event {
            Event::Accepted(connection) => {
                endless().pipe(connection.writer()).start(ctx, Event::Ended);
                connection
                    .reader()
                    .map(move |bytes| {
                        connection.abort();
                        connection.abort();
                        bytes
                    })
                    .pipe(ctx.inlet(Event::Bytes))
                    .start(ctx, Event::Ended);
            }
            Event::Bytes(_) => {}
            _ => {}
        }
        Ok(())
    });
    let mut peer = Peer::connect(&server.address);
    peer.send(b"now");
    peer.expect_reset();
    for _ in 0..2 {
        assert_eq!(io_kind(&ends), ErrorKind::ConnectionAborted);
    }
}

#[test]
fn abort_before_the_first_use_closes_the_socket_and_what_is_piped_later_fails() {
    let (server, ends) = reporting(|event, ctx| {
        if let Event::Accepted(connection) = event {
            connection.abort();
            connection.reader().pipe(ctx.inlet(Event::Bytes)).start(ctx, Event::Ended);
            endless().pipe(connection.writer()).start(ctx, Event::Ended);
        }
        Ok(())
    });
    Peer::connect(&server.address).expect_reset();
    for _ in 0..2 {
        assert_eq!(io_kind(&ends), ErrorKind::ConnectionAborted);
    }
}

#[test]
fn abort_resets_the_peer_although_a_half_was_never_piped() {
    for reads in [true, false] {
        let mut kept = Vec::new();
        let (server, ends) = reporting(move |event, ctx| {
            if let Event::Accepted(connection) = event {
                if reads {
                    connection.reader().pipe(ctx.inlet(Event::Bytes)).start(ctx, Event::Ended);
                } else {
                    endless().pipe(connection.writer()).start(ctx, Event::Ended);
                }
                connection.abort();
                kept.push(connection);
            }
            Ok(())
        });
        Peer::connect(&server.address).expect_reset();
        assert_eq!(io_kind(&ends), ErrorKind::ConnectionAborted);
    }
}

#[test]
fn a_second_use_of_a_half_fails_and_the_first_goes_on() {
    let (server, ends) = reporting(|event, ctx| {
        if let Event::Accepted(connection) = event {
            connection.reader().pipe(connection.writer()).start(ctx, Event::Ended);
            connection.reader().for_each(|_| ()).start(ctx, Event::Ended);
            connection.reader().pipe(ctx.inlet(Event::Bytes)).start(ctx, Event::Ended);
            endless().pipe(connection.writer()).start(ctx, Event::Ended);
            endless().boundary().pipe(connection.writer()).start(ctx, Event::Ended);
            let (source, mut outlet) = outlet(100);
            source.pipe(connection.writer()).start(ctx, Event::Ended);
            assert!(outlet.push(Bytes::from_static(b"not to be sent")).is_err());
        }
        Ok(())
    });
    let mut peer = Peer::connect(&server.address);
    peer.send(b"to the first");
    peer.expect(b"to the first");
    for _ in 0..5 {
        let error = ends.recv().expect("an end").expect_err("a failure");
        assert_eq!(error.cause().downcast_ref(), Some(&Cut::InUse), "{error}");
        assert!(error.stage().starts_with("tcp "), "{error}");
    }
    peer.send(b"still");
    peer.finish();
    peer.expect(b"still");
    peer.expect_end();
    assert!(ends.recv().expect("an end").is_ok());
}

#[test]
fn a_cancelled_reader_leaves_the_writer_alone() {
    let (server, ends) = reporting(|event, ctx| {
        if let Event::Accepted(connection) = event {
            let reading = connection.reader().for_each(|_| ()).start(ctx, Event::Ended);
            reading.cancel("enough");
            Source::iter([Bytes::from_static(b"hello")])
                .pipe(connection.writer())
                .start(ctx, Event::Ended);
        }
        Ok(())
    });
    let mut peer = Peer::connect(&server.address);
    peer.expect(b"hello");
    peer.expect_end();
    let ends: Vec<_> = ends.iter().take(2).collect();
    assert!(ends.iter().any(|end| matches!(end, Err(error) if error.is_cancelled())), "{ends:?}");
    assert!(ends.iter().any(Result::is_ok), "{ends:?}");
}

#[test]
fn a_panic_in_one_connections_stage_is_that_connections() {
    let (server, ends) = reporting(|event, ctx| {
        if let Event::Accepted(connection) = event {
            let source = connection.reader().map(|bytes: Bytes| {
                assert!(bytes[0] != b'!', "it was told to");
                bytes
            });
            source.pipe(connection.writer()).start(ctx, Event::Ended);
        }
        Ok(())
    });
    let mut good = Peer::connect(&server.address);
    let mut bad = Peer::connect(&server.address);
    bad.send(b"!");
    bad.expect_reset();
    let error = ends.recv().expect("an end").expect_err("a failure");
    assert_eq!(error.stage(), "map");
    good.send(b"?");
    good.expect(b"?");
}

#[test]
fn a_client_that_breaks_off_in_the_backlog_does_no_harm() {
    let server = Server::start(1, echo);
    for _ in 0..50 {
        Peer::connect(&server.address).reset();
    }
    let mut peer = Peer::connect(&server.address);
    peer.send(b"?");
    peer.expect(b"?");
}
