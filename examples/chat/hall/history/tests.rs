//! What a history gives, and what it has forgotten.

use bytes::Bytes;

use super::*;

/// `count` messages named by their number, one a second.
fn history(count: u64) -> History {
    let mut history = History::default();
    for n in 0..count {
        let event = Event::new(Bytes::new(), Duration::from_secs(n));
        history.add(Rc::new(event.tagged(n.to_string(), [])));
    }
    history
}

fn message(n: u64) -> Place {
    Place::Message(n.to_string())
}

fn moment(n: u64) -> Place {
    Place::Moment(Duration::from_secs(n))
}

#[track_caller]
fn assert_finds(wanted: &Wanted, limit: usize, expected: impl IntoIterator<Item = u64>) {
    let found: Vec<String> =
        history(10).find(wanted, limit).iter().map(|event| event.msgid.clone()).collect();
    let expected: Vec<String> = expected.into_iter().map(|n| n.to_string()).collect();
    assert_eq!(found, expected, "{wanted:?}");
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
    let all = history.find(&Wanted::Latest(None), usize::MAX);
    assert_eq!((all.len(), all[0].msgid.as_str()), (KEPT_MAX, "5"));
}
