//! What needs no runtime; the model of Node stands in `tests/tests/emitter/lists.rs`.

use super::*;

#[test]
fn an_empty_list_gives_to_nobody() {
    let mut list = Listeners::<u32>::new();
    assert_eq!((list.emit(1), list.len(), list.dropped()), (0, 0, 0));
    assert_eq!((list.remove_all(), list.is_empty()), (0, true));
    assert_eq!(format!("{list:?}"), "Listeners<u32>(0)");
}
