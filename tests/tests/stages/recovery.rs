//! Another source in the place of one that has failed, or that had nothing to give.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use roundsman::Backoff;
use roundsman::stream::{Cut, PipeError, Source, Summary, collect};
use roundsman_tests::counted::{Count, Counted};
use roundsman_tests::ledger::run_balanced;
use roundsman_tests::outcome::{ONE_LOOP, result};
use roundsman_tests::patience::must_end;
use roundsman_tests::role::Role;
use roundsman_tests::timeline::Taken;

use crate::{counted, in_worlds, millis};

fn backoff() -> Backoff {
    Backoff::exponential(millis(100), millis(1_000))
}

/// Gives so many items, then fails in a stage called `map`.
fn failing_after(items: u64) -> Source<u64> {
    Source::iter(0..=items).map(move |n| if n < items { n } else { panic!("told to") })
}

/// How often something was called.
#[derive(Clone, Default)]
struct Calls(Arc<AtomicU32>);

impl Calls {
    fn call(&self) -> u32 {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }

    fn all(&self) -> u32 {
        self.0.load(Ordering::SeqCst)
    }
}

#[test]
fn an_attempt_that_has_failed_is_followed_by_another_and_its_items_stay() {
    in_worlds(20, |world| {
        let calls = Calls::default();
        let source = Source::retry(3, backoff(), move || match calls.call() {
            3 => Source::iter(10..13),
            tries => failing_after(u64::from(tries)),
        });
        let items = result(world, source.pipe(collect())).expect("the third attempt works");
        assert_eq!(items, [0, 0, 1, 10, 11, 12]);
    });
}

#[test]
fn when_the_attempts_are_used_up_the_last_failure_names_the_stage_within() {
    in_worlds(20, |world| {
        let calls = Calls::default();
        let made = calls.clone();
        let source = Source::retry(4, backoff(), move || {
            made.call();
            // That it gives something makes no difference.
            failing_after(1)
        });
        let error = result(world, source.pipe(collect())).expect_err("no attempt works");
        assert_eq!((error.stage(), calls.all()), ("iter, map", 4));
        assert!(matches!(error.cause_as(), Some(Cut::Panicked(_))), "{error}");
    });
}

#[test]
fn waits_double_and_are_shortened_by_chance() {
    let first_waits = std::sync::Mutex::new(std::collections::HashSet::new());
    in_worlds(20, |world| {
        let calls = Calls::default();
        let source = Source::retry(6, backoff(), move || match calls.call() {
            6 => Source::iter([]),
            tries => Source::iter([tries, 0]).map(|n| if n > 0 { n } else { panic!("told to") }),
        });
        let timeline = Taken::at_once().run(world, source);
        assert!(timeline.end.is_ok());
        let begun: Vec<_> = timeline.items.iter().map(|(at, _)| *at).collect();
        assert_eq!(begun.len(), 5);
        for (pair, whole) in begun.windows(2).zip([100, 200, 400, 800]) {
            let waited = pair[1] - pair[0];
            assert!((whole / 2..=whole + 1).contains(&waited), "{begun:?}");
        }
        first_waits.lock().unwrap().insert(begun[1]);
    });
    assert!(first_waits.into_inner().unwrap().len() > 10, "chance has no say");
}

#[test]
fn an_attempt_has_closed_before_the_next_one_is_made() {
    in_worlds(20, |world| {
        let (count, calls) = (Count::default(), Calls::default());
        let counted = count.clone();
        let source = Source::retry(4, backoff(), move || {
            let tries = calls.call();
            assert_eq!(count.drops(), u64::from(tries - 1), "all others have closed");
            // What fails is not what has something to close.
            let source: Source<u64> = Source::iter(Counted::new(u64::MAX, &count)).boundary();
            source.map(|n| if n % 30 < 20 { n } else { panic!("told to") }).boundary()
        });
        let error = result(world, source.for_each(drop)).expect_err("no attempt works");
        assert_eq!((error.stage(), counted.drops()), ("map", 4));
    });
}

#[test]
fn an_attempt_that_has_run_for_the_quiet_time_begins_a_new_row() {
    in_worlds(20, |world| {
        let calls = Calls::default();
        let made = calls.clone();
        let runs_long = move || {
            let last = made.call() == 8;
            let source = Source::iter([()]).delay(millis(500));
            source.map(move |()| assert!(last, "told to"))
        };
        let source = Source::retry(2, backoff().quiet(millis(500)), runs_long.clone());
        assert_eq!(result(world, source.pipe(collect())).expect("the eighth works"), [()]);
        assert_eq!(calls.all(), 8);
        let source = Source::retry(2, backoff().quiet(millis(501)), runs_long);
        assert!(result(world, source.pipe(collect())).is_err());
        assert_eq!(calls.all(), 8 + 2);
    });
}

#[test]
fn a_cancel_is_obeyed_while_an_attempt_is_waited_for() {
    in_worlds(20, |world| {
        let calls = Calls::default();
        let made = calls.clone();
        let hour = Backoff::exponential(Duration::from_secs(3_600), Duration::from_secs(3_600));
        let source = Source::retry(10, hour, move || {
            made.call();
            failing_after(2)
        });
        let timeline = Taken::at_once().cancel_at(50).run(world, source);
        assert!(timeline.end.expect_err("cancelled").is_cancelled());
        assert_eq!((timeline.items.len(), timeline.ended_at, calls.all()), (2, 50, 1));
    });
}

#[test]
fn a_panic_of_what_makes_attempts_fails_the_pipeline() {
    let source: Source<u64> = Source::retry(10, backoff(), || panic!("told to"));
    let error = result(ONE_LOOP, source.pipe(collect())).expect_err("it panics");
    assert_eq!(
        (error.stage(), error.cause_as()),
        ("retry, collect", Some(&Cut::Panicked("told to".into())))
    );
}

#[test]
#[should_panic(expected = "allow at least 1")]
fn no_attempts_are_refused() {
    drop(Source::retry(0, backoff(), || Source::iter([1])));
}

#[test]
fn nothing_is_pulled_ahead_but_what_links_have_asked_for() {
    in_worlds(20, |world| {
        let (source, count) = counted(u64::MAX);
        let mut source = Some(source);
        let retried = Source::retry(2, backoff(), move || source.take().expect("it works"));
        let timeline = Taken::at_once().keep_until(200).cancel_at(100).run(world, retried);
        assert_eq!(timeline.items.len(), 16);
        assert!(count.items() <= 2 * 16, "{} were pulled", count.items());
    });
}

#[test]
fn a_pause_reaches_the_source_that_runs_within() {
    in_worlds(20, |world| {
        let retried = Source::retry(2, backoff(), || Source::every(millis(10)));
        let timeline = Taken::at_once().paused(25, 95).cancel_at(115).run(world, retried);
        assert_eq!(timeline.items, [(10, 1), (20, 2), (95, 9), (100, 10), (110, 11)]);
    });
}

#[test]
fn the_owner_is_told_when_what_runs_within_has_closed_too() {
    in_worlds(60, |world| {
        let count = Count::default();
        let source = Source::iter(Counted::<u64>::new(u64::MAX, &count)).boundary();
        must_end(move || {
            let root = || {
                let receive =
                    move |end: Result<Summary, PipeError>,
                          ctx: &mut roundsman::Context<'_, Role<_>>| {
                        assert!(end.is_err_and(|error| error.is_cancelled()));
                        assert_eq!(count.drops(), 1, "it is still open");
                        ctx.stop();
                        Ok(())
                    };
                Role::new(receive).started(|ctx| {
                    let recovered = source.recover_with(|_| None).for_each(drop);
                    let running = recovered.start(ctx, |end| end);
                    running.cancel("enough");
                    Ok(())
                })
            };
            run_balanced(world.runtime(), root).expect("the root does not fail");
        });
    });
}

#[test]
fn another_source_takes_the_place_of_each_failure_until_there_is_none() {
    in_worlds(20, |world| {
        let mut others = vec![failing_after(1), failing_after(2)].into_iter();
        let failures = Arc::new(AtomicU64::new(0));
        let seen = Arc::clone(&failures);
        let source = failing_after(3).recover_with(move |error| {
            assert_eq!(error.stage(), "iter, map");
            seen.fetch_add(1, Ordering::SeqCst);
            others.next()
        });
        let timeline = Taken::at_once().run(world, source);
        assert_eq!(timeline.end.expect_err("no other is left").stage(), "iter, map");
        let items: Vec<_> = timeline.items.into_iter().map(|(_, item)| item).collect();
        assert_eq!((items, failures.load(Ordering::SeqCst)), (vec![0, 1, 2, 0, 0, 1], 3));
    });
}

#[test]
fn a_source_that_ends_needs_no_recovery() {
    let source = Source::iter([1]).recover_with(|error| panic!("{error}"));
    let source = source.recover(|error| panic!("{error}"));
    assert_eq!(result(ONE_LOOP, source.pipe(collect())).expect("it ends"), [1]);
}

#[test]
fn one_last_item_takes_the_place_of_a_failure() {
    in_worlds(20, |world| {
        let items = result(world, failing_after(2).recover(|_| 99).pipe(collect()));
        assert_eq!(items.expect("it has recovered"), [0, 1, 99]);
    });
}

#[test]
fn a_source_without_items_is_followed_by_the_other_and_one_with_items_is_not() {
    in_worlds(20, |world| {
        let none = Source::iter(0..5_u64).filter(|_| false);
        let items = result(world, none.or_else(Source::iter([7])).pipe(collect()));
        assert_eq!(items.expect("it ends"), [7]);
        let (other, count) = counted(5);
        let items = result(world, Source::iter([1]).or_else(other).pipe(collect()));
        assert_eq!(items.expect("it ends"), [1]);
        assert_eq!((count.items(), count.drops()), (0, 1), "dropped unused");
        let both = Source::iter([]).or_else(Source::iter([]));
        assert_eq!(
            result::<Vec<u64>>(world, both.pipe(collect())).expect("it ends"),
            Vec::<u64>::new()
        );
    });
}

#[test]
fn the_failure_of_a_source_without_items_passes() {
    in_worlds(20, |world| {
        let source = failing_after(0).or_else(Source::iter([7]));
        let error = result(world, source.pipe(collect())).expect_err("it fails");
        assert_eq!(error.stage(), "iter, map");
    });
}

/// What the user makes of a failure.
#[derive(Debug, PartialEq, Eq)]
struct NoPrices;

impl std::fmt::Display for NoPrices {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no prices today")
    }
}

impl std::error::Error for NoPrices {}

#[test]
fn a_failure_with_another_cause_still_names_its_stage() {
    in_worlds(20, |world| {
        let source = failing_after(2).map_err(|error| {
            assert!(matches!(error.cause_as(), Some(Cut::Panicked(_))), "{error}");
            NoPrices
        });
        let timeline = Taken::at_once().run(world, source);
        let error = timeline.end.expect_err("it fails");
        assert_eq!((error.stage(), error.cause_as()), ("iter, map", Some(&NoPrices)));
        assert_eq!(timeline.items.len(), 2);
    });
}

#[test]
fn a_cancel_is_nobodys_failure() {
    in_worlds(20, |world| {
        let source = Source::every(millis(10));
        let source = source.map_err(|_| NoPrices).recover(|_| 99).recover_with(|_| None);
        let timeline = Taken::at_once().cancel_at(25).run(world, source);
        assert!(timeline.end.expect_err("cancelled").is_cancelled());
        assert_eq!(timeline.items, [(10, 1), (20, 2)]);
    });
}
