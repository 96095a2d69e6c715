//! Rule 6: an `Error` event that nobody listens to is a failure of the emitter, and of nobody else.

use std::time::Duration;

use roundsman::emitter::{Emitter, Error, Events};
use roundsman::{AskError, ChildFailed, ChildSpec, Context, ExitReason, Happening, Terminated};
use roundsman_tests::diary::Diary;
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds::{each_world, world};

use crate::{Said, emitter};

#[test]
fn rule_6_an_error_that_nobody_listens_to_is_a_failure_of_the_emitter() {
    each_world(20, 1..=3, |seed, loops| {
        let diary = Diary::new();
        let notes = diary.clone();
        let root = move || {
            Role::<Terminated>::new(move |end, _| {
                notes.note(end.reason.to_string());
                Ok(())
            })
            .started(|ctx| {
                let events = emitter(ctx);
                ctx.watch(events.address(), |end| end);
                events.emit(Error::new("no disk"))?;
                Ok(())
            })
        };
        // The run itself goes well.
        play(world(seed, loops), root).unwrap();
        assert_eq!(diary.take(), ["failed: an `Error` event that nobody listens to: no disk"]);
    });
}

#[test]
fn rule_6_an_error_that_somebody_listens_to_is_an_event() {
    each_world(20, 1..=3, |seed, loops| {
        let diary = Diary::new();
        let notes = diary.clone();
        let root = move || {
            Role::<String>::new(move |text, _| {
                notes.note(text);
                Ok(())
            })
            .started(|ctx| {
                let events = emitter(ctx);
                ctx.watch(events.address(), |end| end.reason.to_string());
                events.once(ctx.recipient(|error: Error| format!("heard of {error}")))?;
                events.emit(Error::new("no disk"))?;
                // That one listened once.
                events.emit(Error::new("no memory"))?;
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
        let unheard = "failed: an `Error` event that nobody listens to: no memory";
        assert_eq!(diary.take(), ["heard of no disk", unheard]);
    });
}

#[test]
fn rule_6_a_listener_that_has_ended_does_not_listen() {
    each_world(20, 1..=1, |seed, loops| {
        let diary = Diary::new();
        let notes = diary.clone();
        let root = move || {
            Role::<String>::new(move |text, _| {
                notes.note(text);
                Ok(())
            })
            .started(|ctx| {
                let events = emitter(ctx);
                let child = ctx.spawn(Role::<()>::new(|(), _| Err("gone".into())));
                events.on(child.recipient(|_: Error| ()))?;
                child.send(())?;
                let emit = events.clone();
                let watched = ctx.spawn(Role::<()>::new(move |(), _| {
                    emit.emit(Error::new("late"))?;
                    Ok(())
                }));
                ctx.watch(events.address(), |end| end.reason.to_string());
                ctx.watch(&child, move |_| {
                    watched.send(()).expect("it lives");
                    "gone".to_owned()
                });
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
        let notes = diary.take();
        assert_eq!(notes[0], "gone");
        assert!(notes[1].ends_with("listens to: late"), "{notes:?}");
    });
}

#[test]
fn rule_6_the_supervisor_builds_the_emitter_anew_without_listeners() {
    enum Msg {
        Said,
        Next(Result<Said, AskError>),
        Counted(Result<usize, AskError>),
        Happened(Happening),
    }
    each_world(50, 1..=1, |seed, loops| {
        let diary = Diary::new();
        let notes = diary.clone();
        let root = move || {
            Role::<Msg>::new(move |message, _| {
                match message {
                    Msg::Said => notes.note("said"),
                    Msg::Next(next) => notes.note(format!("{next:?}")),
                    Msg::Counted(count) => notes.note(format!("{} listen", count?)),
                    Msg::Happened(what) => {
                        let failed: &ChildFailed = what.what().downcast_ref().unwrap();
                        assert!(matches!(failed.reason, ExitReason::Failed(_)));
                        notes.note(failed.path.rsplit('/').next().unwrap_or_default());
                    }
                }
                Ok(())
            })
            .started(|ctx: &mut Context<'_, Role<Msg>>| {
                ctx.on_happening(Msg::Happened);
                let spec = ChildSpec::permanent("events");
                let events = Events::from(ctx.supervise(spec, Emitter::new));
                events.on(ctx.recipient(|Said(_)| Msg::Said))?;
                let day = Duration::from_secs(86_400);
                events.next::<Said>().within(day).ask(ctx, Msg::Next);
                events.emit(Error::new("no disk"))?;
                events.emit(Said(1))?;
                events.listener_count::<Said>().ask(ctx, Msg::Counted);
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
        let mut notes = diary.take();
        notes.sort();
        assert_eq!(notes, ["0 listen", "Err(Failed)", "events"]);
    });
}
