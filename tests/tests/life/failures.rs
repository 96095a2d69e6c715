//! A failure ends its actor and nothing else, wherever it happens.

use std::error::Error as _;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use roundsman::net::ConnectError;
use roundsman::{
    Actor, Address, Context, ExitReason, Failure, Interest, MissedTicks, Outcome, Placement, Reply,
    RunError, Runtime, Spawn, Watch,
};
use roundsman_tests::outside::beside;
use roundsman_tests::patience::must_end;
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds::{each_world, world};

/// Where an actor fails.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Where {
    Constructor,
    Started,
    StartedWithError,
    Receive,
    ReceiveWithError,
    Timer,
    TickMaker,
    Deferred,
    Stopping,
    Drop,
    DropAfterPanic,
}

const EVERYWHERE: [Where; 11] = [
    Where::Constructor,
    Where::Started,
    Where::StartedWithError,
    Where::Receive,
    Where::ReceiveWithError,
    Where::Timer,
    Where::TickMaker,
    Where::Deferred,
    Where::Stopping,
    Where::Drop,
    Where::DropAfterPanic,
];

struct Fails {
    at: Where,
    /// It sends itself the message that makes it fail.
    alone: bool,
}

impl Fails {
    fn new(at: Where, alone: bool) -> Self {
        assert!(at != Where::Constructor, "as it is built");
        Self { at, alone }
    }
}

impl Actor for Fails {
    type Message = u32;

    fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        if self.alone {
            ctx.address().send(1)?;
        }
        match self.at {
            Where::Started => panic!("as it starts"),
            Where::StartedWithError => return Err("as it starts".into()),
            Where::Timer => _ = ctx.send_after(Duration::from_millis(1), 2),
            Where::TickMaker => {
                let make = || panic!("as a tick is made");
                ctx.send_every(Duration::from_millis(1), MissedTicks::Skip, make);
            }
            _ => {}
        }
        Ok(())
    }

    fn receive(&mut self, number: u32, ctx: &mut Context<'_, Self>) -> Outcome {
        match self.at {
            Where::Receive | Where::DropAfterPanic => panic!("in a message"),
            Where::ReceiveWithError => Err("in a message".into()),
            Where::Timer if number == 2 => panic!("in a timer"),
            Where::Deferred => {
                ctx.defer();
                Ok(())
            }
            Where::Stopping | Where::Drop => {
                ctx.stop();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn deferred(&mut self, _: &mut Context<'_, Self>) -> Outcome {
        panic!("at the end of a round")
    }

    fn stopping(&mut self, _: &ExitReason, _: &mut Context<'_, Self>) {
        assert!(self.at != Where::Stopping, "as it stops");
    }
}

impl Drop for Fails {
    fn drop(&mut self) {
        assert!(!matches!(self.at, Where::Drop | Where::DropAfterPanic), "as it is dropped");
    }
}

/// One that fails where `on` says; a neighbour there must answer when it is gone.
fn beside_a_neighbour(at: Where, on: Placement, pings: &Arc<AtomicU64>) -> Role<u32> {
    let pings = Arc::clone(pings);
    Role::<u32>::new(move |gone, ctx| {
        if gone == 0 {
            let failing = ctx.spawn_on(on, move || Fails::new(at, false));
            ctx.watch(&failing, move |terminated| {
                let early = matches!(at, Where::Stopping | Where::Drop);
                assert_eq!(terminated.reason.is_failure(), !early, "{terminated:?}");
                1
            });
            // Where it fails at once, this comes too late.
            let _ = failing.send(1);
        } else {
            let pings = Arc::clone(&pings);
            let neighbour = ctx.spawn_on(on, move || {
                Role::<()>::new(move |(), ctx| {
                    pings.fetch_add(1, Ordering::SeqCst);
                    ctx.end_runtime();
                    Ok(())
                })
            });
            neighbour.send(())?;
        }
        Ok(())
    })
    .started(|ctx| Ok(ctx.address().send(0)?))
}

#[test]
fn a_failure_anywhere_in_an_actors_life_ends_that_actor_only() {
    for at in EVERYWHERE {
        for on in [Placement::Here, Placement::Loop(1)] {
            each_world(3, 1..=3, |seed, loops| {
                let pings = Arc::new(AtomicU64::new(0));
                play(world(seed, loops), || beside_a_neighbour(at, on, &pings)).unwrap();
                assert_eq!(pings.load(Ordering::SeqCst), 1, "{at:?} {on:?}");
            });
        }
    }
}

#[test]
fn a_failure_anywhere_on_real_loops_ends_that_actor_only() {
    must_end(|| {
        for at in EVERYWHERE {
            for on in [Placement::Here, Placement::Loop(1), Placement::OwnThread] {
                let pings = Arc::new(AtomicU64::new(0));
                let runtime = Runtime::builder().loops(2).build().unwrap();
                runtime.run(|| beside_a_neighbour(at, on, &pings)).unwrap();
                assert_eq!(pings.load(Ordering::SeqCst), 1, "{at:?} {on:?}");
            }
        }
    });
}

#[test]
fn one_failure_after_another_in_one_round_ends_those_actors_only() {
    let handled = must_end(|| {
        let handled = Arc::new(AtomicU64::new(0));
        let counts = Arc::clone(&handled);
        let root = move || {
            Role::<()>::idle().started(move |ctx| {
                for index in 0..200 {
                    let counts = Arc::clone(&counts);
                    let actor = Role::<()>::new(move |(), _| {
                        counts.fetch_add(1, Ordering::SeqCst);
                        assert!(index % 10 == 0, "on purpose");
                        Ok(())
                    });
                    let actor = ctx.spawn(actor.may_panic());
                    actor.send(())?;
                    actor.send(())?;
                }
                Ok(())
            })
        };
        Runtime::builder().loops(1).build().unwrap().run(root).unwrap();
        handled.load(Ordering::SeqCst)
    });
    assert_eq!(handled, 180 + 2 * 20, "those that failed have handled one, the others two");
}

#[test]
fn a_panic_as_a_handle_has_an_actor_built_ends_that_actor_only() {
    beside(Runtime::builder().loops(2), |handle| {
        for placement in [Placement::Here, Placement::Loop(1), Placement::OwnThread] {
            let make = || -> Role<()> { panic!("as it is built") };
            let failed = handle.spawn(placement, Spawn::new(), make).expect("the runtime lives");
            while !failed.is_closed() {
                std::thread::yield_now();
            }
            let next = handle.spawn(placement, Spawn::new(), || {
                Role::new(|reply: Reply<u32>, _| {
                    reply.send(1);
                    Ok(())
                })
            });
            let next = next.expect("the runtime lives");
            assert_eq!(next.ask_blocking(|reply| reply, Duration::from_secs(60)), Ok(1));
        }
    });
}

#[test]
fn a_root_that_fails_is_the_runs_error() {
    for at in EVERYWHERE {
        for loops in [1, 2] {
            let result = must_end(move || {
                let runtime = Runtime::builder().loops(loops).build().unwrap();
                runtime.run(move || Fails::new(at, true))
            });
            match (at, result) {
                (Where::Stopping | Where::Drop, Ok(())) => {}
                (_, Err(RunError::RootFailed { reason, .. })) => assert!(reason.is_failure()),
                (_, result) => panic!("{at:?}: {result:?}"),
            }
        }
    }
}

#[test]
fn a_failure_says_its_cause_with_its_sources() {
    #[derive(Debug)]
    struct Outer(io::Error);
    impl std::fmt::Display for Outer {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("the motd cannot be read")
        }
    }
    impl std::error::Error for Outer {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }
    let root = || Role::<()>::idle().started(|_| Err(Outer(io::Error::other("no disk")).into()));
    let error = play(world(1, 1), root).expect_err("it has failed");
    assert_eq!(error.to_string(), "the root actor failed: the motd cannot be read: no disk");
}

#[test]
fn a_panic_in_the_function_that_makes_an_answer_a_message_is_no_other_actors_failure() {
    each_world(10, 1..=2, |seed, loops| {
        let answered = Arc::new(AtomicU64::new(0));
        let counts = Arc::clone(&answered);
        let root = move || {
            Role::<()>::idle().started(move |ctx| {
                let answers = ctx.spawn_on(Placement::Loop(1), move || {
                    Role::new(move |reply: Reply<u32>, _| {
                        reply.send(1);
                        counts.fetch_add(1, Ordering::SeqCst);
                        Ok(())
                    })
                });
                let asker = Role::<()>::idle().may_panic().started(move |ctx| {
                    ctx.ask(&answers, |reply| reply, |_| panic!("as the answer is made a message"));
                    ctx.ask(&answers, |reply| reply, |_| ());
                    Ok(())
                });
                ctx.spawn(asker);
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
        assert_eq!(answered.load(Ordering::SeqCst), 2, "the one that answers goes on");
    });
}

#[test]
fn a_panic_in_the_function_that_makes_a_watch_a_message_harms_nobody_but_its_watcher() {
    each_world(10, 1..=2, |seed, loops| {
        let told = Arc::new(AtomicU64::new(0));
        let counts = Arc::clone(&told);
        let root = move || {
            Role::<()>::idle().started(move |ctx| {
                let short = ctx.spawn_on(Placement::Loop(1), || {
                    Role::<()>::idle().started(|ctx| {
                        ctx.send_after(Duration::from_secs(1), ());
                        ctx.stop();
                        Ok(())
                    })
                });
                for index in 0..3 {
                    let (short, counts) = (short.clone(), Arc::clone(&counts));
                    let watcher = Role::<()>::new(move |(), _| {
                        counts.fetch_add(1, Ordering::SeqCst);
                        Ok(())
                    });
                    ctx.spawn(watcher.may_panic().started(move |ctx| {
                        ctx.watch(&short, move |_| assert!(index != 1, "as it is told"));
                        Ok(())
                    }));
                }
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
        assert_eq!(told.load(Ordering::SeqCst), 2);
    });
}

/// Panics as it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        assert!(std::thread::panicking(), "as what a function has captured is dropped");
    }
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Captured {
    WatchThatIsTold,
    WatchThatIsTakenBack,
    Source,
}

/// Has something captured whose drop panics, by the function of a watch or a source, and ends what holds it. Tells `heard` that this has ended.
fn captures(bomb: Captured, heard: Arc<AtomicU64>) -> Role<u32> {
    let mut held: Option<(Address<()>, Watch)> = None;
    Role::<u32>::new(move |step, ctx| {
        match (step, bomb) {
            (0, Captured::Source) => {
                let child = ctx.spawn(with_a_source());
                ctx.watch(&child, |_| 2);
                child.send(0)?;
            }
            (0, _) => {
                let child = ctx.spawn_on(Placement::Loop(1), || {
                    Role::<()>::new(|(), ctx| {
                        ctx.stop();
                        Ok(())
                    })
                });
                let bomb = Bomb;
                let watch = ctx.watch(&child, move |_| {
                    let _captured = &bomb;
                    9
                });
                held = Some((child, watch));
                ctx.address().send(1)?;
            }
            (1, _) => {
                let (child, watch) = held.take().expect("it was spawned");
                if bomb == Captured::WatchThatIsTakenBack {
                    ctx.unwatch(watch);
                }
                ctx.watch(&child, |_| 2);
                child.send(())?;
            }
            (2, _) => {
                heard.fetch_add(1, Ordering::SeqCst);
                ctx.stop();
            }
            _ => {}
        }
        Ok(())
    })
    .started(|ctx| Ok(ctx.address().send(0)?))
}

/// Registers a source whose function captures a bomb, and stops when it is told to.
fn with_a_source() -> Role<u32> {
    let mut ends = Vec::new();
    Role::<u32>::new(move |_, ctx| {
        #[expect(clippy::disallowed_types, reason = "any source will do")]
        let (mut reads, writes) = mio::net::UnixStream::pair()?;
        let bomb = Bomb;
        ctx.register(&mut reads, Interest::READABLE, move |_| {
            let _captured = &bomb;
            1
        })?;
        ends.push((reads, writes));
        ctx.stop();
        Ok(())
    })
}

#[test]
fn a_panic_in_the_drop_of_what_a_function_has_captured_is_nobodys_end() {
    for bomb in [Captured::WatchThatIsTold, Captured::WatchThatIsTakenBack, Captured::Source] {
        for loops in [1, 2] {
            let heard = must_end(move || {
                let heard = Arc::new(AtomicU64::new(0));
                let counts = Arc::clone(&heard);
                let runtime = Runtime::builder().loops(loops).build().unwrap();
                runtime.run(move || captures(bomb, counts)).unwrap();
                heard.load(Ordering::SeqCst)
            });
            assert_eq!(heard, 1, "{bomb:?} on {loops}");
        }
    }
}

#[test]
fn the_error_of_a_root_that_fails_is_returned_as_it_was() {
    let read = || Err(io::Error::other("nobody has it").into());
    let returned = |result: Result<(), RunError>| {
        let error = result.expect_err("the root fails");
        assert_eq!(error.to_string(), "the root actor failed: nobody has it");
        let source = error.source().and_then(|error| error.downcast_ref::<io::Error>());
        assert_eq!(source.expect("an error of std").to_string(), "nobody has it");
    };
    each_world(3, 1..=3, |seed, loops| {
        returned(play(world(seed, loops), || Role::<()>::idle().started(move |_| read())));
        returned(play(world(seed, loops), || {
            let later = |ctx: &mut Context<'_, Role<()>>| Ok(ctx.address().send(())?);
            Role::new(move |(), _| read()).started(later)
        }));
    });
    let runtime = Runtime::builder().loops(2).build().unwrap();
    returned(runtime.run(|| Role::<()>::idle().started(move |_| read())));
}

#[test]
fn a_root_that_panics_has_no_error_of_its_own() {
    let root = || Role::<()>::idle().may_panic().started(|_| panic!("no way on"));
    let error = play(world(1, 1), root).expect_err("the root fails");
    assert_eq!(error.to_string(), "the root actor panicked: no way on");
    assert!(error.source().is_none(), "{error:?}");
}

#[test]
fn a_failure_does_not_repeat_a_cause_that_its_text_has_in_its_midst() {
    let error = RunError::Thread { index: 3, source: io::Error::other("there are too many") };
    let (said, failure) = (error.to_string(), Failure::from(error));
    assert!(said.contains("there are too many; "), "{said}");
    assert_eq!(failure.to_string(), said);
}

#[test]
fn a_failure_says_each_of_its_causes_once() {
    let source = io::Error::other("nobody listens");
    let failure = Failure::from(ConnectError::Io {
        to: SocketAddr::from(([127, 0, 0, 1], 1)).into(),
        source,
    });
    assert_eq!(failure.to_string(), "connecting to 127.0.0.1:1: nobody listens");
}
