//! Messages put aside until the actor's state is one that can handle them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use roundsman::{ChildSpec, DeadLetterReason, Placement, Spawn, StashFull};
use roundsman_tests::diary::Diary;
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds::{each_world, world};

const OPEN: u32 = u32::MAX;

/// Puts numbers aside until it is opened; with `tries`, puts them aside again so often.
fn gate(diary: Diary, mut tries: u32) -> Role<u32> {
    let mut open = false;
    Role::new(move |number: u32, ctx| {
        if number == OPEN {
            open = tries == 0;
            tries = tries.saturating_sub(1);
            ctx.unstash_all();
        } else if open {
            diary.note(number.to_string());
        } else {
            ctx.stash(number).map_err(|full| full.to_string())?;
        }
        Ok(())
    })
}

#[test]
fn what_was_put_aside_comes_in_order_ahead_of_the_mailbox() {
    for tries in [0, 1, 3] {
        each_world(20, 1..=2, |seed, loops| {
            let diary = Diary::new();
            let notes = diary.clone();
            let root = move || {
                Role::<()>::idle().started(move |ctx| {
                    let gate = ctx.spawn_on(Placement::Loop(1), move || gate(notes, tries));
                    for number in 0..500 {
                        gate.send(number)?;
                    }
                    for _ in 0..=tries {
                        gate.send(OPEN)?;
                    }
                    for number in 500..600 {
                        gate.send(number)?;
                    }
                    Ok(())
                })
            };
            play(world(seed, loops), root).unwrap();
            let expected: Vec<_> = (0..600).map(|number: u32| number.to_string()).collect();
            assert_eq!(diary.take(), expected);
        });
    }
}

#[test]
fn a_timer_comes_ahead_of_what_was_put_aside() {
    each_world(20, [1], |seed, loops| {
        let diary = Diary::new();
        let notes = diary.clone();
        let root = move || {
            let mut round = 0;
            Role::<&str>::new(move |what, ctx| {
                round += 1;
                if round <= 1_000 {
                    ctx.stash(what).map_err(|full| full.to_string())?;
                } else if what == "open" {
                    ctx.unstash_all();
                    ctx.send_after(Duration::ZERO, "tick");
                } else {
                    notes.note(what);
                }
                Ok(())
            })
            .started(|ctx| {
                for _ in 0..1_000 {
                    ctx.address().send("aside")?;
                }
                Ok(ctx.address().send("open")?)
            })
        };
        play(world(seed, loops), root).unwrap();
        let notes = diary.take();
        assert_eq!(notes.len(), 1_001);
        let tick = notes.iter().position(|what| what == "tick").expect("it ticks");
        assert!(tick < 1_000, "so many are more than a turn's budget");
    });
}

#[test]
fn a_stash_is_bounded_and_hands_back_what_it_does_not_take() {
    let diary = Diary::new();
    let notes = diary.clone();
    let root = move || {
        Role::<()>::idle().started(move |ctx| {
            let stuffed = Role::<u32>::new(move |number, ctx| {
                let result = ctx.stash(number);
                assert_eq!(result.is_ok(), number < 3);
                if let Err(StashFull { message, limit, .. }) = result {
                    assert_eq!(message, number);
                    notes.note(format!("{message} of {limit}"));
                }
                assert_eq!(ctx.stashed(), 3.min(number as usize + 1));
                Ok(())
            });
            let stuffed = ctx.spawn_with(Spawn::named("stuffed").stash(3), stuffed);
            for number in 0..5 {
                stuffed.send(number)?;
            }
            Ok(())
        })
    };
    play(world(1, 1), root).unwrap();
    assert_eq!(diary.take(), ["3 of 3", "4 of 3"]);
}

#[test]
fn what_was_put_aside_survives_a_restart_in_its_order() {
    each_world(20, 1..=2, |seed, loops| {
        let diary = Diary::new();
        let notes = diary.clone();
        let root = move || {
            Role::<()>::idle().started(move |ctx| {
                let first = AtomicBool::new(true);
                let spec = ChildSpec::permanent("gate");
                let gate = ctx.supervise_on(Placement::Loop(1), spec, move || {
                    let first = first.swap(false, Ordering::SeqCst);
                    let notes = notes.clone();
                    Role::<u32>::new(move |number, ctx| {
                        match number {
                            OPEN => return Err("on purpose".into()),
                            _ if first => ctx.stash(number).map_err(|full| full.to_string())?,
                            _ => notes.note(number.to_string()),
                        }
                        Ok(())
                    })
                });
                for number in [1, 2, OPEN, 3] {
                    gate.send(number)?;
                }
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
        assert_eq!(diary.take(), ["1", "2", "3"]);
    });
}

#[test]
fn what_is_put_aside_when_the_actor_ends_is_dead_letters() {
    each_world(10, 1..=2, |seed, loops| {
        let letters = Arc::new(AtomicU32::new(0));
        let counts = Arc::clone(&letters);
        let builder = world(seed, loops).on_dead_letter(move |letter| {
            assert_eq!(letter.reason, DeadLetterReason::ReceiverEnded);
            counts.fetch_add(1, Ordering::SeqCst);
        });
        let root = || {
            Role::<()>::idle().started(|ctx| {
                let gate = ctx.spawn_on(Placement::Loop(1), || gate(Diary::new(), 0));
                for number in 0..7 {
                    gate.send(number)?;
                }
                Ok(())
            })
        };
        play(builder, root).unwrap();
        assert_eq!(letters.load(Ordering::SeqCst), 7);
    });
}
