//! Our clients, against servers of ours and against one that builds its frames byte by byte.

use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::{self, Receiver};

use roundsman::net::tcp;
use roundsman::stream::Source;
use roundsman::websocket::{Connect, HandshakeError, Message, Options, Socket, connect, server};
use roundsman_tests::websocket_peer::{WebSocketPeer, header};
use roundsman_tests::websocket_server::{Event, WebSocketServer, echo};

use crate::{SHORT, read, told};

/// An answer that opens a WebSocket.
const GOOD: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ACCEPT\r\n\r\n";

type Opened = Receiver<Result<Socket, HandshakeError>>;

/// A client that shakes hands as `with` says. What it serves is nobody's.
fn call(
    to: SocketAddr,
    with: impl Fn(Connect) -> Connect + Send + 'static,
) -> (WebSocketServer, Opened) {
    let (sender, opened) = mpsc::channel();
    let caller = WebSocketServer::start(server(), move |event, ctx| {
        match event {
            Event::Connected(connection) => {
                with(connect(&connection?, "example.org", "/path?query")).start(ctx, Event::Opened);
            }
            Event::Opened(outcome) => sender.send(outcome)?,
            _ => {}
        }
        Ok(())
    });
    caller.tell(move |ctx| {
        tcp::connect(to).start(ctx, Event::Connected);
        Ok(())
    });
    (caller, opened)
}

/// A client, and the raw server that it calls, which answers with these further lines.
fn called(
    with: impl Fn(Connect) -> Connect + Send + 'static,
) -> (WebSocketServer, Opened, WebSocketPeer, String) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let (caller, opened) = call(listener.local_addr().expect("an address"), with);
    let (peer, request) = WebSocketPeer::accept(&listener);
    (caller, opened, peer, request)
}

/// What becomes of an answer; `ACCEPT` in it is what answers the key.
#[track_caller]
fn refused(answer: &str) -> HandshakeError {
    let (_caller, opened, mut peer, request) = called(|connect| connect.protocols(["a"]));
    peer.answer_with(&request, answer);
    told(&opened).expect_err("it is no good answer")
}

#[test]
fn a_client_asks_as_the_rfc_has_it() {
    let (_caller, _opened, _peer, request) = called(|connect| {
        connect.protocols(["a", "b"]).header("origin", "http://here\r\nX: injected")
    });
    assert!(request.starts_with("GET /path?query HTTP/1.1\r\n"), "{request}");
    for (name, value) in [
        ("host", "example.org"),
        ("upgrade", "websocket"),
        ("connection", "Upgrade"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-protocol", "a, b"),
        ("origin", "http://here  X: injected"),
    ] {
        assert_eq!(header(&request, name), Some(value));
    }
    assert_eq!(header(&request, "sec-websocket-key").map(str::len), Some(24));
}

#[test]
fn a_client_talks_to_our_own_server() {
    let echo_server = WebSocketServer::without_http(server().protocols(["b"]), echo);
    let (caller, opened) = call(echo_server.address, |connect| connect.protocols(["a", "b"]));
    let socket = told(&opened).expect("it is one of ours");
    assert_eq!(socket.protocol(), Some("b"));
    let (sender, echoes) = mpsc::channel();
    let messages = || -> Vec<Message> {
        vec!["text".into(), vec![1; 300_000].into(), "".into(), "κόσμε".into()]
    };
    caller.tell(move |ctx| {
        let sending = Source::iter(messages()).pipe(socket.writer());
        sending.start(ctx, Event::Ended);
        let reading = socket.reader().for_each(move |message| drop(sender.send(message)));
        reading.start(ctx, Event::ReadingEnded);
        Ok(())
    });
    assert_eq!(echoes.iter().collect::<Vec<_>>(), messages());
}

#[test]
fn a_client_masks_each_frame_anew() {
    let (caller, opened, mut peer, request) = called(|connect| connect);
    peer.answer_with(&request, GOOD);
    let socket = told(&opened).expect("a good answer");
    caller.tell(move |ctx| {
        let same = Source::iter((0..20).map(|_| Message::from("same")));
        same.pipe(socket.writer()).start(ctx, Event::Ended);
        Ok(())
    });
    let mut masks: Vec<_> = (0..20).map(|_| peer.read_raw::<10>()[2..6].to_vec()).collect();
    masks.sort();
    masks.dedup();
    assert!(masks.len() > 10, "{masks:?}");
}

#[test]
fn an_answer_that_is_not_as_it_should_be_is_none() {
    let refused_by = |from: &str, to: &str| refused(&GOOD.replace(from, to));
    assert!(matches!(refused_by("ACCEPT", "another"), HandshakeError::BadAnswer(_)));
    assert!(matches!(refused_by("Upgrade: websocket", "X: y"), HandshakeError::BadAnswer(_)));
    let protocol = "Sec-WebSocket-Protocol: b\r\nUpgrade: websocket";
    assert!(matches!(refused_by("Upgrade: websocket", protocol), HandshakeError::BadAnswer(_)));
    let status = refused_by("101 Switching Protocols", "403 Forbidden");
    assert!(matches!(status, HandshakeError::Refused { status: 403 }), "{status}");
    assert!(matches!(refused("SSH-2.0-OpenSSH\r\n\r\n"), HandshakeError::BadHead(_)));
}

#[test]
fn a_server_that_does_not_answer_is_given_up() {
    let (caller, opened, mut peer, _) =
        called(|connect| connect.options(Options::new().timeout(SHORT).close_timeout(SHORT)));
    let error = told(&opened).expect_err("nobody has answered");
    assert!(matches!(error, HandshakeError::TimedOut(_)), "{error}");
    peer.read_to_any_end();
    caller.wait_until_idle();
}

#[test]
fn a_server_that_hangs_up_is_told_of() {
    let (_caller, opened, peer, _) = called(|connect| connect);
    drop(peer);
    let error = told(&opened).expect_err("nobody has answered");
    assert!(matches!(error, HandshakeError::HungUp | HandshakeError::Lost(_)), "{error}");
}

#[test]
fn a_connection_that_is_in_use_is_refused() {
    let echo_server = WebSocketServer::without_http(server(), echo);
    let (sender, opened) = mpsc::channel();
    let caller = WebSocketServer::start(server(), move |event, ctx| {
        match event {
            Event::Connected(connection) => {
                let connection = connection?;
                connection.reader().for_each(drop).start(ctx, Event::ReadingEnded);
                connect(&connection, "a", "/").start(ctx, Event::Opened);
            }
            Event::Opened(outcome) => sender.send(outcome)?,
            _ => {}
        }
        Ok(())
    });
    let to = echo_server.address;
    caller.tell(move |ctx| {
        tcp::connect(to).start(ctx, Event::Connected);
        Ok(())
    });
    let error = told(&opened).expect_err("it is in use");
    assert!(error.to_string().contains("in use by another pipeline"), "{error}");
}

#[test]
fn a_client_leaves_it_to_the_server_to_hang_up() {
    let (caller, opened, mut peer, request) = called(|connect| connect);
    peer.answer_with(&request, GOOD);
    let socket = told(&opened).expect("a good answer");
    let (sender, closed) = mpsc::channel();
    caller.tell(move |ctx| {
        read(&socket, ctx);
        socket.closed(ctx, move |closed| {
            let _ = sender.send(closed);
            Event::Do(Box::new(|_| Ok(())))
        });
        socket.close(1000, "");
        Ok(())
    });
    peer.expect_close(1000);
    peer.close(1000);
    peer.finish();
    peer.expect_end();
    assert!(told(&closed).is_clean());
}

#[test]
fn a_frame_with_a_mask_fails_a_client() {
    let (caller, opened, mut peer, request) = called(|connect| connect);
    peer.answer_with(&request, GOOD);
    let socket = told(&opened).expect("a good answer");
    caller.tell(move |ctx| {
        read(&socket, ctx);
        Ok(())
    });
    peer.send_raw(b"\x81\x81\0\0\0\0x");
    peer.expect_close(1002);
}
