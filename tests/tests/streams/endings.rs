//! How pipelines end before their time: by a failure, a cancel, or the end of their owner.

use std::sync::mpsc;

use roundsman::Placement;
use roundsman::stream::{
    Cut, Item, PipeError, Source, StreamContext, Summary, collect, fold, map, outlet,
};
use roundsman_tests::counted::{Count, Counted};
use roundsman_tests::patience::must_end;
use roundsman_tests::role::Role;
use roundsman_tests::seeds;
use roundsman_tests::trial::World;

use crate::{ONE_LOOP, result};

/// What the actors here take.
enum Step {
    Number(Item<u64>),
    Ended(Result<Summary, PipeError>),
    Sum(Result<u64, PipeError>),
    /// The child has ended.
    Gone,
}

fn endless(count: &Count) -> Source<u64> {
    Source::iter(Counted::new(u64::MAX, count))
}

/// Runs a root in 200 simulated worlds on each number of loops.
fn in_worlds(root: impl Fn() -> Role<Step> + Clone + Send + 'static, after: impl Fn()) {
    seeds::each_world(67, 1..=3, |seed, loops| {
        let root = root.clone();
        must_end(move || {
            World::Simulated { seed, loops }.runtime().run(root).expect("the root does not fail");
        });
        after();
    });
}

#[test]
fn a_failure_names_the_stage_and_says_that_it_was_none_of_the_others() {
    let panics = |n: u64| -> u64 { panic!("at {n}") };
    let failing: [(Source<u64>, &str); 4] = [
        (Source::iter([1]).map(panics), "iter, map, collect"),
        (Source::iter([1]).map(panics).boundary(), "iter, map"),
        (Source::iter([1]).boundary().through(map(panics).then(map(|n| n))), "map, map, collect"),
        (Source::iter(std::iter::from_fn(|| panic!("at once"))), "iter, collect"),
    ];
    for (source, stage) in failing {
        let error = result(ONE_LOOP, source.pipe(collect())).expect_err("a failure");
        assert_eq!((error.stage(), error.is_cancelled()), (stage, false));
        let Some(Cut::Panicked(text)) = error.cause_as() else { panic!("{error}") };
        assert!(text.starts_with("at "), "what the panic said: {text}");
        assert_eq!(error.to_string(), format!("{stage}: the stage panicked: {text}"));
    }
}

#[test]
fn a_panic_in_one_pipeline_leaves_the_others_alone() {
    in_worlds(
        || {
            let mut sums = 0;
            let mut failures = 0;
            Role::new(move |step, ctx| {
                match step {
                    Step::Sum(sum) => {
                        assert_eq!(sum?, 499_500);
                        sums += 1;
                    }
                    Step::Ended(end) => {
                        assert!(end.is_err());
                        failures += 1;
                    }
                    Step::Number(_) | Step::Gone => {}
                }
                if (sums, failures) == (4, 2) {
                    ctx.stop();
                }
                Ok(())
            })
            .started(|ctx| {
                for n in 0..6 {
                    let numbers = Source::iter(0..1_000_u64).boundary();
                    if n % 3 == 1 {
                        let bad = numbers.map(|n| assert!(n < 500, "it was told to"));
                        bad.for_each(drop).start(ctx, Step::Ended);
                    } else {
                        numbers.pipe(fold(0, |sum, n| sum + n)).start(ctx, Step::Sum);
                    }
                }
                Ok(())
            })
        },
        || (),
    );
}

#[test]
fn a_cancelled_pipeline_drops_its_iterator_once_before_it_says_so() {
    let count = Count::default();
    let counted = count.clone();
    let before = std::sync::atomic::AtomicU64::new(0);
    in_worlds(
        move || {
            let (count, for_source) = (counted.clone(), counted.clone());
            Role::new(move |step, ctx| {
                let Step::Ended(Err(error)) = step else { panic!("it was cancelled") };
                assert!(error.is_cancelled(), "{error}");
                assert!(count.drops() > 0);
                ctx.stop();
                Ok(())
            })
            .started(move |ctx| {
                // It never waits for anything, and hears of the cancel all the same.
                let running = endless(&for_source).for_each(drop).start(ctx, Step::Ended);
                running.cancel("enough");
                running.cancel("enough");
                Ok(())
            })
        },
        || {
            let drops = before.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1;
            assert_eq!(count.drops(), drops, "once in each world");
        },
    );
}

#[test]
fn a_cancel_after_the_end_changes_nothing() {
    in_worlds(
        || {
            let (sender, running) = mpsc::channel::<roundsman::stream::Running>();
            Role::new(move |step, _| {
                let Step::Ended(end) = step else { panic!("nothing else is sent") };
                assert_eq!(end?.items, 100);
                let running = running.try_recv()?;
                running.cancel("enough");
                running.cancel("enough");
                Ok(())
            })
            .started(move |ctx| {
                let pipeline = Source::iter(0..100_u64).for_each(drop);
                sender.send(pipeline.start(ctx, Step::Ended))?;
                Ok(())
            })
        },
        || (),
    );
}

#[test]
fn the_owners_end_ends_its_pipelines_and_lets_their_sources_go() {
    let count = Count::default();
    let counted = count.clone();
    let worlds = std::sync::atomic::AtomicU64::new(0);
    in_worlds(
        move || {
            let count = counted.clone();
            Role::new(|_, _| Ok(())).started(move |ctx| {
                ctx.spawn_on(Placement::Loop(1), move || {
                    Role::new(|step, ctx| {
                        // With items in its hands, and more in its mailbox.
                        assert!(matches!(step, Step::Number(_)), "it ends before they do");
                        ctx.stop();
                        Ok(())
                    })
                    .started(move |ctx| {
                        endless(&count).for_each(drop).start(ctx, Step::Ended);
                        endless(&count).boundary().for_each(drop).start(ctx, Step::Ended);
                        endless(&count).pipe(ctx.inlet(Step::Number)).start(ctx, Step::Ended);
                        Ok(())
                    })
                });
                // The root waits for nothing, and the world ends once nothing moves.
                Ok(())
            })
        },
        || {
            let worlds = worlds.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1;
            assert_eq!(count.drops(), 3 * worlds, "three in each world");
        },
    );
}

#[test]
fn a_sink_whose_actor_has_ended_fails_the_pipeline() {
    let count = Count::default();
    let counted = count.clone();
    let worlds = std::sync::atomic::AtomicU64::new(0);
    in_worlds(
        move || {
            let count = counted.clone();
            // The sink belongs to another actor than the one that starts the pipeline.
            let (sender, sinks) = mpsc::channel();
            Role::new(move |step, ctx| {
                match step {
                    Step::Gone => {
                        let sink = sinks.try_recv()?;
                        endless(&count).pipe(sink).start(ctx, Step::Ended);
                    }
                    Step::Ended(end) => {
                        let error = end.expect_err("its receiver has ended");
                        assert_eq!(error.stage(), "inlet");
                        assert_eq!(error.cause().downcast_ref(), Some(&Cut::OwnerGone));
                        ctx.stop();
                    }
                    Step::Number(_) | Step::Sum(_) => {}
                }
                Ok(())
            })
            .started(move |ctx| {
                let child = ctx.spawn(Role::idle().started(move |ctx| {
                    // Whoever listens has not ended.
                    let _ = sender.send(ctx.inlet(Step::Number));
                    ctx.stop();
                    Ok(())
                }));
                ctx.watch(&child, |_| Step::Gone);
                Ok(())
            })
        },
        || {
            let worlds = worlds.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1;
            assert_eq!(count.drops(), worlds);
        },
    );
}

#[test]
fn an_outlet_that_is_dropped_without_an_end_fails_its_pipeline_after_what_was_asked_for() {
    in_worlds(
        || {
            let mut seen = 0;
            Role::new(move |step, ctx| {
                match step {
                    Step::Number(number) => {
                        assert_eq!(*number, seen);
                        seen += 1;
                    }
                    Step::Ended(end) => {
                        let error = end.expect_err("it ended halfway");
                        assert_eq!((error.stage(), seen), ("outlet", 3));
                        assert_eq!(error.cause().downcast_ref(), Some(&Cut::OwnerGone));
                        ctx.stop();
                    }
                    Step::Sum(_) | Step::Gone => {}
                }
                Ok(())
            })
            .started(|ctx| {
                let (source, mut outlet) = outlet(3);
                for n in 0..3 {
                    outlet.push(n)?;
                }
                source.pipe(ctx.inlet(Step::Number)).start(ctx, Step::Ended);
                Ok(())
            })
        },
        || (),
    );
}
