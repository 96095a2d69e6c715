//! Linked actors die together.

use std::time::Duration;

use roundsman::{
    Actor, Address, ChildSpec, Context, ExitReason, Outcome, Placement, Runtime, Supervision,
    Supervisor, Terminated,
};
use roundsman_tests::diary::Diary;
use roundsman_tests::patience::must_end;
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds::{each_world, world};

use crate::often;

#[derive(Clone, Copy, PartialEq)]
enum How {
    Fails,
    IsStopped,
    StopsItself,
}

const HOWS: [How; 3] = [How::Fails, How::IsStopped, How::StopsItself];

/// Ends as it is told to.
fn mortal() -> Role<How> {
    Role::new(|how, ctx| {
        match how {
            How::Fails => return Err("on purpose".into()),
            How::IsStopped => ctx.address().stop(),
            How::StopsItself => ctx.stop(),
        }
        Ok(())
    })
}

/// One links with another, then one of them ends; what becomes of the other within a second?
fn the_other(how: How, linker_ends: bool, late: bool, seed: u64, loops: usize) -> Vec<String> {
    let diary = Diary::new();
    let notes = diary.clone();
    let root = move || {
        Role::<Option<Terminated>>::new(move |gone, ctx| {
            match gone {
                Some(gone) => notes.note(gone.reason.to_string()),
                None => ctx.end_runtime(),
            }
            Ok(())
        })
        .started(move |ctx| {
            let linked = ctx.spawn_on(Placement::Loop(1), mortal);
            let other = linked.clone();
            let after = if late { Duration::from_millis(5) } else { Duration::ZERO };
            let linker = ctx.spawn(
                Role::<Option<How>>::new(move |how, ctx| match how {
                    Some(How::Fails) => Err("on purpose".into()),
                    Some(How::IsStopped) => {
                        ctx.address().stop();
                        Ok(())
                    }
                    Some(How::StopsItself) => {
                        ctx.stop();
                        Ok(())
                    }
                    None => {
                        ctx.link(&other);
                        Ok(())
                    }
                })
                .started(move |ctx| {
                    ctx.send_after(after, None);
                    Ok(())
                }),
            );
            if linker_ends {
                ctx.watch(&linked, Some);
                let linker = linker.clone();
                let end = Role::<()>::new(move |(), _| {
                    let _ = linker.send(Some(how));
                    Ok(())
                });
                ctx.spawn(end.started(|ctx| {
                    ctx.send_after(Duration::from_millis(10), ());
                    Ok(())
                }));
            } else {
                ctx.watch(&linker, Some);
                let when = Duration::from_millis(if late { 1 } else { 10 });
                let end = Role::<()>::new(move |(), _| {
                    let _ = linked.send(how);
                    Ok(())
                });
                ctx.spawn(end.started(move |ctx| {
                    ctx.send_after(when, ());
                    Ok(())
                }));
            }
            ctx.send_after(Duration::from_secs(1), None);
            Ok(())
        })
    };
    play(world(seed, loops), root).unwrap();
    diary.take()
}

#[test]
fn when_one_of_two_linked_actors_fails_or_is_stopped_the_other_goes_the_same_way() {
    for linker_ends in [true, false] {
        for how in HOWS {
            each_world(10, 1..=3, |seed, loops| {
                let other = the_other(how, linker_ends, false, seed, loops);
                match how {
                    How::Fails => {
                        assert!(other[0].starts_with("failed: linked with /"), "{other:?}");
                        assert!(other[0].ends_with("which failed: on purpose"), "{other:?}");
                    }
                    How::IsStopped => assert_eq!(other, ["was stopped"]),
                    How::StopsItself => assert_eq!(other, [""; 0], "it takes nobody along"),
                }
            });
        }
    }
}

#[test]
fn linking_with_one_that_has_ended_is_as_if_it_ended_now() {
    for how in HOWS {
        each_world(10, 1..=3, |seed, loops| {
            let other = the_other(how, false, true, seed, loops);
            match how {
                How::Fails => assert!(other[0].ends_with("which failed: on purpose"), "{other:?}"),
                How::IsStopped => assert_eq!(other, ["was stopped"]),
                How::StopsItself => assert_eq!(other, [""; 0]),
            }
        });
    }
}

#[test]
fn a_link_that_was_taken_back_takes_nobody_along() {
    each_world(20, 1..=3, |seed, loops| {
        let diary = Diary::new();
        let notes = diary.clone();
        let root = move || {
            Role::<()>::new(move |(), ctx| {
                ctx.end_runtime();
                Ok(())
            })
            .started(move |ctx| {
                let other = ctx.spawn_on(Placement::Loop(1), mortal);
                let me = Role::<()>::new(move |(), _| Ok(other.send(How::Fails)?));
                let me = me.stopping(move |why, _| notes.note(why.to_string()));
                let linked = ctx.spawn_on(Placement::Loop(2), mortal);
                ctx.spawn(me.started(move |ctx| {
                    ctx.link(&linked);
                    ctx.link(&linked);
                    ctx.unlink(&linked);
                    linked.send(How::Fails)?;
                    ctx.send_after(Duration::from_millis(1), ());
                    Ok(())
                }));
                ctx.send_after(Duration::from_millis(20), ());
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
        assert_eq!(diary.take(), ["was stopped"]);
    });
}

#[test]
fn a_link_takes_a_restarting_actors_partner_along_and_is_gone_in_its_next_life() {
    each_world(20, 1..=3, |seed, loops| {
        let diary = Diary::new();
        let notes = diary.clone();
        let root = move || {
            Role::<()>::idle().started(move |ctx| {
                ctx.supervision(often(Supervision::one_for_one()));
                let spec = ChildSpec::permanent("mortal");
                let mortal = ctx.supervise_on(Placement::Loop(1), spec, mortal);
                let linked = notes.clone();
                let first = mortal.clone();
                ctx.spawn(
                    Role::<()>::idle()
                        .started(move |ctx| {
                            ctx.link(&first);
                            first.send(How::Fails)?;
                            first.send(How::Fails)?;
                            Ok(())
                        })
                        .stopping(move |why, _| linked.note(why.is_failure().to_string())),
                );
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
        assert_eq!(diary.take(), ["true"]);
    });
}

/// Watches a watcher that has failed, whose watched one then ends.
struct WatchesTheDead {
    diary: Diary,
    both: Option<(Address<How>, Address<Option<Terminated>>)>,
}

impl Actor for WatchesTheDead {
    type Message = Option<Terminated>;

    fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        let watched = ctx.spawn_on(Placement::Loop(1), mortal);
        let target = watched.clone();
        let watcher = ctx.spawn_on(Placement::Loop(2), move || {
            Role::<Option<Terminated>>::new(|_, _| Err("early".into())).started(move |ctx| {
                ctx.watch(&target, Some);
                ctx.send_after(Duration::from_millis(1), None);
                Ok(())
            })
        });
        self.both = Some((watched, watcher));
        ctx.send_after(Duration::from_millis(5), None);
        Ok(())
    }

    fn receive(&mut self, gone: Option<Terminated>, ctx: &mut Context<'_, Self>) -> Outcome {
        match (gone, self.both.take()) {
            (None, Some((watched, watcher))) => {
                watched.send(How::StopsItself)?;
                ctx.watch(&watcher, Some);
            }
            (Some(gone), _) => {
                self.diary.note(gone.reason.to_string());
                ctx.stop();
            }
            (None, None) => unreachable!("one timer was set"),
        }
        Ok(())
    }
}

#[test]
fn a_watcher_that_died_is_watched_like_anybody() {
    each_world(20, 1..=3, |seed, loops| {
        let diary = Diary::new();
        let root = WatchesTheDead { diary: diary.clone(), both: None };
        play(world(seed, loops), || root).unwrap();
        assert_eq!(diary.take(), ["failed: early"]);
    });
}

#[test]
fn one_linked_with_an_actor_whose_thread_has_ended_hears_why() {
    must_end(|| {
        let diary = Diary::new();
        let notes = diary.clone();
        let runtime = Runtime::builder().loops(1).build().unwrap();
        runtime
            .run(move || {
                Role::<Terminated>::new(move |gone, ctx| {
                    assert!(matches!(gone.reason, ExitReason::Failed(_)), "{gone:?}");
                    notes.note("told");
                    ctx.stop();
                    Ok(())
                })
                .started(|ctx| {
                    let other = ctx.spawn_on(Placement::OwnThread, mortal);
                    other.send(How::Fails)?;
                    while !other.is_closed() {
                        std::thread::yield_now();
                    }
                    let linker = ctx.spawn(Role::<()>::idle().started(move |ctx| {
                        ctx.link(&other);
                        Ok(())
                    }));
                    ctx.watch(&linker, |gone| gone);
                    Ok(())
                })
            })
            .unwrap();
        assert_eq!(diary.take(), ["told"]);
    });
}

#[test]
fn a_link_holds_with_a_sibling_that_has_not_started_yet() {
    each_world(20, 1..=3, |seed, loops| {
        let diary = Diary::new();
        let notes = diary.clone();
        let root = move || {
            let tree = Supervisor::new(often(Supervision::one_for_one()))
                .child(ChildSpec::permanent("a"), move || {
                    let notes = notes.clone();
                    Role::<()>::idle()
                        .started(|ctx| {
                            let later: Address<How> = ctx.find("b").ok_or("it has an address")?;
                            ctx.link(&later);
                            Ok(())
                        })
                        .stopping(move |why, _| {
                            if why.is_failure() {
                                notes.note("together");
                            }
                        })
                })
                .child_on(Placement::Loop(1), ChildSpec::permanent("b").registered(), mortal);
            Role::<()>::new(|(), ctx| {
                let later: Address<How> = ctx.find("b").ok_or("it is there")?;
                Ok(later.send(How::Fails)?)
            })
            .started(move |ctx| {
                ctx.spawn(tree);
                ctx.send_after(Duration::from_secs(1), ());
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
        assert_eq!(diary.take(), ["together"]);
    });
}
