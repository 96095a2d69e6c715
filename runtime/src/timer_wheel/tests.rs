//! The wheel against a sorted map, and its corners one by one.

#![cfg(not(roundsman_loom))]

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const ERA: u64 = 1 << ERA_BITS;

/// The values due when time moves to `now`.
fn fired<T>(wheel: &mut TimerWheel<T>, now: u64) -> Vec<T> {
    let mut due = Vec::new();
    wheel.advance(now, &mut due);
    due.into_iter().map(|(_, value)| value).collect()
}

/// Every timer waits where the module docs say, and the books agree with the lists.
fn assert_sound<T>(wheel: &TimerWheel<T>) {
    let mut count = 0;
    for list in 0..LISTS {
        let mut before = list;
        let mut slot = wheel.entries[list as usize].next;
        assert_eq!(wheel.is_occupied(list), slot != list, "bit of list {list}");
        while slot != list {
            let entry = &wheel.entries[slot as usize];
            assert_eq!(entry.previous, before, "back link of entry {slot}");
            assert!(entry.value.is_some(), "entry {slot} is linked, so it is in use");
            assert_eq!(wheel.list_of(entry.deadline), list, "list of deadline {}", entry.deadline);
            count += 1;
            (before, slot) = (slot, entry.next);
        }
        assert_eq!(wheel.entries[list as usize].previous, before, "tail of list {list}");
    }
    assert_eq!(wheel.len(), count);
    assert_eq!(wheel.is_empty(), count == 0);
}

#[test]
fn a_timer_fires_at_its_deadline_and_not_before() {
    for deadline in [1, 2, 63, 64, 65, 4095, 4096, 4097, ERA - 1, ERA, ERA + 1, 7 * ERA + 5] {
        let mut wheel = TimerWheel::new();
        wheel.insert(deadline, ());
        assert_eq!(fired(&mut wheel, deadline - 1).len(), 0, "a tick before {deadline}");
        assert_eq!(fired(&mut wheel, deadline).len(), 1, "at {deadline}");
        assert!(wheel.is_empty());
    }
}

#[test]
fn a_timer_fires_at_its_deadline_when_time_moves_tick_by_tick() {
    let mut wheel = TimerWheel::new();
    for deadline in (0..10_000).rev() {
        wheel.insert(deadline, deadline);
    }
    for now in 0..10_000 {
        assert_eq!(fired(&mut wheel, now), [now]);
    }
}

#[test]
fn timers_fire_in_the_order_of_their_deadlines_whatever_the_jump() {
    let deadlines = [ERA * 3, 5, 70_000, 64, 4096, ERA * 3 - 1, 63, 300, ERA, 4095, 1];
    let mut sorted = deadlines;
    sorted.sort_unstable();
    let mut wheel = TimerWheel::new();
    for deadline in deadlines {
        wheel.insert(deadline, deadline);
    }
    assert_eq!(fired(&mut wheel, u64::MAX), sorted);
}

#[test]
fn equal_deadlines_fire_in_the_order_of_insertion_across_cascades() {
    // The same deadline is inserted from nearer and nearer, so that it enters parked and then on every level.
    let deadline = 3 * ERA + 5 * (1 << 30) + 12_345;
    let mut wheel = TimerWheel::new();
    let mut order = Vec::new();
    for distance in [deadline, ERA, 1 << 31, 1 << 25, 1 << 19, 1 << 13, 1 << 7, 1] {
        assert!(fired(&mut wheel, deadline - distance).is_empty());
        for _ in 0..3 {
            wheel.insert(deadline, order.len());
            order.push(order.len());
        }
        assert_sound(&wheel);
    }
    assert_eq!(fired(&mut wheel, deadline), order);
}

#[test]
fn an_overdue_timer_fires_at_the_next_advance_even_if_time_stands_still() {
    let mut wheel = TimerWheel::new();
    assert!(fired(&mut wheel, 1000).is_empty());
    wheel.insert(1000, "now");
    wheel.insert(0, "long ago");
    assert_eq!(wheel.next_deadline(), Some(0));
    assert_eq!(fired(&mut wheel, 1000), ["long ago", "now"]);
    assert_eq!(wheel.next_deadline(), None);
}

#[test]
fn overdue_timers_fire_by_deadline_then_insertion_and_before_later_ones() {
    let mut wheel = TimerWheel::new();
    fired(&mut wheel, 1000);
    for (deadline, value) in
        [(1001, 'f'), (900, 'b'), (950, 'd'), (900, 'c'), (3, 'a'), (1000, 'e')]
    {
        wheel.insert(deadline, value);
    }
    assert_eq!(fired(&mut wheel, 1001), ['a', 'b', 'c', 'd', 'e', 'f']);
}

#[test]
fn overdue_timers_of_equal_deadlines_fire_in_the_order_of_insertion_however_many() {
    let mut wheel = TimerWheel::new();
    fired(&mut wheel, 1000);
    let mut sorted: Vec<_> = (0..1000).map(|number| (number % 3, number)).collect();
    for &(deadline, number) in &sorted {
        wheel.insert(deadline, (deadline, number));
    }
    sorted.sort_unstable();
    assert_eq!(fired(&mut wheel, 1000), sorted);
}

#[test]
fn time_does_not_go_back() {
    let mut wheel = TimerWheel::new();
    fired(&mut wheel, 5000);
    wheel.insert(5001, "later");
    wheel.insert(4000, "overdue");
    assert_eq!(fired(&mut wheel, 10), ["overdue"]);
    assert!(fired(&mut wheel, 5000).is_empty());
    assert_eq!(fired(&mut wheel, 5001), ["later"]);
}

#[test]
fn a_cancelled_timer_never_fires() {
    let mut wheel = TimerWheel::new();
    fired(&mut wheel, 10);
    // Three to a list, on the levels, parked and overdue: the first, the middle and the last is cancelled.
    for deadline in [11, 500, 500_000, 2 * ERA, 4] {
        for cancelled in 0..3 {
            let keys = [0, 1, 2].map(|value| wheel.insert(deadline, value));
            assert_eq!(wheel.cancel(keys[cancelled]), Some(cancelled));
            assert_eq!(wheel.cancel(keys[cancelled]), None, "a second cancel finds nothing");
            assert_sound(&wheel);
            for kept in (0..3).filter(|&kept| kept != cancelled) {
                assert_eq!(wheel.get(keys[kept]), Some(&kept));
                assert_eq!(wheel.cancel(keys[kept]), Some(kept));
            }
            assert!(wheel.is_empty());
            assert_eq!(wheel.next_deadline(), None);
        }
    }
    assert!(fired(&mut wheel, u64::MAX).is_empty());
}

#[test]
fn a_key_of_a_timer_that_is_gone_never_hits_a_later_one() {
    let mut wheel = TimerWheel::new();
    let cancelled = wheel.insert(10, "cancelled");
    wheel.cancel(cancelled);
    let fires = wheel.insert(10, "fires");
    assert_eq!(cancelled.slot, fires.slot, "the entry is reused");
    assert_eq!(wheel.cancel(cancelled), None);
    fired(&mut wheel, 10);
    let later = wheel.insert(20, "later");
    assert_eq!((wheel.get(cancelled), wheel.get(fires)), (None, None));
    assert_eq!((wheel.cancel(cancelled), wheel.cancel(fires)), (None, None));
    assert_eq!(wheel.cancel(later), Some("later"));
}

#[test]
fn an_entry_retires_before_its_generations_repeat() {
    let mut wheel = TimerWheel::new();
    let first = wheel.insert(10, ());
    wheel.cancel(first);
    wheel.entries[first.slot as usize].generation = u32::MAX - 1;
    let last = wheel.insert(10, ());
    assert_eq!(last, TimerKey { slot: first.slot, generation: u32::MAX - 1 });
    assert_eq!(wheel.cancel(last), Some(()));
    assert_ne!(wheel.insert(10, ()).slot, first.slot);
    assert_eq!(wheel.cancel(last), None);
}

#[test]
fn the_slab_is_as_long_as_the_most_timers_at_a_time() {
    let mut wheel = TimerWheel::new();
    for round in 0..1000 {
        let keys: Vec<_> = (0..8).map(|delay| wheel.insert(round + delay, ())).collect();
        wheel.cancel(keys[3]);
        fired(&mut wheel, round + 8);
    }
    assert_eq!(wheel.entries.len(), LISTS as usize + 8);
}

#[test]
fn a_timer_alone_in_its_slot_is_known_exactly() {
    for deadline in [1, 100, 30_000, 86_400_000, ERA + 77, u64::MAX] {
        let mut wheel = TimerWheel::new();
        wheel.insert(deadline, ());
        assert_eq!(wheel.next_deadline(), Some(deadline));
    }
}

#[test]
fn following_next_deadline_reaches_the_deadline_in_a_step_per_level() {
    for deadline in [1, 100, 30_000, 86_400_000, ERA - 1, ERA + 77_777, u64::MAX] {
        let mut wheel = TimerWheel::new();
        // A companion a tick later: together they are not known exactly.
        wheel.insert(deadline, ());
        wheel.insert(deadline.saturating_add(1), ());
        let mut steps = 0;
        while wheel.len() == 2 {
            let next = wheel.next_deadline().unwrap();
            assert!(next <= deadline, "{next} is later than {deadline}");
            fired(&mut wheel, next);
            steps += 1;
        }
        assert!(steps <= LEVELS + 1, "{steps} steps to {deadline}");
    }
}

#[test]
fn cancelling_the_earliest_parked_timer_costs_one_empty_step() {
    let mut wheel = TimerWheel::new();
    let early = wheel.insert(2 * ERA, ());
    wheel.insert(900 * ERA + 1, ());
    wheel.cancel(early);
    assert_eq!(wheel.next_deadline(), Some(2 * ERA));
    fired(&mut wheel, 2 * ERA);
    assert_eq!(wheel.next_deadline(), Some(900 * ERA + 1));
}

#[test]
fn a_key_is_one_word() {
    assert_eq!(size_of::<TimerKey>(), 8);
}

#[derive(Clone, Debug)]
enum Step {
    /// Insert, so far after now.
    After(u64),
    /// Insert at a deadline that was used before, so that equal deadlines are common.
    Again(prop::sample::Index),
    /// Insert at a tick that may have passed.
    At(u64),
    /// Cancel with any key ever handed out.
    Cancel(prop::sample::Index),
    Advance(u64),
    AdvanceToNext,
}

/// Distances of every magnitude, beyond the last level too.
fn distance() -> impl Strategy<Value = u64> {
    (0..40_u32, any::<u64>()).prop_map(|(bits, random)| random & ((1 << bits) - 1))
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => distance().prop_map(Step::After),
        3 => any::<prop::sample::Index>().prop_map(Step::Again),
        1 => distance().prop_map(Step::At),
        4 => any::<prop::sample::Index>().prop_map(Step::Cancel),
        2 => distance().prop_map(Step::Advance),
        2 => Just(Step::AdvanceToNext),
    ]
}

/// What the wheel promises, kept in a sorted map.
#[derive(Default)]
struct Model {
    now: u64,
    waiting: BTreeMap<(u64, usize), TimerKey>,
    /// Key and deadline of every timer ever, by number.
    history: Vec<(TimerKey, u64)>,
}

impl Model {
    fn insert(&mut self, wheel: &mut TimerWheel<usize>, deadline: u64) {
        let number = self.history.len();
        let key = wheel.insert(deadline, number);
        self.waiting.insert((deadline, number), key);
        self.history.push((key, deadline));
    }

    fn cancel(&mut self, wheel: &mut TimerWheel<usize>, number: usize) {
        let (key, deadline) = self.history[number];
        let expected = self.waiting.remove(&(deadline, number)).map(|_| number);
        assert_eq!(wheel.get(key).copied(), expected);
        assert_eq!(wheel.cancel(key), expected);
        assert_eq!(wheel.get(key), None);
    }

    fn advance(&mut self, wheel: &mut TimerWheel<usize>, now: u64) {
        self.now = self.now.max(now);
        let later = self.waiting.split_off(&(self.now + 1, 0));
        let expected: Vec<_> = std::mem::replace(&mut self.waiting, later)
            .into_iter()
            .map(|((_, number), key)| (key, number))
            .collect();
        let mut due = Vec::new();
        wheel.advance(now, &mut due);
        assert_eq!(due, expected);
    }

    fn assert_next_deadline(&self, wheel: &TimerWheel<usize>) {
        let earliest = self.waiting.keys().next().map(|&(deadline, _)| deadline);
        let next = wheel.next_deadline();
        assert_eq!(next.is_some(), earliest.is_some());
        if let (Some(next), Some(earliest)) = (next, earliest) {
            assert!(next <= earliest, "{next} is later than {earliest}");
            assert!(next > self.now || earliest <= self.now, "{next} has passed, nothing is due");
        }
    }
}

proptest! {
    #[test]
    fn the_wheel_does_what_a_sorted_map_does(
        start in distance(),
        steps in prop::collection::vec(step(), 1..200),
    ) {
        let mut wheel = TimerWheel::new();
        let mut model = Model::default();
        model.advance(&mut wheel, start);
        for step in steps {
            let now = model.now;
            match step {
                Step::After(ticks) => model.insert(&mut wheel, now + ticks),
                Step::At(tick) => model.insert(&mut wheel, tick),
                Step::Again(_) | Step::Cancel(_) if model.history.is_empty() => {}
                Step::Again(which) => {
                    let deadline = which.get(&model.history).1;
                    model.insert(&mut wheel, deadline);
                }
                Step::Cancel(which) => {
                    let number = which.index(model.history.len());
                    model.cancel(&mut wheel, number);
                }
                Step::Advance(ticks) => model.advance(&mut wheel, now + ticks),
                Step::AdvanceToNext => {
                    let next = wheel.next_deadline().unwrap_or(now);
                    model.advance(&mut wheel, next);
                }
            }
            assert_sound(&wheel);
            model.assert_next_deadline(&wheel);
        }
        // To the end in steps: never more of them than a few for each timer.
        let mut steps_left = (LEVELS as usize + 2) * (model.history.len() + 1);
        while let Some(next) = wheel.next_deadline() {
            model.advance(&mut wheel, next);
            prop_assert!(steps_left > 0, "next_deadline does not lead to the deadlines");
            steps_left -= 1;
        }
        prop_assert!(model.waiting.is_empty());
    }
}
