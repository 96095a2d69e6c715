//! What takes several sources and gives one: `merge`, `zip`, `concat`, `flat_merge`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use roundsman::Placement;
use roundsman::stream::{Source, concat, merge};
use roundsman_tests::counted::Count;
use roundsman_tests::outcome::{ONE_LOOP, result};
use roundsman_tests::patience::must_end;

use crate::{counted, each_result, failing, in_worlds, is_panic};

/// Items of one source among several: which source, and which item.
fn tagged(source: u64, items: u64) -> Source<(u64, u64)> {
    Source::iter((0..items).map(move |item| (source, item)))
}

#[test]
fn merge_gives_every_item_of_every_source_in_its_own_order() {
    let make = || {
        let sources = (0..5_u64).map(|n| {
            let source = tagged(n, n * 30);
            if n % 2 == 0 { source.on(Placement::Loop(n as usize)) } else { source }
        });
        merge(sources).collect()
    };
    each_result(make, |items| {
        let items = items.expect("all end");
        for source in 0..5 {
            let of_one = items.iter().filter(|(from, _)| *from == source).map(|(_, item)| *item);
            assert!(of_one.eq(0..source * 30), "{items:?}");
        }
    });
}

#[test]
fn merge_of_nothing_ends_at_once() {
    each_result(|| merge::<u8>([]).collect(), |items| assert_eq!(items.ok(), Some(vec![])));
}

#[test]
fn merge_of_sources_that_never_begin_to_flow_ends_when_they_do() {
    let make = || merge((0..3).map(|_| Source::<u8>::iter([]).boundary())).collect();
    each_result(make, |items| assert_eq!(items.ok(), Some(vec![])));
}

#[test]
fn no_source_of_a_merge_starves_another() {
    // The first two never end and are always ready; the last has two windows, and all of them must come soon.
    let make = || {
        let mut last = 0;
        let sources = [tagged(0, u64::MAX), tagged(1, u64::MAX), tagged(2, 32)];
        merge(sources).zip(Source::iter(0_u64..1_000)).map(move |((from, _), at)| {
            if from == 2 {
                last = at;
            }
            last
        })
    };
    each_result(
        move || make().fold(0, |_, last| last),
        |last| {
            let last = last.expect("zip ends it");
            assert!((31..300).contains(&last), "the last item of the short source came at {last}");
        },
    );
}

#[test]
fn merge_holds_no_more_than_a_window_of_each_source() {
    let counts = [Count::default(), Count::default(), Count::default()];
    in_worlds(20, |world| {
        let counts: Vec<_> = counts.iter().map(|_| Count::default()).collect();
        let sources: Vec<_> = counts.iter().map(|count| counted(u64::MAX, count)).collect();
        // Nobody asks for more than a few.
        let some = merge(sources).zip(Source::iter(0..5));
        assert_eq!(result(world, some.collect()).expect("a list").len(), 5);
        for count in &counts {
            assert!(count.items() <= 16 + 8 * 5, "{count:?}");
            assert_eq!(count.drops(), 1, "{count:?}");
        }
    });
}

#[test]
fn a_failure_of_one_source_of_a_merge_fails_all_and_lets_the_others_go() {
    in_worlds(20, |world| {
        let count = Count::default();
        let sources =
            [counted(u64::MAX, &count), failing(20), counted(u64::MAX, &count).boundary()];
        let error = result(world, merge(sources).for_each(drop)).expect_err("a failure");
        assert!(is_panic(&error) && error.stage() == "iter, map", "{error}");
        assert_eq!(count.drops(), 2);
    });
}

#[test]
fn merge_carries_bytes_in_their_own_window() {
    let make = || {
        let blocks = || Source::iter(std::iter::repeat_n(Bytes::from(vec![7; 40_000]), 50));
        blocks().merge(blocks()).boundary().for_each(drop)
    };
    each_result(make, |summary| {
        let summary = summary.expect("both end");
        assert_eq!((summary.items, summary.bytes), (100, 4_000_000));
    });
}

#[test]
fn zip_pairs_items_in_order_and_ends_with_the_shorter() {
    for (a, b) in [(40, 60), (60, 40), (50, 50), (0, 10), (10, 0), (1, u64::MAX)] {
        let make = move || {
            let first = Source::iter(0..a).on(Placement::Loop(1));
            first.zip(Source::iter(0..b).map(|n| n * 2)).collect()
        };
        each_result(make, |pairs| {
            let pairs = pairs.expect("one ends");
            assert!(pairs.into_iter().eq((0..a.min(b)).map(|n| (n, n * 2))));
        });
    }
}

#[test]
fn zip_pulls_neither_source_more_than_one_ahead() {
    in_worlds(20, |world| {
        let (first, second) = (Count::default(), Count::default());
        let pairs = counted(7, &first).zip(counted(u64::MAX, &second));
        assert_eq!(result(world, pairs.collect()).expect("a list").len(), 7);
        assert!((7..=8).contains(&second.items()), "{second:?}");
        assert_eq!((first.drops(), second.drops()), (1, 1));
    });
}

#[test]
fn zip_lets_a_source_go_that_has_not_begun() {
    // The other may begin on its own loop long after the pairs are at an end.
    in_worlds(60, |world| {
        let count = Count::default();
        let slow = counted(u64::MAX, &count).on(Placement::Loop(1)).on(Placement::Loop(2));
        let pairs = Source::<u8>::iter([]).zip(slow).collect();
        assert_eq!(result(world, pairs).ok(), Some(vec![]));
        assert_eq!(count.drops(), 1);
    });
}

#[test]
fn a_failure_of_one_side_of_a_zip_lets_the_other_go() {
    in_worlds(20, |world| {
        let count = Count::default();
        let pairs = counted(u64::MAX, &count).boundary().zip(failing(5));
        assert!(is_panic(&result(world, pairs.collect()).expect_err("a failure")));
        assert_eq!(count.drops(), 1);
    });
}

#[test]
fn a_panic_in_the_function_of_zip_with_fails_the_pipeline() {
    let make = || {
        let sums = Source::iter(0..10_u32).zip_with(Source::iter(0..10), |a, b| {
            assert!(a + b < 10, "it was told to");
            a + b
        });
        sums.collect()
    };
    each_result(make, |sums| assert!(is_panic(&sums.expect_err("a failure"))));
}

#[test]
fn concat_gives_one_source_after_another() {
    let make = || {
        let first = Source::iter(0..100_u64).on(Placement::Loop(1));
        first.concat(Source::iter(100..130).boundary()).concat(Source::iter(130..150)).collect()
    };
    each_result(make, |items| {
        assert!(items.expect("all end").into_iter().eq(0..150));
    });
    let make = || concat((0..30_u64).map(|n| Source::iter(n * 10..n * 10 + 10))).collect();
    each_result(make, |items| {
        assert!(items.expect("all end").into_iter().eq(0..300));
    });
}

#[test]
fn concat_of_nothing_ends_at_once() {
    each_result(|| concat::<u8, _>([]).collect(), |items| assert_eq!(items.ok(), Some(vec![])));
}

#[test]
fn concat_makes_a_source_only_when_the_one_before_has_ended() {
    in_worlds(20, |world| {
        let (made, ended) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let (making, counting) = (Arc::clone(&made), Arc::clone(&ended));
        let sources = (0..5_u64).map(move |n| {
            assert_eq!(making.fetch_add(1, Ordering::SeqCst), n);
            assert_eq!(counting.load(Ordering::SeqCst), n * 20, "what came before has gone on");
            Source::iter(0..20_u64)
        });
        let seen = Arc::clone(&ended);
        let pipeline = concat(sources).for_each(move |_| {
            seen.fetch_add(1, Ordering::SeqCst);
        });
        assert_eq!(result(world, pipeline).expect("all end").items, 100);
        assert_eq!(made.load(Ordering::SeqCst), 5);
    });
}

#[test]
fn concat_never_starts_what_follows_a_failure() {
    in_worlds(20, |world| {
        let count = Count::default();
        let pipeline = failing(20).concat(counted(5, &count)).collect();
        assert!(is_panic(&result(world, pipeline).expect_err("a failure")));
        assert_eq!((count.items(), count.drops()), (0, 1));
    });
}

#[test]
fn a_failure_of_a_later_source_fails_a_concat() {
    let make = || Source::iter(0..10).concat(failing(20)).collect();
    each_result(make, |items| {
        let error = items.expect_err("a failure");
        assert!(is_panic(&error) && error.stage() == "iter, map", "{error}");
    });
}

#[test]
fn a_cancel_reaches_the_source_whose_turn_it_is_and_drops_the_others() {
    in_worlds(20, |world| {
        let (running, waiting) = (Count::default(), Count::default());
        let later = counted(10, &waiting);
        let sources = Source::iter(0..20).concat(counted(u64::MAX, &running)).concat(later);
        let some = sources.zip(Source::iter(0..50));
        assert_eq!(result(world, some.collect()).expect("a list").len(), 50);
        assert_eq!((running.drops(), waiting.items(), waiting.drops()), (1, 0, 1));
    });
}

#[test]
fn flat_merge_gives_all_items_of_all_its_sources() {
    for breadth in [1, 3, 100] {
        let make = move || {
            let sources = Source::iter(0..20_u64).boundary();
            sources.flat_merge(breadth, |n| tagged(n, n * 3)).collect()
        };
        each_result(make, |items| {
            let items = items.expect("all end");
            for source in 0..20 {
                let of_one = items.iter().filter(|(from, _)| *from == source);
                assert!(of_one.map(|(_, item)| *item).eq(0..source * 3));
            }
            let in_turn = items.windows(2).all(|pair| pair[0].0 <= pair[1].0);
            assert!(in_turn || breadth > 1, "one after another: {items:?}");
        });
    }
}

#[test]
fn flat_merge_has_no_more_than_its_breadth_open() {
    in_worlds(20, |world| {
        let open = Arc::new(AtomicU64::new(0));
        let opened = Arc::clone(&open);
        let items = Source::iter(0..40_u64).flat_merge(3, move |n| {
            assert!(opened.fetch_add(1, Ordering::SeqCst) < 3, "at most three at a time");
            let closing = Closing(Arc::clone(&opened));
            Source::iter(0..n).map(move |item| {
                let _ = &closing;
                item
            })
        });
        assert_eq!(result(world, items.boundary().for_each(drop)).expect("all end").items, 780);
        assert_eq!(open.load(Ordering::SeqCst), 0);
    });
}

/// Counts down when a source closes.
struct Closing(Arc<AtomicU64>);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[test]
fn flat_merge_asks_for_items_only_as_places_become_free() {
    in_worlds(20, |world| {
        let outer = Count::default();
        let items = counted(u64::MAX, &outer).flat_merge(4, |_| Source::iter(0..100_u64));
        let some = items.zip(Source::iter(0..10)).collect();
        assert_eq!(result(world, some).expect("a list").len(), 10);
        assert!(outer.items() <= 4, "{outer:?}");
        assert_eq!(outer.drops(), 1);
    });
}

#[test]
fn a_failure_of_a_source_within_fails_a_flat_merge_and_lets_all_go() {
    in_worlds(20, |world| {
        let (outer, inner) = (Count::default(), Count::default());
        let opened = inner.clone();
        let items = counted(u64::MAX, &outer).flat_merge(3, move |n| {
            if n == 2 { failing(10) } else { counted(u64::MAX, &opened).boundary() }
        });
        assert!(is_panic(&result(world, items.for_each(drop)).expect_err("a failure")));
        assert_eq!((outer.drops(), inner.drops()), (1, 2));
    });
}

#[test]
fn a_panic_of_its_function_fails_a_flat_merge() {
    let make = || {
        let items = Source::iter(0..10_u32).flat_merge(2, |n| {
            assert!(n < 5, "it was told to");
            Source::iter(0..n)
        });
        items.collect()
    };
    each_result(make, |items| assert!(is_panic(&items.expect_err("a failure"))));
}

#[test]
fn a_cancel_lets_every_source_of_a_flat_merge_go_before_it_says_so() {
    in_worlds(20, |world| {
        let inner = Count::default();
        let opened = inner.clone();
        let items = Source::iter(0..3)
            .flat_merge(3, move |place| counted(u64::MAX, &opened).on(Placement::Loop(place)));
        let some = items.zip(Source::iter(0..100)).collect();
        assert_eq!(result(world, some).expect("a list").len(), 100);
        assert_eq!(inner.drops(), 3);
    });
}

#[test]
#[should_panic(expected = "no breadth")]
fn a_flat_merge_of_no_breadth_is_refused() {
    let _ = Source::iter(0..3).flat_merge(0, |n| Source::iter(0..n));
}

#[test]
fn many_empty_sources_one_after_another_do_not_grow_the_stack() {
    must_end(|| {
        let sources = concat((0..20_000).map(|_| Source::<u8>::iter([])));
        assert_eq!(result(ONE_LOOP, sources.collect()).ok(), Some(vec![]));
    });
}
