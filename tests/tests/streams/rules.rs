//! The rules of a link, by their numbers in `stream/mod.rs`, each on every kind of link there is.
//!
//! What needs no socket runs in 200 simulated worlds of 1 to 3 loops, and in a real one; what needs some, in 8 real ones:
//! every way to keep items is tried on every kind. Kinds with a file on the way end by themselves: see `Kind::whole`.

use roundsman_tests::links::Kind;
use roundsman_tests::payload::{Payload, items_of_window, total};
use roundsman_tests::seeds;
use roundsman_tests::trial::{Keep, PATTERNS, Report, Trial, World};

use crate::{in_worlds, on_every_link};

on_every_link! {
    rule_1_never_more_than_was_asked: crate::rules::never_more_than_was_asked,
    rule_1_memory_follows_demand: crate::rules::memory_follows_demand,
    rule_2_it_begins_first_and_once: crate::rules::it_begins_first_and_once,
    rule_3_items_come_one_after_another: crate::rules::items_come_one_after_another,
    rule_4_it_is_silent_after_the_end: crate::rules::it_is_silent_after_the_end,
    rule_5_the_end_needs_no_demand: crate::rules::the_end_needs_no_demand,
    rule_5_failure_needs_no_demand: crate::rules::failure_needs_no_demand,
    rule_6_cancel_is_idempotent_and_soon_obeyed: crate::rules::cancel_is_idempotent_and_soon_obeyed,
    rule_7_demand_adds_up: crate::rules::demand_adds_up,
    rule_8_the_stack_does_not_grow: crate::rules::the_stack_does_not_grow,
    rule_9_a_failure_reaches_both_ends_once: crate::rules::a_failure_reaches_both_ends_once,
}

fn pattern(number: u64) -> Keep {
    PATTERNS[number as usize % PATTERNS.len()]
}

fn the_end_came_once(report: &Report) {
    assert!(matches!(report.ends[..], [Ok(_)]), "{report:#?}");
    assert_eq!(report.source.drops(), 1, "{report:#?}");
}

fn never_more_than_was_asked<T: Payload>(kind: Kind<T>) {
    in_worlds(kind, |world, number| {
        // Now and then everything is kept; the next rule does so in every world.
        let all = number.is_multiple_of(4).then_some(Keep::Everything);
        for keep in std::iter::once(pattern(number)).chain(all) {
            let trial = Trial::new(kind, 75).keep(keep);
            let report = trial.run(world);
            assert!(report.most_kept <= T::LINK, "{keep:?}: {report:#?}");
            assert!(report.most_ahead <= trial.ahead_max(), "{keep:?}: {report:#?}");
        }
    });
}

fn memory_follows_demand<T: Payload>(kind: Kind<T>) {
    let check = |world, items| {
        // The source would give items for ever.
        let trial = Trial::new(kind, u64::MAX).keep(Keep::OneEveryTen).cancel_at(total::<T>(items));
        let report = trial.run(world);
        let all = if kind.whole { total::<T>(report.source.items()) } else { u64::MAX };
        assert!(report.weight >= total::<T>(items).min(all), "{report:#?}");
        assert!(report.most_kept <= T::LINK, "{report:#?}");
        assert!(report.most_ahead <= trial.ahead_max(), "{report:#?}");
    };
    if kind.pairs == 0 {
        seeds::each_world(3, 1..=3, |seed, loops| check(World::Simulated { seed, loops }, 1_000));
    } else {
        check(World::Real { loops: 2 }, 60);
    }
}

fn it_begins_first_and_once<T: Payload>(kind: Kind<T>) {
    in_worlds(kind, |world, _| {
        let report = Trial::new(kind, 75).keep(Keep::Everything).run(world);
        // Begun twice, two windows would have come; begun late, the first items would be missing.
        assert!((T::WINDOW..=T::LINK).contains(&report.weight), "{report:#?}");
        assert!(!report.disorder, "{report:#?}");
    });
}

fn items_come_one_after_another<T: Payload>(kind: Kind<T>) {
    in_worlds(kind, |world, number| {
        let report = Trial::new(kind, 50).keep(pattern(number)).run(world);
        assert!(!report.disorder, "{report:#?}");
        the_end_came_once(&report);
    });
}

fn it_is_silent_after_the_end<T: Payload>(kind: Kind<T>) {
    let middle = total::<T>(40);
    in_worlds(kind, |world, number| {
        let trial = Trial::new(kind, 60).keep(pattern(number));
        // An end, a failure, a cancel: each with every pattern, as the numbers go on.
        let trials = [trial, trial.panic_at(middle), trial.cancel_at(middle)];
        let report = trials[number as usize % 3].run(world);
        assert_eq!((report.ends.len(), report.late), (1, 0), "{report:#?}");
    });
}

fn the_end_needs_no_demand<T: Payload>(kind: Kind<T>) {
    in_worlds(kind, |world, _| {
        let trial = Trial::new(kind, items_of_window::<T>()).keep(Keep::Everything);
        let report = trial.run(world);
        assert_eq!(report.weight, T::WINDOW, "{report:#?}");
        the_end_came_once(&report);
    });
}

fn failure_needs_no_demand<T: Payload>(kind: Kind<T>) {
    in_worlds(kind, |world, _| {
        let trial = Trial::new(kind, 75).keep(Keep::Everything).cancel_at(T::WINDOW);
        let report = trial.run(world);
        assert!(matches!(&report.ends[..], [Err(error)] if error.is_cancelled()), "{report:#?}");
    });
}

fn cancel_is_idempotent_and_soon_obeyed<T: Payload>(kind: Kind<T>) {
    let limit = total::<T>(50);
    in_worlds(kind, |world, number| {
        let keep = pattern(number);
        let report = Trial::new(kind, u64::MAX).keep(keep).cancel_at(limit).run(world);
        assert!(matches!(&report.ends[..], [Err(error)] if error.is_cancelled()), "{report:#?}");
        // Soon: within a few turns, each of which may see a window go by. Where nothing waits for demand, a turn sees as
        // much as it has time for; that the source was let go says then that it was obeyed.
        if keep != Keep::ForEach {
            assert!(report.weight <= limit + 50 * T::LINK, "{report:#?}");
            assert!(report.source.weight() <= limit + 50 * T::LINK + kind.slack, "{report:#?}");
        }
        assert_eq!(report.source.drops(), 1, "{report:#?}");
    });
}

fn demand_adds_up<T: Payload>(kind: Kind<T>) {
    let all = total::<T>(60);
    in_worlds(kind, |world, number| {
        // Demand that was lost on its way would leave some of them behind.
        let report = Trial::new(kind, 60).keep(pattern(number)).run(world);
        assert_eq!((report.weight, report.source.items()), (all, 60), "{report:#?}");
        the_end_came_once(&report);
    });
}

fn the_stack_does_not_grow<T: Payload>(kind: Kind<T>) {
    // With a call for each item, the 2 MiB of a thread would not do.
    let small = T::WINDOW == u64::WINDOW && !kind.slow;
    let items = if small { 30_000 } else { 2_000 };
    for world in [World::Simulated { seed: 1, loops: 1 }, World::Real { loops: 1 }] {
        if kind.pairs == 0 || matches!(world, World::Real { .. }) {
            let report = Trial::new(kind, items).run(world);
            assert_eq!(report.weight, total::<T>(items));
            the_end_came_once(&report);
        }
    }
}

fn a_failure_reaches_both_ends_once<T: Payload>(kind: Kind<T>) {
    let limit = total::<T>(50);
    in_worlds(kind, |world, number| {
        let trial = Trial::new(kind, u64::MAX).keep(pattern(number)).panic_at(limit);
        let report = trial.run(world);
        let [Err(error)] = &report.ends[..] else { panic!("{report:#?}") };
        assert!(error.stage().contains("map"), "{report:#?}");
        assert!(!error.is_cancelled(), "{report:#?}");
        assert_eq!(report.source.drops(), 1, "{report:#?}");
        assert!(report.weight <= limit + T::LINK, "{report:#?}");
    });
}
