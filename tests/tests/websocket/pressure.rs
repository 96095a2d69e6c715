//! Pressure goes through a WebSocket: what nobody asks for is not read, and what the peer does not take is not made.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;

use roundsman::stream::{Source, StreamContext};
use roundsman::websocket::{Message, server};
use roundsman_tests::links::kernel_buffers;
use roundsman_tests::peer::aside;
use roundsman_tests::websocket_peer::WebSocketPeer;
use roundsman_tests::websocket_server::{Event, WebSocketServer};

use crate::{observed, socket_of, told};

const KIB: usize = 1024;

#[test]
fn a_reader_that_is_not_asked_stops_its_peer_and_goes_on_where_it_stopped() {
    let (sender, received) = mpsc::channel();
    let mut kept = Vec::new();
    let server = WebSocketServer::start(server(), move |event, ctx| {
        match event {
            Event::Message(message) => {
                sender.send(message.len())?;
                // All but a few are kept, until the first Close.
                kept.push(message);
            }
            Event::Do(_) => {}
            event => {
                if let Some(socket) = socket_of(event) {
                    let reader = socket.reader().pipe(ctx.inlet(Event::Message));
                    reader.start(ctx, Event::ReadingEnded);
                }
            }
        }
        Ok(())
    });
    let mut peer = WebSocketPeer::open(server.address);
    let mut hand = peer.twin();
    let (sent, count) = (Arc::new(AtomicU64::new(0)), 2000);
    let sending = aside({
        let sent = Arc::clone(&sent);
        move || {
            for _ in 0..count {
                let frame = hand.frame(0x82, &[7; 16 * KIB]);
                hand.try_send_raw(&frame);
                sent.fetch_add(16 * KIB as u64, Ordering::SeqCst);
            }
        }
    });
    for _ in 0..16 {
        assert_eq!(told(&received), 16 * KIB);
    }
    // A window, and no more, however long the peer has tried.
    server.tell(|_| Ok(()));
    assert!(received.try_recv().is_err(), "nobody has asked for it");
    let most = 18 * 16 * KIB as u64 + 2 * 64 * KIB as u64 + kernel_buffers();
    assert!(sent.load(Ordering::SeqCst) <= most, "{sent:?} bytes went somewhere");
    drop(server);
    peer.read_to_any_end();
    sending.join().expect("its socket is gone");
}

#[test]
fn a_peer_that_does_not_read_stops_its_own_source_and_nobody_elses() {
    let made = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&made);
    let mut first = true;
    let (server, _ends) = observed(server(), move |socket, ctx| {
        if std::mem::take(&mut first) {
            let counter = Arc::clone(&counter);
            let endless = Source::iter((0..4096).map(move |_| {
                counter.fetch_add(1, Ordering::SeqCst);
                Message::from(vec![7; 16 * KIB])
            }));
            endless.pipe(socket.writer()).start(ctx, Event::Ended);
        } else {
            crate::echo(&socket, ctx);
        }
        Ok(())
    });
    let mut silent = WebSocketPeer::open(server.address);
    silent.expect(0x82, &[7; 16 * KIB]);
    for _ in 0..10 {
        let mut peer = WebSocketPeer::open(server.address);
        peer.send(0x81, b"hello");
        peer.expect(0x81, b"hello");
    }
    // The links, what waits here and in the connection, and the kernel's.
    let most = 4 * 16 + 2 * 64 / 16 + kernel_buffers() / (16 * KIB as u64);
    let count = made.load(Ordering::SeqCst);
    assert!(count <= most, "{count} messages were made, {most} are enough");
    for _ in 1..4096 {
        silent.expect(0x82, &[7; 16 * KIB]);
    }
    silent.expect_close(1000);
}

#[test]
fn a_peer_that_pings_and_does_not_read_gets_few_pongs_and_the_last_of_all() {
    let (server, _ends) = observed(server(), |socket, ctx| {
        crate::echo(&socket, ctx);
        Ok(())
    });
    let mut peer = WebSocketPeer::open(server.address);
    // What waits for it first: more than the kernel takes, so that no pong goes until it reads.
    let large = vec![1; 1000 * KIB];
    let fill = kernel_buffers() as usize / large.len() + 8;
    let mut hand = peer.twin();
    let pinging = aside(move || {
        for _ in 0..fill {
            hand.send(0x82, &large);
        }
        for number in 0..20_000_u32 {
            hand.send(0x89, &number.to_be_bytes());
        }
        hand.close(1000);
    });
    let (mut last, mut pongs) = (0, 0);
    loop {
        let frame = peer.read();
        match frame.first {
            0x82 => {}
            0x8a => {
                let number = u32::from_be_bytes(frame.payload.try_into().expect("four bytes"));
                assert!(pongs == 0 || number > last, "in order");
                (last, pongs) = (number, pongs + 1);
            }
            first => {
                assert_eq!(first, 0x88);
                break;
            }
        }
    }
    pinging.join().expect("all of it went");
    assert_eq!(last, 19_999, "the last ping is always answered");
}
