//! Shrinking of lists of numbers that stand for runs.

use super::{Cost, Shrinking};

/// Shrinks `choices` as long as `fails`, in at most so many runs; each choice is a message.
fn shrunk(choices: &[u64], runs: usize, fails: impl Fn(&[u64]) -> bool) -> (Vec<u64>, usize) {
    let cost = |choices: &[u64]| Cost::of(choices.len() as u64, choices);
    let attempt = |choices: &[u64]| fails(choices).then(|| (cost(choices), choices.to_vec()));
    let mut shrinking = Shrinking::new(choices.to_vec(), cost(choices), runs, attempt);
    shrinking.shrink();
    shrinking.into_best()
}

#[test]
fn what_has_nothing_to_do_with_the_failure_goes() {
    let choices: Vec<u64> = (0..1_000).map(|number| number * 7 % 101).collect();
    let (best, _) = shrunk(&choices, 5_000, |choices| choices.iter().any(|choice| *choice > 90));
    assert_eq!(best, [91]);
}

#[test]
fn what_must_stand_together_stays_in_order() {
    let choices = [9, 3, 8, 0, 5, 5, 7, 2];
    let fails = |choices: &[u64]| {
        let three = choices.iter().position(|choice| *choice == 3);
        three.is_some_and(|at| choices[at..].contains(&7))
    };
    assert_eq!(shrunk(&choices, 1_000, fails).0, [3, 7]);
}

#[test]
fn it_ends_when_its_runs_are_spent() {
    let choices = vec![5; 10_000];
    let is_much = |choices: &[u64]| choices.iter().filter(|choice| **choice != 0).count() > 9_000;
    let (best, runs) = shrunk(&choices, 50, is_much);
    assert_eq!(runs, 50);
    assert!(is_much(&best));
}

#[test]
fn what_never_fails_again_stays_as_it_was() {
    assert_eq!(shrunk(&[4, 0, 2, 0], 1_000, |_| false).0, [4, 0, 2]);
}
