//! Whose listeners are: a subscription dies with its owner, in every way in which an owner can end.

use std::time::Duration;

use roundsman::emitter::{Emitter, Events, Removal, RemoveListener};
use roundsman::{AskError, ChildSpec, Context, Placement, Reply, Supervision};
use roundsman_tests::diary::Diary;
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds::{each_world, world};

use crate::log::Log;
use crate::{Left, Said, emitter};

enum Root {
    Counted(Result<usize, AskError>),
    Removed(RemoveListener),
    Later,
}

enum Listener {
    Heard,
    Fail,
    Stop,
}

/// Listens to two events, to one of them twice.
fn listener(events: Events) -> Role<Listener> {
    Role::<Listener>::new(|message, ctx| match message {
        Listener::Heard => Ok(()),
        Listener::Fail => Err("on purpose".into()),
        Listener::Stop => {
            ctx.stop();
            Ok(())
        }
    })
    .started(move |ctx| {
        let said = ctx.recipient(|Said(_)| Listener::Heard);
        events.on(said.clone())?;
        events.on(said)?;
        events.on(ctx.recipient(|Left(_)| Listener::Heard))?;
        Ok(())
    })
}

#[test]
fn a_subscription_dies_with_its_owner() {
    for end in [|| Listener::Stop, || Listener::Fail] {
        each_world(50, 1..=3, |seed, loops| {
            let diary = Diary::new();
            let notes = diary.clone();
            let root = move || {
                let mut events = None;
                let mut child = None;
                Role::<Root>::new(move |message, ctx| {
                    let events = events.get_or_insert_with(|| emitter(ctx));
                    match message {
                        Root::Later if child.is_none() => {
                            events.on(ctx.recipient(Root::Removed))?;
                            let theirs = events.clone();
                            let place = Placement::Loop(1);
                            let made = ctx.spawn_on(place, move || listener(theirs));
                            made.send(end())?;
                            child = Some(made);
                            ctx.send_after(Duration::from_secs(1), Root::Later);
                        }
                        Root::Later => {
                            events.listener_count::<Said>().ask(ctx, Root::Counted);
                        }
                        Root::Removed(gone) => {
                            assert_eq!(gone.owner, child.as_ref().map(|child| child.id()));
                            assert_eq!(gone.why, Removal::OwnerEnded);
                            notes.note("removed");
                        }
                        Root::Counted(count) => notes.note(format!("{} left", count?)),
                    }
                    Ok(())
                })
                .started(|ctx| Ok(ctx.address().send(Root::Later)?))
            };
            play(world(seed, loops), root).unwrap();
            assert_eq!(diary.take(), ["removed", "removed", "removed", "0 left"]);
        });
    }
}

/// Its life ends, and another begins and subscribes again: nothing is told twice.
#[test]
fn a_subscription_dies_with_the_life_of_its_owner() {
    each_world(100, 1..=3, |seed, loops| {
        let diary = Diary::<u32>::default();
        let notes = diary.clone();
        let root = move || {
            let mut events = None;
            Role::<u32>::new(move |step, ctx| {
                let events = events.get_or_insert_with(|| emitter(ctx));
                if step == 0 {
                    let (theirs, notes) = (events.clone(), notes.clone());
                    ctx.supervision(
                        Supervision::one_for_one().intensity(9, Duration::from_secs(1)),
                    );
                    let spec = ChildSpec::permanent("listener");
                    ctx.supervise_on(Placement::Loop(1), spec, move || {
                        let (theirs, notes) = (theirs.clone(), notes.clone());
                        Role::<u32>::new(move |n, _| {
                            notes.note(n);
                            if n < 3 { Err("again".into()) } else { Ok(()) }
                        })
                        .started(move |ctx| {
                            theirs.on(ctx.recipient(|Said(n)| n))?;
                            Ok(())
                        })
                    });
                } else {
                    events.emit(Said(step))?;
                }
                if step < 4 {
                    ctx.send_after(Duration::from_secs(1), step + 1);
                }
                Ok(())
            })
            .started(|ctx| Ok(ctx.address().send(0)?))
        };
        play(world(seed, loops), root).unwrap();
        assert_eq!(diary.take(), [1, 2, 3, 4]);
    });
}

/// It fails before the emitter has come to its subscription: that one belongs to a life that is over.
#[test]
fn a_subscription_of_an_earlier_life_that_comes_late_dies_at_once() {
    enum Msg {
        Said,
        Count(Reply<u32>),
    }
    each_world(100, 1..=3, |seed, loops| {
        let diary = Diary::<u32>::default();
        let notes = diary.clone();
        let root = move || {
            let mut state = None;
            Role::<Result<u32, AskError>>::new(move |count, ctx| {
                match (&state, count?) {
                    (None, _) => {
                        let events = emitter(ctx);
                        let theirs = events.clone();
                        let mut lives = 0;
                        let spec = ChildSpec::transient("listener");
                        let child = ctx.supervise_on(Placement::Loop(1), spec, move || {
                            let theirs = theirs.clone();
                            lives += 1;
                            let (fails, mut heard) = (lives == 1, 0);
                            Role::<Msg>::new(move |message, _| {
                                match message {
                                    Msg::Said => heard += 1,
                                    Msg::Count(reply) => reply.send(heard),
                                }
                                Ok(())
                            })
                            .started(move |ctx| {
                                theirs.on(ctx.recipient(|Said(_)| Msg::Said))?;
                                if fails { Err("at once".into()) } else { Ok(()) }
                            })
                        });
                        ctx.send_after(Duration::from_secs(1), Ok(0));
                        state = Some((events, child, false));
                    }
                    (Some((events, child, false)), _) => {
                        events.emit(Said(1))?;
                        let (events, child) = (events.clone(), child.clone());
                        state = Some((events, child, true));
                        ctx.send_after(Duration::from_secs(1), Ok(0));
                    }
                    (Some((_, child, true)), 0) if notes.is_empty() => {
                        notes.note(99_u32);
                        ctx.ask(child, Msg::Count, |count| count);
                    }
                    (Some(_), count) => notes.note(count),
                }
                Ok(())
            })
            .started(|ctx| Ok(ctx.address().send(Ok(0))?))
        };
        play(world(seed, loops), root).unwrap();
        assert_eq!(diary.take(), [99, 1]);
    });
}

#[test]
fn a_listener_made_by_an_address_lives_through_restarts() {
    each_world(20, 1..=3, |seed, loops| {
        let diary = Diary::<u32>::default();
        let notes = diary.clone();
        let root = move || {
            let mut events = None;
            Role::<u32>::new(move |step, ctx| {
                let events = events.get_or_insert_with(|| emitter(ctx));
                if step == 0 {
                    let notes = notes.clone();
                    let spec = ChildSpec::permanent("listener");
                    let child = ctx.supervise_on(Placement::Loop(1), spec, move || {
                        let notes = notes.clone();
                        Role::<u32>::new(move |n, _| {
                            notes.note(n);
                            if n == 1 { Err("once".into()) } else { Ok(()) }
                        })
                    });
                    events.on(child.recipient(|Said(n)| n))?;
                } else {
                    events.emit(Said(step))?;
                }
                if step < 3 {
                    ctx.send_after(Duration::from_secs(1), step + 1);
                }
                Ok(())
            })
            .started(|ctx| Ok(ctx.address().send(0)?))
        };
        play(world(seed, loops), root).unwrap();
        assert_eq!(diary.take(), [1, 2, 3]);
    });
}

/// A listener that was taken off is watched no more: the end of its owner says nothing to the emitter.
#[test]
fn an_owner_is_watched_once_however_often_it_listens() {
    each_world(20, 1..=1, |seed, loops| {
        let diary = Diary::<u64>::default();
        let notes = diary.clone();
        let root = move || {
            let mut state = None;
            Role::<()>::new(move |(), ctx: &mut Context<'_, Role<()>>| {
                match &state {
                    None => {
                        let events = emitter(ctx);
                        let child = ctx.spawn(Role::<u32>::idle());
                        for _ in 0..5 {
                            events.on(child.recipient(|Said(n)| n))?;
                        }
                        child.stop();
                        state = Some(events);
                        ctx.send_after(Duration::from_secs(1), ());
                    }
                    // Five subscriptions, and one end.
                    Some(events) => notes.note(ctx.actor(events.address()).ledger.handled),
                }
                Ok(())
            })
            .started(|ctx| Ok(ctx.address().send(())?))
        };
        play(world(seed, loops), root).unwrap();
        assert_eq!(diary.take(), [6]);
    });
}

fn warnings(max: Option<usize>, listeners: usize) -> Vec<String> {
    Log::of(|| {
        let root = move || {
            Role::<u32>::idle().started(move |ctx| {
                let emitter = Emitter::new();
                let emitter = max.map_or(emitter, |max| Emitter::new().max_listeners(max));
                let events = Events::from(ctx.spawn_with("emitter".into(), emitter));
                for n in 0..listeners {
                    // Of one event or of several: a leak is one of its owner's.
                    if n % 2 == 0 {
                        events.on(ctx.recipient(|Said(n)| n))?;
                    } else {
                        events.on(ctx.recipient(|Left(_)| 0))?;
                    }
                }
                Ok(())
            })
        };
        play(world(1, 1), root).unwrap();
    })
}

#[test]
fn rule_7_more_than_ten_listeners_of_one_owner_are_warned_of_once() {
    assert_eq!(warnings(None, 10), [""; 0]);
    let logged = warnings(None, 20);
    assert_eq!(logged.len(), 1, "{logged:?}");
    assert!(logged[0].starts_with("WARN"), "{logged:?}");
    assert!(logged[0].contains("/emitter ") && logged[0].contains("listeners=11"), "{logged:?}");
}

#[test]
fn rule_7_the_number_can_be_set_and_zero_is_any() {
    assert_eq!(warnings(Some(2), 2), [""; 0]);
    assert_eq!(warnings(Some(2), 3).len(), 1);
    assert_eq!(warnings(Some(0), 100), [""; 0]);
}
