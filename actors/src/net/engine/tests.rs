//! What each connection costs.

use super::*;

#[cfg(target_pointer_width = "64")]
#[test]
fn an_idle_connection_is_small() {
    let size = size_of::<Engine>();
    assert!(size <= 336, "an engine takes {size} bytes: box what most connections do without");
    let size = size_of::<Message>();
    assert!(size <= 48, "its messages take {size} bytes: box what is said once to each connection");
}
