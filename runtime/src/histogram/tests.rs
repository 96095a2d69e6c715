//! The histogram against the sorted list of what was entered.

use proptest::prelude::*;

use super::*;

fn of(values: &[u64]) -> Distribution {
    let histogram = Histogram::default();
    for value in values {
        histogram.record(Duration::from_nanos(*value));
    }
    histogram.read()
}

#[test]
fn nothing_entered_is_nothing() {
    assert_eq!(of(&[]), Distribution::default());
}

#[test]
fn buckets_follow_each_other_without_gaps() {
    for bucket in 0..BUCKETS - 1 {
        let end = upper_end(bucket);
        assert_eq!(bucket_of(end), bucket);
        assert_eq!(bucket_of(end + 1), bucket + 1);
    }
    assert_eq!(bucket_of(u64::MAX), BUCKETS - 1);
}

/// Values of every magnitude, not only large ones.
fn value() -> impl Strategy<Value = u64> {
    (0..BITS as u32, any::<u64>()).prop_map(|(bits, value)| value & ((1 << bits) - 1))
}

proptest! {
    #[test]
    fn what_is_said_is_never_below_and_at_most_an_eighth_above(
        mut values in prop::collection::vec(value(), 1..300),
    ) {
        let said = of(&values);
        values.sort_unstable();
        let rank = |percent: usize| values[(values.len() * percent).div_ceil(100).max(1) - 1];
        prop_assert_eq!(said.count, values.len() as u64);
        prop_assert_eq!(said.max, Duration::from_nanos(values[values.len() - 1]));
        for (said, true_value) in [(said.p50, rank(50)), (said.p99, rank(99))] {
            let said = said.as_nanos() as u64;
            prop_assert!(said >= true_value, "{} is below {}", said, true_value);
            prop_assert!(said <= true_value + true_value / 8, "{} is above {}", said, true_value);
        }
    }

    #[test]
    fn values_beyond_the_last_bucket_are_told_by_the_greatest(value in (1_u64 << BITS)..) {
        let said = of(&[value]);
        prop_assert_eq!(said.p99, Duration::from_nanos(value));
    }
}
