//! How a WebSocket ends: who says Close, what both halves hear of it, and who hangs up.

use std::sync::mpsc;

use roundsman::Drain;
use roundsman::net::tcp;
use roundsman::stream::{Source, StreamContext};
use roundsman::websocket::{Arrival, Close, Message, accept, server};
use roundsman_tests::patience::must_end;
use roundsman_tests::peer::aside;
use roundsman_tests::websocket_peer::{WebSocketPeer, request};
use roundsman_tests::websocket_server::Event;

use crate::{Ends, echo, impatient, observed, read, told};

/// What a socket's Closes have said: theirs and ours.
fn closes(ends: &Ends) -> (Option<u16>, Option<u16>) {
    let closed = told(&ends.closed);
    (closed.theirs.as_ref().map(Close::code), closed.ours.as_ref().map(Close::code))
}

fn messages(count: u32) -> Source<Message> {
    Source::iter((0..count).map(|number| Message::from(number.to_string())))
}

#[test]
fn the_end_of_the_writer_says_1000_and_is_done_once_that_is_answered() {
    let (server, ends) = observed(server(), |socket, ctx| {
        read(&socket, ctx);
        messages(2).pipe(socket.writer()).start(ctx, Event::Ended);
        Ok(())
    });
    let mut peer = WebSocketPeer::open(server.address);
    peer.expect(0x81, b"0");
    peer.expect(0x81, b"1");
    peer.expect_close(1000);
    // It may still speak.
    peer.send(0x81, b"goodbye");
    assert!(ends.written.try_recv().is_err(), "nobody has answered");
    peer.close(1000);
    peer.expect_end();
    assert_eq!((told(&ends.written), told(&ends.read)), (Ok(2), Ok(1)));
    drop(peer);
    let closed = told(&ends.closed);
    assert!(closed.is_clean(), "{closed:?}");
}

#[test]
fn the_peers_close_ends_the_reader_and_is_answered_behind_what_is_on_its_way() {
    let (server, ends) = observed(server(), |socket, ctx| {
        echo(&socket, ctx);
        Ok(())
    });
    let mut peer = WebSocketPeer::open(server.address);
    let large = vec![7; 300_000];
    let close = 4000_u16.to_be_bytes();
    let both = [peer.frame(0x82, &large), peer.frame(0x88, &close)].concat();
    peer.send_raw(&both);
    peer.expect(0x82, &large);
    peer.expect_close(4000);
    peer.expect_end();
    drop(peer);
    assert_eq!(told(&ends.written), Ok(1));
    assert_eq!(closes(&ends), (Some(4000), Some(4000)));
}

#[test]
fn a_writer_that_does_not_end_when_the_peer_closes_is_cut() {
    let (server, ends) = observed(impatient(), |socket, ctx| {
        read(&socket, ctx);
        let (source, outlet) = ctx.outlet::<Message>(1);
        std::mem::forget(outlet);
        source.pipe(socket.writer()).start(ctx, Event::Ended);
        Ok(())
    });
    let mut peer = WebSocketPeer::open(server.address);
    peer.close(1001);
    peer.expect_close(1001);
    peer.expect_end();
    assert_eq!(told(&ends.read), Ok(0));
    let error = told(&ends.written).expect_err("it was cut");
    assert!(error.contains("the WebSocket is closed: 1001"), "{error}");
}

#[test]
fn close_says_its_code_and_reason_behind_what_was_written() {
    let (server, ends) = observed(server(), |socket, ctx| {
        read(&socket, ctx);
        socket.close(4321, "that is enough");
        Ok(())
    });
    let mut peer = WebSocketPeer::open(server.address);
    peer.expect(0x88, b"\x10\xe1that is enough");
    peer.close(4321);
    peer.expect_end();
    assert_eq!(told(&ends.read), Ok(0));
    drop(peer);
    assert_eq!(closes(&ends), (Some(4321), Some(4321)));
}

#[test]
fn the_end_of_the_writer_says_what_it_was_told_to_behind_everything_else() {
    let (server, ends) = observed(server(), |socket, ctx| {
        read(&socket, ctx);
        socket.close_at_end(4000, "replaced by the next");
        socket.close_at_end(1001, "bye");
        messages(2).pipe(socket.writer()).start(ctx, Event::Ended);
        Ok(())
    });
    let mut peer = WebSocketPeer::open(server.address);
    peer.expect(0x81, b"0");
    peer.expect(0x81, b"1");
    peer.expect(0x88, b"\x03\xe9bye");
    peer.close(1001);
    peer.expect_end();
    assert_eq!(told(&ends.written), Ok(2));
    drop(peer);
    assert_eq!(closes(&ends), (Some(1001), Some(1001)));
}

#[test]
fn a_close_of_the_peer_comes_before_what_the_end_of_the_writer_would_say() {
    let (server, ends) = observed(server(), |socket, ctx| {
        socket.close_at_end(4000, "all is said");
        echo(&socket, ctx);
        Ok(())
    });
    let mut peer = WebSocketPeer::open(server.address);
    peer.close(1001);
    peer.expect_close(1001);
    peer.expect_end();
    drop(peer);
    assert_eq!(closes(&ends), (Some(1001), Some(1001)));
}

#[test]
fn a_reason_that_is_too_long_is_cut_between_characters() {
    let (server, _ends) = observed(server(), |socket, _| {
        socket.close(1000, "é".repeat(100));
        Ok(())
    });
    let mut peer = WebSocketPeer::open(server.address);
    let expected = [&b"\x03\xe8"[..], "é".repeat(61).as_bytes()].concat();
    peer.expect(0x88, &expected);
}

#[test]
#[should_panic(expected = "1005 may not be sent")]
fn a_code_that_must_not_be_sent_is_none() {
    let _ = Close::new(1005, "");
}

#[test]
fn a_socket_that_nobody_holds_says_1001() {
    let (server, ends) = observed(server(), |socket, _| {
        drop(socket);
        Ok(())
    });
    let mut peer = WebSocketPeer::open(server.address);
    peer.expect_close(1001);
    peer.close(1001);
    peer.expect_end();
    drop(peer);
    assert_eq!(closes(&ends), (Some(1001), Some(1001)));
    server.wait_until_idle();
}

#[test]
fn a_writer_whose_source_fails_says_1011() {
    let (server, ends) = observed(server(), |socket, ctx| {
        read(&socket, ctx);
        let failing = messages(2).try_map(|message| match message.as_text() {
            Some("1") => Err(std::io::Error::other("no more")),
            _ => Ok(message),
        });
        failing.pipe(socket.writer()).start(ctx, Event::Ended);
        Ok(())
    });
    let mut peer = WebSocketPeer::open(server.address);
    peer.expect(0x81, b"0");
    peer.expect_close(1011);
    peer.close(1011);
    peer.expect_end();
    let error = told(&ends.written).expect_err("it failed");
    assert!(error.contains("no more"), "{error}");
}

#[test]
fn a_writer_that_is_cancelled_says_1001() {
    let (server, ends) = observed(server(), |socket, ctx| {
        let (source, outlet) = ctx.outlet::<Message>(1);
        let running = source.pipe(socket.writer()).start(ctx, Event::Ended);
        drop((socket, outlet));
        running.cancel("it was only a try");
        Ok(())
    });
    let mut peer = WebSocketPeer::open(server.address);
    peer.expect_close(1001);
    assert!(told(&ends.written).is_err());
}

#[test]
fn an_end_without_a_close_fails_both_halves() {
    let (server, ends) = observed(server(), |socket, ctx| {
        read(&socket, ctx);
        let (source, outlet) = ctx.outlet::<Message>(1);
        std::mem::forget(outlet);
        source.pipe(socket.writer()).start(ctx, Event::Ended);
        Ok(())
    });
    let mut peer = WebSocketPeer::open(server.address);
    peer.send(0x81, b"half of a talk");
    peer.finish();
    peer.expect_end();
    for half in [&ends.read, &ends.written] {
        let error = told(half).expect_err("it was no end");
        assert!(error.contains("without a Close"), "{error}");
    }
    let closed = told(&ends.closed);
    assert!(!closed.is_clean() && closed.error.is_some(), "{closed:?}");
}

#[test]
fn what_came_before_the_reader_was_piped_is_read_with_its_end() {
    let (sender, sockets) = mpsc::channel();
    let (server, ends) = observed(server(), move |socket, _| Ok(sender.send(socket)?));
    for closes in [true, false] {
        let mut peer = WebSocketPeer::open(server.address);
        let mut frames = [peer.frame(0x81, b"one"), peer.frame(0x81, b"two")].concat();
        if closes {
            frames.extend(peer.frame(0x88, &1000_u16.to_be_bytes()));
        }
        peer.send_raw(&frames);
        peer.finish();
        let socket = told(&sockets);
        let all = (request("/", "").len() + frames.len()) as u64;
        must_end({
            let connection = socket.connection().clone();
            move || {
                while connection.traffic().read < all {
                    std::thread::yield_now();
                }
            }
        });
        server.tell(move |ctx| {
            read(&socket, ctx);
            Ok(())
        });
        match told(&ends.read) {
            Ok(count) => assert_eq!((count, closes), (2, true)),
            Err(error) => assert!(!closes && error.contains("without a Close"), "{error}"),
        }
    }
}

#[test]
fn a_peer_that_does_not_answer_our_close_is_cut() {
    let (server, ends) = observed(impatient(), |socket, ctx| {
        messages(1).pipe(socket.writer()).start(ctx, Event::Ended);
        read(&socket, ctx);
        Ok(())
    });
    let mut peer = WebSocketPeer::open(server.address);
    peer.expect(0x81, b"0");
    peer.expect_close(1000);
    peer.read_to_any_end();
    for half in [&ends.read, &ends.written] {
        let error = told(half).expect_err("nobody has answered");
        assert!(error.contains("has not answered our Close within 20ms"), "{error}");
    }
    assert_eq!(closes(&ends), (None, Some(1000)));
    server.wait_until_idle();
}

#[test]
fn abort_cuts_without_a_close() {
    let (sender, sockets) = mpsc::channel();
    let (server, ends) = observed(server(), move |socket, ctx| {
        read(&socket, ctx);
        Ok(sender.send(socket)?)
    });
    let mut peer = WebSocketPeer::open(server.address);
    told(&sockets).abort();
    peer.read_to_any_end();
    assert!(told(&ends.read).is_err());
    assert_eq!(closes(&ends), (None, None));
    server.wait_until_idle();
}

#[test]
fn a_reader_that_is_cancelled_lets_the_closing_go_on() {
    let (server, ends) = observed(server(), |socket, ctx| {
        socket.reader().take(1).for_each(drop).start(ctx, Event::ReadingEnded);
        let (source, outlet) = ctx.outlet::<Message>(1);
        std::mem::forget(outlet);
        source.pipe(socket.writer()).start(ctx, Event::Ended);
        Ok(())
    });
    let mut peer = WebSocketPeer::open(server.address);
    for _ in 0..100 {
        peer.send(0x82, &[0; 10_000]);
    }
    assert_eq!(told(&ends.read), Ok(1));
    // It is still there, and hears what is no message.
    peer.send(0x89, b"there?");
    peer.expect(0x8a, b"there?");
}

#[test]
fn each_half_is_piped_once() {
    let (server, ends) = observed(server(), |socket, ctx| {
        echo(&socket, ctx);
        echo(&socket, ctx);
        Ok(())
    });
    let mut peer = WebSocketPeer::open(server.address);
    let error = told(&ends.written).expect_err("it is in use");
    assert!(error.contains("is in use by another pipeline"), "{error}");
    peer.send(0x81, b"hello");
    peer.expect(0x81, b"hello");
}

#[test]
fn a_half_that_is_piped_when_all_is_over_hears_so() {
    let (sender, sockets) = mpsc::channel();
    let (server, ends) = observed(server(), move |socket, _| {
        socket.close(1000, "");
        Ok(sender.send(socket)?)
    });
    let mut peer = WebSocketPeer::open(server.address);
    peer.expect_close(1000);
    peer.close(1000);
    drop(peer);
    let socket = told(&sockets);
    assert_eq!(closes(&ends), (Some(1000), Some(1000)));
    server.tell(move |ctx| {
        read(&socket, ctx);
        messages(1).pipe(socket.writer()).start(ctx, Event::Ended);
        Ok(())
    });
    assert_eq!(told(&ends.read), Ok(0), "it has ended as it should");
    let error = told(&ends.written).expect_err("nobody takes it");
    assert!(error.contains("the WebSocket is closed: 1000"), "{error}");
}

#[test]
fn a_planned_stop_says_1001_and_loses_nothing_that_was_written() {
    let (mut server, ends) = observed(server(), |socket, ctx| {
        echo(&socket, ctx);
        Ok(())
    });
    let mut peer = WebSocketPeer::open(server.address);
    peer.send(0x81, b"hello");
    peer.expect(0x81, b"hello");
    let handle = server.handle.clone();
    let stopping = aside(move || handle.shutdown(Drain::default()));
    peer.expect_close(1001);
    peer.expect_end();
    drop(peer);
    let report = stopping.join().expect("it ends");
    assert!(report.is_complete(), "{report}");
    server.wait_until_stopped();
    assert_eq!(told(&ends.written), Ok(1));
}

#[test]
fn a_socket_outlives_its_listener() {
    let (sender, pipelines) = mpsc::channel();
    let (host, ends) = observed(server(), |socket, ctx| {
        echo(&socket, ctx);
        Ok(())
    });
    host.tell(move |ctx| {
        let listener = tcp::listen("127.0.0.1:0")?;
        let address = listener.local().socket_addr();
        let sockets = listener.incoming().through(accept(&server())).map(Arrival::Socket);
        let running = sockets.pipe(ctx.inlet(Event::Arrived)).start(ctx, Event::ReadingEnded);
        Ok(sender.send((address, running))?)
    });
    let (address, running) = told(&pipelines);
    let mut peer = WebSocketPeer::open(address.expect("TCP"));
    peer.send(0x81, b"before");
    peer.expect(0x81, b"before");
    running.cancel("nobody new");
    assert!(told(&ends.read).is_err(), "the listener has gone");
    peer.send(0x81, b"after");
    peer.expect(0x81, b"after");
}
