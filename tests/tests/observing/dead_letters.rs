//! Dead letters: who is told, and how often it is logged.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use roundsman::{
    Address, Context, DeadLetter, DeadLetterReason, Overflow, Placement, Runtime, Spawn,
};
use roundsman_tests::outside::beside;
use roundsman_tests::patience::must_end;
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds::{each_world, world};

use super::log::Log;

type Letters = Arc<Mutex<Vec<DeadLetter>>>;

/// An actor that writes down the dead letters of its runtime.
fn clerk(letters: &Letters) -> Role<DeadLetter> {
    let letters = Arc::clone(letters);
    Role::new(move |letter, _| {
        letters.lock().unwrap().push(letter);
        Ok(())
    })
    .started(|ctx| {
        ctx.on_dead_letter(|letter| letter);
        Ok(())
    })
}

/// An actor that ends at its first message.
fn brief() -> Role<u32> {
    Role::new(|_, ctx| {
        ctx.stop();
        Ok(())
    })
}

#[test]
fn a_subscriber_is_told_reason_path_and_type_of_each() {
    each_world(20, 1..=3, |seed, loops| {
        let letters = Letters::default();
        let told = Arc::clone(&letters);
        let root = move || {
            Role::<()>::new(|(), ctx: &mut Context<'_, Role<()>>| {
                let named = Spawn::named("brief");
                let brief = ctx.spawn_on_with(Placement::Loop(1), named, brief);
                for n in 0..4 {
                    brief.send(n)?;
                }
                Ok(())
            })
            .started(move |ctx| {
                ctx.spawn_on(Placement::Loop(2), move || clerk(&told));
                ctx.send_after(Duration::from_secs(1), ());
                Ok(())
            })
        };
        let named = Spawn::named("top");
        let runtime = world(seed, loops).build().unwrap();
        runtime.run_with(named, root).unwrap();
        let letters = letters.lock().unwrap();
        assert_eq!(letters.len(), 3);
        for letter in &*letters {
            assert_eq!((&*letter.path, letter.message), ("/top/brief", "u32"));
            assert_eq!(letter.reason, DeadLetterReason::ReceiverEnded);
        }
    });
}

#[test]
fn a_subscription_ends_with_its_actor() {
    each_world(10, 1..=2, |seed, loops| {
        let letters = Letters::default();
        let told = Arc::clone(&letters);
        let runtime = world(seed, loops).build().unwrap();
        let handle = runtime.handle().unref();
        let root = move || {
            let mut clerk_of: Option<Address<DeadLetter>> = None;
            Role::<u32>::new(move |second, ctx: &mut Context<'_, Role<u32>>| {
                match second {
                    0 => {
                        clerk_of = Some(ctx.spawn_on(Placement::Loop(1), {
                            let told = Arc::clone(&told);
                            move || clerk(&told)
                        }));
                    }
                    1 | 3 => {
                        let brief = ctx.spawn(brief());
                        brief.send(1)?;
                        brief.send(2)?;
                    }
                    2 => clerk_of.as_ref().unwrap().stop(),
                    _ => return Ok(()),
                }
                ctx.send_after(Duration::from_secs(1), second + 1);
                Ok(())
            })
            .started(|ctx| Ok(ctx.address().send(0)?))
        };
        runtime.run(root).unwrap();
        assert_eq!(letters.lock().unwrap().len(), 1, "the second came too late");
        let untold: u64 = handle.metrics().loops.iter().map(|one| one.untold).sum();
        assert_eq!(untold, 0, "one that has ended is not passed over");
    });
}

#[test]
fn a_subscriber_that_is_over_is_passed_over_and_counted_and_nobody_pauses_for_it() {
    each_world(10, 1..=1, |seed, loops| {
        let runtime = world(seed, loops).budget(1).build().unwrap();
        let handle = runtime.handle().unref();
        let told = Arc::new(AtomicU64::new(0));
        let hears = Arc::clone(&told);
        let root = move || {
            Role::<u32>::new(|_, ctx: &mut Context<'_, Role<u32>>| {
                // All of these are dead letters of one turn: the clerk cannot come to them in between.
                let brief = ctx.spawn(brief());
                for n in 0..50 {
                    brief.send(n)?;
                }
                Ok(())
            })
            .started(move |ctx| {
                let clerk = Role::new(move |_: DeadLetter, _| {
                    hears.fetch_add(1, Ordering::SeqCst);
                    Ok(())
                })
                .started(|ctx| {
                    ctx.on_dead_letter(|letter| letter);
                    Ok(())
                });
                ctx.spawn_with(Spawn::new().high(4), clerk);
                ctx.send_after(Duration::from_secs(1), 0);
                Ok(())
            })
        };
        runtime.run(root).unwrap();
        let metrics = handle.metrics();
        let told = told.load(Ordering::SeqCst);
        assert_eq!(told, 5, "one more than the mark");
        assert_eq!(metrics.loops[0].untold, 49 - told);
        assert_eq!((metrics.loops[0].pauses, metrics.dead_letters()), (0, 49));
    });
}

#[test]
fn a_dead_letter_of_one_that_listens_tells_no_actor() {
    each_world(20, 1..=2, |seed, loops| {
        let told = Arc::new(AtomicU64::new(0));
        let tells = Arc::clone(&told);
        // Two that listen, and drop what comes while one message waits: each loss would be news for both.
        let builder =
            world(seed, loops).on_dead_letter(move |_| _ = tells.fetch_add(1, Ordering::SeqCst));
        let root = || {
            Role::<u32>::new(|_, ctx: &mut Context<'_, Role<u32>>| {
                let brief = ctx.spawn(brief());
                for n in 0..20 {
                    brief.send(n)?;
                }
                Ok(())
            })
            .started(|ctx| {
                for overflow in [Overflow::DropOldest, Overflow::DropNewest] {
                    let spawn = Spawn::new().high(1).overflow(overflow);
                    ctx.spawn_on_with(Placement::RoundRobin, spawn, || clerk(&Letters::default()));
                }
                ctx.send_after(Duration::from_secs(1), 0);
                Ok(())
            })
        };
        play(builder, root).unwrap();
        assert!(told.load(Ordering::SeqCst) >= 19);
    });
}

#[test]
fn the_builders_function_may_send_and_what_that_loses_is_only_counted() {
    each_world(10, 1..=1, |seed, loops| {
        let full: Arc<Mutex<Option<Address<u32>>>> = Arc::default();
        let (told, sends) = (Arc::new(AtomicU64::new(0)), Arc::clone(&full));
        let tells = Arc::clone(&told);
        let builder = world(seed, loops).on_dead_letter(move |_| {
            tells.fetch_add(1, Ordering::SeqCst);
            if let Some(full) = &*sends.lock().unwrap() {
                let _ = full.send(1);
            }
        });
        let root = move || {
            Role::<()>::idle().started(move |ctx| {
                let spawn = Spawn::new().high(2).overflow(Overflow::DropNewest);
                let to = ctx.spawn_with(spawn, Role::idle());
                *full.lock().unwrap() = Some(to.clone());
                for n in 0..5 {
                    to.send(n)?;
                }
                full.lock().unwrap().take();
                Ok(())
            })
        };
        play(builder, root).unwrap();
        assert_eq!(told.load(Ordering::SeqCst), 2);
    });
}

#[test]
fn a_dead_letter_is_logged_once_for_each_path_and_reason() {
    let lines = Log::of(|| {
        let root = || {
            Role::<()>::idle().started(|ctx| {
                for name in ["a", "b"] {
                    let brief = ctx.spawn_with(Spawn::named(name), brief());
                    for n in 0..10 {
                        brief.send(n)?;
                    }
                    let spawn = Spawn::named(format!("{name}-drops"));
                    let spawn = spawn.high(1).overflow(Overflow::DropNewest);
                    let drops: Address<u32> = ctx.spawn_with(spawn, Role::idle());
                    for n in 0..10 {
                        drops.send(n)?;
                    }
                }
                // It outlives them: as a runtime ends, dead letters are no surprise.
                ctx.send_after(Duration::from_secs(1), ());
                Ok(())
            })
        };
        let runtime = world(1, 1).build().unwrap();
        runtime.run_with(Spawn::named("top"), root).unwrap();
    });
    let letters: Vec<_> = lines.iter().filter(|line| line.contains("a dead letter")).collect();
    assert_eq!(letters.len(), 4, "{letters:#?}");
    for name in ["/top/a ", "/top/b ", "/top/a-drops ", "/top/b-drops "] {
        let of_this = letters.iter().filter(|line| line.contains(&format!("path={name}"))).count();
        assert_eq!(of_this, 1, "{letters:#?}");
    }
}

#[test]
fn a_plain_thread_subscribes_an_actor() {
    beside(Runtime::builder().loops(2), |handle| {
        let (tell, told) = std::sync::mpsc::channel();
        let clerk = handle
            .spawn(Placement::Loop(0), Spawn::new(), move || {
                Role::new(move |letter: DeadLetter, _| Ok(tell.send(letter.path)?))
            })
            .unwrap();
        handle.on_dead_letter(clerk.recipient(|letter| letter));
        let brief = handle.spawn(Placement::Loop(1), Spawn::named("brief"), brief).unwrap();
        // One of these is the first that comes too late.
        while brief.send(1).is_ok() {}
        if handle.metrics().dead_letters() > 0 {
            assert_eq!(told.recv().unwrap(), "/brief");
        }
    });
}

/// Sends a hundred messages as it is dropped.
struct Sends(Address<u32>);

impl Drop for Sends {
    fn drop(&mut self) {
        for n in 0..100 {
            // It may be over, or have ended.
            let _ = self.0.send(n);
        }
    }
}

#[test]
fn what_an_earlier_subscription_captured_may_make_dead_letters_as_it_is_dropped() {
    must_end(|| {
        let root = || {
            Role::<()>::idle().started(|ctx| {
                let picky = Spawn::new().high(1).overflow(Overflow::DropNewest);
                let picky = ctx.spawn_with(picky, Role::<u32>::idle());
                ctx.spawn(Role::<DeadLetter>::idle().started(move |ctx| {
                    let sends = Sends(picky);
                    ctx.on_dead_letter(move |letter| {
                        let _ = &sends;
                        letter
                    });
                    // In the place of the first.
                    ctx.on_dead_letter(|letter| letter);
                    Ok(())
                }));
                Ok(())
            })
        };
        play(world(1, 1), root).unwrap();
    });
}

#[test]
fn actors_that_come_again_at_one_path_are_logged_once() {
    let lines = Log::of(|| {
        let root = || {
            let mut left = 10;
            Role::<()>::new(move |(), ctx| {
                left -= 1;
                if left > 0 {
                    let again = ctx.spawn_with(Spawn::named("again"), brief());
                    again.send(1)?;
                    again.send(2)?;
                    ctx.watch(&again, |_| ());
                }
                Ok(())
            })
            .started(|ctx| Ok(ctx.address().send(())?))
        };
        play(world(1, 1), root).unwrap();
    });
    let letters = lines.iter().filter(|line| line.contains("a dead letter")).count();
    assert_eq!(letters, 1, "{lines:#?}");
}

#[test]
fn what_nobody_misses_is_counted_and_told_and_not_logged() {
    each_world(5, 1..=2, |seed, loops| {
        let letters = Letters::default();
        let told = Arc::clone(&letters);
        let lines = Log::of(move || {
            let root = move || {
                Role::<bool>::new(|begins, ctx: &mut Context<'_, Role<bool>>| {
                    if begins {
                        let spawn = Spawn::named("brief").unmourned();
                        let brief = ctx.spawn_on_with(Placement::Loop(1), spawn, brief);
                        for n in 0..4 {
                            brief.send(n)?;
                        }
                    }
                    Ok(())
                })
                .started(move |ctx| {
                    ctx.spawn(clerk(&told));
                    // The clerk is there by the first, and the runtime does not end before the second.
                    ctx.send_after(Duration::from_secs(1), true);
                    ctx.send_after(Duration::from_secs(2), false);
                    Ok(())
                })
            };
            play(world(seed, loops), root).unwrap();
        });
        assert_eq!(letters.lock().unwrap().len(), 3);
        assert!(!lines.iter().any(|line| line.contains("a dead letter")), "{lines:#?}");
    });
}

#[test]
fn what_is_lost_below_a_root_that_stops_is_no_surprise_and_what_is_lost_of_its_own_is() {
    let lines = Log::of(|| {
        let root = || {
            Role::<()>::new(|(), ctx| {
                let child: Address<u32> = ctx.spawn_with(Spawn::named("child"), Role::idle());
                // Neither comes to it: this actor has stopped, and has its child stop before.
                child.send(1)?;
                ctx.address().send(())?;
                ctx.stop();
                Ok(())
            })
            .started(|ctx| Ok(ctx.address().send(())?))
        };
        let runtime = world(1, 1).build().unwrap();
        runtime.run_with(Spawn::named("top"), root).unwrap();
    });
    let letters: Vec<_> = lines.iter().filter(|line| line.contains("a dead letter")).collect();
    assert!(letters.len() == 1 && letters[0].contains("path=/top "), "{letters:#?}");
}
