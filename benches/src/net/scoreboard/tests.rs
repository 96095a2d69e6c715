//! What counts as heard, lost and wrong.

use super::{Line, Scoreboard};
use crate::clock;

#[test]
fn a_line_that_all_heard_is_not_missing() {
    let mut scoreboard = Scoreboard::new(2);
    let line = scoreboard.speak(0, clock::now());
    assert_eq!(scoreboard.missing(), 2);
    assert!(scoreboard.hear(0, line, clock::now()).unwrap(), "it is its own");
    assert!(!scoreboard.hear(1, line, clock::now()).unwrap(), "it is another's");
    assert_eq!(scoreboard.missing(), 0);
    assert!(scoreboard.all_heard());
}

#[test]
fn where_nobody_hears_itself_a_line_that_all_others_heard_is_not_missing() {
    let mut scoreboard = Scoreboard::of_others(3);
    let line = scoreboard.speak(0, clock::now());
    scoreboard.hear(1, line, clock::now()).unwrap();
    assert_eq!(scoreboard.missing(), 1);
    scoreboard.hear(2, line, clock::now()).unwrap();
    assert_eq!(scoreboard.missing(), 0);
}

#[test]
fn a_line_that_was_skipped_stays_missing() {
    let mut scoreboard = Scoreboard::new(1);
    scoreboard.speak(0, clock::now());
    let second = scoreboard.speak(0, clock::now());
    scoreboard.hear(0, second, clock::now()).unwrap();
    assert_eq!(scoreboard.missing(), 1);
    assert!(scoreboard.all_heard(), "nothing can come any more");
}

#[test]
fn a_line_that_comes_twice_or_that_nobody_said_is_an_error() {
    let mut scoreboard = Scoreboard::new(1);
    let line = scoreboard.speak(0, clock::now());
    scoreboard.hear(0, line, clock::now()).unwrap();
    assert!(scoreboard.hear(0, line, clock::now()).is_err());
    assert!(scoreboard.hear(0, Line { number: 1, ..line }, clock::now()).is_err());
    assert!(scoreboard.hear(0, Line { speaker: b'Z', ..line }, clock::now()).is_err());
}
