//! What is in a file after a crash, draw by draw.

use std::cell::RefCell;

use super::*;

/// Draws these, and 0 when they are over.
fn drawing(draws: &[usize]) -> impl Fn(usize) -> usize {
    let draws = RefCell::new(draws.iter().copied());
    move |bound| draws.borrow_mut().next().map_or(0, |draw| draw % bound.max(1))
}

/// Two words behind a safe one, after these draws.
fn left(draws: &[usize]) -> String {
    let mut content = Content::settled(b"one ");
    content.write(4, b"two ");
    content.write(8, b"three");
    content.crash(&drawing(draws));
    assert_eq!(content.len, content.safe().len() as u64);
    String::from_utf8_lossy(content.safe()).into_owned()
}

#[test]
fn a_crash_keeps_all_nothing_the_first_or_some_of_what_waits() {
    assert_eq!(left(&[]), "one two three");
    assert_eq!(left(&[1]), "one ");
    assert_eq!(left(&[2, 1, 2]), "one two th", "the first one, the second torn");
    assert_eq!(left(&[2, 2, 3]), "one two", "the first one torn");
    assert_eq!(left(&[3, 1, 0, 0]), "one \0\0\0\0three", "the second only");
}

#[test]
fn what_waits_is_bounded_and_the_oldest_is_written_back() {
    let mut content = Content::default();
    for at in 0..3 * WAITING_MAX as u64 {
        content.write(at, b"!");
    }
    assert_eq!(content.waiting.len(), WAITING_MAX);
    content.crash(&drawing(&[1]));
    assert_eq!(content.len, 2 * WAITING_MAX as u64);
    for _ in 0..10 {
        content.write(0, &vec![b'?'; WAITING_BYTES_MAX / 2]);
        assert!(content.waiting_bytes <= WAITING_BYTES_MAX);
    }
}

#[test]
fn what_a_failed_sync_has_forgotten_no_later_one_keeps() {
    let mut content = Content::settled(b"old");
    content.write(0, b"new");
    content.forget();
    content.write(3, b"er");
    content.sync();
    assert_eq!(content.safe(), b"older");
}
