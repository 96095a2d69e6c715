//! The watchdog: a turn that takes too long is named while it goes on.
//!
//! No time is asserted: the culprits here hold their loops until they have been named.

use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use roundsman::{
    Actor, BuildError, Builder, Context, ExitReason, Outcome, Placement, Runtime, SlowTurn, Spawn,
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
