//! How sockets end: what waits is sent, what is under way is said, and the port is free again.

use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket as StdSocket};
use std::sync::mpsc;
use std::thread;

use roundsman::net::UdpSocket;
use roundsman::net::udp::{self, Outgoing, Refusal};
use roundsman::stream::{Cut, StreamContext, outlet};
use roundsman::{Drain, Runtime};
use roundsman_tests::ledger::run_balanced;
use roundsman_tests::patience::must_end;
use roundsman_tests::role::Role;
use roundsman_tests::seeds::{each_world, world};

use crate::host::{Event, Host};
use crate::{address, next, number, numbered, peer};

fn socket() -> UdpSocket {
    udp::socket("127.0.0.1:0").bind().expect("a free port")
}

/// Waits until nobody is bound there any more: all actors of the socket have ended, on whatever loop.
#[track_caller]
fn assert_free(host: &Host, at: SocketAddr) {
    host.wait_until_alone();
    must_end(move || {
        // Another loop may not have told of its actors yet.
        while StdSocket::bind(at).is_err() {
            thread::yield_now();
        }
    });
}

#[test]
fn close_ends_the_reader_fails_the_writer_and_sends_what_waits() {
    let (host, peer, socket) = (Host::start(), peer(), socket());
    let at = socket.local();
    let (source, outlet) = outlet::<Outgoing>(10);
    host.read(&socket);
    host.ask({
        let (socket, to) = (socket.clone(), address(&peer));
        move |ctx| {
            source.pipe(socket.writer()).start(ctx, Event::Ended);
            for n in 0..100 {
                socket.send(ctx, Outgoing::to(to, numbered(n))).expect("there is room");
            }
            socket.close();
            let refused = socket.send(ctx, Outgoing::to(to, numbered(100)));
            assert_eq!(refused.map_err(|refused| refused.why), Err(Refusal::Closed));
        }
    });
    let ends = [host.ended(), host.ended()];
    assert!(ends[0].is_ok(), "{ends:?}");
    let error = ends[1].as_ref().expect_err("it was not ended");
    assert_eq!(error.io_kind(), Some(ErrorKind::NotConnected));
    assert!(outlet.is_closed());
    for n in 0..100 {
        assert_eq!(number(&next(&peer).0), n);
    }
    assert_eq!((socket.counts().sent, socket.counts().unsent), (100, 0));
    assert_free(&host, at);
}

#[test]
fn a_closed_socket_gives_no_half() {
    let (host, used) = (Host::start(), socket());
    host.read(&used);
    for socket in [used, socket()] {
        socket.close();
        socket.close();
        let at = socket.local();
        let running = {
            let socket = socket.clone();
            move |ctx: &mut crate::host::Ctx<'_>| {
                socket.reader().pipe(ctx.inlet(Event::Came)).start(ctx, Event::Ended);
                let (source, _outlet) = outlet::<Outgoing>(10);
                source.pipe(socket.writer()).start(ctx, Event::Ended);
            }
        };
        host.ask(running);
        let mut refused = 0;
        while refused < 2 {
            // The reader of the one that was used ends well before that.
            refused += usize::from(host.ended().is_err());
        }
        assert_free(&host, at);
    }
}

#[test]
fn whoever_waits_for_room_is_told_when_the_socket_is_closed() {
    let (host, peer) = (Host::start(), peer());
    let socket = udp::socket("127.0.0.1:0").send_queue(1, roundsman::SlowPolicy::Wait);
    let socket = socket.bind().expect("a free port");
    let to = address(&peer);
    host.ask(move |ctx| {
        socket.send(ctx, Outgoing::to(to, numbered(1))).expect("there is room");
        socket.when_room(ctx, Event::Room);
        socket.close();
    });
    host.room();
    assert_eq!(number(&next(&peer).0), 1);
}

#[test]
fn a_socket_ends_with_its_last_handle_if_nothing_is_under_way() {
    let (host, peer) = (Host::start(), peer());
    for used in [false, true] {
        let socket = socket();
        let (at, to) = (socket.local(), address(&peer));
        if used {
            let socket = socket.clone();
            host.ask(move |ctx| socket.send(ctx, Outgoing::to(to, numbered(1)))).expect("it goes");
            assert_eq!(number(&next(&peer).0), 1);
        }
        drop(socket);
        assert_free(&host, at);
    }
}

#[test]
fn a_reader_outlives_the_handles() {
    let (host, peer, socket) = (Host::start(), peer(), socket());
    let at = socket.local();
    let running = host.read(&socket);
    drop(socket);
    peer.send_to(b"still there?", at).expect("it goes");
    assert_eq!(&host.came().bytes[..], b"still there?");
    running.cancel("enough");
    assert!(host.ended().is_err());
    assert_free(&host, at);
}

#[test]
fn a_planned_stop_ends_the_reader_and_sends_what_waits() {
    let (host, peer, socket) = (Host::start(), peer(), socket());
    let (source, mut outlet) = outlet::<Outgoing>(1_000);
    for n in 0..500 {
        outlet.push(Outgoing::to(address(&peer), numbered(n))).expect("there is room");
    }
    outlet.end();
    host.read(&socket);
    host.ask({
        let socket = socket.clone();
        move |ctx| {
            source.pipe(socket.writer()).start(ctx, Event::Ended);
        }
    });
    host.handle.shutdown(Drain::default());
    let ends = [host.ended(), host.ended()];
    assert!(ends.iter().all(Result::is_ok), "{ends:?}");
    assert_eq!(socket.counts().sent, 500);
    assert_eq!((0..100).map(|_| number(&next(&peer).0)).max(), Some(99));
}

#[test]
fn a_socket_ends_with_the_actor_that_has_used_it_first() {
    let (host, peer, socket) = (Host::on(2), peer(), socket());
    let (at, to) = (socket.local(), address(&peer));
    let (tell, told) = mpsc::channel();
    host.ask({
        let socket = socket.clone();
        move |ctx| {
            ctx.spawn_on(roundsman::Placement::Loop(1), move || {
                Role::<()>::idle().started(move |ctx| {
                    socket.send(ctx, Outgoing::to(to, numbered(1)))?;
                    socket.reader().for_each(drop).start(ctx, |_| ());
                    tell.send(())?;
                    ctx.stop();
                    Ok(())
                })
            });
        }
    });
    told.recv().expect("it has used it");
    // What the OS takes at once still goes.
    assert_eq!(number(&next(&peer).0), 1);
    assert_free(&host, at);
    let refused = host.ask({
        let socket = socket.clone();
        move |ctx| socket.send(ctx, Outgoing::to(to, numbered(2)))
    });
    assert_eq!(refused.expect_err("it has ended").why, Refusal::Closed);
    host.read(&socket);
    let error = host.ended().expect_err("it has ended");
    assert_eq!(error.io_kind(), Some(ErrorKind::NotConnected));
    let counts = socket.counts();
    assert_eq!((counts.accepted, counts.sent, counts.unsent), (1, 1, 0));
}

#[test]
fn what_an_actor_sends_that_ends_at_once_still_goes_and_the_socket_has_ended() {
    let (host, peer, socket) = (Host::start(), peer(), socket());
    let (at, to) = (socket.local(), address(&peer));
    host.ask({
        let socket = socket.clone();
        move |ctx| {
            ctx.spawn(Role::<()>::idle().started(move |ctx| {
                socket.send(ctx, Outgoing::to(to, numbered(1)))?;
                ctx.stop();
                Ok(())
            }));
        }
    });
    assert_eq!(number(&next(&peer).0), 1);
    assert_free(&host, at);
    let refused = host.ask({
        let socket = socket.clone();
        move |ctx| socket.send(ctx, Outgoing::to(to, numbered(2)))
    });
    assert_eq!(refused.expect_err("it has ended").why, Refusal::Closed);
    let counts = socket.counts();
    assert_eq!((counts.accepted, counts.sent, counts.waiting), (1, 1, 0));
}

#[test]
fn a_reader_that_loses_its_owner_fails() {
    let (host, socket) = (Host::start(), socket());
    host.read(&socket);
    let (tell, told) = mpsc::channel();
    let owned = crate::endings::socket();
    host.ask(move |ctx| {
        // The socket is a child of this one, the pipeline one of the host's.
        let child = ctx.spawn(Role::<()>::new({
            let owned = owned.clone();
            move |(), ctx| {
                let to = owned.local();
                owned.send(ctx, Outgoing::to(to, numbered(1)))?;
                tell.send(())?;
                Ok(())
            }
        }));
        child.send(()).expect("it lives");
        ctx.watch(&child, move |_| Event::Do(Box::new(|_| ())));
        ctx.address()
            .send(Event::Do(Box::new(move |ctx| {
                owned.reader().pipe(ctx.inlet(Event::Came)).start(ctx, Event::Ended);
                ctx.address().send(Event::Do(Box::new(move |_| child.stop()))).expect("it lives");
            })))
            .expect("it lives");
    });
    told.recv().expect("it is used");
    assert_eq!(number(&host.came().bytes), 1);
    let error = host.ended().expect_err("its owner has ended");
    assert_eq!(error.cause_as(), Some(&Cut::OwnerGone));
}

#[test]
fn a_socket_that_only_sends_does_not_keep_the_runtime_alive() {
    must_end(|| {
        let (peer, socket) = (peer(), socket());
        let to = address(&peer);
        let runtime = Runtime::builder().loops(1).build().expect("a runtime");
        let kept = socket.clone();
        let root = move || {
            Role::<()>::idle().started(move |ctx| {
                kept.send(ctx, Outgoing::to(to, numbered(1)))?;
                Ok(())
            })
        };
        run_balanced(runtime, root).expect("nothing can happen any more");
        assert_eq!(number(&next(&peer).0), 1);
        assert_eq!(socket.counts().sent, 1);
    });
}

#[test]
fn in_a_simulated_world_there_are_no_sockets_and_a_half_says_so() {
    each_world(3, [1], |seed, loops| {
        let (sender, receiver) = mpsc::channel();
        let runtime = world(seed, loops).build().expect("a runtime");
        let root = move || {
            let receive = move |kind, ctx: &mut roundsman::Context<'_, Role<_>>| {
                ctx.stop();
                Ok(sender.send(kind)?)
            };
            Role::new(receive).started(|ctx| {
                let reader = socket().reader();
                reader.for_each(drop).start(ctx, |result| result.map_err(|error| error.io_kind()));
                Ok(())
            })
        };
        run_balanced(runtime, root).expect("the root does not fail");
        let result = receiver.recv().expect("a result");
        assert_eq!(result.expect_err("there are none"), Some(ErrorKind::Unsupported));
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_thousand_sockets_leave_no_descriptor() {
    use roundsman_tests::again;

    if !again::is_child() {
        again::run("endings::a_thousand_sockets_leave_no_descriptor", "", &[]);
        return;
    }
    let open = || std::fs::read_dir("/proc/self/fd").expect("Linux shows them").count();
    must_end(move || {
        let (host, peer) = (Host::on(2), peer());
        let use_some = |count: usize| {
            for how in 0..count {
                let (socket, to) = (socket(), address(&peer));
                host.ask(move |ctx| {
                    if how % 3 > 0 {
                        socket.send(ctx, Outgoing::to(to, numbered(1))).expect("there is room");
                    }
                    if how % 3 == 2 {
                        socket.reader().for_each(drop).start(ctx, Event::Ended);
                        socket.close();
                    }
                });
            }
            host.wait_until_alone();
        };
        use_some(3);
        let before = open();
        use_some(1_000);
        assert_eq!(open(), before);
    });
}
