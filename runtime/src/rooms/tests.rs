//! Who is looked at, and when.

use super::*;

fn at(millis: u64) -> Timestamp {
    Timestamp::default() + Duration::from_millis(millis)
}

#[test]
fn each_is_looked_at_once_it_has_rested_and_in_order() {
    let mut rooms = Rooms::default();
    rooms.enter('a', 1, at(0));
    rooms.enter('b', 2, at(5));
    assert!(rooms.next(at(19)).is_none());
    let first = rooms.next(at(20)).expect("it has rested");
    assert_eq!((first.cell, first.handled), ('a', 1));
    assert!(rooms.next(at(20)).is_none(), "the other has not");
    rooms.enter('a', 7, at(20));
    assert_eq!(rooms.next(at(100)).map(|roomy| roomy.cell), Some('b'));
    assert_eq!(rooms.next(at(100)).map(|roomy| roomy.cell), Some('a'));
    assert!(rooms.next(at(100)).is_none());
}

#[test]
fn a_loop_wakes_for_many_and_not_for_few() {
    let mut rooms = Rooms::default();
    (1..MANY).for_each(|_| rooms.enter((), 0, at(7)));
    assert_eq!(rooms.wakes_at(), None);
    rooms.enter((), 0, at(9));
    assert_eq!(rooms.wakes_at(), Some(at(7) + REST));
}

#[test]
fn those_that_have_ended_are_never_many_more_than_the_others() {
    let mut rooms = Rooms::default();
    (0..1000_u32).for_each(|number| rooms.enter(number, 0, at(0)));
    let mut gone = 0;
    for ended in 1..=1000 {
        gone += rooms.ended(|number| *number < ended).len() as u32;
        let (kept, living) = (ended - gone, 1000 - ended);
        assert!(kept <= living.max(ENDED as u32), "{kept} are kept beside {living}");
    }
}

#[test]
fn a_round_looks_at_as_many_as_have_come_and_some_more() {
    let mut rooms = Rooms::default();
    (0..5000).for_each(|_| rooms.enter((), 0, at(0)));
    rooms.enter_again((), 0, at(0));
    assert_eq!(rooms.looks(), LOOKS + 5000);
    assert_eq!(rooms.looks(), LOOKS);
}
