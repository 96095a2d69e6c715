//! Patterns.

use super::matches;

#[test]
fn a_star_stands_for_any_text() {
    for pattern in
        ["server/room-2", "*", "server/*", "*/room-2", "s*/*-2", "*room*", "server/room-2*"]
    {
        assert!(matches(pattern, "server/room-2"), "{pattern}");
    }
}

#[test]
fn what_is_no_star_stands_for_itself() {
    for pattern in ["", "server", "room-2", "server/room-2-", "*room", "*/*/*", "*room*2*-2"] {
        assert!(!matches(pattern, "server/room-2"), "{pattern}");
    }
}
