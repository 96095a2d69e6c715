//! The watchdog: a turn that takes too long is named while it goes on.
//!
//! No time is asserted: the culprits here hold their loops until they have been named.

use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use roundsman::{
    Actor, Address, BuildError, Builder, ChildSpec, Context, ExitReason, Lane, Outcome, Placement,
    Runtime, SlowTurn, Spawn, Supervision, job,
};
use roundsman_tests::outside::beside;
use roundsman_tests::patience::must_end;
use roundsman_tests::role::Role;

/// A runtime with a short limit, and what its watchdog tells.
fn watched(loops: usize) -> (Builder, Receiver<SlowTurn>) {
    let (tell, told) = mpsc::channel();
    let builder = Runtime::builder().loops(loops).watchdog(Duration::from_millis(2));
    // Nobody listens any more when a test has seen what it wants.
    (builder.on_slow_turn(move |slow| drop(tell.send(slow.clone()))), told)
}

/// Where the culprit of a test holds its loop until it has been named.
#[derive(Clone, Copy, PartialEq)]
enum Where {
    Started,
    Receive,
    Deferred,
    Stopping,
}

struct Culprit {
    place: Where,
    told: Receiver<SlowTurn>,
    named: Sender<SlowTurn>,
}

impl Culprit {
    fn hold(&self, place: Where) {
        if place == self.place {
            let slow = self.told.recv().expect("the watchdog lives");
            self.named.send(slow).expect("the test waits");
        }
    }
}

impl Actor for Culprit {
    type Message = String;

    fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        self.hold(Where::Started);
        Ok(ctx.address().send("a message".to_owned())?)
    }

    fn receive(&mut self, _: String, ctx: &mut Context<'_, Self>) -> Outcome {
        self.hold(Where::Receive);
        ctx.defer();
        Ok(())
    }

    fn deferred(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        self.hold(Where::Deferred);
        ctx.end_runtime();
        Ok(())
    }

    fn stopping(&mut self, _: &ExitReason, _: &mut Context<'_, Self>) {
        self.hold(Where::Stopping);
    }
}

#[test]
fn a_slow_turn_is_named_while_it_goes_on_wherever_it_is() {
    must_end(|| {
        for place in [Where::Started, Where::Receive, Where::Deferred, Where::Stopping] {
            let (builder, told) = watched(1);
            let (named, name) = mpsc::channel();
            let runtime = builder.build().unwrap();
            let culprit = move || Culprit { place, told, named };
            runtime.run_with(Spawn::named("culprit"), culprit).unwrap();
            let slow = name.recv().unwrap();
            assert_eq!((&*slow.path, slow.loop_index), ("/culprit", 0));
            assert!(slow.message.ends_with("String"), "{slow:?}");
            assert!(slow.elapsed >= Duration::from_millis(2), "{slow:?}");
        }
    });
}

#[test]
fn how_many_wait_behind_it_is_told() {
    must_end(|| {
        let (builder, told) = watched(1);
        let slow: Arc<Mutex<Option<SlowTurn>>> = Arc::default();
        let seen = Arc::clone(&slow);
        let root = move || {
            Role::<u32>::new(move |_, ctx| {
                for _ in 0..5 {
                    ctx.spawn(Role::<()>::idle());
                }
                // Told of before the five were there, perhaps: the next report knows of them.
                let slow = told.iter().find(|slow| slow.waiting >= 5);
                *seen.lock().unwrap() = slow;
                ctx.stop();
                Ok(())
            })
            .started(|ctx| Ok(ctx.address().send(1)?))
        };
        builder.build().unwrap().run(root).unwrap();
        assert_eq!(slow.lock().unwrap().as_ref().unwrap().waiting, 5);
    });
}

#[test]
fn a_turn_that_goes_on_is_told_of_again_as_its_time_has_doubled() {
    must_end(|| {
        let (builder, told) = watched(1);
        let reports: Arc<Mutex<Vec<SlowTurn>>> = Arc::default();
        let seen = Arc::clone(&reports);
        let root = move || {
            Role::<()>::idle().started(move |ctx| {
                seen.lock().unwrap().extend(told.iter().take(4));
                ctx.stop();
                Ok(())
            })
        };
        builder.build().unwrap().run(root).unwrap();
        let reports = reports.lock().unwrap();
        for (first, second) in reports.iter().zip(&reports[1..]) {
            assert_eq!(first.id, second.id);
            // The next is due at the next power of two of the limit.
            assert!(second.elapsed > first.elapsed, "{reports:?}");
            let power = |slow: &SlowTurn| (slow.elapsed.as_millis() / 2).ilog2();
            assert!(power(second) > power(first), "{reports:?}");
        }
    });
}

#[test]
fn each_slow_turn_is_told_of_on_its_own_loop() {
    must_end(|| {
        let (builder, told) = watched(3);
        let told = Arc::new(Mutex::new(told));
        let root = move || {
            let mut left = 2;
            Role::<()>::new(move |(), ctx| {
                left -= 1;
                if left == 0 {
                    ctx.end_runtime();
                }
                Ok(())
            })
            .started(move |ctx| {
                for index in [1, 2] {
                    let (told, done) = (Arc::clone(&told), ctx.address());
                    let named = Spawn::named(format!("culprit-{index}"));
                    ctx.spawn_on_with(Placement::Loop(index), named, move || {
                        Role::<()>::idle().started(move |ctx| {
                            let me = ctx.path();
                            let told = told.lock().unwrap();
                            let mine = told.iter().find(|slow| slow.path == me).unwrap();
                            assert_eq!(mine.loop_index, index);
                            drop(told);
                            Ok(done.send(())?)
                        })
                    });
                }
                Ok(())
            })
        };
        builder.build().unwrap().run(root).unwrap();
    });
}

#[test]
fn an_actor_with_a_thread_of_its_own_may_take_its_time() {
    must_end(|| {
        let (builder, told) = watched(1);
        let told = Arc::new(Mutex::new(told));
        let (release, released) = mpsc::channel::<()>();
        let released = Arc::new(Mutex::new(released));
        let named = Arc::clone(&told);
        let root = move || {
            let mut release = Some(release);
            Role::<()>::new(move |(), ctx| {
                // It blocks since before this began: by now it would have been told of, too.
                let told = named.lock().unwrap();
                let slow = told.iter().find(|slow| slow.elapsed >= Duration::from_millis(16));
                assert_eq!(slow.unwrap().path, "/top");
                assert!(told.try_iter().all(|slow| slow.path == "/top"));
                release.take();
                ctx.end_runtime();
                Ok(())
            })
            .started(move |ctx| {
                let me = ctx.address();
                let named = Spawn::named("blocks");
                ctx.spawn_on_with(Placement::OwnThread, named, move || {
                    Role::<()>::idle().started(move |_| {
                        me.send(())?;
                        // Until the root lets go.
                        let _ = released.lock().unwrap().recv();
                        Ok(())
                    })
                });
                Ok(())
            })
        };
        builder.build().unwrap().run_with(Spawn::named("top"), root).unwrap();
    });
}

#[test]
fn a_function_that_panics_does_not_stop_the_watchdog() {
    must_end(|| {
        let (tell, told) = mpsc::channel();
        let builder = Runtime::builder().loops(1).watchdog(Duration::from_millis(2));
        let builder = builder.on_slow_turn(move |slow| {
            let _ = tell.send(slow.clone());
            panic!("it had to come");
        });
        let root = move || {
            Role::<()>::idle().started(move |ctx| {
                assert_eq!(told.iter().take(2).count(), 2);
                ctx.stop();
                Ok(())
            })
        };
        builder.build().unwrap().run(root).unwrap();
    });
}

#[test]
fn actors_that_come_and_go_while_they_are_watched_harm_nobody() {
    must_end(|| {
        let (builder, told) = watched(2);
        let builder = builder.watchdog(Duration::from_millis(1));
        let root = move || {
            let mut left = 3_000;
            Role::<()>::new(move |(), ctx| {
                left -= 1;
                if left == 0 {
                    ctx.end_runtime();
                } else {
                    let me = ctx.address();
                    ctx.spawn_on(Placement::RoundRobin, move || {
                        Role::<()>::idle().started(move |ctx| {
                            ctx.stop();
                            Ok(me.send(())?)
                        })
                    });
                }
                Ok(())
            })
            .started(|ctx| Ok(ctx.address().send(())?))
        };
        builder.build().unwrap().run(root).unwrap();
        drop(told);
    });
}

#[test]
fn a_limit_below_a_millisecond_is_refused_and_says_so() {
    let builder = Runtime::builder().loops(1);
    let error = builder.watchdog(Duration::ZERO).build().err().unwrap();
    assert!(matches!(error, BuildError::Watchdog(_)));
    assert!(error.to_string().contains("Builder::watchdog"), "{error}");
}

#[test]
fn without_a_watchdog_nobody_tells() {
    let (builder, told) = watched(1);
    beside(builder.no_watchdog(), move |handle| {
        let (done, is_done) = mpsc::channel();
        handle.spawn(Placement::Loop(0), Spawn::new(), move || {
            Role::<()>::idle().started(move |_| {
                // Ten times the limit: nobody sends.
                let (_never, nothing) = mpsc::channel::<()>();
                let _ = nothing.recv_timeout(Duration::from_millis(20));
                Ok(done.send(())?)
            })
        });
        is_done.recv().unwrap();
        assert!(told.try_recv().is_err());
    });
}

/// Waits until the watchdog has named this path.
fn until_named(told: &Receiver<SlowTurn>, path: &str) {
    assert!(told.iter().any(|slow| slow.path == path));
}

#[test]
fn a_constructor_that_another_loop_runs_is_named() {
    must_end(|| {
        let (builder, told) = watched(2);
        let root = || {
            Role::<()>::idle().started(|ctx| {
                ctx.spawn_on_with(Placement::Loop(1), Spawn::named("made"), move || {
                    until_named(&told, "/top/made");
                    Role::<()>::idle()
                });
                Ok(())
            })
        };
        builder.build().unwrap().run_with(Spawn::named("top"), root).unwrap();
    });
}

#[test]
fn a_constructor_of_a_supervisor_is_named_when_it_builds_anew() {
    must_end(|| {
        let (builder, told) = watched(1);
        let root = || {
            Role::<()>::idle().started(|ctx| {
                ctx.supervision(Supervision::one_for_one());
                let mut lives = 0;
                let child = ctx.supervise(ChildSpec::permanent("again"), move || {
                    lives += 1;
                    if lives == 2 {
                        until_named(&told, "/top/again");
                    }
                    Role::<()>::new(|(), _| Err("it had to come".into()))
                });
                Ok(child.send(())?)
            })
        };
        builder.build().unwrap().run_with(Spawn::named("top"), root).unwrap();
    });
}

#[test]
fn a_function_that_makes_a_message_of_an_answer_is_named() {
    must_end(|| {
        let (builder, told) = watched(1);
        let root = || {
            Role::<()>::idle().started(|ctx| {
                ctx.start(job(Lane::User, || ()), move |_| until_named(&told, "/top"));
                Ok(())
            })
        };
        builder.build().unwrap().run_with(Spawn::named("top"), root).unwrap();
    });
}

/// Takes until it has been named to drop, and then says so.
struct Slow(Receiver<SlowTurn>, Address<()>);

impl Drop for Slow {
    fn drop(&mut self) {
        until_named(&self.0, "/top/gone");
        // The root waits for it.
        let _ = self.1.send(());
    }
}

#[test]
fn a_result_that_nobody_waits_for_is_named_while_it_drops() {
    must_end(|| {
        let (builder, told) = watched(1);
        let root = || {
            let waits = Role::<()>::new(|(), ctx| {
                ctx.stop();
                Ok(())
            });
            waits.started(|ctx| {
                let root = ctx.address();
                let (alive, is_gone) = mpsc::channel::<()>();
                let starts = Role::<()>::new(move |(), ctx| {
                    let _ = &alive;
                    ctx.stop();
                    Ok(())
                });
                let starts = starts.started(move |ctx| {
                    let (me, slow) = (ctx.address(), Slow(told, root));
                    let job = job(Lane::User, move || {
                        // It has begun: whoever started it may end.
                        let _ = me.send(());
                        let _ = is_gone.recv();
                        slow
                    });
                    ctx.start(job, |_| ());
                    Ok(())
                });
                ctx.spawn_with(Spawn::named("gone"), starts);
                // It is not all over before the result has come home.
                ctx.send_after(Duration::from_secs(60), ());
                Ok(())
            })
        };
        builder.build().unwrap().run_with(Spawn::named("top"), root).unwrap();
    });
}

#[test]
fn what_waits_in_the_inbox_behind_a_slow_turn_is_told() {
    must_end(|| {
        let (builder, told) = watched(2);
        let root = || {
            Role::<()>::idle().started(move |ctx| {
                let me = ctx.address();
                ctx.spawn_on(Placement::Loop(1), move || {
                    Role::<()>::idle().started(move |_| {
                        for _ in 0..10 {
                            me.send(())?;
                        }
                        Ok(())
                    })
                });
                assert!(told.iter().any(|slow| slow.loop_index == 0 && slow.inbox >= 10));
                Ok(())
            })
        };
        builder.build().unwrap().run(root).unwrap();
    });
}
