//! A watcher is told exactly once, after everything that the watched actor sent it, also of the dead.

use std::time::Duration;

use roundsman::{ExitReason, Overflow, Placement, Runtime, Spawn, Terminated, Watch};
use roundsman_tests::diary::Diary;
use roundsman_tests::patience::must_end;
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds::{each_world, world};

#[derive(Debug)]
enum Heard {
    Start,
    Word(u32),
    Gone(Terminated),
    Later,
}

/// Watches an actor that says five things and ends; notes what comes.
fn watcher(diary: Diary<String>, watched_on: Placement, late: bool) -> Role<Heard> {
    let mut watched = None;
    Role::new(move |heard, ctx| {
        match heard {
            Heard::Start => {
                let me = ctx.address();
                let spawn = Spawn::named("short");
                let short = ctx.spawn_on_with(watched_on, spawn, move || {
                    Role::<()>::idle().started(move |ctx| {
                        for word in 1..=5 {
                            me.send(Heard::Word(word))?;
                        }
                        ctx.stop();
                        Ok(())
                    })
                });
                if late {
                    ctx.send_after(Duration::from_millis(5), Heard::Later);
                } else {
                    ctx.watch(&short, Heard::Gone);
                }
                watched = Some(short);
            }
            Heard::Later => {
                let short = watched.as_ref().expect("it was started");
                diary.note(format!("closed: {}", short.is_closed()));
                ctx.watch(short, Heard::Gone);
            }
            Heard::Word(word) => diary.note(word.to_string()),
            Heard::Gone(terminated) => {
                let short = watched.as_ref().expect("it was started");
                assert_eq!(terminated.id, short.id());
                assert!(terminated.path.ends_with("/short"));
                diary.note(terminated.reason.to_string());
            }
        }
        Ok(())
    })
    .started(|ctx| Ok(ctx.address().send(Heard::Start)?))
}

#[test]
fn a_watcher_is_told_once_after_everything_that_the_other_has_sent() {
    each_world(30, 1..=3, |seed, loops| {
        let diary = Diary::new();
        let notes = diary.clone();
        play(world(seed, loops), || watcher(notes, Placement::Loop(1), false)).unwrap();
        assert_eq!(diary.take(), ["1", "2", "3", "4", "5", "stopped"]);
    });
}

#[test]
fn a_watcher_of_the_dead_is_told_at_once() {
    each_world(30, 1..=3, |seed, loops| {
        let diary = Diary::new();
        let notes = diary.clone();
        play(world(seed, loops), || watcher(notes, Placement::Loop(1), true)).unwrap();
        assert_eq!(diary.take(), ["1", "2", "3", "4", "5", "closed: true", "stopped"]);
    });
}

#[test]
fn a_watcher_is_told_of_actors_with_a_thread_of_their_own_too() {
    for late in [false, true] {
        let diary = Diary::new();
        let (notes, tells) = (diary.clone(), diary.clone());
        must_end(move || {
            let runtime = Runtime::builder().loops(1).build().unwrap();
            runtime.run(|| watcher(notes, Placement::OwnThread, late)).unwrap();
        });
        let diary = tells.take();
        // Why, its loop may have taken with it.
        assert!(diary.last().is_some_and(|last| last.ends_with("stopped")), "{diary:?} {late}");
        assert_eq!(diary.len(), if late { 7 } else { 6 }, "{diary:?}");
    }
}

#[test]
fn a_watch_of_an_actor_whose_thread_has_ended_comes_behind_what_it_has_sent() {
    let diary = Diary::new();
    let (notes, tells) = (diary.clone(), diary.clone());
    must_end(move || {
        let runtime = Runtime::builder().loops(1).build().unwrap();
        let handle = runtime.handle().unref();
        let root = move || {
            Role::new(move |heard, ctx| {
                match heard {
                    Heard::Start => {
                        let me = ctx.address();
                        let short = ctx.spawn_on(Placement::OwnThread, move || {
                            Role::<()>::idle().started(move |ctx| {
                                for word in 1..=5 {
                                    me.send(Heard::Word(word))?;
                                }
                                ctx.stop();
                                Ok(())
                            })
                        });
                        // What it has sent waits for the end of this turn.
                        while handle.metrics().loops.iter().all(|one| one.ended_loops == 0) {
                            std::thread::yield_now();
                        }
                        ctx.watch(&short, Heard::Gone);
                    }
                    Heard::Word(word) => notes.note(word.to_string()),
                    Heard::Gone(_) => notes.note("gone".to_owned()),
                    Heard::Later => {}
                }
                Ok(())
            })
            .started(|ctx| Ok(ctx.address().send(Heard::Start)?))
        };
        runtime.run(root).unwrap();
    });
    assert_eq!(tells.take(), ["1", "2", "3", "4", "5", "gone"]);
}

#[test]
fn a_watcher_whose_mailbox_is_over_is_told_all_the_same() {
    for overflow in [Overflow::Reject, Overflow::DropNewest, Overflow::DropOldest] {
        each_world(20, 1..=2, |seed, loops| {
            let diary = Diary::new();
            let notes = diary.clone();
            let root = move || {
                Role::<()>::idle().started(move |ctx| {
                    let watcher = Role::<Heard>::new(move |heard, ctx| {
                        if let Heard::Start = heard {
                            let short = ctx.spawn_on(Placement::Loop(1), || {
                                Role::<()>::new(|(), ctx| {
                                    ctx.stop();
                                    Ok(())
                                })
                            });
                            ctx.watch(&short, Heard::Gone);
                            short.send(())?;
                            for word in 0..20 {
                                let _ = ctx.address().send(Heard::Word(word));
                            }
                        }
                        // It always has more to hear than it should.
                        if let Heard::Word(word @ ..200) = heard {
                            for _ in 0..3 {
                                let _ = ctx.address().send(Heard::Word(word + 3));
                            }
                        }
                        if let Heard::Gone(_) = heard {
                            notes.note("told");
                        }
                        Ok(())
                    });
                    let spawn = Spawn::new().high(2).overflow(overflow);
                    Ok(ctx.spawn_with(spawn, watcher).send(Heard::Start)?)
                })
            };
            play(world(seed, loops), root).unwrap();
            assert_eq!(diary.take(), ["told"], "{overflow:?}");
        });
    }
}

#[test]
fn every_watch_is_told_once_and_one_that_was_taken_back_is_not() {
    each_world(20, 1..=2, |seed, loops| {
        let diary = Diary::<u32>::default();
        let notes = diary.clone();
        let root = move || {
            let mut watches: Vec<Watch> = Vec::new();
            Role::<(u32, Option<ExitReason>)>::new(move |(number, reason), ctx| {
                match (number, reason) {
                    (0, _) => {
                        let short = ctx.spawn_on(Placement::Loop(1), || {
                            Role::<()>::new(|(), _| Err("on purpose".into())).started(|ctx| {
                                ctx.send_after(Duration::from_secs(2), ());
                                Ok(())
                            })
                        });
                        for number in 10..14 {
                            let gone = move |gone: Terminated| (number, Some(gone.reason));
                            watches.push(ctx.watch(&short, gone));
                        }
                        ctx.send_after(Duration::from_secs(1), (1, None));
                    }
                    (1, _) => ctx.unwatch(watches.remove(2)),
                    (number, reason) => {
                        let reason = reason.expect("told");
                        assert_eq!(reason, ExitReason::Failed("on purpose".into()));
                        notes.note(number);
                    }
                }
                Ok(())
            })
            .started(|ctx| Ok(ctx.address().send((0, None))?))
        };
        play(world(seed, loops), root).unwrap();
        assert_eq!(diary.take(), [10, 11, 13]);
    });
}

#[test]
fn a_watcher_that_has_ended_is_no_matter() {
    each_world(20, 1..=3, |seed, loops| {
        let root = || {
            Role::<()>::idle().started(move |ctx| {
                let short = ctx.spawn_on(Placement::Loop(1), || {
                    Role::<()>::new(|(), ctx| {
                        ctx.stop();
                        Ok(())
                    })
                    .started(|ctx| {
                        ctx.send_after(Duration::from_secs(2), ());
                        Ok(())
                    })
                });
                ctx.spawn_on(Placement::Loop(2), || {
                    Role::<Option<Terminated>>::new(|_, ctx| {
                        ctx.stop();
                        Ok(())
                    })
                    .started(move |ctx| {
                        ctx.watch(&short, Some);
                        ctx.send_after(Duration::from_secs(1), None);
                        Ok(())
                    })
                });
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
    });
}
