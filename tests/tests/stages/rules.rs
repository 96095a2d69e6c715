//! The rules of a link, on stages that wait: nothing is lost, doubled or late, demand is kept, and all ends alike.

use std::time::Duration;

use bytes::Bytes;
use roundsman::Backoff;
use roundsman::stream::Source;
use roundsman_tests::links::Kind;
use roundsman_tests::payload::{Payload, total};
use roundsman_tests::trial::{Keep, PATTERNS, Trial};

use crate::{in_worlds, millis};

const ITEMS: u64 = 60;

/// Runs a stage that passes on what comes through everything that may happen to it.
fn keeps_the_rules<T: Payload>(kind: Kind<T>) {
    let (all, middle) = (total::<T>(ITEMS), total::<T>(ITEMS / 2));
    in_worlds(4, |world| {
        for keep in PATTERNS {
            let trial = Trial::new(kind, ITEMS).keep(keep);
            let endless = Trial::new(kind, u64::MAX).keep(keep);
            let report = trial.run(world);
            assert_eq!((report.weight, report.source.items()), (all, ITEMS), "{report:#?}");
            assert!(!report.disorder && report.late == 0, "{report:#?}");
            assert!(report.most_ahead <= trial.ahead_max(), "{report:#?}");
            assert!(matches!(report.ends[..], [Ok(_)]), "{report:#?}");
            assert_eq!(report.source.drops(), 1, "{report:#?}");
            for (trial, cancelled) in
                [(endless.cancel_at(middle), true), (trial.panic_at(middle), false)]
            {
                let report = trial.run(world);
                let [Err(error)] = &report.ends[..] else { panic!("{report:#?}") };
                assert_eq!(error.is_cancelled(), cancelled, "{report:#?}");
                assert_eq!((report.source.drops(), report.late), (1, 0), "{report:#?}");
            }
        }
        let report = Trial::new(kind, 1_000).keep(Keep::Everything).run(world);
        assert!((T::WINDOW..=T::LINK).contains(&report.weight), "{report:#?}");
        assert!(report.most_ahead <= T::LINK + kind.slack, "{report:#?}");
    });
}

fn backoff() -> Backoff {
    Backoff::exponential(millis(1), millis(2))
}

fn tried_once<T: Send + 'static>(source: Source<T>) -> Source<T> {
    let mut source = Some(source);
    Source::retry(1, backoff(), move || source.take().expect("it is tried once"))
}

#[test]
fn throttle_keeps_the_rules() {
    keeps_the_rules::<u64>(Kind::within(1, |source, _| source.throttle(20, millis(10))));
    keeps_the_rules::<Bytes>(Kind::within(1, |source, _| source.throttle(20, millis(10))));
}

#[test]
fn throttle_bytes_keeps_the_rules() {
    keeps_the_rules::<Bytes>(Kind::within(1, |source, _| source.throttle_bytes(200_000_000)));
}

#[test]
fn delay_keeps_the_rules() {
    keeps_the_rules::<u64>(Kind::within(1, |source, _| source.delay(millis(3))));
    keeps_the_rules::<Bytes>(Kind::within(1, |source, _| source.delay(millis(3))));
}

#[test]
fn timeouts_that_are_not_reached_keep_the_rules() {
    keeps_the_rules::<u64>(Kind::within(1, |source, _| source.timeout(HOUR)));
    keeps_the_rules::<u64>(Kind::within(1, |source, _| source.completion_timeout(HOUR)));
    keeps_the_rules::<Bytes>(Kind::within(1, |source, _| source.timeout(HOUR)));
}

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn map_on_pool_keeps_the_rules() {
    keeps_the_rules::<u64>(Kind::within(1, |source, _| source.map_on_pool(4, |item| item)));
    // Four of the largest blocks are as much as two links and a half.
    keeps_the_rules::<Bytes>(Kind::within(3, |source, _| source.map_on_pool(4, |item| item)));
}

#[test]
fn retry_keeps_the_rules() {
    keeps_the_rules::<u64>(Kind::within(1, |source, _| tried_once(source)));
    keeps_the_rules::<Bytes>(Kind::within(1, |source, _| tried_once(source)));
}

#[test]
fn recover_with_keeps_the_rules() {
    keeps_the_rules::<u64>(Kind::within(1, |source, _| source.recover_with(|_| None)));
    keeps_the_rules::<u64>(Kind::within(2, |source, _| {
        source.boundary().recover_with(|_| None).boundary()
    }));
}
