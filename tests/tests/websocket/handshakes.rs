//! Handshakes of a server: who is let in, what the others are told, and what is told of them.

use roundsman::net::{Endpoint, tls};
use roundsman::stream::StreamContext;
use roundsman::websocket::{Arrival, HandshakeError, Options, Response, Server, accept, server};
use roundsman_tests::certificates::Authority;
use roundsman_tests::tls_peer::{TlsClient, client_config};
use roundsman_tests::websocket_peer::{WebSocketPeer, header, masked, request};
use roundsman_tests::websocket_server::{Event, WebSocketServer, echo};

use crate::{SHORT, told};

/// Sends a head, and returns the status and the head of the answer; and what was told of it.
#[track_caller]
fn answer(settings: Server, head: &str) -> (String, HandshakeError) {
    let server = WebSocketServer::without_http(settings, echo);
    let mut peer = WebSocketPeer::connect(server.address);
    peer.try_send_raw(head.as_bytes());
    let answer = peer.read_head();
    // Who names another protocol says of that, too, that it is for this connection. (RFC 9110, 7.8)
    let closes = if header(&answer, "upgrade").is_some() { "close, upgrade" } else { "close" };
    assert_eq!(header(&answer, "connection"), Some(closes), "{answer}");
    let failed = told(&server.failed);
    assert_eq!(failed.local, Endpoint::from(server.address));
    (answer, failed.error)
}

#[track_caller]
fn assert_status(answer: &str, status: u16) {
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
}

#[test]
fn what_asks_for_no_websocket_is_told_to_upgrade() {
    let (answer, error) = answer(server(), "GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_status(&answer, 426);
    assert_eq!(header(&answer, "upgrade"), Some("websocket"));
    assert!(matches!(error, HandshakeError::NotAnUpgrade { path } if path == "/x"));
}

#[test]
fn another_path_is_not_found() {
    let settings = server().path("/socket");
    let (answer, error) = answer(settings.clone(), &request("/other", ""));
    assert_status(&answer, 404);
    assert!(matches!(error, HandshakeError::NotFound { path } if path == "/other"));
    let server = WebSocketServer::without_http(settings, echo);
    WebSocketPeer::connect(server.address).upgrade("/socket?query=1", "");
}

#[test]
fn another_version_is_told_ours() {
    let head = request("/", "").replace("Version: 13", "Version: 8");
    let (answer, error) = answer(server(), &head);
    assert_status(&answer, 426);
    assert_eq!(header(&answer, "upgrade"), Some("websocket"));
    assert_eq!(header(&answer, "sec-websocket-version"), Some("13"));
    assert!(matches!(error, HandshakeError::Version { version } if version == "8"));
}

#[test]
fn a_key_must_be_one() {
    let good = request("/", "");
    let line = good.lines().find(|line| line.starts_with("Sec-WebSocket-Key")).expect("a key");
    let twice = format!("{line}\r\n{line}");
    for instead in ["Sec-WebSocket-Key: short", "X: y", &twice] {
        let (answer, error) = answer(server(), &good.replace(line, instead));
        assert_status(&answer, 400);
        assert!(matches!(error, HandshakeError::BadKey), "{instead}: {error}");
    }
}

#[test]
fn what_is_no_http_is_a_bad_request() {
    for head in
        ["\x16\x03\x01\x02", "GET /\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/3.0\r\n\r\n"]
    {
        let (answer, error) = answer(server(), head);
        assert_status(&answer, 400);
        assert!(matches!(error, HandshakeError::BadHead(_)), "{head}: {error}");
    }
}

#[test]
fn a_head_has_a_limit_in_bytes_and_in_lines() {
    let settings = server().options(Options::new().head_max(1000));
    let long = format!("GET / HTTP/1.1\r\nHost: a\r\nx: {}", "y".repeat(1000));
    let (long_answer, error) = answer(settings, &long);
    assert_status(&long_answer, 431);
    assert!(matches!(error, HandshakeError::HeadTooLarge { max: 1000 }), "{error}");
    let many = format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "x: y\r\n".repeat(100));
    let (many_answer, error) = answer(server(), &many);
    assert_status(&many_answer, 431);
    assert!(matches!(error, HandshakeError::TooManyHeaders), "{error}");
}

#[test]
fn a_page_from_elsewhere_is_forbidden_and_what_is_no_page_is_not() {
    let settings = server().origins(["https://example.org"]);
    let elsewhere = request("/", "Origin: https://example.com\r\n");
    let (answer, error) = answer(settings.clone(), &elsewhere);
    assert_status(&answer, 403);
    assert!(matches!(error, HandshakeError::Origin { origin } if origin == "https://example.com"));
    let server = WebSocketServer::without_http(settings, echo);
    for lines in ["Origin: https://EXAMPLE.org\r\n", ""] {
        WebSocketPeer::connect(server.address).upgrade("/", lines);
    }
}

#[test]
fn whoever_is_not_admitted_gets_the_answer_of_the_function() {
    let settings = server().admit(|request| match request.header("cookie") {
        Some("token=good") => Ok(()),
        _ => Err(Response::new(401).header("www-authenticate", "Basic\r\nX: injected")),
    });
    let (answer, error) = answer(settings.clone(), &request("/", ""));
    assert_status(&answer, 401);
    assert_eq!(header(&answer, "www-authenticate"), Some("Basic  X: injected"));
    assert!(matches!(error, HandshakeError::Denied { status: 401 }), "{error}");
    let server = WebSocketServer::without_http(settings, echo);
    WebSocketPeer::connect(server.address).upgrade("/", "Cookie: token=good\r\n");
}

#[test]
fn of_the_subprotocols_that_are_offered_the_first_that_is_spoken_is_chosen() {
    let settings = server().protocols(["text.ircv3.net", "binary.ircv3.net"]);
    let server = WebSocketServer::without_http(settings, echo);
    for (lines, chosen) in [
        (
            "Sec-WebSocket-Protocol: other, binary.ircv3.net,text.ircv3.net\r\n",
            Some("binary.ircv3.net"),
        ),
        (
            "Sec-WebSocket-Protocol: other\r\nSec-WebSocket-Protocol: text.ircv3.net\r\n",
            Some("text.ircv3.net"),
        ),
        ("Sec-WebSocket-Protocol: other\r\n", None),
        ("", None),
    ] {
        let head = WebSocketPeer::connect(server.address).upgrade("/", lines);
        assert_eq!(header(&head, "sec-websocket-protocol"), chosen, "{lines}");
    }
}

#[test]
fn extensions_are_not_agreed_on() {
    let server = WebSocketServer::without_http(server(), echo);
    let offers = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";
    let head = WebSocketPeer::connect(server.address).upgrade("/", offers);
    assert_eq!(header(&head, "sec-websocket-extensions"), None);
}

#[test]
fn frames_may_come_with_the_request() {
    let server = WebSocketServer::without_http(server(), echo);
    let mut peer = WebSocketPeer::connect(server.address);
    let mut bytes = request("/", "").into_bytes();
    bytes.extend(masked(0x89, b"early", [1, 2, 3, 4]));
    bytes.extend(masked(0x81, b"bird", [5, 6, 7, 8]));
    peer.send_raw(&bytes);
    assert!(peer.read_head().starts_with("HTTP/1.1 101 "));
    peer.expect(0x8a, b"early");
    peer.expect(0x81, b"bird");
}

#[test]
fn a_request_that_comes_byte_by_byte_is_taken() {
    let server = WebSocketServer::without_http(server(), echo);
    let mut peer = WebSocketPeer::connect(server.address);
    for byte in request("/", "").bytes() {
        peer.send_raw(&[byte]);
    }
    assert!(peer.read_head().starts_with("HTTP/1.1 101 "));
}

#[test]
fn a_request_that_does_not_come_in_time_is_told_so_if_it_has_begun() {
    let settings = server().options(Options::new().timeout(SHORT).close_timeout(SHORT));
    let (answer, error) = answer(settings.clone(), "GET / HTTP/1.1\r\n");
    assert_status(&answer, 408);
    assert!(matches!(error, HandshakeError::TimedOut(_)), "{error}");
    let server = WebSocketServer::without_http(settings, echo);
    WebSocketPeer::connect(server.address).expect_end();
    assert!(matches!(told(&server.failed).error, HandshakeError::TimedOut(_)));
    server.wait_until_idle();
}

#[test]
fn a_client_that_hangs_up_is_told_of() {
    let server = WebSocketServer::without_http(server(), echo);
    let mut peer = WebSocketPeer::connect(server.address);
    peer.send_raw(b"GET");
    drop(peer);
    assert!(matches!(told(&server.failed).error, HandshakeError::HungUp));
    server.wait_until_idle();
}

#[test]
fn who_stalls_takes_a_place_and_nobody_waits_for_it_otherwise() {
    let server = WebSocketServer::without_http(server().handshakes(2), echo);
    let mut staller = WebSocketPeer::connect(server.address);
    staller.send_raw(b"GET / HTTP/1.1\r\n");
    for _ in 0..5 {
        let mut peer = WebSocketPeer::open(server.address);
        peer.send(0x81, b"hello");
        peer.expect(0x81, b"hello");
    }
    staller.send_raw(request("/", "").split_once("\r\n").expect("lines").1.as_bytes());
    assert!(staller.read_head().starts_with("HTTP/1.1 101 "));
}

#[test]
fn websockets_go_over_tls_as_over_tcp() {
    let authority = Authority::new();
    let files = authority.issue("localhost");
    let secure = tls::server(&files.certificate, &files.key).build().expect("its files are there");
    let server = WebSocketServer::through(
        move |incoming| {
            let secured = incoming.through(tls::accept(&secure));
            secured.through(accept(&server())).map(Arrival::Socket)
        },
        |event, ctx| {
            if let Some(socket) = crate::socket_of(event) {
                assert!(socket.connection().tls().is_some(), "it is secure");
                socket.reader().pipe(ctx.inlet(Event::Message)).start(ctx, Event::ReadingEnded);
                socket.close(4000, "");
            }
            Ok(())
        },
    );
    let config = client_config(&authority.root(), tls::rustls::ALL_VERSIONS);
    let mut peer = TlsClient::connect(server.address, config, "localhost");
    peer.send(request("/", "").as_bytes());
    let mut answer = WebSocketPeer::answer();
    answer.extend_from_slice(b"\x88\x02\x0f\xa0");
    peer.expect(&answer);
    peer.send(&masked(0x88, b"\x0f\xa0", [1, 2, 3, 4]));
    peer.expect_end();
}
