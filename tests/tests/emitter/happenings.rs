//! What happens in a runtime, as events.

use std::sync::mpsc;
use std::time::Duration;

use bytes::Bytes;
use roundsman::emitter::{Emitter, Events};
use roundsman::net::{
    ConnectError, Connection, ConnectionClosed, ConnectionDropped, ConnectionFailed,
    ConnectionOpened, tcp,
};
use roundsman::stream::{Item, Source, StreamContext, collect};
use roundsman::{
    ChildFailed, ChildSpec, Context, DeadLetter, DeadLetterReason, Overflow, Placement, Runtime,
    SlowTurn, Spawn,
};
use roundsman_tests::again;
use roundsman_tests::diary::Diary;
use roundsman_tests::patience::must_end;
use roundsman_tests::peer::Peer;
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds::{each_world, world};
use roundsman_tests::server::{Event, Server};

/// An emitter of happenings on the last of three loops.
fn happenings(ctx: &mut Context<'_, Role<String>>) -> Events {
    Events::from(ctx.spawn_on(Placement::Loop(2), Emitter::happenings))
}

/// Runs a root that notes what it hears, and begins `later` when everything is in place.
fn heard(
    seed: u64,
    loops: usize,
    listen: fn(&Events, &mut Context<'_, Role<String>>),
    later: fn(&mut Context<'_, Role<String>>),
) -> Vec<String> {
    let diary = Diary::new();
    let notes = diary.clone();
    let root = move || {
        Role::<String>::new(move |text, ctx| {
            match &*text {
                "" => later(ctx),
                _ => notes.note(text),
            }
            Ok(())
        })
        .started(move |ctx| {
            let events = happenings(ctx);
            listen(&events, ctx);
            ctx.send_after(Duration::from_secs(1), String::new());
            Ok(())
        })
    };
    play(world(seed, loops), root).unwrap();
    diary.take()
}

#[test]
fn a_child_that_fails_is_an_event_supervised_or_not() {
    each_world(20, 1..=3, |seed, loops| {
        let mut notes = heard(
            seed,
            loops,
            |events, ctx| {
                let map = |failed: ChildFailed| {
                    let name = failed.path.rsplit('/').next().unwrap_or_default().to_owned();
                    format!("{name} {}", failed.reason)
                };
                events.on(ctx.recipient(map)).unwrap();
            },
            |ctx| {
                let fails = || Role::<()>::idle().started(|_| Err("at once".into()));
                ctx.spawn_on_with(Placement::Loop(1), "alone".into(), fails);
                ctx.supervise_on(Placement::Loop(1), ChildSpec::temporary("ward"), fails);
                let ends = || {
                    Role::<()>::idle().started(|ctx| {
                        ctx.stop();
                        Ok(())
                    })
                };
                ctx.spawn_with("planned".into(), ends());
            },
        );
        notes.sort();
        assert_eq!(notes, ["alone failed: at once", "ward failed: at once"]);
    });
}

#[test]
fn a_dead_letter_is_an_event() {
    each_world(20, 1..=3, |seed, loops| {
        let notes = heard(
            seed,
            loops,
            |events, ctx| {
                let map = |letter: DeadLetter| format!("{} {}", letter.message, letter.reason);
                events.on(ctx.recipient(map)).unwrap();
            },
            |ctx| {
                let brief = Role::<u32>::new(|_, ctx| {
                    ctx.stop();
                    Ok(())
                });
                let brief = ctx.spawn(brief);
                brief.send(1).unwrap();
                brief.send(2).unwrap();
            },
        );
        assert_eq!(notes, [format!("u32 {}", DeadLetterReason::ReceiverEnded)]);
    });
}

/// It drops what it is told of dead letters: that is told to nobody, or it would never end.
#[test]
fn a_listener_that_loses_news_of_dead_letters_makes_no_more_of_them() {
    each_world(10, 1..=3, |seed, loops| {
        let notes = heard(
            seed,
            loops,
            |events, ctx| {
                let spawn = Spawn::new().high(1).overflow(Overflow::DropNewest);
                let deaf = ctx.spawn_with(spawn, Role::<u32>::idle());
                events.on(deaf.recipient(|_: DeadLetter| 1)).unwrap();
            },
            |ctx| {
                let spawn = Spawn::new().high(1).overflow(Overflow::DropNewest);
                let lossy = ctx.spawn_with(spawn, Role::<u32>::idle());
                for n in 0..20 {
                    lossy.send(n).unwrap();
                }
            },
        );
        assert_eq!(notes, [""; 0]);
    });
}

#[test]
fn what_anybody_tells_is_an_event_and_costs_nothing_where_nobody_listens() {
    #[derive(Clone)]
    struct Backup(u32);
    each_world(10, 1..=3, |seed, loops| {
        let notes = heard(
            seed,
            loops,
            |events, ctx| {
                events.on(ctx.recipient(|Backup(n)| format!("backup {n}"))).unwrap();
            },
            |ctx| ctx.happens(|| Backup(7)),
        );
        assert_eq!(notes, ["backup 7"]);
    });
    let root = || {
        Role::<()>::idle().started(|ctx| {
            ctx.happens(|| -> Backup { unreachable!("nobody listens") });
            Ok(())
        })
    };
    play(world(1, 1), root).unwrap();
}

/// A turn that holds its loop until somebody on another loop has heard of it.
#[test]
fn a_delayed_loop_is_an_event() {
    must_end(|| {
        let (tell, told) = mpsc::channel::<SlowTurn>();
        let runtime = Runtime::builder().loops(2).watchdog(Duration::from_millis(2));
        let runtime = runtime.build().expect("a runtime can be built");
        let mut told = Some(told);
        let root = move || {
            Role::<bool>::new(move |_, ctx: &mut Context<'_, Role<bool>>| {
                let told = told.take().expect("it holds its loop once");
                let culprit = Role::<()>::new(move |(), _| {
                    let slow = told.recv()?;
                    assert!(slow.path.ends_with("/culprit"), "{}", slow.path);
                    assert_eq!(slow.loop_index, 0);
                    Ok(())
                });
                let culprit = ctx.spawn_with("culprit".into(), culprit);
                culprit.send(())?;
                Ok(())
            })
            .started(move |ctx| {
                let emitter = ctx.spawn_on(Placement::Loop(1), Emitter::happenings);
                let events = Events::from(emitter);
                let listener = ctx.spawn_on(Placement::Loop(1), move || {
                    Role::<SlowTurn>::new(move |slow, _| {
                        // Whoever waits has heard enough at the first.
                        let _ = tell.send(slow);
                        Ok(())
                    })
                });
                events.on(listener.recipient(|slow: SlowTurn| slow))?;
                events.listener_count::<SlowTurn>().ask(ctx, |count| count.is_ok());
                Ok(())
            })
        };
        runtime.run(root).expect("nothing fails");
    });
}

/// What the two ends of one connection say of it.
#[test]
fn a_connection_is_opened_and_then_closed_or_failed_at_both_ends() {
    enum Msg {
        Happened(&'static str),
        Ready,
        Accepted(Item<Connection>),
        Connected(Result<Connection, ConnectError>),
        Ended,
    }

    fn run(aborts: bool) -> Vec<&'static str> {
        must_end(move || {
            let diary = Diary::<&'static str>::default();
            let notes = diary.clone();
            let root = move || {
                Role::<Msg>::new(move |message, ctx| {
                    match message {
                        Msg::Ready => {
                            let listener = tcp::listen("127.0.0.1:0")?;
                            let to = listener.local().socket_addr().expect("TCP");
                            let accepted = ctx.inlet(Msg::Accepted);
                            listener.incoming().pipe(accepted).start(ctx, |_| Msg::Ended);
                            tcp::connect(to).start(ctx, Msg::Connected);
                        }
                        Msg::Accepted(connection) => {
                            let echo = connection.reader().pipe(connection.writer());
                            echo.start(ctx, |_| Msg::Ended);
                        }
                        Msg::Connected(connection) => {
                            let connection = connection?;
                            let all = connection.reader().pipe(collect::<Bytes>());
                            all.start(ctx, |_| Msg::Ended);
                            if aborts {
                                connection.abort();
                            } else {
                                let nothing = Source::iter([]).pipe(connection.writer());
                                nothing.start(ctx, |_| Msg::Ended);
                            }
                        }
                        Msg::Happened(what) => {
                            notes.note(what);
                            if notes.len() == 4 {
                                ctx.stop();
                            }
                        }
                        Msg::Ended => {}
                    }
                    Ok(())
                })
                .started(|ctx| {
                    let events = Events::from(ctx.spawn(Emitter::happenings()));
                    let opened = |_: ConnectionOpened| Msg::Happened("opened");
                    events.on(ctx.recipient(opened))?;
                    let closed = |_: ConnectionClosed| Msg::Happened("closed");
                    events.on(ctx.recipient(closed))?;
                    let failed = |_: ConnectionFailed| Msg::Happened("failed");
                    events.on(ctx.recipient(failed))?;
                    events.listener_count::<ConnectionFailed>().ask(ctx, |_| Msg::Ready);
                    Ok(())
                })
            };
            let runtime = Runtime::builder().loops(1).build().expect("a runtime can be built");
            runtime.run(root).expect("nothing fails");
            diary.take()
        })
    }

    let mut notes = run(false);
    notes.sort_unstable();
    assert_eq!(notes, ["closed", "closed", "opened", "opened"]);
    let mut notes = run(true);
    notes.sort_unstable();
    assert_eq!(notes, ["failed", "failed", "opened", "opened"]);
}

/// In a process of its own, which may have few descriptors.
#[cfg(unix)]
#[test]
fn a_connection_that_a_listener_has_no_descriptor_for_is_an_event_and_comes_later() {
    if !again::is_child() {
        let name = "happenings::a_connection_that_a_listener_has_no_descriptor_for_is_an_event_and_comes_later";
        again::run(name, "ulimit -n 64", &[]);
        return;
    }
    must_end(|| {
        let server = Server::start(1, |event, ctx| {
            if let Event::Accepted(connection) = event {
                connection.reader().pipe(connection.writer()).start(ctx, Event::Ended);
            }
            Ok(())
        });
        let (tell, dropped) = mpsc::channel::<ConnectionDropped>();
        let (ready, listens) = mpsc::channel();
        server.tell(move |ctx| {
            let events = Events::from(ctx.spawn(Emitter::happenings()));
            let hears = Role::<ConnectionDropped>::new(move |one, _| Ok(tell.send(one)?));
            events.on(ctx.spawn(hears).recipient(|one: ConnectionDropped| one))?;
            let listening = events.listener_count::<ConnectionDropped>();
            listening.ask(ctx, move |_| Event::Do(Box::new(move |_| Ok(ready.send(())?))));
            Ok(())
        });
        listens.recv().expect("it listens");
        let open = || std::fs::File::open("/dev/null").ok();
        let mut taken: Vec<_> = std::iter::from_fn(open).collect();
        // One is left, for the client.
        taken.pop();
        let mut peer = Peer::connect(&server.address);
        let one = dropped.recv().expect("it is told");
        assert_eq!(one.local, Some(server.address.clone()));
        assert_eq!(one.error.raw_os_error(), Some(24), "EMFILE");
        drop(taken);
        peer.send(b"hello");
        peer.expect(b"hello");
    });
}
