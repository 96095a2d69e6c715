//! Stages that wait for time to pass.

use std::time::Duration;

use bytes::Bytes;
use roundsman::stream::{Overdue, Source, TimedOut, collect};
use roundsman_tests::outcome::{ONE_LOOP, result};
use roundsman_tests::timeline::Taken;

use crate::{at, counted, in_worlds, millis};

#[test]
fn tick_n_comes_when_the_period_has_passed_n_times() {
    in_worlds(20, |world| {
        let ticks = Taken::at_once().cancel_at(55).run(world, Source::every(millis(10)));
        assert_eq!(ticks.items, [(10, 1), (20, 2), (30, 3), (40, 4), (50, 5)]);
        assert!(ticks.end.unwrap_err().is_cancelled());
    });
}

#[test]
fn ticks_that_nobody_asks_for_are_skipped_and_only_the_latest_waits() {
    in_worlds(20, |world| {
        let taken = Taken::at_once().keep_until(305).cancel_at(325);
        let ticks = taken.run(world, Source::every(millis(10)));
        // A window of 16 was asked for at once, and more when it was let go.
        let (asked, later) = ticks.items.split_at(16);
        assert!(asked.iter().all(|(at, n)| *at == n * 10), "{asked:?}");
        assert_eq!(later, [(305, 30), (310, 31), (320, 32)]);
    });
}

#[test]
fn ticks_of_less_than_a_millisecond_come_each_millisecond() {
    let ticks = Taken::at_once().cancel_at(4).run(ONE_LOOP, Source::every(Duration::ZERO));
    assert_eq!(ticks.values()[..3], [1, 2, 3]);
}

#[test]
fn throttle_lets_a_first_batch_pass_at_once_and_the_rest_evenly() {
    in_worlds(20, |world| {
        let passed = Taken::at_once().run(world, Source::iter(0..9_u64).throttle(4, millis(40)));
        let times: Vec<_> = passed.items.iter().map(|(at, _)| *at).collect();
        assert_eq!(times, [0, 0, 0, 0, 10, 20, 30, 40, 50]);
        assert_eq!(passed.ended_at, 50, "the end waits for nothing more");
        assert_eq!(passed.values(), Vec::from_iter(0..9));
    });
}

#[test]
fn throttle_never_lets_more_pass_than_it_may_in_any_span_of_time() {
    in_worlds(20, |world| {
        // Three each 7 ms is no whole number of milliseconds for one.
        let source = at(&[1, 2, 3, 40, 41, 42, 43, 44]).boundary();
        let many = source.map(|n| vec![n; 5]).chunks_within(2, millis(1));
        let passed = Taken::at_once().cancel_at(200).run(world, many.throttle(3, millis(7)));
        for (first, (from, _)) in passed.items.iter().enumerate() {
            for (last, (to, _)) in passed.items.iter().enumerate().skip(first) {
                let most = 3 * 7 + 3 * (to - from);
                assert!((last - first + 1) as u64 * 7 <= most, "{:?}", passed.items);
            }
        }
    });
}

#[test]
fn throttle_holds_the_source_back() {
    in_worlds(20, |world| {
        let (source, count) = counted(u64::MAX);
        let taken = Taken::at_once().cancel_at(1_005);
        let passed = taken.run(world, source.throttle(1, millis(100)));
        assert_eq!(passed.items.len(), 11);
        assert!(count.items() <= 11 + 16, "{} were pulled", count.items());
    });
}

#[test]
fn throttle_bytes_spaces_blocks_out_and_splits_none() {
    in_worlds(20, |world| {
        let sizes = [1_000, 5_000, 100, 900, 1_000];
        let blocks = sizes.map(|size| Bytes::from(vec![b'x'; size]));
        let passed = Taken::at_once().run(world, Source::iter(blocks).throttle_bytes(10_000));
        let seen: Vec<_> = passed.items.iter().map(|(at, block)| (*at, block.len())).collect();
        // Each when those before it have had their time, and up to 10 ms early against that.
        assert_eq!(seen, [(0, 1_000), (90, 5_000), (590, 100), (600, 900), (690, 1_000)]);
    });
}

#[test]
fn late_timers_do_not_add_up() {
    // A block takes a third of a millisecond, which no timer can wait for.
    let blocks = vec![Bytes::from_static(&[0; 1_000]); 3_000];
    let source = Source::iter(blocks).throttle_bytes(3_000_000);
    let passed = Taken::at_once().run(ONE_LOOP, source);
    assert_eq!(passed.ended_at, 990, "a second, less 10 ms");
}

#[test]
fn debounce_gives_the_last_item_once_it_has_been_quiet() {
    in_worlds(20, |world| {
        let source = at(&[10, 20, 30, 200, 210, 500]).debounce(millis(100));
        let given = Taken::at_once().cancel_at(700).run(world, source);
        assert_eq!(given.items, [(130, 30), (310, 210), (600, 500)]);
    });
}

#[test]
fn the_end_flushes_what_is_debounced() {
    in_worlds(20, |world| {
        let source = Source::iter([1, 2, 3]).debounce(Duration::from_secs(3600));
        let given = Taken::at_once().run(world, source);
        assert_eq!((given.items, given.ended_at), (vec![(0, 3)], 0));
    });
}

#[test]
fn debounce_holds_one_item_however_long_nobody_asks() {
    in_worlds(5, |world| {
        let source = Source::every(millis(1)).filter(|n| n % 10 == 0).debounce(millis(5));
        let given = Taken::at_once().keep_until(997).cancel_at(1_020).run(world, source);
        let (asked, later) = given.items.split_at(16);
        assert_eq!(asked[15], (165, 160));
        assert_eq!(later, [(997, 990), (1_005, 1_000), (1_015, 1_010)]);
    });
}

#[test]
fn a_stream_that_gives_nothing_for_too_long_times_out() {
    in_worlds(20, |world| {
        let source = at(&[10, 20, 60]).timeout(millis(50));
        let timeline = Taken::at_once().run(world, source);
        let error = timeline.end.expect_err("nothing comes after 60");
        assert_eq!(
            (error.stage(), error.cause_as()),
            ("timeout", Some(&TimedOut { limit: millis(50) }))
        );
        assert_eq!((timeline.items.len(), timeline.ended_at), (3, 110));
        let text = error.to_string();
        assert!(text.contains("50ms") && text.contains("raise the limit"), "{text}");
    });
}

#[test]
fn a_stream_that_nobody_asks_does_not_time_out() {
    in_worlds(20, |world| {
        let source = Source::iter(0..40_u64).timeout(millis(100));
        let timeline = Taken::at_once().keep_until(10_000).run(world, source);
        assert_eq!(timeline.end.expect("it was not asked").items, 40);
    });
}

#[test]
fn a_stream_that_is_paused_does_not_time_out_and_its_time_begins_anew() {
    in_worlds(20, |world| {
        let source = at(&[10]).timeout(millis(100));
        let timeline = Taken::at_once().paused(50, 5_000).run(world, source);
        assert!(timeline.end.expect_err("nothing comes").cause_as::<TimedOut>().is_some());
        assert_eq!(timeline.ended_at, 5_100);
    });
}

#[test]
fn a_stream_that_has_not_ended_in_time_is_overdue() {
    in_worlds(20, |world| {
        let source = Source::every(millis(10)).completion_timeout(millis(95));
        let timeline = Taken::at_once().run(world, source);
        let error = timeline.end.expect_err("it never ends");
        assert_eq!(error.stage(), "completion_timeout");
        assert_eq!(error.cause_as(), Some(&Overdue { limit: millis(95) }));
        assert_eq!((timeline.items.len(), timeline.ended_at), (9, 95));
    });
}

#[test]
fn what_has_ended_and_waits_to_be_asked_for_is_not_overdue() {
    in_worlds(20, |world| {
        // One more line than the window that is asked for.
        let block = Bytes::from("a line\n".repeat(17));
        let source = Source::iter([block]).completion_timeout(millis(95)).lines(10);
        let timeline = Taken::at_once().keep_until(500).run(world, source);
        assert_eq!(timeline.end.expect("it ended in time").items, 17);
    });
}

#[test]
fn delay_moves_everything_and_the_end() {
    in_worlds(20, |world| {
        let source = at(&[1, 2, 7]).delay(millis(100));
        let timeline = Taken::at_once().cancel_at(150).run(world, source);
        assert_eq!(timeline.items, [(101, 1), (102, 2), (107, 7)]);
        let timeline = Taken::at_once().run(world, Source::iter([1, 2]).delay(millis(30)));
        assert_eq!((timeline.items, timeline.ended_at), (vec![(30, 1), (30, 2)], 30));
    });
}

#[test]
fn delay_keeps_no_more_than_a_window() {
    in_worlds(20, |world| {
        let (source, count) = counted(u64::MAX);
        let timeline = Taken::at_once().cancel_at(350).run(world, source.delay(millis(100)));
        assert_eq!(timeline.items.len(), 3 * 16);
        assert!(count.items() <= 4 * 16, "{} were pulled", count.items());
    });
}

#[test]
fn groups_go_when_they_are_full_or_their_time_has_come() {
    in_worlds(20, |world| {
        let source = at(&[1, 2, 3, 4, 20, 30, 31]).chunks_within(3, millis(10));
        let timeline = Taken::at_once().cancel_at(100).run(world, source);
        let groups = [(3, vec![1, 2, 3]), (14, vec![4]), (30, vec![20, 30]), (41, vec![31])];
        // At 30 the time of a group and its second item come together, in either order.
        let other = [(3, vec![1, 2, 3]), (14, vec![4]), (30, vec![20]), (40, vec![30, 31])];
        assert!(timeline.items == groups || timeline.items == other, "{:?}", timeline.items);
    });
}

#[test]
fn a_group_that_nobody_has_asked_for_grows_until_it_is_full() {
    in_worlds(20, |world| {
        let ticks = Source::every(millis(1)).chunks_within(10, millis(2));
        let timeline = Taken::at_once().keep_until(100).cancel_at(101).run(world, ticks);
        assert!(timeline.items[..16].iter().all(|(_, group)| group.len() <= 3));
        assert_eq!((timeline.items[16].0, timeline.items[16].1.len()), (100, 10));
    });
}

#[test]
fn the_end_flushes_a_group() {
    let groups = Source::iter(0..7).chunks_within(3, Duration::from_secs(3600));
    let groups = result(ONE_LOOP, groups.pipe(collect())).expect("they end");
    assert_eq!(groups, [vec![0, 1, 2], vec![3, 4, 5], vec![6]]);
}

#[test]
fn a_failure_overtakes_what_waits_and_names_the_stage_that_failed() {
    type Stage = fn(Source<u64>) -> Source<u64>;
    let stages: [Stage; 5] = [
        |source| source.throttle(1, Duration::from_secs(60)),
        |source| source.debounce(Duration::from_secs(60)),
        |source| source.delay(Duration::from_secs(60)),
        |source| source.timeout(Duration::from_secs(60)),
        |source| source.chunks_within(50, Duration::from_secs(60)).map(|group| group[0]),
    ];
    in_worlds(5, |world| {
        for stage in stages {
            let source =
                Source::every(millis(1)).map(|n| if n < 5 { n } else { panic!("told to") });
            let timeline = Taken::at_once().run(world, stage(source));
            let error = timeline.end.expect_err("it panicked");
            assert_eq!((error.stage(), timeline.ended_at), ("every, map", 5));
        }
    });
}

#[test]
fn nothing_in_any_time_is_refused() {
    let refused = |make: fn()| std::panic::catch_unwind(make).is_err();
    assert!(refused(|| drop(Source::iter([1]).throttle(0, Duration::from_secs(1)))));
    assert!(refused(|| drop(Source::iter([Bytes::new()]).throttle_bytes(0))));
    assert!(refused(|| drop(Source::iter([1]).chunks_within(0, Duration::from_secs(1)))));
}
