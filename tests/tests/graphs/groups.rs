//! `group_by`: a source of sources.

use roundsman::Placement;
use roundsman::stream::{Group, Source, TooManyGroups};
use roundsman_tests::counted::Count;
use roundsman_tests::outcome::result;
use roundsman_tests::trial::World;

use crate::{counted, each_result, failing, in_worlds, is_panic};

/// All items of a group, with its key.
fn tagged(group: Group<u64, u64>) -> Source<(u64, u64)> {
    let key = group.key;
    group.items().map(move |n| (key, n))
}

#[test]
fn each_group_gives_the_items_of_its_key_in_order() {
    let make = || {
        let groups = Source::iter(0..300_u64).boundary().group_by(7, |n| n % 7);
        let on_loops = groups.flat_merge(7, |group| {
            let place = Placement::Loop(group.key as usize);
            tagged(group).on(place).map(|item| item)
        });
        on_loops.collect()
    };
    each_result(make, |items| {
        let items = items.expect("all end");
        for key in 0..7 {
            let of_one = items.iter().filter(|(of, _)| *of == key).map(|(_, n)| *n);
            assert!(of_one.eq((key..300).step_by(7)), "{items:?}");
        }
    });
}

#[test]
fn ten_thousand_groups_flow_at_once() {
    // What is done for one message does not grow with the number of groups, or this would take minutes.
    let groups = Source::iter(0..30_000_u64).group_by(10_000, |n| n % 10_000);
    let items = groups.flat_merge(10_000, |group| group.items()).count();
    assert_eq!(result(World::Real { loops: 1 }, items).ok(), Some(30_000));
}

#[test]
fn more_groups_than_may_be_fail_the_pipeline_and_every_group() {
    in_worlds(20, |world| {
        let count = Count::default();
        let groups = counted(u64::MAX, &count).group_by(3, |n| n / 10);
        let error = result(world, groups.flat_merge(9, tagged).collect()).expect_err("too many");
        assert_eq!(error.cause_as(), Some(&TooManyGroups { max: 3 }), "{error}");
        assert_eq!(count.drops(), 1);
    });
}

#[test]
fn a_group_that_has_ended_is_forgotten_and_its_key_opens_a_new_one() {
    in_worlds(20, |world| {
        // Each group is left after two items, so there is never more than one, and of each key there are several.
        let groups = Source::iter(0..40_u64).group_by(1, |_| 0);
        let pairs = groups.flat_concat(|group| tagged(group).zip(Source::iter(0..2)));
        let items = result(world, pairs.collect()).expect("it ends");
        assert!(items.len() > 2, "{items:?}");
        assert!(items.iter().all(|((key, _), _)| *key == 0));
        assert!(items.is_sorted_by_key(|((_, n), _)| *n), "{items:?}");
    });
}

#[test]
fn groups_that_are_dropped_are_forgotten_and_hold_nobody_up() {
    in_worlds(20, |world| {
        let count = Count::default();
        let groups = counted(200, &count).group_by(2, |n| *n);
        assert_eq!(result(world, groups.for_each(drop)).expect("it ends").items, 200);
        assert_eq!((count.items(), count.drops()), (200, 1));
    });
}

#[test]
fn a_group_that_nobody_pipes_holds_the_others_up() {
    let count = Count::default();
    let groups = counted(500, &count).group_by(9, |n| n / 2);
    let kept = groups.fold(Vec::new(), |mut kept, group| {
        kept.push(group);
        kept
    });
    let root = move || {
        roundsman_tests::role::Role::idle().started(move |ctx| {
            kept.start(ctx, |result| result);
            Ok(())
        })
    };
    // Nothing can happen any more: the world ends, and with it the pipeline.
    let ended = roundsman_tests::role::play(roundsman_tests::seeds::world(1, 1), root);
    drop(ended);
    assert_eq!((count.items(), count.drops()), (16, 1), "a window");
}

#[test]
fn a_failure_above_fails_every_group() {
    in_worlds(20, |world| {
        let groups = failing(50).group_by(5, |n| n % 5);
        let lists = groups.flat_merge(5, tagged);
        assert!(is_panic(&result(world, lists.collect()).expect_err("a failure")));
    });
}

#[test]
fn a_panic_of_its_function_fails_the_pipeline() {
    in_worlds(20, |world| {
        let groups = Source::iter(0..50_u64).group_by(5, |n| {
            assert!(*n < 30, "it was told to");
            n % 5
        });
        assert!(is_panic(&result(world, groups.flat_merge(5, tagged).collect()).expect_err("bad")));
    });
}

#[test]
fn open_groups_go_on_when_nobody_takes_new_ones() {
    in_worlds(20, |world| {
        let count = Count::default();
        // Two groups are taken; the items of the third are dropped.
        let groups = counted(90, &count).group_by(3, |n| n % 3);
        let two = groups.zip(Source::iter(0..2)).map(|(group, _)| group);
        let items = result(world, two.flat_merge(2, tagged).collect()).expect("it ends");
        for key in 0..2 {
            let of_one = items.iter().filter(|(of, _)| *of == key).map(|(_, n)| *n);
            assert!(of_one.eq((key..90).step_by(3)), "{items:?}");
        }
        assert_eq!((items.len(), count.items(), count.drops()), (60, 90, 1));
    });
}
