//! Loom models of publish, walk and withdraw, and the mutations that they must catch.
//!
//! Run with `RUSTFLAGS="--cfg roundsman_loom" cargo test --release -p roundsman-runtime --lib loom`.

use loom::sync::Arc;
use loom::thread;

use super::{Verdict, WaitForest, WaitSlot};

impl WaitForest {
    /// Looks first, and publishes what seemed to close no cycle.
    fn walking_before_publishing() -> Self {
        Self::with_mutant(|forest, who, on| {
            let verdict = forest.walk(who, on);
            if verdict == Verdict::Wait {
                forest.publish(who, on);
            }
            verdict
        })
    }

    /// Publishes, but does not make sure to be seen before it looks.
    fn without_fence() -> Self {
        Self::with_mutant(|forest, who, on| {
            forest.publish(who, on);
            let verdict = forest.walk(who, on);
            if verdict != Verdict::Wait {
                forest.clear(who);
            }
            verdict
        })
    }
}

fn allot<const N: usize>(forest: &WaitForest) -> [WaitSlot; N] {
    std::array::from_fn(|_| forest.allot())
}

/// Some chain of waits from each slot ends: the words form a forest.
fn assert_no_cycle(forest: &WaitForest, slots: &[WaitSlot]) {
    for &start in slots {
        let mut at = Some(start);
        for _ in 0..=slots.len() {
            at = at.and_then(|slot| forest.waits_on(slot));
        }
        assert_eq!(at, None, "a cycle of waits stands");
    }
}

/// `N` actors, each on a thread of its own, each waiting on the next.
fn ring<const N: usize>(forest: WaitForest) {
    let forest = Arc::new(forest);
    let slots = allot::<N>(&forest);
    let wait =
        move |forest: &WaitForest, at: usize| forest.try_wait(slots[at], slots[(at + 1) % N]);
    let others: Vec<_> = (1..N)
        .map(|at| {
            let forest = Arc::clone(&forest);
            thread::spawn(move || wait(&forest, at))
        })
        .collect();
    let mut verdicts = vec![wait(&forest, 0)];
    verdicts.extend(others.into_iter().map(|other| other.join().unwrap()));
    assert_no_cycle(&forest, &slots);
    for (slot, verdict) in slots.into_iter().zip(verdicts) {
        assert_eq!(forest.waits_on(slot).is_some(), verdict == Verdict::Wait, "word and verdict");
    }
}

#[test]
fn two_actors_never_wait_on_each_other() {
    loom::model(|| ring::<2>(WaitForest::new()));
}

#[test]
fn three_actors_never_wait_in_a_ring() {
    loom::model(|| ring::<3>(WaitForest::new()));
}

#[test]
#[should_panic(expected = "a cycle of waits stands")]
fn the_model_catches_walking_before_publishing() {
    loom::model(|| ring::<2>(WaitForest::walking_before_publishing()));
}

#[test]
#[should_panic(expected = "a cycle of waits stands")]
fn the_model_of_three_catches_walking_before_publishing() {
    loom::model(|| ring::<3>(WaitForest::walking_before_publishing()));
}

#[test]
#[should_panic(expected = "a cycle of waits stands")]
fn the_model_catches_a_missing_walk() {
    loom::model(|| ring::<2>(WaitForest::without_walk()));
}

#[test]
#[should_panic(expected = "a cycle of waits stands")]
fn the_model_catches_a_missing_fence() {
    loom::model(|| ring::<2>(WaitForest::without_fence()));
}

#[test]
fn a_wait_that_ends_and_begins_again_is_seen_like_the_first() {
    loom::model(|| {
        let forest = Arc::new(WaitForest::new());
        let [a, b, c] = allot(&forest);
        let other = {
            let forest = Arc::clone(&forest);
            thread::spawn(move || {
                _ = forest.try_wait(b, c);
                forest.clear(b);
                _ = forest.try_wait(b, a);
            })
        };
        _ = forest.try_wait(a, c);
        forest.clear(a);
        _ = forest.try_wait(a, b);
        other.join().unwrap();
        assert_no_cycle(&forest, &[a, b, c]);
    });
}

#[test]
fn a_refused_actor_may_try_its_next_target_at_once() {
    loom::model(|| {
        let forest = Arc::new(WaitForest::new());
        let [a, b, c] = allot(&forest);
        let try_both = move |forest: &WaitForest, who, first, second| {
            if forest.try_wait(who, first) != Verdict::Wait {
                _ = forest.try_wait(who, second);
            }
        };
        let other = {
            let forest = Arc::clone(&forest);
            thread::spawn(move || try_both(&forest, b, a, c))
        };
        try_both(&forest, a, b, c);
        other.join().unwrap();
        assert_no_cycle(&forest, &[a, b, c]);
    });
}

#[test]
fn a_slot_that_changes_hands_during_a_walk_hides_no_cycle() {
    loom::model(|| {
        let forest = Arc::new(WaitForest::new());
        let [dying, a, b] = allot(&forest);
        // `a` still waits on an actor that dies; its slot goes to one that waits on `b`, while `b` turns to `a`.
        _ = forest.try_wait(a, dying);
        let other = {
            let forest = Arc::clone(&forest);
            thread::spawn(move || {
                forest.release(dying);
                let reborn = forest.allot();
                assert_eq!(reborn, dying);
                _ = forest.try_wait(reborn, b);
            })
        };
        _ = forest.try_wait(b, a);
        other.join().unwrap();
        assert_no_cycle(&forest, &[dying, a, b]);
    });
}
