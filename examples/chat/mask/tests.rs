//! Masks against texts.

use super::*;

#[test]
fn stars_and_question_marks_stand_for_what_they_should() {
    for (mask, text) in [
        ("*", ""),
        ("*", "x"),
        ("ann", "ANN"),
        ("a*n", "an"),
        ("a*n", "axxn"),
        ("a?n", "axn"),
        ("*!*@127.*", "ann!a@127.0.0.1"),
        ("**a**", "xxaxx"),
        ("*a*b*c", "1a2b3c"),
        ("?", "ä"),
        ("*abab", "abaabab"),
        ("caf?!*@*", "café!u@h"),
        ("ä*", "äx"),
    ] {
        assert!(matches(mask, text), "{mask} for {text}");
    }
    for (mask, text) in [
        ("", "x"),
        ("?", ""),
        ("?", "xy"),
        ("ann", "anna"),
        ("a*n", "anx"),
        ("*a*b*c", "1a2c3b"),
        ("??", "ä"),
        ("a", ""),
    ] {
        assert!(!matches(mask, text), "{mask} for {text}");
    }
}

#[test]
fn many_stars_against_a_long_text_take_no_time() {
    assert!(!matches(&"*a".repeat(200), &"a".repeat(150)));
    assert!(!matches(&format!("{}b", "*a".repeat(60)), &"a".repeat(500)));
}

#[test]
fn a_mask_of_a_person_is_completed() {
    for (given, complete_mask) in [
        ("ann", "ann!*@*"),
        ("a@h", "*!a@h"),
        ("n!u", "n!u@*"),
        ("n!u@h", "n!u@h"),
        ("@h", "*!*@h"),
        ("*", "*!*@*"),
        ("", "*!*@*"),
        ("!@", "*!*@*"),
    ] {
        assert_eq!(complete(given), complete_mask);
    }
}
