//! Graphs of streams: sources joined, split, and joined again.

#[path = "graphs/fan_in.rs"]
mod fan_in;

use roundsman::stream::{PipeError, Pipeline};
use roundsman_tests::outcome;
use roundsman_tests::seeds;
use roundsman_tests::trial::World;

/// Simulated worlds of one to three loops, and a real one.
fn in_worlds(each: u64, test: impl Fn(World)) {
    seeds::each_world(each, 1..=3, |seed, loops| test(World::Simulated { seed, loops }));
    test(World::Real { loops: 2 });
}

/// What becomes of the pipeline that `make` makes, in each of some worlds.
fn each_result<R: Send + 'static>(
    make: impl Fn() -> Pipeline<R>,
    check: impl Fn(Result<R, PipeError>),
) {
    in_worlds(20, |world| check(outcome::result(world, make())));
}
