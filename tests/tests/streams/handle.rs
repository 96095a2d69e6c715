//! The handle of a pipeline that runs: pausing, cancelling, and seeing how it is doing.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use roundsman::stream::{
    Cut, Item, Outlet, PipeError, Progress, Running, Source, StreamContext, Summary, outlet,
};
use roundsman::{Context, Placement};
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds;

/// What the actors here take.
enum Step {
    Number(Item<u64>),
    Ended(Result<Summary, PipeError>),
    Look,
    Again,
}

type Ctx<'a> = Context<'a, Role<Step>>;

/// A while, after which everything that could happen has happened.
const WHILE: Duration = Duration::from_secs(1);

/// Starts a pipeline with `start`, calls `look` after a while and `again` after another; then everything is over.
fn watched(
    start: impl Fn(&mut Ctx<'_>) -> Running + Clone + Send + 'static,
    look: impl Fn(&Running, &mut Ctx<'_>) + Clone + Send + 'static,
    again: impl Fn(&Running, &mut Ctx<'_>) + Clone + Send + 'static,
    ended: impl Fn(Result<Summary, PipeError>) + Clone + Send + 'static,
) {
    seeds::each_world(20, 1..=3, |seed, loops| {
        let (start, look) = (start.clone(), look.clone());
        let (again, ended) = (again.clone(), ended.clone());
        let builder = roundsman::Runtime::builder().simulated(seed).loops(loops);
        play(builder, move || {
            let running: Rc<Cell<Option<Running>>> = Rc::default();
            let started = Rc::clone(&running);
            let mut kept = Vec::new();
            Role::new(move |step, ctx| {
                match step {
                    Step::Number(number) => kept.push(number),
                    Step::Ended(result) => ended(result),
                    Step::Look | Step::Again => {
                        let handle = running.take().expect("it runs");
                        if matches!(step, Step::Look) {
                            look(&handle, ctx);
                            ctx.send_after(WHILE, Step::Again);
                        } else {
                            again(&handle, ctx);
                            handle.cancel("the test is over");
                        }
                        running.set(Some(handle));
                    }
                }
                Ok(())
            })
            .started(move |ctx| {
                started.set(Some(start(ctx)));
                ctx.send_after(WHILE, Step::Look);
                Ok(())
            })
        })
        .expect("the root does not fail");
    });
}

fn nothing(_: &Running, _: &mut Ctx<'_>) {}

/// A source that gives 10 numbers a second.
fn clocked(count: &Arc<AtomicU64>) -> Source<u64> {
    let count = Arc::clone(count);
    Source::every(Duration::from_millis(100)).inspect(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
    })
}

#[test]
fn a_paused_pipeline_takes_nothing_until_it_is_resumed() {
    let count = Arc::new(AtomicU64::new(0));
    let (source, seen, later) = (Arc::clone(&count), Arc::clone(&count), Arc::clone(&count));
    let before = Arc::new(AtomicU64::new(0));
    let noted = Arc::clone(&before);
    watched(
        move |ctx| {
            source.store(0, Ordering::SeqCst);
            let running = clocked(&source).boundary().for_each(drop).start(ctx, Step::Ended);
            running.pause();
            running.pause();
            running
        },
        move |running, _| {
            noted.store(seen.load(Ordering::SeqCst), Ordering::SeqCst);
            assert!(noted.load(Ordering::SeqCst) <= 1, "it was paused as it began");
            running.resume();
        },
        move |_, _| assert!(later.load(Ordering::SeqCst) >= 5, "it goes on"),
        |result| assert!(result.expect_err("it was cancelled").is_cancelled()),
    );
}

#[test]
fn a_paused_iterator_is_not_pulled() {
    let pulled = Arc::new(AtomicU64::new(0));
    let (counted, seen, later) = (Arc::clone(&pulled), Arc::clone(&pulled), Arc::clone(&pulled));
    watched(
        move |ctx| {
            let counted = Arc::clone(&counted);
            counted.store(0, Ordering::SeqCst);
            let numbers = (0..1_000_000_u64).inspect(move |_| {
                counted.fetch_add(1, Ordering::SeqCst);
            });
            // Another actor takes them: it keeps what it gets.
            let running =
                Source::iter(numbers).pipe(ctx.inlet(Step::Number)).start(ctx, Step::Ended);
            running.pause();
            running
        },
        move |running, _| {
            assert!(seen.load(Ordering::SeqCst) <= 16, "no more than was under way");
            running.resume();
        },
        move |_, _| assert_eq!(later.load(Ordering::SeqCst), 16, "the window of an inlet"),
        |result| assert!(result.expect_err("it was cancelled").is_cancelled()),
    );
}

#[test]
fn a_cancel_says_why() {
    watched(
        |ctx| Source::iter(0..).pipe(ctx.inlet(Step::Number)).start(ctx, Step::Ended),
        |running, _| running.cancel("the user has gone home"),
        nothing,
        |result| {
            let error = result.expect_err("it was cancelled");
            let reason = Cut::Cancelled("the user has gone home".into());
            assert_eq!(error.cause_as(), Some(&reason));
            assert!(error.to_string().contains("the user has gone home"), "{error}");
        },
    );
}

#[test]
fn a_paused_pipeline_can_be_cancelled() {
    watched(
        |ctx| {
            let running = Source::iter(0..).boundary().for_each(drop).start(ctx, Step::Ended);
            running.pause();
            running.cancel("enough");
            running
        },
        nothing,
        nothing,
        |result| assert!(result.expect_err("it was cancelled").is_cancelled()),
    );
}

fn names(progress: &Progress) -> Vec<(&str, &str)> {
    progress.links.iter().map(|link| (&*link.from, &*link.to)).collect()
}

#[test]
fn progress_names_the_links_and_the_stage_that_holds_the_others_up() {
    watched(
        |ctx| {
            let numbers = Source::iter(0..).boundary().map(|n: u64| n).on(Placement::Loop(1));
            numbers.pipe(ctx.inlet(Step::Number)).start(ctx, Step::Ended)
        },
        |running, ctx| {
            // The receiver keeps what it gets: everybody waits for it.
            let progress = running.progress(ctx);
            let links = [("iter", "map"), ("map", "boundary"), ("boundary", "inlet")];
            assert_eq!(names(&progress), links);
            assert_eq!(&*progress.bottleneck, "inlet", "{progress:#?}");
            assert_eq!(progress.items, 16);
            assert_eq!(progress.elapsed, WHILE);
            assert!((progress.links[2].items_per_second - 16.0).abs() < 0.1, "{progress:#?}");
        },
        |running, ctx| {
            let progress = running.progress(ctx);
            assert!(progress.links[2].items_per_second < 0.1, "since the last look: {progress:#?}");
            assert!(progress.to_string().contains("bottleneck: inlet"), "{progress}");
        },
        |_| (),
    );
}

#[test]
fn the_source_is_the_bottleneck_of_a_pipeline_that_waits_for_it() {
    watched(
        |ctx| {
            let (source, mut outlet): (Source<u64>, Outlet<u64>) = outlet(16);
            outlet.push(1).expect("room");
            // It is never pushed into again, and must live.
            std::mem::forget(outlet);
            source.boundary().map(|n| n).for_each(drop).start(ctx, Step::Ended)
        },
        |running, ctx| {
            let progress = running.progress(ctx);
            assert_eq!((&*progress.bottleneck, progress.items), ("outlet", 1), "{progress:#?}");
        },
        nothing,
        |_| (),
    );
}

#[test]
fn dropping_the_handle_does_not_stop_it() {
    let builder = roundsman::Runtime::builder().simulated(1).loops(2);
    play(builder, || {
        Role::new(|step, ctx: &mut Ctx<'_>| {
            let Step::Ended(result) = step else { panic!("nothing else is sent") };
            assert_eq!(result?.items, 1_000);
            ctx.stop();
            Ok(())
        })
        .started(|ctx| {
            drop(Source::iter(0..1_000_u64).boundary().for_each(drop).start(ctx, Step::Ended));
            Ok(())
        })
    })
    .expect("the root does not fail");
}
