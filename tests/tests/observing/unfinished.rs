//! Pipelines that can never finish: listed while the runtime runs, and named in one warning when it ends.

use std::time::Duration;

use roundsman::stream::{Outlet, PipeError, Summary, outlet};
use roundsman::{AliveReason, Context, Placement, Spawn};
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds::{each_world, world};

use crate::log::Log;

enum Msg {
    Next,
    Ended(Result<Summary, PipeError>),
}

type Ctx<'a> = Context<'a, Role<Msg>>;

const SECOND: Duration = Duration::from_secs(1);

/// Starts a pipeline that nothing comes through before something is done with the outlet.
fn pipe_in_vain(ctx: &mut Ctx<'_>) -> Outlet<u32> {
    let (source, outlet) = outlet(1);
    source.for_each(drop).start(ctx, Msg::Ended);
    outlet
}

/// An actor that starts so many of them, and goes on with `next` a second later.
fn in_vain(pipelines: usize, next: fn(&mut Ctx<'_>)) -> Role<Msg> {
    let mut outlets = Vec::new();
    Role::new(move |message, ctx: &mut Ctx<'_>| {
        match message {
            Msg::Next if outlets.is_empty() => {
                outlets.extend((0..pipelines).map(|_| pipe_in_vain(ctx)));
                ctx.send_after(SECOND, Msg::Next);
            }
            Msg::Next => next(ctx),
            Msg::Ended(end) => assert!(end.is_err(), "nothing ends it"),
        }
        Ok(())
    })
    .started(|ctx| Ok(ctx.address().send(Msg::Next)?))
}

/// What a run of `root` logs of what has never finished.
fn log_of(root: impl FnOnce() -> Role<Msg>) -> Vec<String> {
    let mut log = Log::of(|| play(world(1, 3), root).expect("it ends well"));
    log.retain(|line| line.contains("never finished"));
    log
}

fn is_listed(ctx: &Ctx<'_>) -> bool {
    let path = ctx.path() + "/pipeline";
    ctx.why_alive().reasons.contains(&AliveReason::Unfinished { path })
}

#[test]
fn a_pipeline_is_listed_from_its_start_until_it_has_ended() {
    each_world(20, 1..=3, |seed, loops| {
        let root = || {
            let mut step = 0;
            let mut outlet = None;
            Role::new(move |message, ctx: &mut Ctx<'_>| {
                if let Msg::Ended(end) = message {
                    end?;
                    return Ok(());
                }
                step += 1;
                match step {
                    1 => {
                        assert!(!is_listed(ctx), "{}", ctx.why_alive());
                        outlet = Some(pipe_in_vain(ctx));
                    }
                    2 => {
                        assert!(is_listed(ctx), "{}", ctx.why_alive());
                        outlet.take().expect("it was started").end();
                    }
                    _ => {
                        assert!(!is_listed(ctx), "{}", ctx.why_alive());
                        return Ok(());
                    }
                }
                ctx.send_after(SECOND, Msg::Next);
                Ok(())
            })
            .started(|ctx| Ok(ctx.address().send(Msg::Next)?))
        };
        play(world(seed, loops), root).expect("it ends well");
    });
}

#[test]
fn an_unfinished_actor_is_listed_and_does_not_keep_the_runtime_alive() {
    let root = || {
        Role::<()>::idle().started(|ctx| {
            ctx.set_unfinished(true);
            assert_eq!(
                ctx.why_alive().to_string(),
                format!("{}, which has not finished", ctx.path())
            );
            ctx.set_unfinished(false);
            assert!(ctx.why_alive().is_empty());
            ctx.set_unfinished(true);
            Ok(())
        })
    };
    play(world(1, 1), root).expect("it ends by itself");
}

#[test]
fn a_run_that_ends_with_pipelines_unfinished_warns_once_and_names_ten() {
    let log = log_of(|| in_vain(12, |_| ()));
    let [line] = &log[..] else { panic!("{log:#?}") };
    assert!(line.starts_with("WARN") && line.contains("unfinished=12"), "{line}");
    assert_eq!(line.matches("/pipeline").count(), 10, "{line}");
    assert!(line.contains("; and 2 more"), "{line}");
}

#[test]
fn a_warning_names_what_is_unfinished_on_other_loops_too() {
    let log = log_of(|| {
        Role::idle().started(|ctx| {
            ctx.spawn_on_with(Placement::Loop(1), Spawn::named("there"), || in_vain(1, |_| ()));
            ctx.spawn_with(Spawn::named("here"), in_vain(1, |_| ()));
            Ok(())
        })
    });
    let [line] = &log[..] else { panic!("{log:#?}") };
    assert!(line.contains("/there/pipeline") && line.contains("/here/pipeline"), "{line}");
}

#[test]
fn a_run_that_is_ended_does_not_warn_of_what_it_leaves_unfinished() {
    assert_eq!(log_of(|| in_vain(3, |ctx| ctx.stop())), [""; 0]);
    assert_eq!(log_of(|| in_vain(3, |ctx| ctx.end_runtime())), [""; 0]);
}
