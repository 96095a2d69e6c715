//! Limits of a WebSocket that is open: sizes, and a peer that says nothing any more.

use std::time::Duration;

use roundsman::websocket::{Options, server};
use roundsman_tests::websocket_peer::WebSocketPeer;
use roundsman_tests::websocket_server::{Event, WebSocketServer, echo};

use crate::{SHORT, observed, read, told};

#[test]
fn a_message_beyond_the_limit_is_answered_by_1009_before_it_comes() {
    let options = Options::new().message_max(100);
    let server = WebSocketServer::without_http(server().options(options), echo);
    let mut peer = WebSocketPeer::open(server.address);
    peer.send(0x82, &[1; 100]);
    peer.expect(0x82, &[1; 100]);
    // Its head alone.
    let frame = peer.frame(0x82, &[1; 101]);
    peer.send_raw(&frame[..6]);
    peer.expect_close(1009);
    peer.expect_end();
}

#[test]
fn fragments_are_limited_together_and_each_for_itself() {
    let options = Options::new().message_max(100).frame_max(60);
    let server = WebSocketServer::without_http(server().options(options), echo);
    let mut peer = WebSocketPeer::open(server.address);
    peer.send(0x02, &[1; 60]);
    peer.send(0x80, &[2; 41]);
    peer.expect_close(1009);
    let mut peer = WebSocketPeer::open(server.address);
    peer.send(0x82, &[1; 61]);
    peer.expect_close(1009);
}

#[test]
fn a_length_that_no_memory_has_is_refused() {
    let server = WebSocketServer::without_http(server(), echo);
    let mut peer = WebSocketPeer::open(server.address);
    peer.send_raw(b"\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0");
    peer.expect_close(1009);
}

#[test]
fn a_peer_that_answers_no_ping_is_cut() {
    let options = Options::new().ping(SHORT, SHORT);
    let (server, ends) = observed(server().options(options), |socket, ctx| {
        read(&socket, ctx);
        Ok(())
    });
    let mut peer = WebSocketPeer::open(server.address);
    peer.expect(0x89, b"");
    peer.read_to_any_end();
    let error = told(&ends.read).expect_err("it was silent");
    assert!(error.contains("has not answered a ping within 20ms"), "{error}");
    server.wait_until_idle();
}

#[test]
fn a_peer_that_answers_a_ping_goes_on() {
    // It has all the time that a slow machine may need.
    let options = Options::new().ping(SHORT, Duration::from_secs(60));
    let (server, ends) = observed(server().options(options), |socket, ctx| {
        read(&socket, ctx);
        Ok(())
    });
    let mut peer = WebSocketPeer::open(server.address);
    peer.expect(0x89, b"");
    peer.send(0x8a, b"");
    peer.send(0x81, b"alive");
    peer.close(1000);
    peer.expect_close(1000);
    assert_eq!(told(&ends.read), Ok(1));
}

#[test]
fn a_peer_that_is_not_read_is_not_taken_for_silent() {
    let options = Options::new().ping(SHORT, SHORT);
    let (sender, looked) = std::sync::mpsc::channel();
    let (server, ends) = observed(server().options(options), move |socket, ctx| {
        let sender = sender.clone();
        // Nobody reads: the message waits, and with it everything behind it.
        ctx.send_after(
            SHORT * 10,
            Event::Do(Box::new(move |ctx| {
                read(&socket, ctx);
                Ok(sender.send(())?)
            })),
        );
        Ok(())
    });
    let mut peer = WebSocketPeer::open(server.address);
    peer.send(0x81, b"wait for me");
    told(&looked);
    peer.close(1000);
    peer.expect_close(1000);
    assert_eq!(told(&ends.read), Ok(1));
}
