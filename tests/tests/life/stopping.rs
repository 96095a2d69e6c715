//! The root's end ends everything: children before parents, in reverse order of start.

use std::time::Duration;

use roundsman::{Context, ExitReason, Outcome, Placement, Spawn};
use roundsman_tests::diary::Diary;
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds::{each_world, world};

/// Starts children, which start children, to a depth; each on another loop. Each notes its own end.
fn family(ctx: &mut Context<'_, Role<()>>, depth: u32, name: &str, diary: &Diary<String>) {
    if depth == 0 {
        return;
    }
    for index in 0..2 {
        let name = format!("{name}{index}");
        let (diary, spawn) = (diary.clone(), Spawn::named(&*name));
        ctx.spawn_on_with(Placement::RoundRobin, spawn, move || {
            let (ends, path) = (diary.clone(), name.clone());
            Role::idle()
                .started(move |ctx| {
                    family(ctx, depth - 1, &name, &diary);
                    Ok(())
                })
                .stopping(move |why, ctx| {
                    assert_eq!((why, ctx.children()), (&ExitReason::Shutdown, 0));
                    ends.note(path);
                })
        });
    }
}

/// The order in which such a family should end.
fn expected(depth: u32, name: &str, into: &mut Vec<String>) {
    if depth > 0 {
        for index in (0..2).rev() {
            let name = format!("{name}{index}");
            expected(depth - 1, &name, into);
            into.push(name);
        }
    }
}

fn stop_a_family(seed: u64, loops: usize, how: fn(&mut Context<'_, Role<()>>) -> Outcome) {
    let diary = Diary::new();
    let (ends, starts) = (diary.clone(), diary.clone());
    let root = move || {
        Role::new(move |(), ctx| how(ctx))
            .started(move |ctx| {
                family(ctx, 5, "", &starts);
                ctx.send_after(Duration::from_secs(1), ());
                Ok(())
            })
            .stopping(move |_, ctx| {
                assert_eq!(ctx.children(), 0);
                ends.note("root");
            })
            .may_panic()
    };
    let _ = play(world(seed, loops), root);
    let mut order = Vec::new();
    expected(5, "", &mut order);
    order.push("root".into());
    assert_eq!(diary.take(), order);
}

#[test]
fn when_the_root_stops_children_end_before_parents_and_the_youngest_first() {
    each_world(10, 1..=4, |seed, loops| {
        stop_a_family(seed, loops, |ctx| {
            ctx.stop();
            Ok(())
        });
    });
}

#[test]
fn when_the_root_fails_its_family_ends_in_the_same_order() {
    each_world(10, 1..=4, |seed, loops| stop_a_family(seed, loops, |_| Err("a failure".into())));
    each_world(10, 1..=4, |seed, loops| stop_a_family(seed, loops, |_| panic!("a panic")));
}

#[test]
fn when_the_runtime_is_ended_from_inside_the_root_ends_in_the_same_order() {
    each_world(10, 1..=4, |seed, loops| {
        stop_a_family(seed, loops, |ctx| {
            ctx.end_runtime();
            Ok(())
        });
    });
}

#[test]
fn an_actor_that_is_stopped_finishes_the_message_in_hand_and_handles_no_other() {
    each_world(20, 1..=2, |seed, loops| {
        let diary = Diary::new();
        let notes = diary.clone();
        let root = move || {
            Role::<()>::idle().started(move |ctx| {
                let child = ctx.spawn_on(Placement::Loop(1), move || {
                    let ends = notes.clone();
                    Role::new(move |number: u32, ctx| {
                        if number == 3 {
                            ctx.stop();
                        }
                        notes.note(format!("handled {number}"));
                        Ok(())
                    })
                    .stopping(move |why, _| ends.note(why.to_string()))
                });
                for number in 1..=5 {
                    child.send(number)?;
                }
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
        assert_eq!(diary.take(), ["handled 1", "handled 2", "handled 3", "stopped"]);
    });
}

#[test]
fn an_actor_that_stops_as_it_starts_handles_nothing() {
    each_world(10, 1..=2, |seed, loops| {
        let root = || {
            Role::<()>::idle().started(move |ctx| {
                let child = ctx.spawn_on(Placement::Loop(1), || {
                    Role::<()>::new(|(), _| panic!("it has stopped")).started(|ctx| {
                        ctx.address().send(())?;
                        ctx.stop();
                        Ok(())
                    })
                });
                // Too late or not, but never handled.
                let _ = child.send(());
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
    });
}

#[test]
fn a_parent_that_stops_ends_its_children_and_nobody_elses() {
    each_world(20, 1..=3, |seed, loops| {
        let diary = Diary::<(&str, u64)>::default();
        let notes = diary.clone();
        let root = move || {
            Role::<()>::idle().started(move |ctx| {
                for parent in ["a", "b"] {
                    let notes = notes.clone();
                    ctx.spawn_on(Placement::RoundRobin, move || {
                        Role::<()>::new(|(), ctx| {
                            ctx.stop();
                            Ok(())
                        })
                        .started(move |ctx| {
                            let child = ctx.spawn_on(Placement::RoundRobin, move || {
                                Role::<()>::idle().stopping(move |_, ctx| {
                                    notes.note((parent, ctx.now().since_start().as_secs()));
                                })
                            });
                            assert_eq!(ctx.children(), 1);
                            if parent == "a" {
                                ctx.send_after(Duration::from_secs(1), ());
                            } else {
                                ctx.send_after(Duration::from_secs(5), ());
                            }
                            drop(child);
                            Ok(())
                        })
                    });
                }
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
        assert_eq!(diary.take(), [("a", 1), ("b", 5)]);
    });
}

#[test]
fn children_that_are_started_in_stopping_end_too() {
    each_world(20, 1..=3, |seed, loops| {
        let diary = Diary::new();
        let notes = diary.clone();
        let root = move || {
            let ends = notes.clone();
            Role::<()>::idle().stopping(move |_, ctx| {
                notes.note("parent");
                ctx.spawn_on(Placement::Loop(1), move || {
                    Role::<()>::idle().started(move |_| {
                        ends.note("child");
                        Ok(())
                    })
                });
            })
        };
        play(world(seed, loops), root).unwrap();
        // Whether such a child still starts is not promised; that the run ends without it is.
        let diary = diary.take();
        assert!(diary == ["parent"] || diary == ["parent", "child"], "{diary:?}");
    });
}

#[test]
fn what_is_put_off_to_the_end_of_the_round_is_done_once() {
    each_world(20, 1..=2, |seed, loops| {
        let diary = Diary::<u32>::default();
        let (notes, defers) = (diary.clone(), diary.clone());
        let root = move || {
            Role::<u32>::new(move |number, ctx| {
                notes.note(number);
                ctx.defer();
                ctx.defer();
                if number < 3 {
                    ctx.address().send(number + 1)?;
                }
                Ok(())
            })
            .deferred(move |_| {
                defers.note(100_u32);
                Ok(())
            })
            .started(|ctx| Ok(ctx.address().send(1)?))
        };
        play(world(seed, loops), root).unwrap();
        let diary = diary.take();
        assert_eq!(diary.last(), Some(&100));
        assert!(!diary.windows(2).any(|two| two == [100, 100]), "{diary:?}");
        assert_eq!(diary.iter().filter(|note| **note < 100).count(), 3);
    });
}
