//! What a mailbox does with what comes while it is over, as it was declared.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread;

use roundsman::{DeadLetterReason, Overflow, Placement, Runtime, SendError, Spawn};
use roundsman_tests::ledger::{Ledger, Token};
use roundsman_tests::outside::beside;
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds::{each_world, world};

/// Sends 10 numbers in one go to a mailbox for 4, and returns which of them were handled.
fn handled(ledger: &Ledger, seed: u64, overflow: Overflow) -> Vec<u32> {
    let seen = Rc::new(std::cell::RefCell::new(Vec::new()));
    let (sees, books) = (Rc::clone(&seen), ledger.clone());
    let root = || {
        Role::<()>::idle().started(move |ctx| {
            let receives = books.clone();
            let to = Role::new(move |(number, _): (u32, Token), _| {
                receives.handled();
                sees.borrow_mut().push(number);
                Ok(())
            });
            let to = ctx.spawn_with(Spawn::new().high(4).overflow(overflow), to);
            for number in 0..10 {
                let sent = to.send((number, books.token()));
                books.sent(&sent);
                if let Err(SendError::Rejected((back, _))) = &sent {
                    assert_eq!(*back, number, "the same value");
                }
            }
            Ok(())
        })
    };
    play(ledger.watch(world(seed, 1)), root).unwrap();
    ledger.assert_balanced();
    seen.take()
}

#[test]
fn a_mailbox_that_waits_takes_everything() {
    each_world(5, [1], |seed, _| {
        let ledger = Ledger::new();
        assert_eq!(handled(&ledger, seed, Overflow::Wait), Vec::from_iter(0..10));
        assert_eq!(ledger.accepted(), 10);
    });
}

#[test]
fn a_mailbox_that_rejects_hands_back_what_is_too_much() {
    each_world(5, [1], |seed, _| {
        let ledger = Ledger::new();
        assert_eq!(handled(&ledger, seed, Overflow::Reject), [0, 1, 2, 3, 4]);
        assert_eq!((ledger.accepted(), ledger.handed_back()), (5, 5));
    });
}

#[test]
fn a_mailbox_that_drops_the_oldest_keeps_the_newest() {
    each_world(5, [1], |seed, _| {
        let ledger = Ledger::new();
        assert_eq!(handled(&ledger, seed, Overflow::DropOldest), [5, 6, 7, 8, 9]);
        assert_eq!(ledger.dead_letters_for(DeadLetterReason::DroppedByPolicy), 5);
    });
}

#[test]
fn a_mailbox_that_drops_the_newest_keeps_the_oldest() {
    each_world(5, [1], |seed, _| {
        let ledger = Ledger::new();
        assert_eq!(handled(&ledger, seed, Overflow::DropNewest), [0, 1, 2, 3, 4]);
        assert_eq!(ledger.dead_letters_for(DeadLetterReason::DroppedByPolicy), 5);
    });
}

#[test]
fn a_mailbox_without_bound_pauses_nobody() {
    each_world(5, 1..=2, |seed, loops| {
        let root = || {
            Role::<u32>::new(move |left, ctx| {
                let to = ctx.find::<()>("taker").expect("it is registered");
                for _ in 0..100 {
                    to.send(())?;
                }
                assert!(!to.is_over());
                assert!(ctx.pauses().is_empty());
                if left > 1 {
                    ctx.address().send(left - 1)?;
                }
                Ok(())
            })
            .started(|ctx| {
                let taker = || Role::<()>::idle().started(|ctx| Ok(ctx.register_name("taker")?));
                let spawn = Spawn::new().high(4).overflow(Overflow::Unbounded);
                ctx.spawn_on_with(Placement::Loop(1), spawn, taker);
                ctx.send_after(std::time::Duration::from_secs(1), 100);
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
    });
}

#[test]
fn policies_across_loops_lose_nothing_silently() {
    for overflow in [Overflow::Reject, Overflow::DropOldest, Overflow::DropNewest] {
        each_world(20, 2..=3, |seed, loops| {
            let ledger = Ledger::new();
            let books = ledger.clone();
            let last = Arc::new(Mutex::new(None));
            let sees = Arc::clone(&last);
            let root = || {
                Role::<()>::idle().started(move |ctx| {
                    let receives = books.clone();
                    let to = move || {
                        Role::new(move |(number, _): (u32, Token), _| {
                            receives.handled();
                            *sees.lock().unwrap() = Some(number);
                            Ok(())
                        })
                    };
                    let spawn = Spawn::new().high(4).overflow(overflow);
                    let to = ctx.spawn_on_with(Placement::Loop(1), spawn, to);
                    let mut next = 0;
                    let sender = Role::<()>::new(move |(), ctx| {
                        for _ in 0..10 {
                            books.sent(&to.send((next, books.token())));
                            next += 1;
                        }
                        if next < 300 {
                            ctx.address().send(())?;
                        }
                        Ok(())
                    });
                    Ok(ctx.spawn(sender).send(())?)
                })
            };
            play(ledger.watch(world(seed, loops)), root).unwrap();
            ledger.assert_balanced();
            assert!(ledger.handled_count() >= 5, "as many as it holds, at least");
            if overflow == Overflow::DropOldest {
                assert_eq!(*last.lock().unwrap(), Some(299), "the newest is never dropped");
            }
        });
    }
}

#[test]
fn a_mailbox_that_drops_stays_bounded_while_its_loop_is_busy() {
    for overflow in [Overflow::DropNewest, Overflow::DropOldest, Overflow::Reject] {
        let ledger = Ledger::new();
        let books = ledger.clone();
        beside(ledger.watch(Runtime::builder().loops(2)), move |handle| {
            let (free, blocked) = mpsc::channel::<()>();
            let (busy, is_busy) = mpsc::channel();
            let receives = books.clone();
            let to = move || {
                Role::new(move |_: Token, _| {
                    receives.handled();
                    // A handler that takes its time.
                    let _ = busy.send(());
                    let _ = blocked.recv();
                    Ok(())
                })
            };
            let spawn = Spawn::new().high(16).overflow(overflow);
            let to = handle.spawn(Placement::Loop(1), spawn, to).unwrap();
            books.sent(&to.send(books.token()));
            is_busy.recv().unwrap();
            let (done, is_done) = mpsc::channel();
            let sender = handle.spawn(Placement::Loop(0), Spawn::new(), move || {
                Role::new(move |left: u32, ctx| {
                    for _ in 0..100 {
                        books.sent(&to.send(books.token()));
                    }
                    match left {
                        0 => done.send(())?,
                        _ => ctx.address().send(left - 1)?,
                    }
                    Ok(())
                })
            });
            sender.unwrap().send(200).unwrap();
            // It gets through, or it is held back for the sake of the inbox: both are fine.
            while is_done.try_recv().is_err() && handle.metrics().loops[0].pauses == 0 {
                thread::yield_now();
            }
            drop(free);
        });
        ledger.assert_balanced();
        let most = ledger.most_alive();
        assert!(most < 2_000, "{overflow:?}: {most} messages were kept of a mailbox for 16");
    }
}

#[test]
fn a_weighed_mailbox_is_over_from_a_mebibyte_on() {
    each_world(10, [1], |seed, loops| {
        let most = Rc::new(Cell::new(0));
        let sees = Rc::clone(&most);
        let root = || {
            Role::<()>::idle().started(move |ctx| {
                let waiting = Rc::new(Cell::new(0));
                let falls = Rc::clone(&waiting);
                let to = Role::new(move |parcel: Vec<u8>, _| {
                    falls.set(falls.get() - parcel.len());
                    Ok(())
                });
                let to = ctx.spawn_with(Spawn::new().weigh(Vec::len), to);
                let mut left = 100;
                let sender = Role::<()>::new(move |(), ctx| {
                    to.send(vec![0; 100 << 10])?;
                    waiting.set(waiting.get() + (100 << 10));
                    sees.set(sees.get().max(waiting.get()));
                    left -= 1;
                    if left > 0 {
                        ctx.address().send(())?;
                    }
                    Ok(())
                });
                let sender = ctx.spawn(sender);
                Ok(sender.send(())?)
            })
        };
        play(world(seed, loops).budget(1), root).unwrap();
        // The random order of turns alone would let it hold far more, in some worlds.
        assert!(most.get() <= (1 << 20) + (100 << 10), "{} bytes", most.get());
    });
}

#[test]
fn a_weighed_mailbox_stays_over_until_half_a_mebibyte_is_left() {
    each_world(10, [1], |seed, loops| {
        let root = || {
            Role::<()>::idle().started(move |ctx| {
                let mut left = 12_usize;
                let to = Role::new(move |_: Vec<u8>, ctx| {
                    left -= 1;
                    let over = left * (100 << 10) > 1 << 19;
                    assert_eq!(ctx.address().is_over(), over, "{left} are left");
                    Ok(())
                });
                let to = ctx.spawn_with(Spawn::new().weigh(Vec::len), to);
                for _ in 0..12 {
                    to.send(vec![0; 100 << 10])?;
                }
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
    });
}

#[test]
fn a_panic_of_the_function_that_weighs_harms_no_loop() {
    each_world(10, 1..=2, |seed, loops| {
        let ledger = Ledger::new();
        let books = ledger.clone();
        let root = || {
            Role::<()>::idle().started(move |ctx| {
                let weigh = |(number, _): &(u32, Token)| {
                    assert!(*number != 3, "as it is weighed");
                    1
                };
                let receives = books.clone();
                let to = move || {
                    Role::new(move |_: (u32, Token), _| {
                        receives.handled();
                        Ok(())
                    })
                };
                let to = ctx.spawn_on_with(Placement::Loop(1), Spawn::new().weigh(weigh), to);
                let sender = Role::<()>::new(move |(), _| {
                    for number in 0..6 {
                        books.sent(&to.send((number, books.token())));
                    }
                    Ok(())
                });
                ctx.spawn(sender.may_panic()).send(())?;
                Ok(())
            })
        };
        play(ledger.watch(world(seed, loops)), root).unwrap();
        ledger.assert_all_dropped();
    });
}

#[test]
fn weights_of_any_size_add_up() {
    each_world(5, 1..=2, |seed, loops| {
        let root = || {
            Role::<()>::idle().started(move |ctx| {
                let spawn = Spawn::new().weigh(|_: &u32| usize::MAX);
                let to = ctx.spawn_on_with(Placement::Loop(1), spawn, Role::<u32>::idle);
                for number in 0..3 {
                    to.send(number)?;
                }
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
    });
}
