//! Who waits, on whom, and until when exactly.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use roundsman::{Address, Context, ExitReason, Outcome, Placement, Runtime, Spawn};
use roundsman_tests::patience::must_end;
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds::{self, each_world, world};

use crate::{Brake, braking};

const STUCK: Duration = Duration::from_secs(10);

pub(crate) fn simulate(
    seed: u64,
    loops: usize,
    root: impl FnOnce(&mut Context<'_, Role<()>>) + 'static,
) {
    let root = || {
        Role::idle().started(move |ctx| {
            root(ctx);
            Ok(())
        })
    };
    play(world(seed, loops).budget(1), root).unwrap();
}

/// Runs `then` after so long.
pub(crate) fn after(
    ctx: &mut Context<'_, Role<()>>,
    delay: Duration,
    then: impl FnOnce(&mut Context<'_, Role<()>>) -> Outcome + 'static,
) {
    let mut then = Some(then);
    let alarm = Role::new(move |(), ctx| then.take().map_or(Ok(()), |then| then(ctx)));
    ctx.spawn(alarm.started(move |ctx| {
        ctx.send_after(delay, ());
        Ok(())
    }));
}

/// Makes whoever takes it send so many items.
struct Go(Address<Item>, u32);
struct Item(Address<Go>);

/// Sends when told to; `look` sees it before.
fn sender(mut look: impl FnMut(&Address<Item>) + 'static) -> Role<Go> {
    Role::new(move |Go(to, items), ctx| {
        look(&to);
        for _ in 0..items {
            to.send(Item(ctx.address()))?;
        }
        Ok(())
    })
}

#[test]
fn a_paused_actor_resumes_at_the_low_mark_exactly() {
    const LOW: u32 = 3;
    each_world(30, [1], |seed, loops| {
        let handled = Arc::new(AtomicU32::new(0));
        let counts = Arc::clone(&handled);
        simulate(seed, loops, move |ctx| {
            let waiting = Rc::new(Cell::new(0_u32));
            let seen = Rc::clone(&waiting);
            let receiver = Role::new(move |Item(from), ctx| {
                waiting.set(waiting.get() - 1);
                let paused = ctx.why_paused(&from).is_some();
                assert_eq!(paused, waiting.get() > LOW, "with {} in the mailbox", waiting.get());
                counts.fetch_add(1, Ordering::SeqCst);
                Ok(())
            });
            let receiver = ctx.spawn_with(Spawn::new().high(8).low(LOW), receiver);
            let sender = ctx.spawn(sender(move |_| {
                assert!(seen.get() <= LOW, "it goes on while {} wait", seen.get());
                seen.set(seen.get() + 9);
            }));
            for _ in 0..3 {
                sender.send(Go(receiver.clone(), 9)).unwrap();
            }
        });
        assert_eq!(handled.load(Ordering::SeqCst), 27);
    });
}

/// What two that wait on each other in turn take.
enum Mutual {
    /// Send nine items there.
    Fill(Address<Mutual>),
    Item(Address<Mutual>),
}

#[test]
fn a_wait_that_is_over_stands_in_nobodys_way() {
    each_world(20, [1], |seed, loops| {
        let handled = Arc::new(AtomicU32::new(0));
        let counts = Arc::clone(&handled);
        simulate(seed, loops, move |ctx| {
            let two = [0, 1].map(|_| {
                let (counts, mut items) = (Arc::clone(&counts), 9);
                let mutual = Role::new(move |message, ctx: &mut Context<'_, Role<Mutual>>| {
                    match message {
                        Mutual::Fill(other) => {
                            for _ in 0..9 {
                                other.send(Mutual::Item(ctx.address()))?;
                            }
                        }
                        Mutual::Item(from) => {
                            counts.fetch_add(1, Ordering::SeqCst);
                            items -= 1;
                            assert_eq!(ctx.why_paused(&from).is_some(), items > 4, "{items} wait");
                        }
                    }
                    Ok(())
                });
                ctx.spawn_with(Spawn::new().high(8), mutual)
            });
            // First the one waits on the other, and when that is over, the other on the one.
            for (second, who, whom) in [(1, 0, 1), (2, 1, 0)] {
                let (who, whom) = (two[who].clone(), two[whom].clone());
                after(ctx, Duration::from_secs(second), move |_| Ok(who.send(Mutual::Fill(whom))?));
            }
        });
        assert_eq!(handled.load(Ordering::SeqCst), 18);
    });
}

#[test]
fn an_actor_that_fills_a_mailbox_to_the_mark_and_no_further_goes_on() {
    each_world(10, [1], |seed, loops| {
        simulate(seed, loops, |ctx| {
            let receiver = Role::new(|Item(from), ctx: &mut Context<'_, _>| {
                assert!(ctx.why_paused(&from).is_none());
                Ok(())
            });
            let receiver = ctx.spawn_with(Spawn::new().high(8), receiver);
            let sender = ctx.spawn(sender(|_| {}));
            sender.send(Go(receiver, 8)).unwrap();
        });
    });
}

#[test]
fn a_mailbox_is_over_for_newcomers_too_until_it_has_fallen_to_the_low_mark() {
    let mut met_halfway = 0;
    let halfway = &mut met_halfway;
    each_world_mut(100, 1, |seed| {
        let met = Arc::new(AtomicU32::new(0));
        let meets = Arc::clone(&met);
        simulate(seed, 1, move |ctx| {
            let waiting = Rc::new(Cell::new(0_u32));
            let (falls, seen) = (Rc::clone(&waiting), Rc::clone(&waiting));
            let receiver = Role::new(move |_: Item, _| {
                falls.set(falls.get() - 1);
                Ok(())
            });
            let receiver = ctx.spawn_with(Spawn::new().high(8).low(2), receiver);
            let filler = ctx.spawn(sender(move |_| waiting.set(waiting.get() + 9)));
            filler.send(Go(receiver.clone(), 9)).unwrap();
            // The newcomer sends one item whenever it can; having sent to something over, it cannot.
            let mut sent_to_over = false;
            let newcomer = sender(move |receiver| {
                assert!(!(sent_to_over && receiver.is_over()), "it did not wait");
                sent_to_over = receiver.is_over();
                if sent_to_over && (3..=7).contains(&seen.get()) {
                    meets.fetch_add(1, Ordering::SeqCst);
                }
                seen.set(seen.get() + 1);
            });
            let newcomer = ctx.spawn(newcomer);
            for _ in 0..20 {
                newcomer.send(Go(receiver.clone(), 1)).unwrap();
            }
        });
        *halfway += met.load(Ordering::SeqCst);
    });
    assert!(met_halfway > 0 || seeds::asked_for().is_some(), "no seed has tried it");
}

fn each_world_mut(count: u64, loops: usize, test: impl FnMut(u64)) {
    let test = std::cell::RefCell::new(test);
    each_world(count, [loops], |seed, _| (test.borrow_mut())(seed));
}

#[test]
fn only_who_has_sent_to_it_waits_for_an_actor() {
    each_world(30, 2..=3, |seed, loops| {
        let looks = Arc::new(AtomicUsize::new(0));
        let counts = Arc::clone(&looks);
        simulate(seed, loops, move |ctx| {
            // On loop 1 one is flooded from loop 0, and two neighbours send to nobody but themselves.
            let flooded =
                ctx.spawn_on_with(Placement::Loop(1), Spawn::new().high(4), Role::<Item>::idle);
            ctx.spawn_on(Placement::Loop(1), move || {
                Role::<()>::idle().started(move |ctx| {
                    let neighbour = |counts: &Arc<AtomicUsize>| {
                        let (counts, mut left) = (Arc::clone(counts), 200);
                        Role::new(move |(), ctx| {
                            counts.fetch_add(1, Ordering::SeqCst);
                            let path = |pause: &roundsman::Pause| pause.who.contains("neighbour");
                            let paused: Vec<_> = ctx.pauses().into_iter().filter(path).collect();
                            assert!(paused.is_empty(), "{paused:?}");
                            left -= 1;
                            if left > 0 {
                                ctx.address().send(())?;
                            }
                            Ok(())
                        })
                    };
                    for index in 0..2 {
                        let name = Spawn::named(format!("neighbour-{index}"));
                        ctx.spawn_with(name, neighbour(&counts)).send(())?;
                    }
                    Ok(())
                })
            });
            let flood = ctx.spawn(sender(|_| {}));
            for _ in 0..30 {
                flood.send(Go(flooded.clone(), 10)).unwrap();
            }
        });
        assert_eq!(looks.load(Ordering::SeqCst), 400, "a neighbour has failed");
    });
}

/// What becomes of a sender that waits on a brake: when its second attempt came, and when it ended.
fn stuck(
    seed: u64,
    loops: usize,
    then: impl FnOnce(&Address<Address<Brake>>, &Address<Brake>) + 'static,
) -> Vec<(&'static str, Duration)> {
    let (note, notes) = mpsc::channel();
    let ended = note.clone();
    simulate(seed, loops, move |ctx| {
        let brake = ctx.spawn_on(Placement::Loop(1), || braking(STUCK));
        let waiter = Role::new(move |brake: Address<Brake>, ctx| {
            note.send(("handled", ctx.now().since_start()))?;
            // The last one finds the brake gone, perhaps: that is not what is tested.
            let _ = brake.send(Brake::Item);
            Ok(())
        });
        let waiter = waiter.stopping(move |_, ctx| {
            ended.send(("ended", ctx.now().since_start())).expect("the test listens");
        });
        let waiter = ctx.spawn(waiter);
        after(ctx, Duration::from_secs(1), move |ctx| {
            waiter.send(brake.clone())?;
            waiter.send(brake.clone())?;
            ctx.send_after(Duration::from_secs(1), ());
            after_all(ctx, waiter, brake, then);
            Ok(())
        });
    });
    notes.into_iter().collect()
}

/// Runs `then` a second later.
fn after_all(
    ctx: &mut Context<'_, Role<()>>,
    waiter: Address<Address<Brake>>,
    brake: Address<Brake>,
    then: impl FnOnce(&Address<Address<Brake>>, &Address<Brake>) + 'static,
) {
    after(ctx, Duration::from_secs(1), move |_| {
        then(&waiter, &brake);
        Ok(())
    });
}

#[test]
fn a_waiter_waits_as_long_as_its_target_is_over() {
    each_world(10, 1..=3, |seed, loops| {
        let seen = stuck(seed, loops, |_, _| {});
        assert_eq!(seen[..2], [("handled", Duration::from_secs(1)), ("handled", STUCK)]);
    });
}

#[test]
fn a_waiter_that_is_stopped_ends_at_once() {
    each_world(10, 1..=3, |seed, loops| {
        let seen = stuck(seed, loops, |waiter, _| waiter.stop());
        let second = Duration::from_secs(1);
        assert_eq!(seen, [("handled", second), ("ended", 2 * second)]);
    });
}

#[test]
fn the_waiters_of_an_actor_that_ends_go_on_at_once() {
    each_world(10, 1..=3, |seed, loops| {
        let seen = stuck(seed, loops, |_, brake| brake.stop());
        let second = Duration::from_secs(1);
        assert_eq!(seen[..2], [("handled", second), ("handled", 2 * second)]);
    });
}

#[test]
fn the_end_of_everything_does_not_wait_for_who_waits() {
    each_world(10, 1..=3, |seed, loops| {
        let (note, notes) = mpsc::channel();
        simulate(seed, loops, move |ctx| {
            let brake = ctx.spawn_on(Placement::Loop(1), || braking(STUCK));
            for index in 0..5 {
                let note = note.clone();
                let to = brake.clone();
                let waiter = Role::new(move |(), _| Ok(to.send(Brake::Item)?));
                let waiter = waiter.stopping(move |why, ctx| {
                    assert_eq!(*why, ExitReason::Shutdown);
                    note.send((index, ctx.now().since_start())).expect("the test listens");
                });
                let waiter = ctx.spawn(waiter);
                after(ctx, Duration::from_secs(1), move |_| {
                    waiter.send(())?;
                    Ok(waiter.send(())?)
                });
            }
            after(ctx, Duration::from_secs(2), |ctx| {
                ctx.end_runtime();
                Ok(())
            });
        });
        let ends: Vec<_> = notes.into_iter().collect();
        let expected: Vec<_> = (0..5).rev().map(|at| (at, Duration::from_secs(2))).collect();
        assert_eq!(ends, expected);
    });
}

/// A line of actors before a brake on another loop; `look` sees it while it stands still, with what each has before it.
fn stalled_line(
    seed: u64,
    length: usize,
    look: impl FnOnce(&Context<'_, Role<()>>, &Address<Brake>, &[Address<u32>], &[u32]) + 'static,
) {
    let items = 6 * length as u32;
    let runs_dry = length <= 100;
    let arrived = Arc::new(AtomicU32::new(0));
    let arrives = Arc::clone(&arrived);
    simulate(seed, 2, move |ctx| {
        let waiting: Rc<[Cell<u32>]> = (0..length).map(|_| Cell::new(0)).collect();
        let brake = ctx.spawn_on(Placement::Loop(1), || braking(STUCK));
        let stalled = brake.clone();
        let mut line: Vec<Address<u32>> = Vec::new();
        for place in 0..length {
            let (waiting, brake) = (Rc::clone(&waiting), brake.clone());
            let (before, arrives) = (line.last().cloned(), Arc::clone(&arrives));
            let link = Role::new(move |item, _| {
                waiting[place].set(waiting[place].get() - 1);
                match &before {
                    None => {
                        arrives.fetch_add(1, Ordering::SeqCst);
                        brake.send(Brake::Item)?;
                    }
                    Some(next) => {
                        waiting[place - 1].set(waiting[place - 1].get() + 1);
                        next.send(item)?;
                    }
                }
                Ok(())
            });
            line.push(ctx.spawn_with(Spawn::named(format!("link-{place}")).high(4), link));
        }
        let (first, counts) = (line[length - 1].clone(), Rc::clone(&waiting));
        let source = Role::new(move |left: u32, ctx| {
            let before = &counts[length - 1];
            before.set(before.get() + 1);
            first.send(left)?;
            if left > 1 {
                ctx.address().send(left - 1)?;
            }
            Ok(())
        });
        let source = ctx.spawn_with(Spawn::named("source"), source);
        after(ctx, Duration::from_secs(1), move |_| Ok(source.send(items)?));
        after(ctx, Duration::from_secs(2), move |ctx| {
            let waiting: Vec<_> = waiting.iter().map(Cell::get).collect();
            look(ctx, &stalled, &line, &waiting);
            if !runs_dry {
                ctx.end_runtime();
            }
            Ok(())
        });
    });
    // Before the line stood still, its end had handled one.
    let expected = if runs_dry { items } else { 1 };
    assert_eq!(arrived.load(Ordering::SeqCst), expected, "have arrived");
}

#[test]
fn a_line_longer_than_any_walk_was_once_stays_bounded_when_its_end_stalls() {
    each_world(2, [100, 300], |seed, length| {
        stalled_line(seed, length, |_, _, _, waiting| {
            let most = waiting.iter().max();
            assert!(most <= Some(&5), "a high mark of 4, one more by each sender: {waiting:?}");
        });
    });
}

#[test]
fn the_context_names_the_chain_of_who_waits_on_whom() {
    each_world(5, [3, 20], |seed, length| {
        stalled_line(seed, length, move |ctx, brake, line, _| {
            let pauses = ctx.pauses();
            assert_eq!(pauses.len(), length + 1, "each link and the source: {pauses:?}");
            for (place, link) in line.iter().enumerate() {
                let pause = ctx.why_paused(link).expect("it waits");
                assert!(pause.who.ends_with(&format!("/link-{place}")), "{pause:?}");
                match place {
                    0 => assert_eq!(pause.on, brake.path()),
                    _ => assert_eq!(pause.on, line[place - 1].path()),
                }
                assert_eq!(pause.waited, Duration::from_secs(1));
            }
        });
    });
}

#[test]
fn actors_of_the_same_name_are_told_apart() {
    each_world(5, [2], |seed, loops| {
        let looked = Rc::new(Cell::new(false));
        let looks = Rc::clone(&looked);
        simulate(seed, loops, move |ctx| {
            let brake = ctx.spawn_on(Placement::Loop(1), || braking(STUCK));
            let twins = [0, 1].map(|_| {
                let twin = Role::new(|to: Option<Address<Brake>>, _| {
                    to.map_or(Ok(()), |to| Ok(to.send(Brake::Item)?))
                });
                ctx.spawn_with(Spawn::named("twin"), twin)
            });
            after(ctx, Duration::from_secs(1), move |ctx| {
                twins[1].send(Some(brake))?;
                after(ctx, Duration::from_secs(1), move |ctx| {
                    assert!(ctx.why_paused(&twins[0]).is_none());
                    assert!(ctx.why_paused(&twins[1]).is_some());
                    looks.set(true);
                    Ok(())
                });
                Ok(())
            });
        });
        assert!(looked.get());
    });
}

/// How evenly: Jain's index, 1 if all are equal.
fn fairness(shares: &[u32]) -> f64 {
    let sum: f64 = shares.iter().copied().map(f64::from).sum();
    let squares: f64 = shares.iter().copied().map(|share| f64::from(share).powi(2)).sum();
    sum * sum / (shares.len() as f64 * squares)
}

#[test]
fn a_thousand_senders_that_wait_for_one_receiver_get_equal_shares() {
    const SENDERS: usize = 1_000;
    const EACH: u32 = 60;
    let shares: Arc<[AtomicU32]> = (0..SENDERS).map(|_| AtomicU32::new(0)).collect();
    let measured = Arc::clone(&shares);
    let root = move || {
        let mut left = SENDERS as u32 * EACH / 2;
        Role::new(move |sender: usize, ctx| {
            measured[sender].fetch_add(1, Ordering::SeqCst);
            left -= 1;
            if left == 0 {
                ctx.stop();
            }
            Ok(())
        })
        .started(|ctx| {
            for index in 0..SENDERS {
                let to = ctx.address();
                let sender = Role::new(move |left: u32, ctx| {
                    to.send(index)?;
                    if left > 1 {
                        ctx.address().send(left - 1)?;
                    }
                    Ok(())
                });
                ctx.spawn(sender).send(EACH)?;
            }
            Ok(())
        })
    };
    must_end(|| {
        let runtime = Runtime::builder().loops(1).marks(64, 32).build().unwrap();
        runtime.run(root).unwrap();
    });
    let shares: Vec<_> = shares.iter().map(|share| share.load(Ordering::SeqCst)).collect();
    let index = fairness(&shares);
    assert!(index >= 0.99, "fairness index {index}: {shares:?}");
}

#[test]
fn a_waiter_gets_as_much_as_a_sender_that_never_has_to_wait() {
    // One sender has so little to send each time that it never meets a full mailbox for long; the other waits.
    each_world(10, 1..=2, |seed, loops| {
        let shares: Arc<[AtomicU32; 2]> = Arc::default();
        let measured = Arc::clone(&shares);
        let root = move || {
            let mut left = 4_000;
            Role::new(move |sender: usize, ctx| {
                measured[sender].fetch_add(1, Ordering::SeqCst);
                left -= 1;
                if left == 0 {
                    ctx.stop();
                }
                Ok(())
            })
            .started(move |ctx| {
                for index in 0..2 {
                    let to = ctx.address();
                    let sender = move || {
                        Role::new(move |(), ctx| {
                            to.send(index)?;
                            Ok(ctx.address().send(())?)
                        })
                    };
                    ctx.spawn_on(Placement::Loop(index), sender).send(())?;
                }
                Ok(())
            })
        };
        let builder = world(seed, loops).marks(16, 8).budget(1);
        play(builder, root).unwrap();
        let shares = shares.each_ref().map(|share| share.load(Ordering::SeqCst));
        assert!(shares.iter().all(|share| *share > 400), "one of them starves: {shares:?}");
    });
}
