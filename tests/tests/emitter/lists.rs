//! `Listeners`: the list alone, in an actor that emits in its own turn.

use std::collections::VecDeque;

use roundsman::emitter::{Listeners, Subscriber};
use roundsman::{Context, Recipient, SlowPolicy, Spawn};
use roundsman_tests::diary::Diary;
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds::{Dice, each_world, seeds, world};

use crate::Said;

/// What Node's `EventEmitter` does with one event, as plain as can be.
#[derive(Default)]
struct Model {
    listeners: VecDeque<(usize, bool)>,
    told: Vec<(usize, u32)>,
}

impl Model {
    fn off(&mut self, listener: usize) -> bool {
        let at = self.listeners.iter().rposition(|(one, _)| *one == listener);
        at.and_then(|at| self.listeners.remove(at)).is_some()
    }

    fn emit(&mut self, n: u32) -> usize {
        let called = self.listeners.clone();
        self.listeners.retain(|(_, once)| !once);
        self.told.extend(called.iter().map(|(listener, _)| (*listener, n)));
        called.len()
    }
}

#[test]
fn a_list_does_what_a_plain_model_of_node_does() {
    for seed in seeds(200) {
        let diary = Diary::<(usize, u32)>::default();
        let (notes, results) = (diary.clone(), Diary::<(usize, u32)>::default());
        let expected = results.clone();
        let root = move || {
            Role::<(usize, u32)>::new(move |note, _| {
                notes.note(note);
                Ok(())
            })
            .started(move |ctx| {
                let recipients: Vec<Recipient<Said>> =
                    (0..4).map(|who| ctx.recipient(move |Said(n)| (who, n))).collect();
                let (mut list, mut model) = (Listeners::new(), Model::default());
                let mut dice = Dice::new(seed);
                let mut subscriptions = Vec::new();
                for n in 0..60 {
                    let who = dice.below(4) as usize;
                    let recipient = recipients[who].clone();
                    match dice.below(6) {
                        0 => {
                            subscriptions.push((who, list.on(recipient)));
                            model.listeners.push_back((who, false));
                        }
                        1 => {
                            subscriptions.push((who, list.once(recipient)));
                            model.listeners.push_back((who, true));
                        }
                        2 => {
                            let once = dice.below(2) == 0;
                            let subscriber = Subscriber::new(recipient);
                            let subscriber = if once { subscriber.once() } else { subscriber };
                            subscriptions.push((who, list.prepend(subscriber)));
                            model.listeners.push_front((who, once));
                        }
                        3 if !subscriptions.is_empty() => {
                            let at = dice.below(subscriptions.len() as u64) as usize;
                            let (who, subscription) = &subscriptions[at];
                            assert_eq!(list.off(subscription), model.off(*who), "seed {seed}");
                        }
                        _ => assert_eq!(list.emit(Said(n)), model.emit(n), "seed {seed}"),
                    }
                    assert_eq!(list.len(), model.listeners.len(), "seed {seed}");
                }
                model.told.into_iter().for_each(|told| expected.note(told));
                Ok(())
            })
        };
        play(world(seed, 1), root).unwrap();
        assert_eq!(diary.take(), results.take(), "seed {seed}");
    }
}

#[test]
fn one_whose_actor_has_ended_leaves_with_the_next_event() {
    each_world(10, 1..=1, |seed, loops| {
        let diary = Diary::<usize>::default();
        let notes = diary.clone();
        let root = move || {
            let mut list = Listeners::<Said>::new();
            Role::<&str>::new(move |what, ctx: &mut Context<'_, Role<&str>>| {
                match what {
                    "begin" => {
                        let child = ctx.spawn(Role::<u32>::idle());
                        list.on(child.recipient(|Said(n)| n));
                        list.on(ctx.recipient(|Said(_)| "said"));
                        ctx.watch(&child, |_| "ended");
                        child.stop();
                    }
                    "ended" => {
                        for count in [list.len(), list.emit(Said(1)), list.len()] {
                            notes.note(count);
                        }
                        notes.note(list.remove_owner(ctx.id()));
                        notes.note(list.len());
                    }
                    _ => {}
                }
                Ok(())
            })
            .started(|ctx| Ok(ctx.address().send("begin")?))
        };
        play(world(seed, loops), root).unwrap();
        assert_eq!(diary.take(), [2, 1, 1, 1, 0]);
    });
}

#[test]
fn what_is_kept_goes_when_the_listener_is_ready() {
    each_world(20, 1..=3, |seed, loops| {
        let diary = Diary::<u32>::default();
        let notes = diary.clone();
        let root = move || {
            let mut list = Listeners::<Said>::new();
            Role::<bool>::new(move |ready, ctx: &mut Context<'_, Role<bool>>| {
                if ready {
                    list.flush();
                    return Ok(());
                }
                let notes = notes.clone();
                let spawn = Spawn::new().high(2);
                let slow = ctx.spawn_with(
                    spawn,
                    Role::<u32>::new(move |n, _| {
                        notes.note(n);
                        Ok(())
                    }),
                );
                list.notify(ctx.recipient(|_| true));
                let slow = Subscriber::new(slow.recipient(|Said(n)| n));
                list.on(slow.slow(SlowPolicy::DropNewest).room(4));
                for n in 0..10 {
                    assert_eq!(list.emit(Said(n)), 1);
                }
                // Three are in its mailbox, and four are kept.
                assert_eq!(list.dropped(), 3);
                Ok(())
            })
            .started(|ctx| Ok(ctx.address().send(false)?))
        };
        play(world(seed, loops), root).unwrap();
        assert!(diary.take().into_iter().eq(0..7));
    });
}
