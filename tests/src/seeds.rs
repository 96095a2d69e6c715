//! Where randomized tests take their seeds from.
//!
//! `ROUNDSMAN_SEED=17 cargo test …` runs every one of them with that seed alone. Each test names the seed when it
//! fails.

use std::env;

use roundsman::{Builder, Runtime};

/// The seed that the environment asks for.
///
/// # Panics
/// If `ROUNDSMAN_SEED` is no number.
#[must_use]
pub fn asked_for() -> Option<u64> {
    let text = env::var("ROUNDSMAN_SEED").ok()?;
    Some(text.trim().parse().expect("ROUNDSMAN_SEED is a whole number"))
}

/// The seeds of a test that takes `count` of them: these, or the one that was asked for.
pub fn seeds(count: u64) -> impl Iterator<Item = u64> {
    match asked_for() {
        Some(seed) => seed..=seed,
        None => 1..=count,
    }
}

/// A simulated world.
pub fn world(seed: u64, loops: usize) -> Builder {
    Runtime::builder().simulated(seed).loops(loops)
}

/// Runs `test` with each seed on each number of loops, and names both if it panics.
///
/// # Panics
/// If `test` does.
pub fn each_world(count: u64, loops: impl IntoIterator<Item = usize>, test: impl Fn(u64, usize)) {
    for loops in loops {
        for seed in seeds(count) {
            let named = Named { seed, loops };
            test(seed, loops);
            std::mem::forget(named);
        }
    }
}

/// Says which world was run when a test's panic passes by.
struct Named {
    seed: u64,
    loops: usize,
}

impl Drop for Named {
    #[expect(clippy::disallowed_macros, reason = "a failing test says how to run it again")]
    fn drop(&mut self) {
        let Self { seed, loops } = self;
        eprintln!("in a simulated world of {loops} loops; again with ROUNDSMAN_SEED={seed}");
    }
}

/// Random numbers from a seed: SplitMix64.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Dice that fall as `seed` says.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `bound`.
    ///
    /// # Panics
    /// If `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    /// One of these.
    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }
}
