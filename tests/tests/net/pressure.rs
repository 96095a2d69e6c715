//! Pressure ends at the peer's TCP window: what nobody reads is not read, and what nobody takes is not made.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use bytes::Bytes;
use roundsman::stream::{Source, StreamContext, outlet};
use roundsman_tests::counted::{Count, Counted};
use roundsman_tests::family::each_family;
use roundsman_tests::links::kernel_buffers;
use roundsman_tests::patience::must_end;
use roundsman_tests::payload::Payload;
use roundsman_tests::peer::{Peer, aside};
use roundsman_tests::server::{Event, Server};

const MIB: u64 = 1024 * 1024;

#[test]
fn a_peer_that_never_reads_stops_its_own_source_and_nobody_elses() {
    each_family(|family| {
        let count = Count::default();
        let for_first = count.clone();
        let mut first = true;
        let server = Server::of(family, 1, move |event, ctx| {
            if let Event::Accepted(connection) = event {
                if std::mem::take(&mut first) {
                    let endless = Source::iter(Counted::<Bytes>::new(u64::MAX, &for_first));
                    endless.pipe(connection.writer()).start(ctx, Event::Ended);
                } else {
                    connection.reader().pipe(connection.writer()).start(ctx, Event::Ended);
                }
            }
            Ok(())
        });
        // A small window of the peer: what waits, waits on our side.
        let mut silent = Peer::narrow(&server.address);
        silent.expect_pattern(0, 1);
        let mut other = Peer::connect(&server.address);
        let mut sender = other.twin();
        let sending = aside(move || sender.send_pattern(0, 20 * MIB));
        other.expect_pattern(0, 20 * MIB);
        sending.join().expect("everything was sent");

        let most = 2 * Bytes::LINK + kernel_buffers();
        assert!(count.weight() <= most, "{count:?}");
        // It goes on where it stopped.
        silent.expect_pattern(1, 2 * MIB);
        assert!(count.weight() >= 2 * MIB);
    });
}

#[test]
fn a_reader_that_is_not_asked_does_not_read() {
    each_family(|family| {
        let received = Arc::new(AtomicU64::new(0));
        let kept = Arc::new(Mutex::new(Some(Vec::new())));
        let (counter, keeper) = (Arc::clone(&received), Arc::clone(&kept));
        let server = Server::of(family, 1, move |event, ctx| {
            match event {
                Event::Accepted(connection) => {
                    connection.reader().pipe(ctx.inlet(Event::Bytes)).start(ctx, Event::Ended);
                }
                Event::Bytes(item) => {
                    let before = counter.fetch_add(item.len() as u64, Ordering::SeqCst);
                    assert!(item.is_at(before), "bytes are missing, or came twice");
                    if let Some(kept) = &mut *keeper.lock().expect("nobody panics with it") {
                        kept.push(item);
                    }
                }
                _ => {}
            }
            Ok(())
        });
        let mut peer = Peer::connect(&server.address);
        let sent = peer.send_until_blocked(0);
        assert!(received.load(Ordering::SeqCst) <= Bytes::WINDOW);
        assert!(sent <= Bytes::WINDOW + kernel_buffers(), "{sent} bytes went somewhere");
        // The server may have been slow so far; from here on it is known to keep a full window, and reads no more.
        wait_for(&received, Bytes::WINDOW);
        let sent = peer.send_until_blocked(sent);
        assert_eq!(received.load(Ordering::SeqCst), Bytes::WINDOW);

        let items = kept.lock().expect("nobody panics with it").take();
        drop(items);
        let end = sent + 4 * MIB;
        peer.send_pattern(sent, end);
        wait_for(&received, end);
    });
}

#[test]
fn a_peer_that_never_reads_is_cut_at_the_limit_that_was_stated() {
    const LIMIT: u64 = 256 * 1024;
    each_family(|family| {
        let (tell, cut) = mpsc::channel();
        let server = Server::of(family, 1, move |event, ctx| {
            if let Event::Accepted(connection) = event {
                let (source, mut outlet) = outlet(LIMIT);
                source.pipe(connection.writer()).start(ctx, Event::Ended);
                let mut pushed = 0;
                // Before anything can be sent: all of it waits here.
                while outlet.push(Bytes::from_static(&[b'x'; 1000])).is_ok() {
                    pushed += 1000;
                }
                connection.abort();
                tell.send(pushed)?;
            }
            Ok(())
        });
        let _silent = Peer::connect(&server.address);
        let pushed = cut.recv().expect("it is cut");
        assert!((LIMIT - 1000..=LIMIT).contains(&pushed), "{pushed} bytes were kept for it");
        must_end(move || server.wait_until_idle());
    });
}

#[test]
fn a_peer_that_trickles_holds_nobody_up() {
    each_family(|family| {
        let server = Server::of(family, 1, crate::echo);
        let mut slow: Vec<_> = (0..20).map(|_| Peer::connect(&server.address)).collect();
        let mut quick = Peer::connect(&server.address);
        for byte in b"a line that comes byte by byte\n" {
            for peer in &mut slow {
                peer.send(&[*byte]);
            }
            // Between any two bytes of the slow ones there is time for others.
            quick.send_pattern(0, 64 * 1024);
            quick.expect_pattern(0, 64 * 1024);
        }
        for peer in &mut slow {
            peer.expect(b"a line that comes byte by byte\n");
        }
    });
}

fn wait_for(count: &Arc<AtomicU64>, target: u64) {
    let count = Arc::clone(count);
    must_end(move || {
        while count.load(Ordering::SeqCst) < target {
            std::thread::yield_now();
        }
    });
}
