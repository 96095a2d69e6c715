//! Stages that wait: for time, for the pool, for another source in the place of one that has failed.

#[path = "stages/pool.rs"]
mod pool;
#[path = "stages/recovery.rs"]
mod recovery;
#[path = "stages/rules.rs"]
mod rules;
#[path = "stages/time.rs"]
mod time;

use std::time::Duration;

use roundsman::stream::Source;
use roundsman_tests::counted::{Count, Counted};
use roundsman_tests::seeds;
use roundsman_tests::trial::World;

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Items 0, 1, 2, …, and how far they were pulled.
fn counted(items: u64) -> (Source<u64>, Count) {
    let count = Count::default();
    (Source::iter(Counted::new(items, &count)), count)
}

/// So many simulated worlds on each of 1 to 3 loops.
fn in_worlds(count: u64, test: impl Fn(World)) {
    seeds::each_world(count, 1..=3, |seed, loops| test(World::Simulated { seed, loops }));
}

/// Numbers that come when as many milliseconds have passed, without an end.
fn at(times: &'static [u64]) -> Source<u64> {
    Source::every(millis(1)).filter(|now| times.contains(now))
}
