//! Bytes over TLS: all of them, in order, and how they end.

use std::io::Read;
use std::net::TcpListener;
use std::sync::mpsc;

use bytes::Bytes;
use roundsman::net::tls::rustls::version::{TLS12, TLS13};
use roundsman::net::{Connection, tcp};
use roundsman::stream::{Source, StreamContext, lines};
use roundsman_tests::folder::Folder;
use roundsman_tests::patience::must_end;
use roundsman_tests::payload::block;
use roundsman_tests::peer::Peer;
use roundsman_tests::server::{Event, Server};
use roundsman_tests::tls_peer::{TlsClient, TlsServer, client_config, server_config};
use socket2::SockRef;

use crate::{MIB, Site, assert_serves, echo, start};

fn pattern(len: u64) -> Source<Bytes> {
    Source::iter((0..len / 4096).map(|n| block(n * 4096, 4096)))
}

#[test]
fn a_mebibyte_comes_back_by_either_version() {
    let site = Site::new();
    let server = start(site.server(), echo);
    for version in [&TLS12, &TLS13] {
        let config = client_config(&site.authority.root(), &[version]);
        let mut peer = TlsClient::connect(server.socket_addr(), config, "localhost");
        assert_eq!(peer.tls().protocol_version(), Some(version.version));
        for at in (0..MIB).step_by(30_000) {
            let to = MIB.min(at + 30_000);
            peer.send_pattern(at, to);
            peer.expect_pattern(at, to);
        }
        peer.finish();
        peer.expect_end();
    }
}

#[test]
fn a_client_and_a_server_of_ours_carry_a_mebibyte_both_ways_at_once() {
    let site = Site::new();
    let both = |connection: &Connection, ctx: &mut roundsman_tests::server::Ctx<'_>| {
        connection.reader().pipe(ctx.inlet(Event::Bytes)).start(ctx, Event::Ended);
        pattern(MIB).pipe(connection.writer()).start(ctx, Event::Ended);
    };
    let (sender, ended) = mpsc::channel();
    let server = start(site.server(), move |event, ctx| {
        match event {
            Event::Accepted(connection) => both(&connection, ctx),
            Event::Secured(connection) => both(&connection?, ctx),
            Event::Ended(result) => sender.send(result?.bytes)?,
            _ => {}
        }
        Ok(())
    });
    let connect = tcp::connect(server.socket_addr());
    let attempt = site.client().connect(connect).server_name("localhost");
    server.tell(move |ctx| {
        attempt.start(ctx, Event::Secured);
        Ok(())
    });
    let bytes: Vec<_> = ended.iter().take(4).collect();
    assert_eq!(bytes, [MIB; 4], "two readers and two writers");
}

#[test]
fn close_notify_is_the_end_and_the_other_half_goes_on() {
    let site = Site::new();
    let mut held = None;
    let server = start(site.server(), move |event, ctx| {
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
    let mut peer = site.connect(server.socket_addr());
    peer.send(b"question");
    // No FIN: `close_notify` says it.
    peer.close_notify();
    peer.expect_pattern(0, MIB);
    peer.expect_end();
}

#[test]
fn our_end_is_close_notify_then_fin_and_the_reader_goes_on() {
    let site = Site::new();
    let (sender, received) = mpsc::channel();
    let server = start(site.server(), move |event, ctx| {
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
    let mut peer = site.connect(server.socket_addr());
    peer.expect_pattern(0, MIB);
    peer.expect_end();
    assert_eq!(peer.socket().read(&mut [0]).expect("FIN"), 0);
    assert_eq!(received.recv(), Ok(MIB), "the writer's pipeline");
    peer.send_pattern(0, 2 * MIB);
    peer.finish();
    assert_eq!(received.recv(), Ok(2 * MIB), "the reader's pipeline");
}

/// How a reader ends whose peer does `what`, and what came before.
fn reader_after(
    what: impl FnOnce(TlsClient) + Send + 'static,
) -> Result<u64, roundsman::stream::PipeError> {
    let site = Site::new();
    let (sender, ended) = mpsc::channel();
    let (ready, accepted) = mpsc::channel();
    let server = start(site.server(), move |event, ctx| {
        match event {
            Event::Accepted(connection) => {
                connection.reader().pipe(ctx.inlet(Event::Bytes)).start(ctx, Event::Ended);
                ready.send(())?;
            }
            Event::Ended(result) => _ = sender.send(result.map(|summary| summary.bytes)),
            _ => {}
        }
        Ok(())
    });
    let peer = site.connect(server.socket_addr());
    // A client of TLS 1.3 is done before the server is.
    accepted.recv().expect("it comes in");
    must_end(move || what(peer));
    ended.recv().expect("it ends")
}

#[test]
fn fin_without_close_notify_is_a_truncated_stream_and_a_failure() {
    let error = reader_after(|mut peer| {
        peer.send(b"the first half of ");
        peer.cut();
    });
    let error = error.expect_err("it is not all");
    assert_eq!(error.io_kind(), Some(std::io::ErrorKind::UnexpectedEof), "{error}");
    assert!(error.to_string().contains("without `close_notify`"), "{error}");
}

#[test]
fn fin_in_the_middle_of_a_record_is_a_failure() {
    let error = reader_after(|mut peer| {
        // The head of a record that says that 100 bytes follow.
        std::io::Write::write_all(peer.socket(), &[23, 3, 3, 0, 100, 1, 2, 3]).expect("it goes");
        peer.cut();
    });
    let error = error.expect_err("it is not all");
    assert_eq!(error.io_kind(), Some(std::io::ErrorKind::UnexpectedEof), "{error}");
}

#[test]
fn a_reset_is_a_failure() {
    let error = reader_after(|mut peer| {
        peer.send(b"something");
        SockRef::from(&*peer.socket())
            .set_linger(Some(std::time::Duration::ZERO))
            .expect("a socket");
    });
    let error = error.expect_err("it was reset");
    assert_eq!(error.io_kind(), Some(std::io::ErrorKind::ConnectionReset), "{error}");
}

#[test]
fn what_is_no_tls_in_the_middle_is_a_failure_and_the_peer_hears_of_it() {
    let error = reader_after(|mut peer| {
        std::io::Write::write_all(peer.socket(), b"GET / HTTP/1.1\r\n\r\n").expect("it goes");
        let error = peer.expect_failure();
        assert!(error.to_string().contains("alert"), "{error}");
    });
    let error = error.expect_err("it is no TLS");
    assert_eq!(error.io_kind(), Some(std::io::ErrorKind::InvalidData), "{error}");
}

#[test]
fn data_that_comes_together_with_the_end_is_read() {
    // What is read at once, several records, and what fills the window to the brim.
    for len in [0, 1, 2_000, 16_384, 16_385, 65_535, 65_536, 65_537, 200_000] {
        let site = Site::new();
        let (sender, events) = mpsc::channel();
        let server = start(site.server(), move |event, _| {
            match event {
                Event::Accepted(connection) => sender.send(Ok(connection.take()))?,
                Event::Ended(result) => sender.send(Err(result?.bytes))?,
                _ => {}
            }
            Ok(())
        });
        let mut peer = site.connect(server.socket_addr());
        peer.send_pattern(0, len);
        peer.finish();
        // Nobody looks at the socket until data and the end are both there.
        let Ok(Ok(connection)) = events.recv() else { panic!("a connection comes first") };
        server.tell(move |ctx| {
            connection.reader().pipe(ctx.inlet(Event::Bytes)).start(ctx, Event::Ended);
            Ok(())
        });
        assert!(matches!(events.recv(), Ok(Err(bytes)) if bytes == len), "{len} bytes");
    }
}

#[test]
fn the_end_is_heard_though_nobody_asks_for_more() {
    let site = Site::new();
    let (sender, ended) = mpsc::channel();
    let mut kept = Vec::new();
    let server = start(site.server(), move |event, ctx| {
        match event {
            Event::Accepted(connection) => {
                connection.reader().pipe(ctx.inlet(Event::Bytes)).start(ctx, Event::Ended);
            }
            Event::Bytes(item) => kept.push(item),
            Event::Ended(result) => sender.send(result?.bytes)?,
            _ => {}
        }
        Ok(())
    });
    let mut peer = site.connect(server.socket_addr());
    // A window, which is kept.
    peer.send_pattern(0, 65_536);
    // No FIN, which the OS would tell of.
    peer.close_notify();
    assert_eq!(ended.recv(), Ok(65_536));
}

#[test]
fn a_connection_that_is_aborted_looks_complete_to_nobody() {
    let site = Site::new();
    let server = start(site.server(), |event, ctx| {
        if let Event::Accepted(connection) = event {
            Source::iter([Bytes::from_static(b"half")])
                .pipe(connection.writer())
                .start(ctx, Event::Ended);
            connection.abort();
        }
        Ok(())
    });
    let error = site.connect(server.socket_addr()).expect_failure();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{error}");
}

#[test]
fn a_peer_that_sends_every_byte_for_itself_is_understood() {
    let site = Site::new();
    let server = start(site.server(), echo);
    let mut peer = TlsClient::begin(server.socket_addr(), site.peer(), "localhost");
    peer.trickle_hands();
    peer.trickle(b"b, y, t, e, s");
    peer.expect(b"b, y, t, e, s");
    peer.finish();
    peer.expect_end();
}

#[test]
fn keys_that_change_change_nothing() {
    let site = Site::new();
    let server = start(site.server(), echo);
    let mut peer = site.connect(server.socket_addr());
    for round in 0..10 {
        peer.send_pattern(round, round + 50_000);
        peer.expect_pattern(round, round + 50_000);
        peer.tls().refresh_traffic_keys().expect("TLS 1.3");
    }
    peer.finish();
    peer.expect_end();
}

#[test]
fn lines_come_over_tls_as_without() {
    let site = Site::new();
    let (sender, got) = mpsc::channel();
    let server = start(site.server(), move |event, ctx| {
        match event {
            Event::Accepted(connection) => {
                let lines = connection.reader().through(lines(512));
                let whole = lines.try_map(|line| line);
                whole.pipe(ctx.inlet(Event::Bytes)).start(ctx, Event::Ended);
            }
            Event::Bytes(line) => sender.send(line.to_vec())?,
            _ => {}
        }
        Ok(())
    });
    let mut peer = site.connect(server.socket_addr());
    peer.send(b"NICK some");
    peer.send(b"body\r\nJOIN #there\r\n");
    assert_eq!(got.recv().as_deref(), Ok(&b"NICK somebody"[..]));
    assert_eq!(got.recv().as_deref(), Ok(&b"JOIN #there"[..]));
}

#[test]
fn traffic_is_what_was_said_and_not_what_tls_has_made_of_it() {
    let site = Site::new();
    let (sender, closed) = mpsc::channel();
    let mut connections = Vec::new();
    let server = start(site.server(), move |event, ctx| {
        match event {
            Event::Accepted(connection) => {
                connection.reader().pipe(connection.writer()).start(ctx, Event::Ended);
                connections.push(connection.take());
            }
            Event::Ended(_) => sender.send(connections[0].traffic())?,
            _ => {}
        }
        Ok(())
    });
    let mut peer = site.connect(server.socket_addr());
    peer.send(b"twelve bytes");
    peer.expect(b"twelve bytes");
    peer.finish();
    peer.expect_end();
    let traffic = closed.recv().expect("it ends");
    assert_eq!((traffic.read, traffic.written), (12, 12));
}

#[test]
fn what_the_kernel_would_move_from_a_socket_is_copied_into_tls() {
    let site = Site::new();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let to = listener.local_addr().expect("an address");
    let client = site.client();
    let mut plain = None;
    let proxy = Server::start(1, move |event, ctx| {
        match event {
            Event::Accepted(connection) => {
                plain = Some(connection.take());
                let attempt = client.connect(tcp::connect(to)).server_name("localhost");
                attempt.start(ctx, Event::Secured);
            }
            Event::Secured(secured) => {
                let (plain, secured) = (plain.take().expect("one at a time"), secured?);
                plain.reader().pipe(secured.writer()).start(ctx, Event::Ended);
                secured.reader().pipe(plain.writer()).start(ctx, Event::Ended);
            }
            _ => {}
        }
        Ok(())
    });
    let mut there = Peer::connect(&proxy.address);
    let (socket, _) = listener.accept().expect("the proxy connects");
    let mut secured = TlsServer::accept(socket, server_config(&site.files));
    let mut sending = there.twin();
    let sender = roundsman_tests::peer::aside(move || {
        sending.send_pattern(0, 4 * MIB);
        sending.finish();
    });
    secured.expect_pattern(0, 4 * MIB);
    secured.expect_end();
    sender.join().expect("everything was sent");
    let receiver = roundsman_tests::peer::aside(move || {
        there.expect_pattern(0, 4 * MIB);
        there.expect_end();
    });
    secured.send_pattern(0, 4 * MIB);
    secured.finish();
    receiver.join().expect("everything has come");
}

#[test]
fn what_the_kernel_would_move_from_a_file_is_copied_into_tls() {
    let site = Site::new();
    let folder = Folder::new();
    let whole: Vec<u8> = (0..4 * MIB / 4096).flat_map(|n| block(n * 4096, 4096)).collect();
    let path = folder.with("whole", &whole);
    let server = start(site.server(), move |event, ctx| {
        if let Event::Accepted(connection) = event {
            let reader = roundsman::fs::reader(&path).source();
            reader.pipe(connection.writer()).start(ctx, Event::Ended);
        }
        Ok(())
    });
    let mut peer = site.connect(server.socket_addr());
    peer.expect_pattern(0, 4 * MIB);
    peer.expect_end();
}

#[test]
fn who_has_only_written_loses_nothing_though_the_peer_says_something_late() {
    let site = Site::new();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let to = listener.local_addr().expect("an address");
    let attempt = site.client().connect(tcp::connect(to)).server_name("localhost");
    let (sender, ended) = mpsc::channel();
    let caller = Server::start(1, move |event, ctx| {
        match event {
            Event::Secured(connection) => {
                pattern(65_536).pipe(connection?.writer()).start(ctx, Event::Ended);
            }
            Event::Ended(result) => sender.send(result?.bytes)?,
            _ => {}
        }
        Ok(())
    });
    caller.tell(move |ctx| {
        attempt.start(ctx, Event::Secured);
        Ok(())
    });
    let (socket, _) = listener.accept().expect("it connects");
    let mut peer = TlsServer::answer(socket, server_config(&site.files));
    // The client has written everything, and wants nothing more.
    assert_eq!(ended.recv(), Ok(65_536));
    let (turn, is_over) = mpsc::channel();
    caller.tell(move |_| Ok(turn.send(())?));
    is_over.recv().expect("the caller runs");
    // What comes now are tickets, which nobody reads: over them a closed socket would be reset.
    peer.shake_hands().expect("the client was done");
    peer.expect_pattern(0, 65_536);
    peer.expect_end();
    peer.finish();
    must_end(move || caller.wait_until_idle());
}

#[cfg(unix)]
#[test]
fn a_unix_socket_carries_tls_too() {
    use roundsman::net::{tls, unix};

    let site = Site::new();
    let path = site.authority.file("tls.sock");
    let listener = unix::listen(&path).expect("a path that is free");
    let (tls, (sender, got)) = (site.server(), mpsc::channel());
    let server = Server::start_at(
        listener,
        1,
        move |incoming| incoming.through(tls::accept(&tls)),
        move |event, ctx| {
            match event {
                Event::Secured(connection) => {
                    let connection = connection?;
                    Source::iter([Bytes::from_static(b"hello")])
                        .pipe(connection.writer())
                        .start(ctx, Event::Ended);
                    connection.reader().pipe(ctx.inlet(Event::Bytes)).start(ctx, Event::Ended);
                }
                Event::Bytes(bytes) => sender.send(bytes.to_vec())?,
                event => echo(event, ctx)?,
            }
            Ok(())
        },
    );
    let attempt = site.client().connect(unix::connect(path)).server_name("localhost");
    server.tell(move |ctx| {
        attempt.start(ctx, Event::Secured);
        Ok(())
    });
    assert_eq!(got.recv().as_deref(), Ok(&b"hello"[..]));
}

#[test]
fn a_connection_that_is_never_piped_ends_no_other() {
    let site = Site::new();
    let mut dropped = false;
    let server = start(site.server(), move |event, ctx| match event {
        Event::Accepted(connection) if !dropped => {
            dropped = true;
            drop(connection);
            Ok(())
        }
        event => echo(event, ctx),
    });
    let mut first = site.connect(server.socket_addr());
    // Nothing was ever said: FIN without `close_notify`.
    let error = first.expect_failure();
    assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof, "{error}");
    assert_serves(&server, &site);
}
