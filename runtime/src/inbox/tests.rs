//! The inbox in one thread: its states one by one.

#![cfg(not(roundsman_loom))]

use super::*;

#[test]
fn a_push_to_a_sleeping_owner_says_wake_once() {
    let inbox = Inbox::new();
    assert!(inbox.sleep(false, || unreachable!("not quiet")));
    assert_eq!(inbox.push(1, || unreachable!("not quiet")), Ok(Pushed { len: 1, wake: true }));
    assert_eq!(inbox.push(2, || unreachable!("not quiet")), Ok(Pushed { len: 2, wake: false }));
}

#[test]
fn an_owner_with_items_may_not_sleep() {
    let inbox = Inbox::new();
    inbox.push(1, || ()).unwrap();
    assert!(!inbox.sleep(true, || unreachable!("items wait")));
    let mut items = Vec::new();
    inbox.take(&mut items);
    assert_eq!(items, [1]);
    let mut retired = false;
    assert!(inbox.sleep(true, || retired = true));
    assert!(retired);
}

#[test]
fn a_quiet_owner_is_revived_exactly_once() {
    let inbox = Inbox::new();
    assert!(inbox.sleep(true, || ()));
    let mut revived = 0;
    inbox.push(1, || revived += 1).unwrap();
    inbox.push(2, || revived += 1).unwrap();
    inbox.wake(|| revived += 1);
    assert_eq!(revived, 1);
}

#[test]
fn a_full_inbox_hands_the_item_back_and_a_closed_one_too() {
    let inbox = Inbox::new();
    inbox.push(1, || ()).unwrap();
    assert!(matches!(inbox.push_within(1, 2, true, || ()), Err(Refused::Full(2))));
    assert!(!inbox.close(), "an item waits");
    inbox.take(&mut Vec::new());
    assert!(inbox.close());
    assert_eq!(inbox.push(3, || ()), Err(3));
    assert!(matches!(inbox.push_within(1, 4, true, || ()), Err(Refused::Closed(4))));
    assert!(!inbox.sleep(false, || ()));
}

#[test]
fn only_what_was_taken_and_is_to_be_counted_is_counted() {
    let inbox = Inbox::new();
    inbox.push(1, || ()).unwrap();
    inbox.push_within(2, 2, true, || ()).unwrap();
    assert!(inbox.push_within(2, 3, true, || ()).is_err());
    assert_eq!(inbox.depth(), (2, 1));
    inbox.take(&mut Vec::new());
    assert_eq!(inbox.depth(), (0, 1), "the count stays");
}
