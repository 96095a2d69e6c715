//! Node's rules, by their numbers in `roundsman::emitter`.

use std::any::TypeId;

use roundsman::emitter::{Events, NewListener, Removal, RemoveListener, Subscriber};
use roundsman::{AskError, Context, Outcome, Recipient};
use roundsman_tests::diary::Diary;
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds::{each_world, world};

use crate::{Left, Said, emitter};

/// What listeners note: who, and what.
type Note = (&'static str, u32);
type Me<'a, 'b> = &'a mut Context<'b, Role<Note>>;

/// Runs `script` in an actor with an emitter; returns what its listeners were told, in order.
fn told(script: fn(&Events, Me<'_, '_>) -> Outcome, expected: &[Note]) {
    each_world(20, 1..=3, |seed, loops| {
        let diary = Diary::<Note>::default();
        let notes = diary.clone();
        let root = move || {
            Role::<Note>::new(move |note, _| {
                notes.note(note);
                Ok(())
            })
            .started(move |ctx| {
                let events = emitter(ctx);
                script(&events, ctx)
            })
        };
        play(world(seed, loops), root).unwrap();
        assert_eq!(diary.take(), expected);
    });
}

/// A listener of this name: another one each time.
fn listener(ctx: Me<'_, '_>, name: &'static str) -> Recipient<Said> {
    ctx.recipient(move |Said(n)| (name, n))
}

#[test]
fn rule_1_listeners_are_called_in_the_order_of_registration() {
    told(
        |events, ctx| {
            for name in ["a", "b", "c"] {
                events.on::<Said>(listener(ctx, name))?;
            }
            events.emit(Said(1))?;
            events.emit(Said(2))?;
            Ok(())
        },
        &[("a", 1), ("b", 1), ("c", 1), ("a", 2), ("b", 2), ("c", 2)],
    );
}

#[test]
fn rule_1_a_prepended_listener_is_called_first() {
    told(
        |events, ctx| {
            events.on(listener(ctx, "a"))?;
            events.prepend(listener(ctx, "b"))?;
            events.prepend(Subscriber::new(listener(ctx, "c")).once())?;
            events.emit(Said(1))?;
            events.emit(Said(2))?;
            Ok(())
        },
        &[("c", 1), ("b", 1), ("a", 1), ("b", 2), ("a", 2)],
    );
}

#[test]
fn rule_2_once_is_once() {
    told(
        |events, ctx| {
            events.once(listener(ctx, "a"))?;
            events.on(listener(ctx, "b"))?;
            events.once(listener(ctx, "c"))?;
            events.emit(Said(1))?;
            events.emit(Said(2))?;
            Ok(())
        },
        &[("a", 1), ("b", 1), ("c", 1), ("b", 2)],
    );
}

/// Listens once, and asks how many listeners there are when it is called.
#[test]
fn rule_2_a_listener_that_is_called_once_is_removed_before_it_is_called() {
    enum Msg {
        Said,
        Counted(Result<usize, AskError>),
    }
    each_world(50, 1..=3, |seed, loops| {
        let diary = Diary::<usize>::default();
        let notes = diary.clone();
        let root = move || {
            let mut events = None;
            Role::<Msg>::new(move |message, ctx| {
                let events = events.get_or_insert_with(|| emitter(ctx));
                match message {
                    Msg::Said => {
                        // Said again from within: it does not come back.
                        events.emit(Said(2))?;
                        events.listener_count::<Said>().ask(ctx, Msg::Counted);
                    }
                    Msg::Counted(count) => {
                        let count = count?;
                        notes.note(count);
                        if count == 0 && notes.len() == 1 {
                            events.once(ctx.recipient(|Said(_)| Msg::Said))?;
                            events.emit(Said(1))?;
                        }
                    }
                }
                Ok(())
            })
            .started(|ctx| Ok(ctx.address().send(Msg::Counted(Ok(0)))?))
        };
        play(world(seed, loops), root).unwrap();
        assert_eq!(diary.take(), [0, 0]);
    });
}

#[test]
fn rule_3_removing_during_an_emit_does_not_affect_that_emit() {
    // A listener removes the one after it as soon as it is called.
    each_world(50, 1..=3, |seed, loops| {
        let diary = Diary::<Note>::default();
        let notes = diary.clone();
        let root = move || {
            let mut state = None;
            Role::<Note>::new(move |note, ctx: Me<'_, '_>| {
                let (events, victim) = match &state {
                    Some(state) => state,
                    None => {
                        let events = emitter(ctx);
                        events.on(listener(ctx, "killer"))?;
                        let victim = events.on(listener(ctx, "victim"))?;
                        events.emit(Said(1))?;
                        state = Some((events, victim));
                        return Ok(());
                    }
                };
                notes.note(note);
                if note == ("killer", 1) {
                    events.off(victim)?;
                    events.emit(Said(2))?;
                }
                Ok(())
            })
            .started(|ctx| Ok(ctx.address().send(("start", 0))?))
        };
        play(world(seed, loops), root).unwrap();
        assert_eq!(diary.take(), [("killer", 1), ("victim", 1), ("killer", 2)]);
    });
}

#[test]
fn rule_4_the_same_listener_twice_is_called_twice_and_off_removes_the_latest() {
    told(
        |events, ctx| {
            let same = listener(ctx, "same");
            let first = events.on(same.clone())?;
            events.on(listener(ctx, "other"))?;
            let second = events.on(same)?;
            assert_eq!(first, second, "the same listener of the same event");
            events.emit(Said(1))?;
            events.off(&first)?;
            events.emit(Said(2))?;
            events.off(&first)?;
            events.off(&first)?;
            events.emit(Said(3))?;
            Ok(())
        },
        &[("same", 1), ("other", 1), ("same", 1), ("same", 2), ("other", 2), ("other", 3)],
    );
}

#[test]
fn rule_4_two_recipients_of_one_actor_are_two_listeners() {
    told(
        |events, ctx| {
            let first = events.on(listener(ctx, "a"))?;
            let second = events.on(listener(ctx, "b"))?;
            assert_ne!(first, second);
            events.off(first)?;
            events.emit(Said(1))?;
            Ok(())
        },
        &[("b", 1)],
    );
}

#[test]
fn rule_5_new_listener_comes_before_the_add_and_remove_listener_after() {
    told(
        |events, ctx| {
            events.on(ctx.recipient(|gone: RemoveListener| {
                assert_eq!(gone.event_id, TypeId::of::<Said>());
                ("gone", u32::from(gone.why == Removal::Once))
            }))?;
            events.on(ctx.recipient(|new: NewListener| {
                assert_eq!(new.event_id, TypeId::of::<Said>());
                assert!(new.event.ends_with("Said"), "{}", new.event);
                ("new", u32::from(new.owner.is_some()))
            }))?;
            let a = events.on(listener(ctx, "a"))?;
            events.once(listener(ctx, "b"))?;
            events.emit(Said(1))?;
            events.off(a)?;
            events.off(events.on(listener(ctx, "c"))?)?;
            events.emit(Said(2))?;
            Ok(())
        },
        // The one that listens once is gone before it is called, and after those before it are.
        &[
            ("new", 1),
            ("new", 1),
            ("a", 1),
            ("gone", 1),
            ("b", 1),
            ("gone", 0),
            ("new", 1),
            ("gone", 0),
        ],
    );
}

/// The trace that Node prints for the same calls.
#[test]
fn rule_5_each_that_is_called_once_is_told_of_as_its_turn_comes() {
    told(
        |events, ctx| {
            events.on(ctx.recipient(|_: RemoveListener| ("removed", 0)))?;
            let (a, b) = (listener(ctx, "a"), listener(ctx, "b"));
            events.on(a)?;
            events.once(b.clone())?;
            events.on(listener(ctx, "c"))?;
            events.once(b)?;
            events.emit(Said(1))?;
            events.emit(Said(2))?;
            Ok(())
        },
        &[
            ("a", 1),
            ("removed", 0),
            ("b", 1),
            ("c", 1),
            ("removed", 0),
            ("b", 1),
            ("a", 2),
            ("c", 2),
        ],
    );
}

#[test]
fn rule_5_listeners_of_these_do_not_hear_of_themselves() {
    told(
        |events, ctx| {
            // Nobody is told of the first; of the second the first is, and so on.
            let new = |_: NewListener| ("new", 0);
            events.on(ctx.recipient(new))?;
            events.on(ctx.recipient(|_: NewListener| ("newer", 0)))?;
            let gone = events.on(ctx.recipient(|_: RemoveListener| ("gone", 0)))?;
            events.off(gone)?;
            Ok(())
        },
        &[("new", 0), ("new", 0), ("newer", 0)],
    );
}

#[test]
fn rule_5_a_listener_of_removals_that_is_called_once_hears_of_one() {
    told(
        |events, ctx| {
            events.on(ctx.recipient(|gone: RemoveListener| {
                ("all", u32::from(gone.event_id == TypeId::of::<RemoveListener>()))
            }))?;
            events.once(ctx.recipient(|_: RemoveListener| ("once", 0)))?;
            for _ in 0..2 {
                events.off(events.on(listener(ctx, "a"))?)?;
            }
            Ok(())
        },
        &[("all", 1), ("all", 0), ("once", 0), ("all", 0)],
    );
}

#[test]
fn remove_all_removes_the_listeners_of_one_event_the_last_first() {
    told(
        |events, ctx| {
            let owner = ctx.id();
            events.on(ctx.recipient(move |gone: RemoveListener| {
                assert_eq!((gone.owner, gone.why), (Some(owner), Removal::Off));
                ("gone", 0)
            }))?;
            events.on(listener(ctx, "a"))?;
            events.on(listener(ctx, "b"))?;
            events.on(ctx.recipient(|Left(name)| (name, 0)))?;
            events.remove_all::<Said>()?;
            events.emit(Said(1))?;
            events.emit(Left("c"))?;
            Ok(())
        },
        &[("gone", 0), ("gone", 0), ("c", 0)],
    );
}

#[test]
fn an_event_without_listeners_is_lost_and_that_is_no_error() {
    told(|events, _| Ok(events.emit(Said(1))?), &[]);
}

#[test]
fn an_emitter_that_has_ended_hands_back_what_it_is_given() {
    each_world(20, 1..=3, |seed, loops| {
        let diary = Diary::new();
        let notes = diary.clone();
        let root = move || {
            let mut emitters = Vec::new();
            Role::<bool>::new(move |ended, ctx: &mut Context<'_, Role<bool>>| {
                if !ended {
                    let events: Events = emitter(ctx);
                    ctx.watch(events.address(), |_| true);
                    events.address().stop();
                    emitters.push(events);
                    return Ok(());
                }
                let events = &emitters[0];
                let listener = ctx.recipient(|Said(_)| true);
                let refused = events.on(listener).unwrap_err().into_message();
                assert_eq!(events.emit(Said(7)).unwrap_err().into_message(), Said(7));
                assert_eq!(events.try_emit(Said(8)).unwrap_err().into_message(), Said(8));
                assert!(events.off(refused_subscription(refused, ctx)).is_err());
                assert!(events.remove_all::<Said>().is_err());
                notes.note("all refused");
                Ok(())
            })
            .started(|ctx| Ok(ctx.address().send(false)?))
        };
        play(world(seed, loops), root).unwrap();
        assert_eq!(diary.take(), ["all refused"]);
    });
}

/// The subscription of a listener that was handed back: with an emitter that is alive.
fn refused_subscription(
    refused: Subscriber<Said>,
    ctx: &mut Context<'_, Role<bool>>,
) -> roundsman::emitter::Subscription {
    emitter(ctx).on(refused).expect("it has just been spawned")
}
