//! What an allowance lets through, and when.

use super::*;

fn at(ms: u64) -> Timestamp {
    Timestamp::default() + Duration::from_millis(ms)
}

#[test]
fn a_burst_passes_and_the_next_line_waits_for_its_share() {
    let mut allowance = Allowance::new(Flood { lines: 5, period: Duration::from_secs(10) });
    for _ in 0..5 {
        assert_eq!(allowance.take(at(1000)), Ok(()));
    }
    assert_eq!(allowance.take(at(1000)), Err(Duration::from_secs(2)));
    assert_eq!(allowance.take(at(3000)), Ok(()));
    assert_eq!(allowance.take(at(3000)), Err(Duration::from_secs(2)));
}

#[test]
fn who_has_been_silent_may_say_a_burst_again_and_no_more() {
    let mut allowance = Allowance::new(Flood { lines: 3, period: Duration::from_secs(3) });
    for start in [0, 100_000] {
        for _ in 0..3 {
            assert_eq!(allowance.take(at(start)), Ok(()));
        }
        assert!(allowance.take(at(start)).is_err());
    }
}
