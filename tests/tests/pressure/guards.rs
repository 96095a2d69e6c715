//! A guard makes its holder over, though its mailbox has room: senders wait until it is dropped or its deadline.

use std::time::Duration;

use roundsman::{Address, AskError, Placement, Reply, TrySendError};
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds::{each_world, world};

use crate::{Brake, brake, braking};

const HELD: Duration = Duration::from_secs(5);

/// Sends to a brake each time it is told to, and notes when.
fn sender(note: impl Fn(Duration) + Send + 'static) -> Role<Address<Brake>> {
    Role::new(move |brake: Address<Brake>, ctx| {
        note(ctx.now().since_start());
        brake.send(Brake::Item)?;
        Ok(())
    })
}

/// When a sender that is told three times sends to a brake on which `before` is done once it holds.
fn moments(
    seed: u64,
    loops: usize,
    before: impl FnOnce(&Address<Brake>) + Send + 'static,
) -> Vec<Duration> {
    let (note, notes) = std::sync::mpsc::channel();
    let root = move || {
        let mut before = Some(before);
        let mut brake = None;
        let sender = sender(move |now| note.send(now).expect("the test listens"));
        let mut sender = Some(sender);
        Role::new(move |second: u32, ctx| {
            let brake: &Address<Brake> =
                brake.get_or_insert_with(|| ctx.spawn_on(Placement::Loop(1), || braking(HELD)));
            match second {
                0 => _ = ctx.send_after(Duration::from_secs(1), 1),
                1 => {
                    let sender = ctx.spawn(sender.take().expect("once"));
                    for _ in 0..3 {
                        sender.send(brake.clone())?;
                    }
                    ctx.send_after(Duration::from_secs(1), 2);
                }
                _ => (before.take().expect("once"))(brake),
            }
            Ok(())
        })
        .started(|ctx| Ok(ctx.address().send(0)?))
    };
    play(world(seed, loops), root).unwrap();
    notes.into_iter().collect()
}

fn seconds<const N: usize>(seconds: [u64; N]) -> Vec<Duration> {
    seconds.map(Duration::from_secs).into()
}

#[test]
fn a_guard_pauses_whoever_sends_until_its_deadline() {
    each_world(10, 1..=2, |seed, loops| {
        assert_eq!(moments(seed, loops, |_| {}), seconds([1, 5, 5]));
    });
}

#[test]
fn a_guard_that_is_dropped_lets_its_senders_go_on() {
    each_world(10, 1..=2, |seed, loops| {
        let release = |brake: &Address<Brake>| brake.send(Brake::Release).expect("it lives");
        assert_eq!(moments(seed, loops, release), seconds([1, 2, 2]));
    });
}

#[test]
fn the_end_of_a_guards_holder_lets_its_senders_go_on() {
    each_world(10, 1..=2, |seed, loops| {
        let moments = moments(seed, loops, |brake| brake.stop());
        // The second attempt finds the brake gone, and ends the sender.
        assert_eq!(moments, seconds([1, 2]));
    });
}

#[test]
fn try_send_hands_back_while_a_guard_is_held() {
    each_world(10, 1..=2, |seed, loops| {
        let root = || {
            let mut brake = None;
            Role::new(move |second: u32, ctx| {
                let brake: &Address<Brake> =
                    brake.get_or_insert_with(|| ctx.spawn_on(Placement::Loop(1), || braking(HELD)));
                match (second, brake.try_send(Brake::Item)) {
                    (0, sent) => sent?,
                    (1..=4, Err(TrySendError::Over(Brake::Item))) => assert!(brake.is_over()),
                    (6.., Ok(())) => ctx.stop(),
                    (second, sent) => panic!("{sent:?} after {second} s"),
                }
                let next = if second == 4 { 2 } else { 1 };
                ctx.send_after(Duration::from_secs(next), second + next as u32);
                Ok(())
            })
            .started(|ctx| Ok(ctx.address().send(0)?))
        };
        play(world(seed, loops), root).unwrap();
    });
}

/// What the one asks who has paused the other.
enum Holder {
    Ask(Address<Waiter>),
    Item,
    Answered(Result<u32, AskError>),
}

enum Waiter {
    Fill(Address<Holder>),
    Question(Reply<u32>),
}

#[test]
fn the_deadline_of_a_guard_frees_its_holder_from_asking_whoever_waits_on_it() {
    each_world(10, 1..=2, |seed, loops| {
        let (answer, answers) = std::sync::mpsc::channel();
        let holder = move || {
            let mut guard = None;
            Role::new(move |message, ctx| {
                match message {
                    Holder::Ask(waiter) => {
                        guard = Some(ctx.pressure(HELD));
                        waiter.send(Waiter::Fill(ctx.address()))?;
                        let patience = Duration::from_secs(60);
                        ctx.ask_within(patience, &waiter, Waiter::Question, Holder::Answered);
                    }
                    Holder::Item => {}
                    Holder::Answered(result) => {
                        drop(guard.take());
                        answer.send((result, ctx.now().since_start()))?;
                    }
                }
                Ok(())
            })
        };
        let waiter = || {
            Role::new(|message, _| {
                match message {
                    Waiter::Fill(holder) => holder.send(Holder::Item)?,
                    Waiter::Question(reply) => reply.send(42),
                }
                Ok(())
            })
        };
        let root = || {
            Role::<()>::idle().started(move |ctx| {
                let holder = ctx.spawn(holder());
                let waiter = ctx.spawn_on(Placement::Loop(1), waiter);
                Ok(holder.send(Holder::Ask(waiter))?)
            })
        };
        play(world(seed, loops), root).unwrap();
        assert_eq!(answers.try_recv(), Ok((Ok(42), HELD)), "it waited, and no longer than that");
    });
}

#[test]
fn a_guard_that_outlives_its_actor_harms_nobody() {
    each_world(10, 1..=2, |seed, loops| {
        let root = || {
            Role::<()>::idle().started(|ctx| {
                let kept = std::rc::Rc::new(std::cell::RefCell::new(None));
                let keeps = std::rc::Rc::clone(&kept);
                let holder = Role::<()>::idle().started(move |ctx| {
                    *keeps.borrow_mut() = Some(ctx.pressure(HELD));
                    ctx.stop();
                    Ok(())
                });
                ctx.spawn(holder);
                // Another actor drops the guard, long after its holder and its deadline.
                let other = Role::new(move |(), ctx| {
                    drop(kept.take());
                    ctx.end_runtime();
                    Ok(())
                });
                ctx.spawn(other.started(|ctx| {
                    ctx.send_after(2 * HELD, ());
                    Ok(())
                }));
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
    });
}

#[test]
fn a_brake_that_is_told_to_hold_twice_holds_until_the_last_guard_ends() {
    each_world(5, [1, 2], |seed, loops| {
        let root = || {
            Role::new(|(brake, second): (Address<Brake>, u32), ctx| {
                match second {
                    0 => {
                        brake.send(Brake::Hold(Duration::from_secs(3)))?;
                        brake.send(Brake::Hold(Duration::from_secs(9)))?;
                    }
                    1..=8 => assert!(brake.is_over(), "after {second} s"),
                    9 => {}
                    _ => {
                        assert!(!brake.is_over());
                        ctx.stop();
                    }
                }
                ctx.send_after(Duration::from_secs(1), (brake, second + 1));
                Ok(())
            })
            .started(|ctx| {
                let brake = ctx.spawn_on(Placement::Loop(1), brake);
                Ok(ctx.address().send((brake, 0))?)
            })
        };
        play(world(seed, loops), root).unwrap();
    });
}
