//! `run` returns when the root has stopped, or when nothing can happen any more; not earlier.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use roundsman::{Address, Context, Outcome, Placement, RunError, Runtime, Spawn};
use roundsman_tests::outside::beside;
use roundsman_tests::patience::must_end;
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds::{each_world, world};

#[test]
fn a_run_in_which_nothing_happens_returns() {
    each_world(3, 1..=4, |seed, loops| play(world(seed, loops), Role::<()>::idle).unwrap());
    must_end(|| {
        for loops in 1..=4 {
            for _ in 0..50 {
                let runtime = Runtime::builder().loops(loops).build().unwrap();
                runtime.run(Role::<()>::idle).unwrap();
            }
        }
    });
}

/// Actors on four loops that throw balls to one another; each ball flies so many times.
fn balls(ctx: &mut Context<'_, Role<()>>, flies: u32, caught: &Arc<AtomicU64>) -> Outcome {
    let others: Arc<std::sync::OnceLock<Vec<Address<u32>>>> = Arc::default();
    let player = |index| {
        let (others, caught) = (Arc::clone(&others), Arc::clone(caught));
        ctx.spawn_on(Placement::Loop(index), move || {
            Role::new(move |left: u32, ctx| {
                caught.fetch_add(1, Ordering::SeqCst);
                let others = others.get().expect("set first");
                let to = &others[ctx.random() as usize % others.len()];
                if left > 1 {
                    to.send(left - 1)?;
                }
                Ok(())
            })
        })
    };
    let all: Vec<_> = (0..4).map(player).collect();
    others.set(all.clone()).expect("once");
    for to in &all[..2] {
        to.send(flies)?;
    }
    Ok(())
}

#[test]
fn a_run_returns_when_the_last_message_was_handled_and_not_before() {
    each_world(50, 1..=4, |seed, loops| {
        let caught = Arc::new(AtomicU64::new(0));
        let counts = Arc::clone(&caught);
        let root = || Role::<()>::idle().started(move |ctx| balls(ctx, 60, &counts));
        play(world(seed, loops), root).unwrap();
        assert_eq!(caught.load(Ordering::SeqCst), 120);
    });
}

#[test]
fn a_run_over_four_real_loops_neither_hangs_nor_ends_early() {
    must_end(|| {
        for iteration in 0..200 {
            let caught = Arc::new(AtomicU64::new(0));
            let counts = Arc::clone(&caught);
            // With and without spinning, so that loops sleep and wake at all times.
            let builder = Runtime::builder().loops(4).spin(iteration % 2 == 0);
            let root = || Role::<()>::idle().started(move |ctx| balls(ctx, 60, &counts));
            builder.build().unwrap().run(root).unwrap();
            assert_eq!(caught.load(Ordering::SeqCst), 120, "in iteration {iteration}");
        }
    });
}

#[test]
fn a_run_over_real_loops_waits_for_timers_wherever_they_are() {
    must_end(|| {
        for iteration in 0..30 {
            let came = Arc::new(AtomicU64::new(0));
            let counts = Arc::clone(&came);
            let root = || {
                Role::<()>::idle().started(move |ctx| {
                    for index in 0..4 {
                        let counts = Arc::clone(&counts);
                        let timed = move || {
                            Role::<()>::new(move |(), _| {
                                counts.fetch_add(1, Ordering::SeqCst);
                                Ok(())
                            })
                            .started(move |ctx| {
                                ctx.send_after(Duration::from_millis(index), ());
                                let never = ctx.send_after(Duration::from_secs(3_600), ());
                                ctx.unref_timer(never);
                                Ok(())
                            })
                        };
                        ctx.spawn_on(Placement::Loop(index as usize), timed);
                    }
                    Ok(())
                })
            };
            Runtime::builder().loops(4).build().unwrap().run(root).unwrap();
            assert_eq!(came.load(Ordering::SeqCst), 4, "in iteration {iteration}");
        }
    });
}

#[test]
fn a_run_ends_though_an_actor_on_a_thread_of_its_own_has_ended_before() {
    must_end(|| {
        for late in [false, true] {
            let root = move || {
                Role::<()>::idle().started(move |ctx| {
                    ctx.spawn_on(Placement::OwnThread, move || {
                        Role::<()>::new(|(), ctx| {
                            ctx.stop();
                            Ok(())
                        })
                        .started(move |ctx| {
                            if late {
                                ctx.send_after(Duration::from_millis(2), ());
                            } else {
                                ctx.stop();
                            }
                            Ok(())
                        })
                    });
                    Ok(())
                })
            };
            Runtime::builder().loops(2).build().unwrap().run(root).unwrap();
        }
    });
}

#[test]
fn an_idle_actor_on_a_thread_of_its_own_does_not_keep_the_runtime_alive() {
    must_end(|| {
        let root = || {
            Role::<()>::idle().started(|ctx| {
                ctx.spawn_on(Placement::OwnThread, Role::<()>::idle).send(())?;
                Ok(())
            })
        };
        Runtime::builder().loops(2).build().unwrap().run(root).unwrap();
    });
}

#[test]
fn a_handle_keeps_the_runtime_alive_and_its_drop_ends_it() {
    for loops in 1..=3 {
        let handled = Arc::new(AtomicU64::new(0));
        let counts = Arc::clone(&handled);
        beside(Runtime::builder().loops(loops), move |handle| {
            let second = handle.clone();
            drop(handle);
            // Quiet by now or not: it lives, since there is one handle left.
            for _ in 0..100 {
                std::thread::yield_now();
                let counts = Arc::clone(&counts);
                let actor = move || {
                    Role::new(move |(), ctx| {
                        counts.fetch_add(1, Ordering::SeqCst);
                        ctx.stop();
                        Ok(())
                    })
                };
                let actor = second.spawn(Placement::RoundRobin, Spawn::new(), actor);
                actor.expect("it lives").send(()).expect("it lives");
            }
        });
        assert_eq!(handled.load(Ordering::SeqCst), 100);
    }
}

#[test]
fn a_handle_can_stop_everything_though_it_lives_on() {
    must_end(|| {
        for loops in 1..=3 {
            let runtime = Runtime::builder().loops(loops).build().unwrap();
            let handle = runtime.handle();
            let stopper = handle.clone();
            let root = move || {
                Role::<()>::idle().started(move |ctx| {
                    ctx.send_after(Duration::from_secs(3_600), ());
                    stopper.stop();
                    stopper.stop();
                    Ok(())
                })
            };
            runtime.run(root).unwrap();
            let late = handle.spawn(Placement::Here, Spawn::new(), Role::<()>::idle);
            assert!(late.is_none(), "it has ended");
            assert!(handle.find::<()>("anybody").is_none());
            assert!(handle.pauses().is_empty());
            handle.stop();
        }
    });
}

#[test]
fn a_handle_in_the_hands_of_an_actor_does_not_block_it() {
    must_end(|| {
        for loops in 1..=2 {
            let runtime = Runtime::builder().loops(loops).build().unwrap();
            let handle = runtime.handle();
            let root = move || {
                Role::<()>::new(|(), ctx| {
                    ctx.stop();
                    Ok(())
                })
                .started(move |ctx| {
                    let me = ctx.address();
                    for index in 0..2 {
                        let me = me.clone();
                        let tells = move || Role::<()>::new(move |(), _| Ok(me.send(())?));
                        let tells = handle.spawn(Placement::Loop(index), Spawn::new(), tells);
                        tells.expect("the runtime lives").send(())?;
                    }
                    assert!(handle.pauses().is_empty());
                    Ok(())
                })
            };
            runtime.run(root).unwrap();
        }
    });
}

#[test]
fn a_simulation_that_only_a_handle_keeps_alive_says_so() {
    let runtime = world(1, 2).build().unwrap();
    let handle = runtime.handle();
    let stuck = runtime.run(Role::<()>::idle).expect_err("nobody is there to use the handle");
    assert!(matches!(&stuck, RunError::Stuck(what) if what == "1 handle"), "{stuck}");
    drop(handle);
}

#[test]
fn a_runtime_that_is_dropped_before_it_ran_refuses_what_its_handle_asks() {
    must_end(|| {
        let runtime = Runtime::builder().loops(2).build().unwrap();
        let handle = runtime.handle();
        drop(runtime);
        assert!(handle.spawn(Placement::Here, Spawn::new(), Role::<()>::idle).is_none());
    });
}

#[test]
fn metrics_tell_of_the_whole_run_when_it_is_over() {
    let runtime = Runtime::builder().loops(1).build().unwrap();
    let handle = runtime.handle();
    let root = || {
        Role::<u32>::new(|left, ctx| {
            match left {
                0 => ctx.stop(),
                _ => ctx.address().send(left - 1)?,
            }
            Ok(())
        })
        .started(|ctx| Ok(ctx.address().send(9)?))
    };
    runtime.run(root).unwrap();
    let metrics = handle.metrics();
    assert_eq!((metrics.handled(), metrics.actors()), (10, 0), "{metrics:?}");
}

#[test]
fn the_last_address_of_a_deep_family_can_be_dropped() {
    fn start(ctx: &mut Context<'_, Role<()>>, depth: u32, last: Arc<Mutex<Option<Address<()>>>>) {
        if depth > 0 {
            let deeper = Arc::clone(&last);
            let child = ctx.spawn(Role::<()>::idle().started(move |ctx| {
                start(ctx, depth - 1, deeper);
                Ok(())
            }));
            *last.lock().unwrap() = Some(child);
        }
    }
    must_end(|| {
        let last = Arc::default();
        let keeps = Arc::clone(&last);
        let runtime = Runtime::builder().loops(1).build().unwrap();
        runtime
            .run(|| {
                Role::<()>::idle().started(move |ctx| {
                    start(ctx, 100_000, keeps);
                    Ok(())
                })
            })
            .unwrap();
        drop(last);
    });
}
