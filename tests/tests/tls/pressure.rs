//! Pressure goes through TLS: what nobody asks for is not read, and what nobody takes is not made.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use roundsman::stream::{Source, StreamContext};
use roundsman_tests::counted::{Count, Counted};
use roundsman_tests::links::kernel_buffers;
use roundsman_tests::patience::must_end;
use roundsman_tests::payload::Payload;
use roundsman_tests::server::Event;

use crate::{MIB, Site, assert_serves, echo, start};

/// What a session may hold beside links and the kernel: two records that came, a part of one, and 64 KiB that go.
const SESSION: u64 = 128 * 1024;

#[test]
fn a_reader_that_is_not_asked_takes_in_a_few_records_at_most() {
    let site = Site::new();
    let received = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&received);
    let mut kept = Vec::new();
    let server = start(site.server(), move |event, ctx| {
        match event {
            Event::Accepted(connection) => {
                connection.reader().pipe(ctx.inlet(Event::Bytes)).start(ctx, Event::Ended);
            }
            Event::Bytes(item) => {
                counter.fetch_add(item.len() as u64, Ordering::SeqCst);
                kept.push(item);
            }
            _ => {}
        }
        Ok(())
    });
    let mut peer = site.connect(server.socket_addr());
    let sent = peer.send_until_blocked(0);
    must_end({
        let received = Arc::clone(&received);
        move || {
            while received.load(Ordering::SeqCst) < Bytes::WINDOW {
                std::thread::yield_now();
            }
        }
    });
    assert!(sent <= Bytes::WINDOW + SESSION + kernel_buffers(), "{sent} bytes went somewhere");
    assert_eq!(received.load(Ordering::SeqCst), Bytes::WINDOW, "a window, and no more");
}

#[test]
fn a_peer_that_does_not_read_stops_its_own_source_and_nobody_elses() {
    let site = Site::new();
    let count = Count::default();
    let for_first = count.clone();
    let mut first = true;
    let server = start(site.server(), move |event, ctx| match event {
        Event::Accepted(connection) if std::mem::take(&mut first) => {
            let endless = Source::iter(Counted::<Bytes>::new(u64::MAX, &for_first));
            endless.pipe(connection.writer()).start(ctx, Event::Ended);
            Ok(())
        }
        event => echo(event, ctx),
    });
    let mut silent = site.connect(server.socket_addr());
    silent.expect_pattern(0, 1);
    for _ in 0..10 {
        assert_serves(&server, &site);
    }
    let most = 2 * Bytes::LINK + SESSION + kernel_buffers();
    assert!(count.weight() <= most, "{count:?}");
    // It goes on where it stopped.
    silent.expect_pattern(1, 16 * MIB);
    assert!(count.weight() >= 16 * MIB);
}
