//! The balance of the books: that it shows what is missing, and what was counted twice.

use super::*;

fn books() -> Ledger {
    let mut books = Ledger { sent: 10, handled: 5, handed_back: 2, ..Ledger::default() };
    books.enter(DeadLetterReason::DroppedByPolicy, 1);
    books.enter(DeadLetterReason::ReceiverEnded, 2);
    books
}

#[test]
fn books_balance_when_every_message_has_one_fate() {
    let books = books();
    assert!(books.is_balanced());
    assert_eq!((books.dropped, books.dead_letters(), books.in_flight()), (1, 2, 0));
    assert_eq!(
        books.to_string(),
        "sent 10 = handled 5 + handed back 2 + dropped 1 + dead-lettered 2 (receiver ended 2) + in flight 0"
    );
}

#[test]
fn a_message_without_a_fate_is_in_flight() {
    let books = Ledger { handled: 4, ..books() };
    assert!(!books.is_balanced());
    assert_eq!(books.in_flight(), 1);
}

#[test]
fn a_message_with_two_fates_unbalances_the_books() {
    let mut books = books();
    books.enter(DeadLetterReason::LoopEnded, 1);
    assert!(!books.is_balanced());
    assert!(books.to_string().ends_with("- 1 decided more than once"), "{books}");
}

#[test]
fn the_sum_of_books_has_the_sum_of_each_entry() {
    let sum: Ledger = [books(), books()].into_iter().sum();
    assert_eq!((sum.sent, sum.handled, sum.handed_back, sum.dropped), (20, 10, 4, 2));
    let reasons = DeadLetterReason::ALL.map(|reason| sum.dead_lettered(reason));
    assert_eq!(reasons, [4, 0, 2, 0]);
}
