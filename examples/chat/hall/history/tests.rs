//! What a history gives, and what it has forgotten.

use bytes::Bytes;

use super::*;

/// `count` messages named by their number, one a second.
fn history(count: u64) -> History {
    let mut history = History::default();
    for n in 0..count {
        history.add(event(n, 0));
    }
    history
}

/// A message of so many bytes, with what belongs to any.
fn event(n: u64, bytes: usize) -> Event {
    let line = Bytes::from(vec![b'x'; bytes]);
    Event::new(line, Duration::from_secs(n)).tagged(n.to_string(), [])
}

fn at_most(messages: usize, bytes: usize) -> Bounds {
    Bounds { messages, bytes, caps: Caps::ALL }
}

fn names<'a>(found: impl Iterator<Item = &'a Event>) -> Vec<u64> {
    found.map(|event| event.msgid.parse().expect("a number")).collect()
}

fn message(n: u64) -> Place {
    Place::Message(n.to_string())
}

fn moment(n: u64) -> Place {
    Place::Moment(Duration::from_secs(n))
}

#[track_caller]
fn assert_finds(wanted: &Wanted, limit: usize, expected: impl IntoIterator<Item = u64>) {
    let history = history(10);
    let found = names(history.find(wanted, at_most(limit, usize::MAX)));
    assert_eq!(found, Vec::from_iter(expected), "{wanted:?}");
}

#[test]
fn the_latest_are_the_last_and_none_before_their_place() {
    assert_finds(&Wanted::Latest(None), 100, 0..10);
    assert_finds(&Wanted::Latest(None), 3, 7..10);
    assert_finds(&Wanted::Latest(Some(message(4))), 100, 5..10);
    assert_finds(&Wanted::Latest(Some(moment(4))), 2, 8..10);
}

#[test]
fn before_and_after_stand_next_to_their_place_and_leave_it_out() {
    for place in [message(6), moment(6)] {
        assert_finds(&Wanted::Before(place.clone()), 100, 0..6);
        assert_finds(&Wanted::Before(place.clone()), 2, 4..6);
        assert_finds(&Wanted::After(place.clone()), 100, 7..10);
        assert_finds(&Wanted::After(place), 2, 7..9);
    }
}

#[test]
fn around_has_its_place_in_the_middle() {
    assert_finds(&Wanted::Around(message(7)), 1, [7]);
    assert_finds(&Wanted::Around(message(7)), 3, 6..9);
    assert_finds(&Wanted::Around(moment(0)), 3, 0..3);
}

#[test]
fn between_goes_from_its_first_place_to_its_second_whichever_is_older() {
    assert_finds(&Wanted::Between(message(0), message(9)), 100, 1..9);
    assert_finds(&Wanted::Between(message(9), message(0)), 100, 1..9);
    assert_finds(&Wanted::Between(moment(0), moment(9)), 3, 1..4);
    assert_finds(&Wanted::Between(moment(9), moment(0)), 3, 6..9);
    assert_finds(&Wanted::Between(message(3), message(3)), 3, []);
}

#[test]
fn a_message_that_is_not_here_gives_nothing() {
    assert_finds(&Wanted::Before(message(77)), 5, []);
    assert_finds(&Wanted::Around(message(77)), 5, []);
}

#[test]
fn the_oldest_go_when_there_are_too_many() {
    let history = history(KEPT_MAX as u64 + 5);
    let all = names(history.find(&Wanted::Latest(None), at_most(usize::MAX, usize::MAX)));
    assert_eq!((all.len(), all[0]), (KEPT_MAX, 5));
}

#[test]
fn the_oldest_go_when_they_have_too_many_bytes() {
    let mut history = History::default();
    (0..100).for_each(|n| history.add(event(n, 4096)));
    let all = names(history.find(&Wanted::Latest(None), at_most(usize::MAX, usize::MAX)));
    assert!(all.len() * 4096 < KEPT_BYTES_MAX && (all.len() + 3) * 4096 > KEPT_BYTES_MAX);
    assert_eq!(all.last(), Some(&99));
    assert_eq!(history.bytes, history.kept.iter().map(|event| event.length(Caps::ALL)).sum());
    (0..2).for_each(|n| history.add(event(n, KEPT_BYTES_MAX / 2)));
    assert_eq!(history.kept.len(), 1, "two are too many");
}

#[test]
fn what_is_kept_is_kept_once() {
    let event = event(1, 100).tagged("x".to_owned(), []);
    let form = event.form(Caps::ALL).clone();
    let mut history = History::default();
    history.add(event);
    assert!(form.is_unique(), "the history has no share of what was told");
}

#[test]
fn what_does_not_fit_is_left_out_where_it_is_furthest_from_what_was_asked() {
    let history = history(10);
    let one = history.kept[0].length(Caps::ALL);
    for (wanted, expected) in [
        (Wanted::Latest(None), [7, 8, 9]),
        (Wanted::Latest(Some(message(2))), [7, 8, 9]),
        (Wanted::Before(message(6)), [3, 4, 5]),
        (Wanted::After(message(2)), [3, 4, 5]),
        (Wanted::Around(message(5)), [4, 5, 6]),
        (Wanted::Around(message(9)), [7, 8, 9]),
        (Wanted::Between(message(1), message(8)), [2, 3, 4]),
        (Wanted::Between(message(8), message(1)), [5, 6, 7]),
    ] {
        for bytes in [3 * one, 4 * one - 1] {
            assert_eq!(names(history.find(&wanted, at_most(8, bytes))), expected, "{wanted:?}");
        }
        assert_eq!(history.find(&wanted, at_most(8, 0)).count(), 1, "one at least: {wanted:?}");
    }
}
