//! Panics of the user's functions, wherever a pipeline calls one: the pipeline fails and names the stage, its source is let
//! go once, and the runtime goes on.

use std::collections::VecDeque;
use std::error::Error;
use std::time::Duration;

use roundsman::Backoff;
use roundsman::stream::{PipeError, Pipeline, Source, concat, fold};
use roundsman_tests::counted::{Count, Counted};
use roundsman_tests::outcome::{result, result_with};
use roundsman_tests::trial::World;

const WORLDS: [World; 3] = [
    World::Simulated { seed: 1, loops: 1 },
    World::Simulated { seed: 2, loops: 3 },
    World::Real { loops: 2 },
];

/// How every panic here begins.
fn told(n: u64) -> u64 {
    assert!(n != 20, "it was told to");
    n
}

/// Runs what `make` makes of endless numbers, in a few worlds: it must fail in a stage that is called `stage`.
#[track_caller]
fn fails_in<R, F>(stage: &'static str, make: F)
where
    R: Send + 'static,
    F: Fn(Source<u64>) -> Pipeline<R> + Clone + Send + 'static,
{
    for world in WORLDS {
        let count = Count::default();
        let numbers = Source::iter(Counted::new(u64::MAX, &count));
        let make = make.clone();
        // Made in the runtime, as programs do. The root lives on, and hears of it.
        let Err(error) = result_with(world, 0, move |_, _| make(numbers)) else {
            panic!("{stage}: it has not failed")
        };
        assert!(error.stage().contains(stage), "{stage}: {error}");
        assert!(!error.is_cancelled(), "{stage}: {error}");
        assert_eq!(count.drops(), 1, "{stage}: the source is let go once");
    }
}

fn backoff() -> Backoff {
    Backoff::exponential(Duration::from_millis(1), Duration::from_millis(2))
}

#[test]
fn in_a_source() {
    let mut numbers = 0..;
    let next = move || numbers.next().map(told);
    let error = result(WORLDS[0], Source::iter(std::iter::from_fn(next)).for_each(drop));
    assert_eq!(error.expect_err("it fails").stage(), "iter, for_each");
}

#[test]
fn in_a_stage_that_passes_on() {
    fails_in("map", |numbers| numbers.map(told).for_each(drop));
    fails_in("try_map", |numbers| numbers.try_map(|n| Ok::<_, PipeError>(told(n))).for_each(drop));
    fails_in("filter", |numbers| numbers.filter(|n| told(*n) > 0).for_each(drop));
    fails_in("filter_map", |numbers| numbers.filter_map(|n| Some(told(n))).for_each(drop));
    fails_in("flat_map", |numbers| numbers.flat_map(|n| [told(n)]).for_each(drop));
    fails_in("inspect", |numbers| numbers.inspect(|n| _ = told(*n)).for_each(drop));
    fails_in("map_while", |numbers| numbers.map_while(|n| Some(told(n))).for_each(drop));
    fails_in("scan", |numbers| numbers.scan(0, |_, n| Some(told(n))).for_each(drop));
    fails_in("skip_while", |numbers| numbers.skip_while(|n| told(*n) < 30).for_each(drop));
    fails_in("take_while", |numbers| numbers.take_while(|n| told(*n) < 30).for_each(drop));
    fails_in("batch_by_weight", |numbers| numbers.batch_by_weight(9, |n| told(*n)).for_each(drop));
}

#[test]
fn in_what_an_item_is_unpacked_into() {
    fails_in("flat_map", |numbers| numbers.flat_map(|n| (n..).map(told)).for_each(drop));
    fails_in("flatten", |numbers| {
        numbers
            .map(|n| VecDeque::from([n]))
            .map(|items| items.into_iter().map(told))
            .flatten()
            .for_each(drop)
    });
}

#[test]
fn in_a_sink() {
    fails_in("for_each", |numbers| numbers.for_each(|n| _ = told(n)));
    fails_in("fold", |numbers| numbers.fold(0, |_, n| told(n)));
    fails_in("reduce", |numbers| numbers.reduce(|_, n| told(n)));
    fails_in("find", |numbers| numbers.find(|n| told(*n) == 30));
    fails_in("any", |numbers| numbers.any(|n| told(n) == 30));
    fails_in("all", |numbers| numbers.all(|n| told(n) < 30));
    fails_in("try_fold", |numbers| numbers.try_fold(0, |_, n| Ok::<_, PipeError>(told(n))));
    fails_in("try_for_each", |numbers| numbers.try_for_each(|n| Ok::<_, PipeError>(_ = told(n))));
}

#[test]
fn in_a_job_of_the_pool() {
    fails_in("map_on_pool", |numbers| numbers.map_on_pool(2, told).for_each(drop));
    fails_in("try_map_on_pool", |numbers| {
        numbers.try_map_on_pool(2, |n| Ok::<_, PipeError>(told(n))).for_each(drop)
    });
}

#[test]
fn where_sources_are_made_of_items() {
    fails_in("flat_merge", |numbers| {
        numbers.flat_merge(2, |n| Source::once(told(n))).for_each(drop)
    });
    fails_in("flat_concat", |numbers| {
        numbers.flat_concat(|n| Source::once(told(n))).for_each(drop)
    });
    // In a source that was made, it is that source's stage.
    fails_in("map", |numbers| numbers.flat_merge(2, |n| Source::once(n).map(told)).for_each(drop));
    fails_in("concat", |numbers| {
        let first = std::iter::once(numbers.take(5));
        concat(first.chain(std::iter::from_fn(|| Some(Source::once(told(20)))))).for_each(drop)
    });
}

#[test]
fn where_several_sources_meet_and_part() {
    fails_in("zip", |numbers| {
        numbers.zip_with(Source::iter(0_u64..), |n, _| told(n)).for_each(drop)
    });
    fails_in("group_by", |numbers| numbers.group_by(9, |n| told(*n) % 3).for_each(drop));
    fails_in("partition", |numbers| {
        let [even, odd] = numbers.partition(|n| told(*n).is_multiple_of(2));
        even.merge(odd).for_each(drop)
    });
    // One branch of several, into which the failing one and the others are merged again.
    fails_in("map", |numbers| {
        let [first, second] = numbers.broadcast();
        first.map(told).merge(second).for_each(drop)
    });
    fails_in("fold", |numbers| numbers.also_to(fold(0, |_, n| told(n))).for_each(drop));
}

#[test]
fn in_the_copy_of_an_item() {
    struct Fragile(u64);
    impl Clone for Fragile {
        fn clone(&self) -> Self {
            Self(told(self.0))
        }
    }
    fails_in("broadcast", |numbers| {
        let [first, second] = numbers.map(Fragile).broadcast();
        first.merge(second).for_each(drop)
    });
}

#[test]
fn in_what_is_said_of_a_failure() {
    fn failing(numbers: Source<u64>) -> Source<u64> {
        numbers.try_map(|n| if n < 10 { Ok(n) } else { Err("no more") })
    }
    fn panics<T>(error: &dyn Error) -> T {
        panic!("it was told to, at {error}")
    }
    fails_in("recover_with", |numbers| {
        failing(numbers).recover_with(|error| panics(&error)).for_each(drop)
    });
    fails_in("recover", |numbers| failing(numbers).recover(|error| panics(&error)).for_each(drop));
    fails_in("map_err", |numbers| {
        failing(numbers).map_err(|error| panics::<PipeError>(&error)).for_each(drop)
    });
    fails_in("retry", |numbers| {
        let mut numbers = Some(numbers);
        let make = move || failing(numbers.take().expect("the second time it panics"));
        Source::retry(3, backoff(), make).for_each(drop)
    });
}

#[test]
fn in_what_becomes_of_the_result() {
    for world in WORLDS {
        let sum = fold(0, |sum, n: u64| sum + n).map_result(|sum: u64| told(sum));
        let error = result(world, Source::iter([5, 15]).pipe(sum));
        let error = error.expect_err("its function panics");
        assert_eq!(error.stage(), "map_result");
        assert!(error.to_string().contains("it was told to"), "{error}");
    }
}
