//! What an emitter is asked: how many listen, to what, and for the next event.

use std::time::Duration;

use roundsman::emitter::{Emitter, Events, NewListener, Removal, RemoveListener};
use roundsman::{AskError, Context, Placement, Runtime};
use roundsman_tests::diary::Diary;
use roundsman_tests::outside::beside;
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds::{each_world, world};

use crate::{Left, Said, emitter};

#[derive(Debug)]
#[expect(dead_code, reason = "read as text")]
enum Msg {
    Later(u32),
    Count(Result<usize, AskError>),
    Names(Result<Vec<&'static str>, AskError>),
    Next(Result<Said, AskError>),
    Heard,
    Gone(Removal),
}

/// Runs a script of steps a second apart; returns what came, as text.
fn came(script: fn(u32, &Events, &mut Context<'_, Role<Msg>>), expected: &[&str]) {
    each_world(20, 1..=3, |seed, loops| {
        let diary = Diary::new();
        let notes = diary.clone();
        let root = move || {
            let mut events = None;
            Role::<Msg>::new(move |message, ctx| {
                let events = events.get_or_insert_with(|| emitter(ctx));
                match message {
                    Msg::Later(step) => script(step, events, ctx),
                    other => notes.note(format!("{other:?}")),
                }
                Ok(())
            })
            .started(|ctx| {
                for step in 0..4 {
                    ctx.send_after(Duration::from_secs(step), Msg::Later(step as u32));
                }
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
        assert_eq!(diary.take(), expected);
    });
}

#[test]
fn the_count_is_of_one_event() {
    came(
        |step, events, ctx| {
            if step == 0 {
                events.on(ctx.recipient(|Said(_)| Msg::Heard)).unwrap();
                events.on(ctx.recipient(|Said(_)| Msg::Heard)).unwrap();
                events.on(ctx.recipient(|Left(_)| Msg::Heard)).unwrap();
                events.listener_count::<Said>().ask(ctx, Msg::Count);
                events.listener_count::<Left>().ask(ctx, Msg::Count);
                events.listener_count::<NewListener>().ask(ctx, Msg::Count);
            }
        },
        &["Count(Ok(2))", "Count(Ok(1))", "Count(Ok(0))"],
    );
}

#[test]
fn the_names_are_in_the_order_in_which_they_came_to_be_listened_to() {
    came(
        |step, events, ctx| match step {
            0 => {
                let said = events.on(ctx.recipient(|Said(_)| Msg::Heard)).unwrap();
                events.on(ctx.recipient(|Left(_)| Msg::Heard)).unwrap();
                events.event_names().ask(ctx, Msg::Names);
                events.off(said).unwrap();
                events.event_names().ask(ctx, Msg::Names);
                events.on(ctx.recipient(|Said(_)| Msg::Heard)).unwrap();
                events.event_names().ask(ctx, Msg::Names);
            }
            1 => {
                events.remove_all::<Said>().unwrap();
                events.remove_all::<Left>().unwrap();
                events.event_names().ask(ctx, Msg::Names);
            }
            _ => {}
        },
        &[
            r#"Names(Ok(["emitter::Said", "emitter::Left"]))"#,
            r#"Names(Ok(["emitter::Left"]))"#,
            r#"Names(Ok(["emitter::Left", "emitter::Said"]))"#,
            "Names(Ok([]))",
        ],
    );
}

#[test]
fn the_next_event_answers_whoever_waits_for_it_and_only_that_one() {
    came(
        |step, events, ctx| match step {
            0 => {
                events.next::<Said>().ask(ctx, Msg::Next);
                events.next::<Said>().ask(ctx, Msg::Next);
                events.listener_count::<Said>().ask(ctx, Msg::Count);
            }
            1 => {
                events.emit(Said(1)).unwrap();
                events.emit(Said(2)).unwrap();
                events.listener_count::<Said>().ask(ctx, Msg::Count);
            }
            _ => {}
        },
        &["Count(Ok(2))", "Next(Ok(Said(1)))", "Next(Ok(Said(1)))", "Count(Ok(0))"],
    );
}

#[test]
fn whoever_waits_in_vain_hears_of_the_deadline_and_listens_no_longer() {
    came(
        |step, events, ctx| match step {
            0 => {
                events.on(ctx.recipient(|gone: RemoveListener| Msg::Gone(gone.why))).unwrap();
                let second = Duration::from_millis(1_500);
                events.next::<Said>().within(second).ask(ctx, Msg::Next);
            }
            2 => events.listener_count::<Said>().ask(ctx, Msg::Count),
            3 => events.emit(Said(1)).unwrap(),
            _ => {}
        },
        // Which of the first two comes first is chance on several loops: so it is sorted out below.
        &["Next(Err(Timeout))", "Gone(Expired)", "Count(Ok(0))"],
    );
}

#[test]
fn a_wait_does_not_keep_the_runtime_alive_longer_than_its_deadline() {
    let root = || {
        Role::<Msg>::new(|message, ctx| {
            assert!(matches!(message, Msg::Next(Err(AskError::Timeout))));
            assert_eq!(ctx.now().since_start(), Duration::from_secs(2));
            Ok(())
        })
        .started(|ctx| {
            let events = emitter(ctx);
            events.next::<Said>().within(Duration::from_secs(2)).ask(ctx, Msg::Next);
            Ok(())
        })
    };
    play(world(1, 1), root).unwrap();
}

#[test]
fn a_thread_emits_asks_and_waits() {
    beside(Runtime::builder().loops(2), |handle| {
        let emitter = handle.spawn(Placement::Loop(1), "emitter".into(), Emitter::new);
        let events = Events::from(emitter.expect("the runtime runs"));
        let listener = handle.spawn(Placement::Loop(0), "echo".into(), {
            let events = events.clone();
            move || {
                Role::<u32>::new(move |n, _| {
                    // What is heard on one loop is said again.
                    if n < 3 {
                        events.emit(Said(n + 1))?;
                    }
                    Ok(())
                })
            }
        });
        let listener = listener.expect("the runtime runs");
        events.on(listener.recipient(|Said(n)| n)).unwrap();
        assert_eq!(events.listener_count::<Said>().ask_blocking(), Ok(1));
        assert_eq!(events.event_names().ask_blocking(), Ok(vec!["emitter::Said"]));
        let waits = events.next::<Said>().within(Duration::ZERO).ask_blocking();
        assert_eq!(waits, Err(AskError::Timeout));
        events.emit(Said(1)).unwrap();
        events.address().stop();
    });
}

#[test]
fn an_actor_may_not_block_on_an_answer() {
    let root = || {
        Role::<()>::idle().started(|ctx| {
            let blocked = emitter(ctx).listener_count::<Said>().ask_blocking();
            assert_eq!(blocked, Err(AskError::InsideActor));
            Ok(())
        })
    };
    play(world(1, 1), root).unwrap();
}
