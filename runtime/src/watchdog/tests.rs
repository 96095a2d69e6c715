//! When the watchdog looks, and what it makes of what it sees, without a clock.

use std::time::Duration;

use super::{LIMIT, Watch};
use crate::clock::Clock;

/// For how long a turn that begins `begins` after a look is seen to last when it is first told of, and when that is.
fn told(begins: Duration, lasts: Duration) -> Option<(Duration, Duration)> {
    let start = Clock::origin();
    let mut watch = Watch::new(start, LIMIT);
    let mut now = start;
    while now < start + begins + lasts {
        let in_turn = now >= start + begins;
        if let Some(elapsed) = watch.see(u64::from(in_turn), in_turn, now, LIMIT) {
            return Some((elapsed, now - start - begins));
        }
        now += watch.pause(now, LIMIT);
    }
    None
}

#[test]
fn a_turn_an_eighth_over_the_limit_is_told_of_whenever_it_begins() {
    for begins in (0..20_000).step_by(123).map(Duration::from_micros) {
        let (elapsed, lasted) = told(begins, LIMIT * 9 / 8).expect("it is told of");
        assert!(elapsed >= LIMIT && elapsed <= lasted, "{elapsed:?} of {lasted:?}");
    }
}

#[test]
fn a_turn_within_the_limit_is_not_told_of() {
    for begins in (0..20_000).step_by(123).map(Duration::from_micros) {
        assert_eq!(told(begins, LIMIT), None);
    }
}

#[test]
fn a_loop_between_two_turns_has_none_that_lasts() {
    let start = Clock::origin();
    let mut watch = Watch::new(start, LIMIT);
    // The first turn was seen to have ended; what begins later has another number.
    assert_eq!(watch.see(1, false, start, LIMIT), None);
    assert_eq!(watch.see(1, false, start + 2 * LIMIT, LIMIT), None);
    assert_eq!(watch.see(2, true, start + 3 * LIMIT, LIMIT), None);
    assert_eq!(watch.see(2, true, start + 4 * LIMIT, LIMIT), Some(LIMIT));
    assert_eq!(watch.see(2, true, start + 5 * LIMIT, LIMIT), Some(2 * LIMIT));
    assert_eq!(watch.see(2, true, start + 6 * LIMIT, LIMIT), None, "until it has doubled");
}
