//! That no item is pulled in vain, and nothing ahead of demand.

use roundsman::stream::{Stage, map_while, scan, take_while};
use roundsman_tests::outcome::{ONE_LOOP, result};

use crate::{kept, list, numbers};

#[test]
fn take_pulls_as_many_as_it_gives_and_lets_the_source_go() {
    let (source, count) = numbers(1_000);
    assert_eq!(list(source.take(5)), [0, 1, 2, 3, 4]);
    assert_eq!((count.items(), count.drops()), (5, 1));
}

#[test]
fn take_pulls_as_many_over_a_link_right_before_it() {
    let (source, count) = numbers(1_000);
    assert_eq!(list(source.boundary().take(40)).len(), 40);
    assert_eq!((count.items(), count.drops()), (40, 1));
    let (source, count) = numbers(1_000);
    assert_eq!(list(source.boundary().map(|n| n).skip(2).chunks(3).take(1)), [[2, 3, 4]]);
    assert_eq!(count.items(), 5);
}

#[test]
fn take_0_ends_at_once_and_pulls_nothing() {
    for cut in [false, true] {
        let (source, count) = numbers(1_000);
        let source = if cut { source.boundary() } else { source };
        assert_eq!(list(source.take(0)), Vec::<u64>::new());
        assert_eq!((count.items(), count.drops()), (0, 1));
    }
}

#[test]
fn take_ends_as_soon_as_the_last_has_gone_on() {
    let (source, count) = numbers(u64::MAX);
    let kept = kept(source.take(16));
    assert_eq!(kept.items, (0..16).collect::<Vec<_>>());
    assert!(matches!(kept.end, Some(Ok(_))), "all of the window is kept, and it has ended");
    assert_eq!((count.items(), count.drops()), (16, 1));
}

#[test]
fn what_ends_at_an_item_pulls_that_item_and_no_more() {
    let stages: [(Stage<u64, u64>, &str); 3] = [
        (take_while(|n| *n < 5), "take_while"),
        (map_while(|n| (n < 5).then_some(n)), "map_while"),
        (scan((), |(), n| (n < 5).then_some(n)), "scan"),
    ];
    for (stage, name) in stages {
        let (source, count) = numbers(1_000);
        assert_eq!(list(source.through(stage)), [0, 1, 2, 3, 4], "{name}");
        assert_eq!((count.items(), count.drops()), (6, 1), "{name}");
    }
}

#[test]
fn what_ends_at_an_item_needs_no_demand_for_it() {
    let (source, count) = numbers(1_000);
    let kept = kept(source.take_while(|n| *n < 16));
    assert_eq!(kept.items.len(), 16);
    assert!(kept.end.is_none(), "the first that is not wanted is not asked for");
    assert_eq!(count.items(), 16);
    let (source, _) = numbers(1_000);
    let kept = crate::kept(source.take_while(|n| *n < 15));
    assert!(matches!(kept.end, Some(Ok(_))));
}

#[test]
fn skip_and_step_by_pull_what_leads_up_to_what_is_wanted() {
    let (source, count) = numbers(1_000);
    assert_eq!(list(source.skip(10).take(2)), [10, 11]);
    assert_eq!(count.items(), 12);
    let (source, count) = numbers(1_000);
    assert_eq!(list(source.step_by(3).take(3)), [0, 3, 6]);
    assert_eq!(count.items(), 7);
    let (source, count) = numbers(1_000);
    assert_eq!(list(source.skip_while(|n| *n < 10).take(2)), [10, 11]);
    assert_eq!(count.items(), 12);
}

#[test]
fn skip_skips_nothing_before_something_is_wanted() {
    let (source, count) = numbers(1_000);
    // The receiver's window is full with what the first item gives.
    let kept = kept(source.skip(10).flat_map(|n| n..));
    assert_eq!(kept.items, (10..26).collect::<Vec<_>>());
    assert_eq!(count.items(), 11);
}

#[test]
fn chunks_pull_what_fills_them() {
    let (source, count) = numbers(1_000);
    assert_eq!(list(source.chunks(4).take(2)), [[0, 1, 2, 3], [4, 5, 6, 7]]);
    assert_eq!(count.items(), 8);
    let (source, count) = numbers(1_000);
    assert_eq!(kept(source.chunks(10)).items.len(), 16);
    assert_eq!(count.items(), 160, "a window of chunks, and nothing of the next");
}

#[test]
fn dedup_filter_map_and_batches_pull_on_until_what_is_wanted_has_come() {
    let (source, count) = numbers(1_000);
    assert_eq!(list(source.map(|n| n / 10).dedup().take(3)), [0, 1, 2]);
    assert_eq!(count.items(), 21);
    let (source, count) = numbers(1_000);
    assert_eq!(list(source.filter_map(|n| (n % 10 == 0).then_some(n)).take(3)), [0, 10, 20]);
    assert_eq!(count.items(), 21);
    let (source, count) = numbers(1_000);
    assert_eq!(list(source.batch_by_weight(5, |_| 1).take(2)).concat().len(), 10);
    assert_eq!(count.items(), 10);
}

#[test]
fn sinks_that_know_early_pull_nothing_after_that() {
    let (source, count) = numbers(1_000);
    assert_eq!(result(ONE_LOOP, source.first()).expect("a result"), Some(0));
    assert_eq!((count.items(), count.drops()), (1, 1));
    let (source, count) = numbers(1_000);
    assert_eq!(result(ONE_LOOP, source.find(|n| *n == 7)).expect("a result"), Some(7));
    assert_eq!((count.items(), count.drops()), (8, 1));
    let (source, count) = numbers(1_000);
    assert!(result(ONE_LOOP, source.any(|n| n == 7)).expect("a result"));
    assert_eq!((count.items(), count.drops()), (8, 1));
    let (source, count) = numbers(1_000);
    assert!(!result(ONE_LOOP, source.all(|n| n < 7)).expect("a result"));
    assert_eq!((count.items(), count.drops()), (8, 1));
}

#[test]
fn first_pulls_one_item_over_a_link_right_before_it() {
    let (source, count) = numbers(1_000);
    assert_eq!(result(ONE_LOOP, source.boundary().first()).expect("a result"), Some(0));
    assert_eq!((count.items(), count.drops()), (1, 1));
}
