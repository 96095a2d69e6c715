//! What makes several sources of one: `broadcast`, `balance`, `partition`, `also_to`; and what joins them again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use roundsman::Placement;
use roundsman::stream::{Source, Summary, collect, fold, for_each};
use roundsman_tests::counted::Count;
use roundsman_tests::outcome::{ONE_LOOP, result};

use crate::{counted, each_result, failing, in_worlds, is_panic, results};

const ITEMS: u64 = 100;

#[test]
fn every_branch_of_a_broadcast_gets_every_item_in_order() {
    in_worlds(30, |world| {
        let count = Count::default();
        let branches = counted(ITEMS, &count).broadcast::<3>();
        let lists = results(world, branches.map(Source::collect).into());
        for list in lists {
            assert!(list.expect("it ends").into_iter().eq(0..ITEMS));
        }
        assert_eq!((count.items(), count.drops()), (ITEMS, 1));
    });
}

#[test]
fn an_empty_source_ends_every_branch() {
    in_worlds(20, |world| {
        let branches = Source::<u8>::iter([]).broadcast_vec(4);
        for list in results(world, branches.into_iter().map(Source::collect).collect()) {
            assert_eq!(list.ok(), Some(vec![]));
        }
    });
}

#[test]
fn the_slowest_branch_sets_the_pace() {
    in_worlds(30, |world| {
        let count = Count::default();
        let [fast, slow] = counted(u64::MAX, &count).broadcast();
        // The slow one takes ten items and no more, and the fast one then waits for it; the end of the slow one frees it.
        let seen = Arc::new(AtomicU64::new(0));
        let ahead = Arc::clone(&seen);
        let most = Arc::new(AtomicU64::new(0));
        let most_seen = Arc::clone(&most);
        let fast = fast.map(move |_| {
            let by = count.items().saturating_sub(ahead.load(Ordering::SeqCst));
            most_seen.fetch_max(by, Ordering::SeqCst);
        });
        let slow = slow.map(move |_| _ = seen.fetch_add(1, Ordering::SeqCst));
        let pairs = fast.zip(slow).zip(Source::iter(0..500));
        assert_eq!(result(world, pairs.fold(0, |n, _| n + 1)).ok(), Some(500));
        // One window on the way to each, and one in the hands of the branch.
        assert!(most.load(Ordering::SeqCst) <= 48, "{most:?}");
    });
}

#[test]
fn nothing_is_asked_for_until_each_branch_is_started_or_dropped() {
    let count = Count::default();
    let [first, second] = counted(ITEMS, &count).broadcast();
    // The second branch is held by the test while the world runs out of things to do.
    let pulled = count.clone();
    let world = roundsman_tests::seeds::world(1, 1);
    let root = move || {
        roundsman_tests::role::Role::idle().started(move |ctx| {
            first.for_each(drop).start(ctx, |result| result);
            Ok(())
        })
    };
    let ended = roundsman_tests::role::play(world, root);
    drop((ended, second));
    assert_eq!((pulled.items(), pulled.drops()), (0, 1));
}

#[test]
fn a_branch_that_is_dropped_before_it_is_started_drops_out() {
    in_worlds(20, |world| {
        let [dropped, kept, gone] = Source::iter(0..ITEMS).broadcast();
        drop(dropped);
        // Dropped by an actor while the other already waits.
        let kept = kept.zip(Source::iter(Some(gone)).map(drop).concat(Source::iter(0..).map(drop)));
        assert_eq!(result(world, kept.fold(0, |n, _| n + 1)).ok(), Some(ITEMS));
    });
}

#[test]
fn a_source_whose_branches_are_all_dropped_is_never_started() {
    let count = Count::default();
    drop(counted(ITEMS, &count).broadcast::<2>());
    assert_eq!((count.items(), count.drops()), (0, 1));
}

#[test]
fn a_branch_that_is_cancelled_leaves_the_others_alone() {
    in_worlds(30, |world| {
        let count = Count::default();
        let [short, long] = counted(ITEMS, &count).broadcast();
        let short = short.zip(Source::iter(0..5)).map(|(n, _)| n);
        let lists = results(world, vec![short.collect(), long.collect()]);
        let [short, long] = lists.try_into().expect("two");
        assert!(short.expect("it has enough").into_iter().eq(0..5));
        assert!(long.expect("it ends").into_iter().eq(0..ITEMS));
        assert_eq!(count.drops(), 1);
    });
}

#[test]
fn when_the_last_branch_has_gone_the_source_is_cancelled_before_the_pipelines_end() {
    in_worlds(30, |world| {
        let count = Count::default();
        let [a, b] = counted(u64::MAX, &count).on(Placement::Loop(2)).broadcast();
        let a = a.zip(Source::iter(0..10)).map(|(n, _)| n);
        let b = b.zip(Source::iter(0..20)).map(|(n, _)| n);
        // The root stops with this result, so what has not closed by then never will.
        let sums = a.merge(b).fold(0, |sum, n| sum + n);
        assert_eq!(result(world, sums).ok(), Some(45 + 190));
        assert_eq!(count.drops(), 1);
    });
}

#[test]
fn a_failure_in_one_branch_is_that_branchs_alone_whichever_is_started_first() {
    for first in [true, false] {
        in_worlds(20, |world| {
            let count = Count::default();
            let [bad, good] = counted(ITEMS, &count).broadcast();
            let bad = bad.map(|n| {
                assert!(n < 30, "it was told to");
                n
            });
            let pipelines = [bad.collect(), good.collect()];
            let pipelines =
                if first { pipelines.into() } else { pipelines.into_iter().rev().collect() };
            let mut lists = results(world, pipelines);
            let good = lists.remove(usize::from(first));
            assert!(good.expect("it ends").into_iter().eq(0..ITEMS));
            assert!(is_panic(&lists.remove(0).expect_err("it fails")));
            assert_eq!(count.drops(), 1);
        });
    }
}

#[test]
fn a_failure_of_the_source_reaches_every_branch() {
    in_worlds(20, |world| {
        let branches = failing(50).boundary().broadcast_vec(3);
        for list in results(world, branches.into_iter().map(Source::collect).collect()) {
            let error = list.expect_err("the source fails");
            assert!(is_panic(&error) && error.stage() == "iter, map", "{error}");
        }
    });
}

#[test]
fn a_failure_after_the_end_of_the_source_fails_every_branch() {
    in_worlds(20, |world| {
        // The sink beside fails at its last item, which comes when the branches may have had their end.
        let late = for_each(|n: u64| assert!(n < 19, "it was told to"));
        let branches = Source::iter(0..20_u64).also_to(late).broadcast_vec(2);
        for list in results(world, branches.into_iter().map(Source::collect).collect()) {
            assert!(is_panic(&list.expect_err("what feeds it has failed")));
        }
    });
}

#[test]
fn a_panic_as_an_item_is_cloned_fails_the_source() {
    #[derive(Debug)]
    struct Odd(u64);
    impl Clone for Odd {
        fn clone(&self) -> Self {
            assert!(self.0 != 7, "it was told to");
            Self(self.0)
        }
    }
    in_worlds(10, |world| {
        let branches = Source::iter((0..20).map(Odd)).broadcast_vec(2);
        for list in results(world, branches.into_iter().map(Source::collect).collect()) {
            assert!(is_panic(&list.expect_err("it cannot be cloned")));
        }
    });
}

#[test]
fn broadcast_carries_bytes_in_their_own_window() {
    in_worlds(20, |world| {
        let blocks = Source::iter(std::iter::repeat_n(Bytes::from(vec![7; 50_000]), 40));
        let [a, b] = blocks.broadcast();
        let summary = result(world, a.merge(b.boundary()).for_each(drop));
        assert_eq!(summary.expect("both end").bytes, 2 * 40 * 50_000);
    });
}

#[test]
fn a_diamond_gives_each_item_beside_itself() {
    let make = || {
        let [a, b] = Source::iter(0..200_u64).on(Placement::Loop(2)).broadcast();
        let a = a.map(|n| n * 2).on(Placement::Loop(1));
        a.zip(b.map(|n| n * 3).boundary().boundary()).collect()
    };
    each_result(make, |pairs| {
        assert!(pairs.expect("it ends").into_iter().eq((0..200).map(|n| (n * 2, n * 3))));
    });
}

#[test]
fn a_diamond_flows_while_one_arm_needs_no_more_than_half_a_window_more_than_the_other() {
    let make = || {
        let [a, b] = Source::iter(0..300_u64).broadcast();
        // Eight are refused in all.
        a.filter(|n| n % 40 != 0).zip(b).collect()
    };
    each_result(make, |pairs| {
        let expected = (0..300).filter(|n| n % 40 != 0).zip(0..);
        assert!(pairs.expect("it ends").into_iter().eq(expected));
    });
}

#[test]
fn a_diamond_of_diamonds_flows() {
    let make = || {
        let [a, b] = Source::iter(0..100_u64).broadcast();
        let [c, d] = a.map(|n| n + 1).broadcast();
        let c = c.zip_with(d.boundary(), |c, d| c * d);
        c.zip(b.on(Placement::Loop(1))).collect()
    };
    each_result(make, |pairs| {
        let expected = (0..100).map(|n| ((n + 1) * (n + 1), n));
        assert!(pairs.expect("it ends").into_iter().eq(expected));
    });
}

#[test]
fn a_failure_in_one_arm_of_a_diamond_fails_it_and_lets_the_source_go() {
    in_worlds(20, |world| {
        let count = Count::default();
        let [a, b] = counted(u64::MAX, &count).broadcast();
        let a = a.boundary().map(|n| {
            assert!(n < 40, "it was told to");
            n
        });
        assert!(is_panic(&result(world, a.zip(b).collect()).expect_err("a failure")));
        assert_eq!(count.drops(), 1);
    });
}

#[test]
fn each_item_of_a_balance_goes_to_one_branch() {
    in_worlds(30, |world| {
        let count = Count::default();
        let branches = counted(ITEMS, &count).balance::<3>();
        let lists = results(world, branches.map(Source::collect).into());
        let lists: Vec<_> = lists.into_iter().map(|list| list.expect("it ends")).collect();
        assert!(lists.iter().all(|list| list.is_sorted()), "{lists:?}");
        let mut all = lists.concat();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..ITEMS));
        assert_eq!(count.drops(), 1);
    });
}

#[test]
fn branches_of_a_balance_that_have_asked_take_turns() {
    let [a, b] = Source::iter(0..ITEMS).balance();
    let shares = a.map(|_| 0).merge(b.map(|_| 1)).fold([0_u64; 2], |mut shares, from: usize| {
        shares[from] += 1;
        shares
    });
    let shares = result(ONE_LOOP, shares).expect("it ends");
    assert!(shares.iter().all(|share| *share >= 20), "{shares:?}");
}

#[test]
fn a_branch_of_a_balance_that_is_cancelled_leaves_the_rest_to_the_others() {
    in_worlds(30, |world| {
        let [short, long] = Source::iter(0..ITEMS).balance();
        let short = short.zip(Source::iter(0..5)).map(|(n, _)| n);
        let lists = results(world, vec![short.collect(), long.collect()]);
        let taken: usize = lists.into_iter().map(|list| list.expect("it ends").len()).sum();
        assert!((ITEMS as usize - 1..=ITEMS as usize).contains(&taken), "{taken} were taken");
    });
}

#[test]
fn a_failed_branch_of_a_balance_leaves_the_others_alone() {
    in_worlds(20, |world| {
        let [bad, good] = Source::iter(0..ITEMS).balance();
        let bad = bad.map(|_| -> u64 { panic!("it was told to") });
        let [bad, good] =
            results(world, vec![bad.collect(), good.collect()]).try_into().expect("2");
        assert!(is_panic(&bad.expect_err("it panics")));
        // A window of 16 was on its way to the one that has failed.
        assert!(good.expect("it ends").len() as u64 >= ITEMS - 16);
    });
}

#[test]
fn partition_parts_items_by_kind_in_order() {
    in_worlds(20, |world| {
        let [even, odd] = Source::iter(0..ITEMS).partition(|n| n % 2 == 0);
        let lists = results(world, vec![even.collect(), odd.collect()]);
        let [even, odd] = lists.try_into().expect("two");
        assert!(even.expect("it ends").into_iter().eq((0..ITEMS).step_by(2)));
        assert!(odd.expect("it ends").into_iter().eq((1..ITEMS).step_by(2)));
    });
}

#[test]
fn a_panic_of_its_function_fails_both_parts_of_a_partition() {
    in_worlds(10, |world| {
        let parts = Source::iter(0..ITEMS).partition(|n| {
            assert!(*n < 50, "it was told to");
            n % 2 == 0
        });
        for list in results(world, parts.map(Source::collect).into()) {
            assert!(is_panic(&list.expect_err("a failure")));
        }
    });
}

#[test]
fn also_to_gives_each_item_to_both_and_counts_it_once() {
    in_worlds(20, |world| {
        let seen = Arc::new(AtomicU64::new(0));
        let sum = Arc::clone(&seen);
        let beside = for_each(move |n: u64| _ = sum.fetch_add(n, Ordering::SeqCst));
        let pipeline = Source::iter(0..ITEMS).also_to(beside).for_each(drop);
        let Summary { items, .. } = result(world, pipeline).expect("both end");
        assert_eq!((items, seen.load(Ordering::SeqCst)), (ITEMS, ITEMS * (ITEMS - 1) / 2));
    });
}

#[test]
fn a_failure_of_the_sink_beside_fails_the_pipeline() {
    in_worlds(20, |world| {
        let count = Count::default();
        let beside = for_each(|n: u64| assert!(n < 50, "it was told to"));
        let pipeline = counted(u64::MAX, &count).also_to(beside).for_each(drop);
        let error = result(world, pipeline).expect_err("a failure");
        assert!(is_panic(&error) && error.stage() == "for_each", "{error}");
        assert_eq!(count.drops(), 1);
    });
}

#[test]
fn the_sink_beside_ends_when_what_follows_wants_no_more() {
    in_worlds(20, |world| {
        let count = Count::default();
        let watched = counted(u64::MAX, &count).also_to(fold(0, |n, _| n + 1).map_result(drop));
        let some = watched.zip(Source::iter(0..10)).pipe(collect());
        assert_eq!(result(world, some).expect("it has enough").len(), 10);
        assert_eq!(count.drops(), 1);
    });
}
