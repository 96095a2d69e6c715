//! What pipelines end in, on every kind of link: `for_each`, `fold`, `collect`, and the summary's numbers.

use std::any::TypeId;
use std::time::Duration;

use bytes::Bytes;
use roundsman::stream::{Source, collect, fold, for_each};
use roundsman_tests::arrivals::Arrivals;
use roundsman_tests::counted::{Count, Counted};
use roundsman_tests::links::Kind;
use roundsman_tests::payload::{Payload, total};
use roundsman_tests::tally::Tally;

use crate::{ONE_LOOP, in_some_worlds, on_every_link, result, result_with};

on_every_link! {
    for_each_sees_every_item_once: crate::sinks::for_each_sees_every_item,
    fold_combines_all_items_in_order: crate::sinks::fold_combines_all_items,
    collect_gives_all_items_in_order: crate::sinks::collect_gives_all_items,
}

const ITEMS: u64 = 50;
/// On each number of loops, simulated; or real.
const WORLDS: (u64, u64) = (20, 3);

fn source<T: Payload>(count: &Count) -> Source<T> {
    Source::iter(Counted::new(ITEMS, count))
}

fn all_have_come<T: Payload>(arrivals: &Arrivals) {
    assert!(!arrivals.disorder(), "{arrivals:?}");
    assert_eq!(arrivals.weight(), total::<T>(ITEMS));
}

fn for_each_sees_every_item<T: Payload>(kind: Kind<T>) {
    in_some_worlds(kind, WORLDS, |world, _| {
        let count = Count::default();
        let source = source(&count);
        let tally = Tally::new(count, kind.order);
        let seen = tally.clone();
        let summary = result_with(world, kind.pairs, move |scope, pairs| {
            kind.join(source, scope, pairs).pipe(for_each(move |item: T| seen.arrived(&item)))
        });
        let summary = summary.expect("a summary");
        let counts = tally.counts();
        assert!(!counts.disorder, "{counts:?}");
        assert_eq!((counts.weight, counts.items), (total::<T>(ITEMS), summary.items));
        let bytes = TypeId::of::<T>() == TypeId::of::<Bytes>();
        assert_eq!(summary.bytes, if bytes { total::<T>(ITEMS) } else { 0 });
    });
}

fn fold_combines_all_items<T: Payload>(kind: Kind<T>) {
    in_some_worlds(kind, WORLDS, |world, _| {
        let count = Count::default();
        let source = source(&count);
        let sum = result_with(world, kind.pairs, move |scope, pairs| {
            let arrivals = Arrivals::new(kind.order);
            kind.join(source, scope, pairs).pipe(fold(arrivals, |mut arrivals, item: T| {
                arrivals.take(&item);
                arrivals
            }))
        });
        all_have_come::<T>(&sum.expect("a sum"));
        assert_eq!(count.drops(), 1);
    });
}

fn collect_gives_all_items<T: Payload>(kind: Kind<T>) {
    in_some_worlds(kind, WORLDS, |world, _| {
        let source = source(&Count::default());
        let items: Vec<T> = result_with(world, kind.pairs, move |scope, pairs| {
            kind.join(source, scope, pairs).pipe(collect())
        })
        .expect("a list");
        let mut arrivals = Arrivals::new(kind.order);
        items.iter().for_each(|item| arrivals.take(item));
        all_have_come::<T>(&arrivals);
    });
}

#[test]
fn an_empty_source_ends_with_what_the_sink_began_with() {
    assert_eq!(
        result(ONE_LOOP, Source::iter([]).pipe(fold(7, |sum, n: i32| sum + n))).ok(),
        Some(7)
    );
    assert_eq!(result(ONE_LOOP, Source::<u8>::iter([]).pipe(collect())).ok(), Some(Vec::new()));
    let summary = result(ONE_LOOP, Source::<u8>::iter([]).for_each(drop)).expect("a summary");
    assert_eq!((summary.items, summary.bytes, summary.elapsed), (0, 0, Duration::ZERO));
}

#[test]
fn filter_asks_on_until_what_was_asked_for_has_passed() {
    let source = Source::iter(0..100_000).filter(|n| n % 1_000 == 0).boundary();
    let kept = result(ONE_LOOP, source.pipe(collect())).expect("a list");
    assert!(kept.into_iter().eq((0..100).map(|n| n * 1_000)));
}

#[test]
fn an_empty_block_of_bytes_passes_and_takes_from_the_window() {
    let blocks = std::iter::repeat_n(Bytes::new(), 200_000);
    let source = Source::iter(blocks).boundary();
    let summary = result(ONE_LOOP, source.for_each(drop)).expect("a summary");
    assert_eq!((summary.items, summary.bytes), (200_000, 0));
}
