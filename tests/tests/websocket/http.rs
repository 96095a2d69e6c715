//! One port for pages and WebSockets: requests that are none for a socket, and their answers.

use std::sync::mpsc;

use roundsman::websocket::{Arrival, Exchange, Options, Response, server};
use roundsman_tests::websocket_peer::{WebSocketPeer, header, request};
use roundsman_tests::websocket_server::{Event, WebSocketServer};

use crate::{SHORT, told};

/// A server of one page, and of an echo at `/socket`.
fn site() -> WebSocketServer {
    serving(server().path("/socket"), |exchange| {
        let page = match exchange.request().path() {
            "/" => Response::new(200).header("content-type", "text/plain").body("hello"),
            "/go" => Response::new(303).header("location", "/"),
            "/last" => Response::new(200).body("bye").close(),
            "/nothing" => Response::new(204),
            "/who" => Response::new(200).body(exchange.peer().to_string()),
            "/forgotten" => return,
            _ => Response::new(404),
        };
        exchange.answer(page);
    })
}

fn serving(
    settings: roundsman::websocket::Server,
    mut serve: impl FnMut(Exchange) + Send + 'static,
) -> WebSocketServer {
    WebSocketServer::start(settings, move |event, ctx| {
        if let Event::Arrived(arrival) = event {
            match arrival.take() {
                Arrival::Request(exchange) => serve(exchange),
                Arrival::Socket(socket) => {
                    socket.reader().pipe(socket.writer()).start(ctx, Event::ReadingEnded);
                }
                _ => {}
            }
        }
        Ok(())
    })
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")
}

/// Reads an answer whose length is told: its head and its body.
#[track_caller]
fn answer(peer: &mut WebSocketPeer) -> (String, String) {
    let head = peer.read_head();
    let length = header(&head, "content-length").map_or(0, |it| it.parse().expect("a number"));
    let body = (0..length).map(|_| char::from(peer.read_raw::<1>()[0])).collect();
    (head, body)
}

#[test]
fn a_connection_serves_pages_one_after_another_and_then_a_websocket() {
    let server = site();
    let mut peer = WebSocketPeer::connect(server.address);
    for (path, status, body) in [("/", 200, "hello"), ("/?a=b", 200, "hello"), ("/x", 404, "")] {
        peer.send_raw(get(path).as_bytes());
        let (head, got) = answer(&mut peer);
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{head}");
        assert_eq!(header(&head, "connection"), Some("keep-alive"));
        assert_eq!(got, body);
    }
    peer.upgrade("/socket", "");
    peer.send(0x81, b"now a socket");
    peer.expect(0x81, b"now a socket");
}

#[test]
fn requests_that_come_together_are_answered_in_order() {
    let server = site();
    let mut peer = WebSocketPeer::connect(server.address);
    peer.send_raw([get("/"), get("/who"), get("/go"), get("/last")].concat().as_bytes());
    assert_eq!(answer(&mut peer).1, "hello");
    assert!(answer(&mut peer).1.starts_with("127.0.0.1:"));
    assert_eq!(header(&answer(&mut peer).0, "location"), Some("/"));
    let (head, body) = answer(&mut peer);
    assert_eq!((header(&head, "connection"), &*body), (Some("close"), "bye"));
    peer.expect_end();
}

#[test]
fn head_gets_the_length_and_no_body_and_204_gets_neither() {
    let server = site();
    let mut peer = WebSocketPeer::connect(server.address);
    peer.send_raw(get("/").replace("GET", "HEAD").as_bytes());
    assert_eq!(header(&peer.read_head(), "content-length"), Some("5"));
    peer.send_raw(get("/nothing").as_bytes());
    assert_eq!(header(&peer.read_head(), "content-length"), None);
    peer.send_raw(get("/").as_bytes());
    assert_eq!(answer(&mut peer).1, "hello");
}

#[test]
fn a_client_that_wants_no_more_is_let_go() {
    let server = site();
    for head in [
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        // Nobody reads the body, which may be anything: also what looks like a request.
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 40\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n1234567890123",
    ] {
        let mut peer = WebSocketPeer::connect(server.address);
        peer.send_raw(head.as_bytes());
        let (head, body) = answer(&mut peer);
        assert_eq!((header(&head, "connection"), &*body), (Some("close"), "hello"));
        peer.expect_end();
    }
    server.wait_until_idle();
}

#[test]
fn a_request_that_is_forgotten_is_answered_by_500() {
    let server = site();
    let mut peer = WebSocketPeer::connect(server.address);
    peer.send_raw(get("/forgotten").as_bytes());
    assert!(answer(&mut peer).0.starts_with("HTTP/1.1 500 "));
}

#[test]
fn a_socket_elsewhere_is_not_found_and_not_given_out() {
    let server = site();
    let mut peer = WebSocketPeer::connect(server.address);
    peer.send_raw(request("/", "").as_bytes());
    assert!(answer(&mut peer).0.starts_with("HTTP/1.1 404 "));
    peer.expect_end();
}

#[test]
fn an_answer_may_come_late_and_from_elsewhere() {
    let (sender, exchanges) = mpsc::channel();
    let server = serving(server(), move |exchange| {
        // The test has it.
        let _ = sender.send(exchange);
    });
    let mut peer = WebSocketPeer::connect(server.address);
    peer.send_raw(get("/").as_bytes());
    let exchange = told(&exchanges);
    // It has half hung up, and wants its answer all the same.
    peer.finish();
    exchange.answer(Response::new(200).body("late"));
    assert_eq!(answer(&mut peer).1, "late");
    peer.expect_end();
}

#[test]
fn a_connection_is_kept_for_a_while_and_no_longer() {
    let server = serving(server().keep_alive(SHORT), |exchange| {
        exchange.answer(Response::new(200).body("x"));
    });
    let mut peer = WebSocketPeer::connect(server.address);
    peer.send_raw(get("/").as_bytes());
    assert_eq!(answer(&mut peer).1, "x");
    peer.expect_end();
    drop(peer);
    server.wait_until_idle();
    assert!(server.failed.try_recv().is_err(), "that is no failure");
}

#[test]
fn a_client_that_does_not_take_its_answer_is_cut() {
    let options = Options::new().timeout(SHORT).close_timeout(SHORT);
    let server = serving(server().options(options), |exchange| {
        exchange.answer(Response::new(200).body(vec![0; 64 * 1024 * 1024]));
    });
    let mut peer = WebSocketPeer::connect(server.address);
    peer.send_raw(get("/").as_bytes());
    server.wait_until_idle();
}
