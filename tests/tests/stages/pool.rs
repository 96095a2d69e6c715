//! Items in jobs of the pool.

use std::num::ParseIntError;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use roundsman::stream::{Jobs, Source, collect};
use roundsman::{JobError, Lane, LaneLimits, Runtime};
use roundsman_tests::outcome::{result, result_in};
use roundsman_tests::seeds::each_world;
use roundsman_tests::timeline::Taken;
use roundsman_tests::trial::World;

use crate::{counted, in_worlds};

#[test]
fn results_come_in_the_order_of_their_items_however_long_jobs_take() {
    in_worlds(60, |world| {
        let squares = Source::iter(0..40_u64).map_on_pool(5, |n| n * n);
        let squares = result(world, squares.pipe(collect())).expect("no job fails");
        assert_eq!(squares, Vec::from_iter((0..40).map(|n| n * n)));
    });
}

#[test]
fn without_order_all_results_come_and_somewhere_in_another_order() {
    let disorder = AtomicUsize::new(0);
    in_worlds(20, |world| {
        let same = Source::iter(0..40_u64).map_on_pool(Jobs::at_most(5).unordered(), |n| n);
        let mut same = result(world, same.pipe(collect())).expect("no job fails");
        disorder.fetch_add(usize::from(!same.is_sorted()), Ordering::SeqCst);
        same.sort_unstable();
        assert_eq!(same, Vec::from_iter(0..40));
    });
    // Jobs take up to 10 ms of virtual time, drawn from the seed.
    assert!(disorder.into_inner() > 0, "nowhere was an item overtaken");
}

#[test]
fn jobs_under_way_and_results_that_wait_are_no_more_than_allowed() {
    for jobs in [Jobs::at_most(3), Jobs::at_most(3).unordered()] {
        in_worlds(20, move |world| {
            let started = Arc::new(AtomicUsize::new(0));
            let (source, count) = counted(100);
            let (in_jobs, pulled) = (Arc::clone(&started), count.clone());
            let mapped = source.map_on_pool(jobs, move |n| {
                in_jobs.fetch_add(1, Ordering::SeqCst);
                n
            });
            // Nothing but a window is let through until the cancel.
            let timeline = Taken::at_once().keep_until(5_000).cancel_at(1_000).run(world, mapped);
            assert_eq!(timeline.items.len(), 16);
            let (started, pulled) = (started.load(Ordering::SeqCst), pulled.items());
            assert!(started <= 16 + 3 && pulled <= 16 + 3, "{started} jobs, {pulled} pulled");
        });
    }
}

#[test]
fn no_more_jobs_run_at_once_than_allowed() {
    let running = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
    let crowd = Arc::clone(&running);
    let mapped = Source::iter(0..200_u32).map_on_pool(Jobs::at_most(2).unordered(), move |n| {
        let now = crowd[0].fetch_add(1, Ordering::SeqCst) + 1;
        crowd[1].fetch_max(now, Ordering::SeqCst);
        std::thread::yield_now();
        crowd[0].fetch_sub(1, Ordering::SeqCst);
        n
    });
    result(World::Real { loops: 1 }, mapped.pipe(collect())).expect("no job fails");
    assert!(running[1].load(Ordering::SeqCst) <= 2);
}

#[test]
fn a_panic_in_a_job_fails_the_pipeline_with_its_message() {
    in_worlds(20, |world| {
        let mapped =
            Source::iter(0..40_u32).map_on_pool(3, |n| if n != 7 { n } else { panic!("at {n}") });
        let error = result(world, mapped.pipe(collect())).expect_err("a job panics");
        assert_eq!(error.stage(), "map_on_pool");
        let cause: Option<&JobError> = error.cause_as();
        assert_eq!(cause, Some(&JobError::Panicked("at 7".into())));
    });
}

#[test]
fn a_job_that_fails_gives_its_error_as_the_cause() {
    in_worlds(20, |world| {
        let words = Source::iter(["1", "2", "x", "4"]);
        let numbers = words.try_map_on_pool(2, |word| word.parse::<u32>());
        let error = result(world, numbers.pipe(collect())).expect_err("`x` is no number");
        assert_eq!(error.stage(), "try_map_on_pool");
        assert!(error.cause_as::<ParseIntError>().is_some(), "{error}");
    });
}

#[test]
fn after_a_failure_jobs_that_wait_for_a_thread_never_run() {
    each_world(60, [1], |seed, loops| {
        let calls = Arc::new(AtomicUsize::new(0));
        let called = Arc::clone(&calls);
        let mapped = Source::iter(0..8_u32).map_on_pool(8, move |_| {
            called.fetch_add(1, Ordering::SeqCst);
            panic!("told to");
        });
        let one = LaneLimits::default().cap(1);
        let builder = Runtime::builder().loops(loops).simulated(seed).lane(Lane::User, one);
        let (failed, _) = result_in(builder, mapped.for_each(drop));
        assert!(failed.is_err());
        // The second may have begun before anybody heard of the first.
        let calls = calls.load(Ordering::SeqCst);
        assert!((1..=2).contains(&calls), "{calls} jobs ran");
    });
}

#[test]
fn jobs_run_in_the_lane_that_was_chosen() {
    let jobs = Jobs::at_most(2).lane(Lane::Crypto);
    let mapped = Source::iter(0..5_u32).map_on_pool(jobs, |n| n);
    let (end, metrics) = result_in(Runtime::builder().simulated(1), mapped.for_each(drop));
    assert_eq!(end.expect("no job fails").items, 5);
    let done = |lane| metrics.lane(lane).map_or(0, |lane| lane.done);
    assert_eq!((done(Lane::Crypto), done(Lane::User)), (5, 0));
}

#[test]
#[should_panic(expected = "allow at least 1")]
fn no_jobs_at_a_time_are_refused() {
    drop(Source::iter([1]).map_on_pool(0, |n: u32| n));
}
