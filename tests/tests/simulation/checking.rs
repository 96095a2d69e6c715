//! What a seed repeats, what fails it, and what is said then.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use roundsman::sim::{Check, Failed};

use super::{Sleeper, secs};

/// One host that sleeps.
fn quiet(sim: &roundsman::sim::Sim) -> roundsman::Outcome {
    sim.host("bed").loops(2).start(|| Sleeper(secs(1)));
    Ok(sim.run()?)
}

#[test]
fn what_does_not_fail_is_counted() {
    let checked = Check::new().seeds(7).run(quiet).unwrap();
    assert_eq!((checked.seeds, checked.messages), (7, 14));
}

#[test]
fn the_same_seeds_give_the_same_hash() {
    let hash = || Check::new().seeds(20).run(quiet).unwrap().hash;
    assert_eq!(hash(), hash());
}

#[test]
fn a_claim_that_does_not_hold_names_itself() {
    let failing = Check::new()
        .run(|sim| {
            let turns = Arc::new(AtomicU32::new(0));
            sim.invariant("nobody wakes", move || turns.fetch_add(1, Ordering::SeqCst) < 3);
            quiet(sim)
        })
        .unwrap_err();
    assert!(matches!(failing.failed(), Failed::Invariant { name, .. } if name == "nobody wakes"));
}
