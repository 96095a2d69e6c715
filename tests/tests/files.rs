//! Files: as sources and sinks, whole, and in trees, in simulated worlds and in the real one.

#[path = "files/following.rs"]
mod following;
#[path = "files/reading.rs"]
mod reading;
#[path = "files/straight.rs"]
mod straight;
#[path = "files/walking.rs"]
mod walking;
#[path = "files/whole.rs"]
mod whole;
#[path = "files/writing.rs"]
mod writing;

use roundsman_tests::seeds;
use roundsman_tests::trial::World;

/// 60 simulated worlds and a real one.
fn in_worlds(test: impl Fn(World, u64)) {
    seeds::each_world(30, 1..=2, |seed, loops| test(World::Simulated { seed, loops }, seed));
    test(World::Real { loops: 2 }, 1);
}

/// Bytes that show when one is missing, doubled or at another place.
fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at % 251) as u8).collect()
}
