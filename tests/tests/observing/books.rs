//! The ledger: sent = handled + handed back + dropped + dead-lettered + in flight, per actor and overall.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use roundsman::{
    Address, Context, DeadLetterReason, Ledger, MissedTicks, Outcome, Overflow, Placement, Reply,
    Runtime, Spawn,
};
use roundsman_tests::outside::beside;
use roundsman_tests::patience::must_end;
use roundsman_tests::role::Role;
use roundsman_tests::seeds::{each_world, world};

/// Runs `started` as the root of a simulated world and returns the books of its runtime.
fn books_of(
    seed: u64,
    loops: usize,
    started: impl FnOnce(&mut Context<'_, Role<()>>) -> Outcome + 'static,
) -> Ledger {
    let runtime = world(seed, loops).build().unwrap();
    let handle = runtime.handle().unref();
    runtime.run(|| Role::idle().started(started)).unwrap();
    let ledger = handle.metrics().ledger();
    assert!(ledger.is_balanced(), "{ledger}");
    ledger
}

#[test]
fn a_message_to_an_actor_that_has_ended_is_handed_back_and_nothing_else() {
    each_world(10, 1..=2, |seed, loops| {
        let ledger = books_of(seed, loops, |ctx| {
            let gone: Address<()> = ctx.spawn_on(Placement::Loop(1), || {
                Role::idle().started(|ctx| {
                    ctx.stop();
                    Ok(())
                })
            });
            let again = gone.clone();
            ctx.spawn(
                Role::new(move |(), _| {
                    assert!(again.send(()).is_err());
                    Ok(())
                })
                .started(|ctx| {
                    ctx.send_after(Duration::from_secs(1), ());
                    Ok(())
                }),
            );
            Ok(())
        });
        // The tick, and the send that failed.
        assert_eq!((ledger.sent, ledger.handled, ledger.handed_back), (2, 1, 1), "{ledger}");
        assert_eq!(ledger.dead_letters(), 0, "{ledger}");
    });
}

#[test]
fn a_message_that_reaches_an_ended_actor_from_another_loop_is_a_dead_letter_and_not_handed_back() {
    each_world(20, 2..=2, |seed, loops| {
        let ledger = books_of(seed, loops, |ctx| {
            let to: Address<()> = ctx.spawn_on(Placement::Loop(1), || {
                Role::new(|(), ctx: &mut Context<'_, _>| {
                    ctx.stop();
                    Ok(())
                })
            });
            for _ in 0..5 {
                to.send(())?;
            }
            Ok(())
        });
        assert_eq!((ledger.sent, ledger.handled, ledger.handed_back), (5, 1, 0), "{ledger}");
        assert_eq!(ledger.dead_lettered(DeadLetterReason::ReceiverEnded), 4, "{ledger}");
    });
}

#[test]
fn what_a_policy_drops_is_told_apart_from_dead_letters() {
    for (overflow, handed_back, dropped) in
        [(Overflow::Reject, 3, 0), (Overflow::DropOldest, 0, 3), (Overflow::DropNewest, 0, 3)]
    {
        each_world(5, 1..=1, |seed, loops| {
            let ledger = books_of(seed, loops, move |ctx| {
                let spawn = Spawn::new().high(4).overflow(overflow);
                let to: Address<()> = ctx.spawn_with(spawn, Role::idle());
                for _ in 0..8 {
                    let _ = to.send(());
                }
                let ledger = ctx.actor(&to).ledger;
                assert_eq!((ledger.sent, ledger.in_flight()), (8, 5), "{ledger}");
                assert_eq!(
                    (ledger.handed_back, ledger.dropped),
                    (handed_back, dropped),
                    "{ledger}"
                );
                Ok(())
            });
            assert_eq!((ledger.sent, ledger.handled), (8, 5), "{ledger}");
            assert_eq!((ledger.handed_back, ledger.dropped), (handed_back, dropped), "{ledger}");
            assert_eq!(ledger.dead_letters(), 0, "{ledger}");
        });
    }
}

#[test]
fn a_try_send_that_is_refused_counts_as_handed_back() {
    each_world(5, 1..=2, |seed, loops| {
        let refused = Rc::new(Cell::new(0));
        let refuses = Rc::clone(&refused);
        let ledger = books_of(seed, loops, move |ctx| {
            let refused = refuses;
            let spawn = Spawn::new().high(1);
            let to: Address<()> = ctx.spawn_on_with(Placement::Loop(1), spawn, Role::idle);
            to.send(())?;
            to.send(())?;
            refused.set((0..3).filter(|_| to.try_send(()).is_err()).count() as u64);
            Ok(())
        });
        assert_eq!((ledger.sent, ledger.handed_back), (5, refused.get()), "{ledger}");
        assert!(loops > 1 || refused.get() == 3, "on one loop all of them are refused");
    });
}

#[test]
fn a_message_whose_handler_fails_counts_as_handled() {
    each_world(5, 1..=1, |seed, loops| {
        let runtime = world(seed, loops).build().unwrap();
        let handle = runtime.handle().unref();
        let root = || {
            Role::<()>::idle().started(|ctx| {
                let fails = Role::new(|(), _: &mut Context<'_, Role<()>>| Err("it had to".into()));
                ctx.spawn(fails).send(())?;
                let panics = Role::new(|(), _: &mut Context<'_, Role<()>>| panic!("it had to"));
                ctx.spawn(panics.may_panic()).send(())?;
                Ok(())
            })
        };
        runtime.run(root).unwrap();
        let metrics = handle.metrics();
        let ledger = metrics.ledger();
        assert_eq!((ledger.sent, ledger.handled), (2, 2), "{ledger}");
        assert_eq!(metrics.loops[0].failures, 2);
    });
}

enum Msg {
    Tick,
    Question(Reply<u32>),
    Answer,
}

#[test]
fn timers_and_answers_are_messages_when_they_become_one() {
    each_world(10, 1..=2, |seed, loops| {
        let runtime = world(seed, loops).build().unwrap();
        let handle = runtime.handle().unref();
        let root = || {
            let mut ticks = 0;
            Role::new(move |message, ctx: &mut Context<'_, Role<Msg>>| {
                if let Msg::Tick = message {
                    ticks += 1;
                }
                if ticks == 3 {
                    ctx.stop();
                }
                Ok(())
            })
            .started(|ctx| {
                ctx.send_every(Duration::from_secs(1), MissedTicks::Skip, || Msg::Tick);
                let cancelled = ctx.send_after(Duration::from_secs(1), Msg::Tick);
                ctx.cancel(cancelled);
                let other = ctx.spawn_on(Placement::Loop(1), || {
                    Role::new(|message, _: &mut Context<'_, Role<Msg>>| {
                        if let Msg::Question(reply) = message {
                            reply.send(1);
                        }
                        Ok(())
                    })
                });
                ctx.ask(&other, Msg::Question, |_| Msg::Answer);
                Ok(())
            })
        };
        runtime.run(root).unwrap();
        let ledger = handle.metrics().ledger();
        // Three ticks, a question and its answer; the timer that was cancelled never was a message.
        assert_eq!((ledger.sent, ledger.handled), (5, 5), "{ledger}");
    });
}

#[test]
fn what_plain_threads_send_is_counted_when_it_is_taken() {
    beside(Runtime::builder().loops(2), |handle| {
        let (taken, gone) = (Arc::new(Mutex::new(())), Spawn::named("to"));
        let hold = taken.lock().unwrap();
        let waits = Arc::clone(&taken);
        let to: Address<()> = handle
            .spawn(Placement::Loop(1), gone, move || {
                Role::new(move |(), _| {
                    drop(waits.lock());
                    Ok(())
                })
            })
            .unwrap();
        let before = handle.metrics().ledger().sent;
        for sent in 1..=10 {
            to.send(()).unwrap();
            assert_eq!(handle.metrics().ledger().sent, before + sent, "exact at all times");
        }
        drop(hold);
    });
}

#[test]
fn every_actor_of_a_busy_world_has_books_that_say_what_is_queued() {
    each_world(30, 1..=3, |seed, loops| {
        let looked = Arc::new(Mutex::new(0));
        let looks = Arc::clone(&looked);
        let ledger = books_of(seed, loops, move |ctx| {
            let all: Arc<Mutex<Vec<Address<u32>>>> = Arc::default();
            for index in 0..8 {
                let (others, looks) = (Arc::clone(&all), Arc::clone(&looks));
                let policies = [Overflow::Wait, Overflow::DropOldest, Overflow::Reject];
                let spawn = Spawn::new().high(3).overflow(policies[index % 3]);
                let busy = move || {
                    Role::new(move |left: u32, ctx: &mut Context<'_, Role<u32>>| {
                        let others = others.lock().unwrap().clone();
                        for _ in 0..ctx.random() % 3 {
                            let other = &others[ctx.random() as usize % others.len()];
                            let _ = if left > 0 { other.send(left - 1) } else { Ok(()) };
                        }
                        for node in ctx.tree().nodes {
                            let in_flight = node.ledger.in_flight();
                            assert_eq!(in_flight, node.queued as u64, "{node:?}");
                            *looks.lock().unwrap() += 1;
                        }
                        Ok(())
                    })
                };
                let address = ctx.spawn_on_with(Placement::RoundRobin, spawn, busy);
                all.lock().unwrap().push(address);
            }
            for address in all.lock().unwrap().iter() {
                let _ = address.send(8);
            }
            Ok(())
        });
        assert!(ledger.handled > 0 && *looked.lock().unwrap() > 0);
    });
}

#[test]
fn a_refused_send_of_a_plain_thread_is_sent_and_handed_back_in_one() {
    must_end(|| {
        let runtime = Runtime::builder().loops(2).build().unwrap();
        let handle = runtime.handle().unref();
        let address: Arc<Mutex<Option<Address<()>>>> = Arc::default();
        let place = Arc::clone(&address);
        runtime
            .run(move || {
                Role::<()>::idle().started(move |ctx| {
                    *place.lock().unwrap() = Some(ctx.address());
                    Ok(())
                })
            })
            .unwrap();
        let address = address.lock().unwrap().take().unwrap();
        assert!(address.send(()).is_err());
        assert!(address.try_send(()).is_err());
        let ledger = handle.metrics().ledger();
        assert!(ledger.is_balanced(), "{ledger}");
    });
}

#[test]
fn messages_under_way_to_a_runtime_that_never_ran_are_dead_letters() {
    let runtime = Runtime::builder().loops(2).build().unwrap();
    let handle = runtime.handle().unref();
    let to: Address<()> =
        handle.spawn(Placement::Loop(1), Spawn::new(), Role::idle).expect("it has not ended");
    for _ in 0..3 {
        to.send(()).unwrap();
    }
    assert_eq!(handle.metrics().ledger().in_flight(), 3);
    drop(runtime);
    let ledger = handle.metrics().ledger();
    assert_eq!(ledger.dead_lettered(DeadLetterReason::LoopEnded), 3, "{ledger}");
    assert!(ledger.is_balanced(), "{ledger}");
}
