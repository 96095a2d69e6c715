//! An accepted message is handled, or dead-lettered with a reason, exactly once; its value is dropped exactly once.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;

use roundsman::{
    Actor, Address, Context, DeadLetterReason, Outcome, Overflow, Placement, Runtime, Spawn,
};
use roundsman_tests::ledger::{Ledger, Token};
use roundsman_tests::outside::beside;
use roundsman_tests::patience::must_end;
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds::{each_world, world};

/// Of several sizes, since small and large ones travel differently.
enum Ball {
    Small(Token, u32),
    Large(Token, u32, [u64; 8]),
    Aligned(Token, u32, Aligned),
}

#[repr(align(64))]
struct Aligned(u64);

impl Ball {
    fn new(token: Token, left: u32) -> Self {
        match left % 3 {
            0 => Self::Small(token, left),
            1 => Self::Large(token, left, [u64::from(left); 8]),
            _ => Self::Aligned(token, left, Aligned(u64::from(left))),
        }
    }

    fn open(self) -> (Token, u32) {
        match self {
            Self::Small(token, left) => (token, left),
            Self::Large(token, left, padding) => {
                assert_eq!(padding, [u64::from(left); 8]);
                (token, left)
            }
            Self::Aligned(token, left, aligned) => {
                assert_eq!(aligned.0, u64::from(left));
                assert_eq!((&raw const aligned).addr() % 64, 0);
                (token, left)
            }
        }
    }
}

/// Passes balls on to others, and ends now and then, in one way or another.
struct Player {
    ledger: Ledger,
    players: Arc<OnceLock<Vec<Address<Ball>>>>,
}

impl Actor for Player {
    type Message = Ball;

    fn receive(&mut self, ball: Ball, ctx: &mut Context<'_, Self>) -> Outcome {
        self.ledger.handled();
        let (_token, left) = ball.open();
        let players = self.players.get().expect("set before the first ball");
        for _ in 0..ctx.random() % 4 {
            if left > 0 {
                let to = &players[ctx.random() as usize % players.len()];
                self.ledger.sent(&to.send(Ball::new(self.ledger.token(), left - 1)));
            }
        }
        match ctx.random() % 200 {
            0 => ctx.stop(),
            1 => players[ctx.random() as usize % players.len()].stop(),
            2 => return Err("it had to come".into()),
            3 => panic!("it had to come"),
            _ => {}
        }
        Ok(())
    }
}

fn game(ctx: &mut Context<'_, Role<()>>, ledger: &Ledger) -> Outcome {
    let players = Arc::new(OnceLock::new());
    let policies = [Overflow::Wait, Overflow::Reject, Overflow::DropOldest, Overflow::DropNewest];
    let spawn = |index: usize| {
        let player = Player { ledger: ledger.clone(), players: Arc::clone(&players) };
        let spawn = Spawn::new().high(4).overflow(policies[index % 4]);
        ctx.spawn_on_with(Placement::RoundRobin, spawn, || player)
    };
    let all: Vec<_> = (0..12).map(spawn).collect();
    assert!(players.set(all.clone()).is_ok());
    for player in all.iter().cycle().take(60) {
        ledger.sent(&player.send(Ball::new(ledger.token(), 12)));
    }
    Ok(())
}

#[test]
fn every_accepted_message_is_handled_or_dead_lettered_once_and_dropped_once() {
    each_world(100, 1..=4, |seed, loops| {
        let ledger = Ledger::new();
        let books = ledger.clone();
        let root = || Role::idle().started(move |ctx| game(ctx, &books));
        play(ledger.watch(world(seed, loops)), root).unwrap();
        ledger.assert_balanced();
    });
}

#[test]
fn every_accepted_message_has_one_fate_on_real_loops_too() {
    must_end(|| {
        for loops in 1..=4 {
            for _ in 0..20 {
                let ledger = Ledger::new();
                let books = ledger.clone();
                let runtime = ledger.watch(Runtime::builder().loops(loops)).build().unwrap();
                runtime.run(|| Role::idle().started(move |ctx| game(ctx, &books))).unwrap();
                ledger.assert_balanced();
            }
        }
    });
}

#[test]
fn what_threads_send_while_the_runtime_ends_is_handled_dead_lettered_or_handed_back() {
    for _ in 0..20 {
        let ledger = Ledger::new();
        let books = ledger.clone();
        beside(ledger.watch(Runtime::builder().loops(2)), move |handle| {
            let receives = books.clone();
            let to = handle.spawn(Placement::Loop(1), Spawn::new().high(4), move || {
                let mut left = 500;
                Role::new(move |ball: Ball, ctx| {
                    drop(ball.open());
                    receives.handled();
                    left -= 1;
                    if left == 0 {
                        ctx.end_runtime();
                    }
                    Ok(())
                })
            });
            let to = to.unwrap();
            thread::scope(|scope| {
                for _ in 0..3 {
                    scope.spawn(|| {
                        for number in 0.. {
                            let sent = to.send(Ball::new(books.token(), number));
                            books.sent(&sent);
                            if sent.is_err() {
                                break;
                            }
                        }
                    });
                }
            });
        });
        ledger.assert_balanced();
        assert_eq!(ledger.handed_back(), 3, "one for each thread");
    }
}

#[test]
fn messages_without_size_arrive_as_often_as_they_were_sent() {
    each_world(20, 1..=3, |seed, loops| {
        let ledger = Ledger::new();
        let books = ledger.clone();
        let root = || {
            Role::<()>::idle().started(move |ctx| {
                let to = ctx.spawn_on(Placement::Loop(1), move || {
                    Role::new(move |(), _| {
                        books.handled();
                        Ok(())
                    })
                });
                for _ in 0..1_000 {
                    to.send(())?;
                }
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
        assert_eq!(ledger.handled_count(), 1_000);
    });
}

#[test]
fn dead_letters_say_why() {
    each_world(20, 1..=2, |seed, loops| {
        let ledger = Ledger::new();
        let books = ledger.clone();
        let root = || {
            Role::<()>::idle().started(move |ctx| {
                let receives = books.clone();
                let to = ctx.spawn_on(Placement::Loop(1), move || {
                    Role::new(move |_: Token, ctx| {
                        receives.handled();
                        ctx.stop();
                        Ok(())
                    })
                });
                for _ in 0..5 {
                    books.sent(&to.send(books.token()));
                }
                Ok(())
            })
        };
        play(ledger.watch(world(seed, loops)), root).unwrap();
        assert_eq!(ledger.dead_letters_for(DeadLetterReason::ReceiverEnded), 4);
        ledger.assert_balanced();
    });
}

/// A message that panics as it is dropped, unless it was handled.
struct Bomb {
    armed: bool,
    dropped: Arc<AtomicU64>,
}

impl Bomb {
    fn armed(dropped: &Arc<AtomicU64>) -> Self {
        Self { armed: true, dropped: Arc::clone(dropped) }
    }
}

impl Drop for Bomb {
    fn drop(&mut self) {
        self.dropped.fetch_add(1, Ordering::SeqCst);
        assert!(!self.armed, "a message's drop panics");
    }
}

/// Sends 20 bombs to an actor with this mailbox that ends as it gets its first message, and as many a second later.
/// The root itself stays alive, and so does a neighbour of the actor.
fn bombs(seed: u64, loops: usize, overflow: Overflow, in_the_end: bool) {
    let (dropped, pinged) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let (drops, pings) = (Arc::clone(&dropped), Arc::clone(&pinged));
    let root = move || {
        let mut ends = None;
        Role::<u32>::new(move |second, ctx| {
            let to: &Address<Bomb> = ends.get_or_insert_with(|| {
                let spawn = Spawn::new().high(4).overflow(overflow);
                ctx.spawn_on_with(Placement::Loop(1), spawn, move || {
                    Role::new(move |mut bomb: Bomb, ctx| {
                        bomb.armed = false;
                        if in_the_end {
                            ctx.stop();
                        }
                        Ok(())
                    })
                })
            });
            if second < 2 {
                for _ in 0..20 {
                    // A sender each: a panic as a message is dropped in a send is the sender's.
                    let (to, drops) = (to.clone(), Arc::clone(&drops));
                    let sender = Role::<()>::new(move |(), _| {
                        if let Err(error) = to.send(Bomb::armed(&drops)) {
                            error.into_message().armed = false;
                        }
                        Ok(())
                    });
                    ctx.spawn(sender.may_panic()).send(())?;
                }
                ctx.send_after(std::time::Duration::from_secs(1), second + 1);
            } else {
                let pings = Arc::clone(&pings);
                let neighbour = ctx.spawn_on(Placement::Loop(1), move || {
                    Role::new(move |(), _| {
                        pings.fetch_add(1, Ordering::SeqCst);
                        Ok(())
                    })
                });
                neighbour.send(())?;
            }
            Ok(())
        })
        .started(|ctx| Ok(ctx.address().send(0)?))
    };
    play(world(seed, loops).budget(1), root).unwrap();
    assert_eq!(dropped.load(Ordering::SeqCst), 40, "each is dropped once");
    assert_eq!(pinged.load(Ordering::SeqCst), 1, "the neighbour lives");
}

#[test]
fn a_message_whose_drop_panics_in_the_mailbox_of_an_actor_that_ends_harms_nobody_else() {
    each_world(10, 1..=2, |seed, loops| bombs(seed, loops, Overflow::Wait, true));
}

#[test]
fn a_message_whose_drop_panics_as_a_policy_drops_it_harms_no_more_than_its_sender() {
    for overflow in [Overflow::DropNewest, Overflow::DropOldest, Overflow::Reject] {
        each_world(10, 1..=2, |seed, loops| bombs(seed, loops, overflow, false));
    }
}

#[test]
fn ten_thousand_actors_stop_at_once() {
    for loops in [1, 3] {
        let ledger = Ledger::new();
        let books = ledger.clone();
        let root = move || {
            Role::<()>::new(move |(), ctx| {
                ctx.stop();
                Ok(())
            })
            .started(move |ctx| {
                for _ in 0..10_000 {
                    let token = books.token();
                    let make = move || {
                        let token = token;
                        Role::<()>::new(move |(), _| {
                            let _held = &token;
                            Ok(())
                        })
                    };
                    ctx.spawn_on(Placement::RoundRobin, make);
                }
                Ok(ctx.address().send(())?)
            })
        };
        must_end(move || Runtime::builder().loops(loops).build().unwrap().run(root).unwrap());
        assert_eq!(ledger.made(), 10_000);
        ledger.assert_all_dropped();
    }
}
