//! Rule 9: what becomes of a listener that does not keep up.

use std::time::Duration;

use roundsman::emitter::{Events, Removal, RemoveListener, Subscriber};
use roundsman::{AskError, Context, Placement, SlowPolicy, Spawn};
use roundsman_tests::diary::Diary;
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds::{each_world, world};

use crate::{Said, emitter};

/// Takes nothing for two seconds, as if its mailbox were full, and then everything.
fn slow(events: Events, policy: SlowPolicy, room: u32, diary: Diary<u32>) -> Role<u32> {
    let mut guard = None;
    Role::<u32>::new(move |n, ctx: &mut Context<'_, Role<u32>>| {
        if n == 0 {
            // The start: from now on it is over.
            guard = Some(ctx.pressure(Duration::from_secs(2)));
        } else {
            assert!(guard.is_some(), "it begins with 0");
            diary.note(n);
        }
        Ok(())
    })
    .started(move |ctx| {
        let me = Subscriber::new(ctx.recipient(|Said(n)| n));
        events.on(me.slow(policy).room(room))?;
        ctx.address().send(0)?;
        Ok(())
    })
}

#[derive(Debug)]
#[expect(dead_code, reason = "read as text")]
enum Msg {
    Emit,
    Ask,
    Dropped(Result<u64, AskError>),
    Count(Result<usize, AskError>),
    Removed(Removal),
    /// What a listener that is quick has heard.
    Quick(u32),
}

/// Emits ten events while one listener is over; returns what that one has heard, and what else was noted.
fn outcome(policy: SlowPolicy, room: u32, seed: u64, loops: usize) -> (Vec<u32>, Vec<String>) {
    let (heard, diary) = (Diary::<u32>::default(), Diary::new());
    let (hears, notes) = (heard.clone(), diary.clone());
    let root = move || {
        let mut events = None;
        Role::<Msg>::new(move |message, ctx| {
            let events = events.get_or_insert_with(|| emitter(ctx));
            match message {
                Msg::Emit if hears.is_empty() => {
                    let (theirs, hears) = (events.clone(), hears.clone());
                    let spawn = Spawn::named("slow");
                    let make = move || slow(theirs, policy, room, hears);
                    ctx.spawn_on_with(Placement::Loop(1), spawn, make);
                    events.on(ctx.recipient(|gone: RemoveListener| Msg::Removed(gone.why)))?;
                    ctx.send_after(Duration::from_secs(1), Msg::Ask);
                }
                Msg::Ask => {
                    events.on(ctx.recipient(|Said(n)| Msg::Quick(n)))?;
                    for n in 1..=10 {
                        events.emit(Said(n))?;
                    }
                    events.dropped::<Said>().ask(ctx, Msg::Dropped);
                    events.listener_count::<Said>().ask(ctx, Msg::Count);
                }
                Msg::Quick(n) => assert!((1..=10).contains(&n)),
                other => notes.note(format!("{other:?}")),
            }
            Ok(())
        })
        .started(|ctx| Ok(ctx.address().send(Msg::Emit)?))
    };
    play(world(seed, loops), root).unwrap();
    (heard.take(), diary.take())
}

#[test]
fn one_that_is_waited_for_loses_nothing() {
    each_world(20, 1..=3, |seed, loops| {
        let (heard, _) = outcome(SlowPolicy::Wait, 3, seed, loops);
        assert!(heard.into_iter().eq(1..=10));
    });
}

#[test]
fn drop_oldest_keeps_the_newest_and_gives_them_when_it_is_ready() {
    each_world(20, 1..=3, |seed, loops| {
        let (heard, notes) = outcome(SlowPolicy::DropOldest, 3, seed, loops);
        assert_eq!(heard, [8, 9, 10]);
        assert_eq!(notes, ["Dropped(Ok(7))", "Count(Ok(2))"]);
    });
}

#[test]
fn drop_newest_keeps_the_oldest_and_gives_them_when_it_is_ready() {
    each_world(20, 1..=3, |seed, loops| {
        let (heard, notes) = outcome(SlowPolicy::DropNewest, 3, seed, loops);
        assert_eq!(heard, [1, 2, 3]);
        assert_eq!(notes, ["Dropped(Ok(7))", "Count(Ok(2))"]);
    });
}

#[test]
fn disconnect_cuts_it_off_and_says_so() {
    each_world(20, 1..=3, |seed, loops| {
        let (heard, notes) = outcome(SlowPolicy::Disconnect, 3, seed, loops);
        assert_eq!(heard, [0; 0]);
        // Three that were kept, and the one that was too many.
        assert_eq!(notes, ["Removed(Slow)", "Dropped(Ok(4))", "Count(Ok(1))"]);
    });
}

#[test]
fn without_room_nothing_is_kept() {
    each_world(5, 1..=3, |seed, loops| {
        for policy in [SlowPolicy::DropOldest, SlowPolicy::DropNewest] {
            let (heard, notes) = outcome(policy, 0, seed, loops);
            assert_eq!(heard, [0; 0]);
            assert_eq!(notes[0], "Dropped(Ok(10))");
        }
    });
}

/// More than a mailbox and the room hold: what one loses costs the others nothing, and the order is kept.
#[test]
fn a_slow_listener_that_is_not_waited_for_costs_only_itself() {
    each_world(10, 1..=3, |seed, loops| {
        let (heard, quick) = (Diary::<u32>::default(), Diary::<u32>::default());
        let (hears, notes) = (heard.clone(), quick.clone());
        let root = move || {
            let mut events = None;
            let mut next = 0;
            Role::<u32>::new(move |step, ctx: &mut Context<'_, Role<u32>>| {
                let events = events.get_or_insert_with(|| {
                    let events = emitter(ctx);
                    let (theirs, hears) = (events.clone(), hears.clone());
                    let make = move || {
                        // Handles one event a millisecond, as others come.
                        Role::<u32>::new(move |n, ctx: &mut Context<'_, Role<u32>>| {
                            hears.note(n);
                            drop(ctx.pressure(Duration::from_millis(1)));
                            Ok(())
                        })
                        .started(move |ctx| {
                            let me = Subscriber::new(ctx.recipient(|Said(n)| n));
                            theirs.on(me.slow(SlowPolicy::DropOldest).room(2))?;
                            Ok(())
                        })
                    };
                    let spawn = Spawn::named("slow").high(4);
                    ctx.spawn_on_with(Placement::Loop(1), spawn, make);
                    events
                });
                if step == 0 {
                    let notes = notes.clone();
                    let quick = ctx.spawn(Role::<u32>::new(move |n, _| {
                        notes.note(n);
                        Ok(())
                    }));
                    events.on(quick.recipient(|Said(n)| n))?;
                }
                for _ in 0..50 {
                    events.emit(Said(next))?;
                    next += 1;
                }
                if step < 4 {
                    ctx.send_after(Duration::from_millis(10), step + 1);
                }
                Ok(())
            })
            .started(|ctx| Ok(ctx.address().send(0)?))
        };
        play(world(seed, loops), root).unwrap();
        assert!(quick.take().into_iter().eq(0..250));
        let heard = heard.take();
        assert!(heard.is_sorted() && heard.windows(2).all(|pair| pair[0] != pair[1]), "{heard:?}");
        // The newest is among what is kept, whatever is lost before it.
        assert_eq!(heard.last(), Some(&249));
    });
}
