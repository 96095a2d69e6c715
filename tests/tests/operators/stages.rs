//! What goes through a stage, beside what goes through the iterator of that name, wherever the stage stands.

use proptest::prelude::*;
use roundsman::stream::{
    Source, Stage, batch_by_weight, chunks, dedup, enumerate, filter_map, flat_map, flatten,
    inspect, map_while, scan, skip, skip_while, step_by, take, take_while, try_map,
};
use roundsman_tests::outcome::result;
use std::convert::Infallible;

use crate::{in_each_place, list};

/// Compares what comes of `items` in each place with `expected`.
fn gives<In, Out>(items: &[In], stage: impl Fn() -> Stage<In, Out>, expected: &[Out])
where
    In: Clone + Send + 'static,
    Out: std::fmt::Debug + PartialEq + Send + 'static,
{
    in_each_place(|standing, world| {
        let source = standing.stand(Source::iter(items.to_vec()), stage());
        let given = result(world, source.collect()).expect("a list");
        assert_eq!(given, expected, "{standing:?} in {world:?}");
    });
}

/// Compares a stage on 0..100 with the iterator of its name.
macro_rules! as_for_iterators {
    ($($claim:ident: $stage:expr, $iterator:expr;)*) => {
        $(#[test]
        fn $claim() {
            let items: Vec<u64> = (0..100).collect();
            let expected: Vec<_> = $iterator(items.clone().into_iter()).collect();
            gives(&items, || $stage, &expected);
        })*
    };
}

type Items = std::vec::IntoIter<u64>;

as_for_iterators! {
    filter_map_gives_what_the_function_makes: filter_map(|n: u64| n.is_multiple_of(3).then_some(n * 2)),
        |items: Items| items.filter_map(|n| n.is_multiple_of(3).then_some(n * 2));
    flat_map_gives_what_the_iterators_give: flat_map(|n| 0..n % 7),
        |items: Items| items.flat_map(|n| 0..n % 7);
    scan_changes_its_state: scan(0, |sum, n: u64| { *sum += n; Some(*sum) }),
        |items: Items| items.scan(0, |sum, n: u64| { *sum += n; Some(*sum) });
    scan_ends_with_the_first_none: scan(0, |sum, n: u64| { *sum += n; (*sum < 500).then_some(*sum) }),
        |items: Items| items.scan(0, |sum, n: u64| { *sum += n; (*sum < 500).then_some(*sum) });
    take_gives_the_first: take(40), |items: Items| items.take(40);
    take_gives_all_if_there_are_fewer: take(400), |items: Items| items.take(400);
    take_while_gives_what_is_before_the_first_that_is_not_wanted: take_while(|n| n % 50 < 49),
        |items: Items| items.take_while(|n| n % 50 < 49);
    map_while_gives_what_is_before_the_first_none: map_while(|n: u64| (n % 50 < 49).then_some(n + 1)),
        |items: Items| items.map_while(|n| (n % 50 < 49).then_some(n + 1));
    skip_gives_what_follows: skip(40), |items: Items| items.skip(40);
    skip_gives_nothing_if_there_are_fewer: skip(400), |items: Items| items.skip(400);
    skip_while_gives_all_from_the_first_that_is_wanted: skip_while(|n| n % 50 < 49),
        |items: Items| items.skip_while(|n| n % 50 < 49);
    enumerate_counts_from_0: enumerate(), |items: Items| (0..).zip(items);
    step_by_gives_the_first_and_every_so_manyth: step_by(7), |items: Items| items.step_by(7);
    step_by_1_gives_all: step_by(1), |items: Items| items;
    inspect_changes_nothing: inspect(|_| ()), |items: Items| items;
    try_map_gives_what_the_function_makes: try_map(|n: u64| Ok::<_, Infallible>(n * 2)),
        |items: Items| items.map(|n| n * 2);
}

#[test]
fn flatten_gives_what_collections_hold() {
    let nested = [vec![1, 2], vec![], vec![3], vec![], vec![]];
    gives(&nested, flatten, &[1, 2, 3]);
}

#[test]
fn dedup_drops_neighbours_that_are_equal_and_no_others() {
    gives(&[1, 1, 2, 2, 2, 1, 3, 3], dedup, &[1, 2, 1, 3]);
}

#[test]
fn chunks_are_full_but_for_the_last() {
    gives(&[1, 2, 3, 4, 5, 6, 7], || chunks(3), &[vec![1, 2, 3], vec![4, 5, 6], vec![7]]);
    gives(&[1, 2, 3, 4], || chunks(2), &[vec![1, 2], vec![3, 4]]);
    gives(&[1, 2], || chunks(usize::MAX), &[vec![1, 2]]);
    gives(&[] as &[u8], || chunks(2), &[]);
}

#[test]
#[should_panic(expected = "`chunks` takes 1 or more")]
fn chunks_of_0_are_refused() {
    drop(chunks::<u8>(0));
}

#[test]
#[should_panic(expected = "`step_by` takes 1 or more")]
fn steps_of_0_are_refused() {
    drop(step_by::<u8>(0));
}

#[test]
fn a_batch_is_closed_by_what_does_not_fit_and_what_is_too_heavy_goes_alone() {
    let batches = [vec![3, 1], vec![9], vec![2, 2], vec![4], vec![3]];
    gives(&[3, 1, 9, 2, 2, 4, 3], || batch_by_weight(4, |n| *n), &batches);
    gives(&[0, 0, 0, 0, 0], || batch_by_weight(2, |n| *n), &[vec![0, 0], vec![0, 0], vec![0]]);
    gives(&[1, 2], || batch_by_weight(0, |n| *n), &[vec![1], vec![2]]);
    gives(
        &[u64::MAX, u64::MAX],
        || batch_by_weight(u64::MAX, |n| *n),
        &[vec![u64::MAX], vec![u64::MAX]],
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn batches_hold_everything_in_order_within_the_limit_and_none_could_take_the_next(
        items in prop::collection::vec(0_u64..12, 0..60),
        max in 1_u64..12,
    ) {
        let weigh = |n: &u64| (*n).max(1);
        let weight = |batch: &[u64]| batch.iter().map(weigh).sum::<u64>();
        let batches = list(Source::iter(items.clone()).batch_by_weight(max, |n| *n));
        for (batch, next) in batches.iter().zip(batches.iter().skip(1)) {
            prop_assert!(weight(batch) + weigh(&next[0]) > max, "{batch:?} had room for {next:?}");
        }
        prop_assert!(batches.iter().all(|batch| batch.len() == 1 || weight(batch) <= max));
        prop_assert!(batches.iter().all(|batch| !batch.is_empty()));
        prop_assert_eq!(batches.concat(), items);
    }

    #[test]
    fn stages_in_a_row_do_what_iterators_in_a_row_do(
        items in prop::collection::vec(0_u64..50, 0..80),
        few in 0_u64..40,
        cuts in 0_u8..16,
    ) {
        let cut = |source: Source<u64>, bit: u8| match cuts >> bit & 1 {
            0 => source,
            _ => source.boundary(),
        };
        let source = cut(Source::iter(items.clone()), 0).skip(few / 4);
        let source = cut(source.flat_map(|n| 0..n % 5), 1).step_by(few / 10 + 1);
        let source = cut(source.filter_map(|n| (n != 3).then_some(n)), 2).take(few);
        let source = cut(source.chunks(3).flatten(), 3).enumerate();
        let expected = items.into_iter().skip((few / 4) as usize).flat_map(|n| 0..n % 5);
        let expected = expected.step_by((few / 10 + 1) as usize).filter(|n| *n != 3);
        let expected: Vec<_> = (0..).zip(expected.take(few as usize)).collect();
        prop_assert_eq!(list(source), expected);
    }
}
