//! What the sinks give.

use roundsman::stream::{Source, all, any, count, find, first, last, map, reduce, try_for_each};
use roundsman_tests::outcome::{ONE_LOOP, result};

use crate::in_each_place;

/// What a sink gives for 0..50 in each place, and for nothing.
macro_rules! gives {
    ($($claim:ident: $sink:expr, $some:expr, $none:expr;)*) => {
        $(#[test]
        fn $claim() {
            in_each_place(|standing, world| {
                let source = standing.stand(Source::iter(0..50_u64), map(|n| n));
                assert_eq!(result(world, source.pipe($sink)).expect("a result"), $some);
            });
            let none = result(ONE_LOOP, Source::<u64>::empty().pipe($sink));
            assert_eq!(none.expect("a result"), $none);
        })*
    };
}

gives! {
    first_gives_the_first: first(), Some(0), None;
    last_gives_the_last: last(), Some(49), None;
    count_counts: count(), 50, 0;
    reduce_combines: reduce(|sum, n| sum + n), Some(49 * 25), None;
    find_finds_the_first: find(|n: &u64| *n % 7 == 6), Some(6), None;
    find_may_find_nothing: find(|n: &u64| *n > 50), None, None;
    any_is_true_for_one: any(|n| n == 49), true, false;
    any_is_false_for_none: any(|n: u64| n == 50), false, false;
    all_is_true_for_all: all(|n| n < 50), true, true;
    all_is_false_for_one: all(|n| n != 30), false, true;
}

#[test]
fn sinks_that_know_early_end_an_endless_source() {
    in_each_place(|standing, world| {
        let endless = || standing.stand(Source::iter(0_u64..), map(|n| n));
        assert_eq!(result(world, endless().first()).expect("a result"), Some(0));
        assert_eq!(result(world, endless().find(|n| *n > 99)).expect("a result"), Some(100));
        assert!(result(world, endless().any(|n| n > 99)).expect("a result"));
        assert!(!result(world, endless().all(|n| n < 99)).expect("a result"));
    });
}

#[test]
fn try_for_each_gives_a_summary() {
    let each = try_for_each(|_: u64| Ok::<(), std::fmt::Error>(()));
    assert_eq!(result(ONE_LOOP, Source::iter(0..7).pipe(each)).expect("a summary").items, 7);
}
