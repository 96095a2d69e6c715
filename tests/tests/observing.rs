//! Knowing what goes on: the books about messages, dead letters, the watchdog, metrics, the tree, what keeps it alive.

#[path = "observing/alive.rs"]
mod alive;
#[path = "observing/blocked.rs"]
mod blocked;
#[path = "observing/books.rs"]
mod books;
#[cfg(feature = "metrics")]
#[path = "observing/bridge.rs"]
mod bridge;
#[path = "observing/dead_letters.rs"]
mod dead_letters;
#[path = "observing/log.rs"]
mod log;
#[path = "observing/loops.rs"]
mod loops;
#[cfg(feature = "spans")]
#[path = "observing/spans.rs"]
mod spans;
#[path = "observing/trees.rs"]
mod trees;
#[path = "observing/unfinished.rs"]
mod unfinished;
#[path = "observing/watchdog.rs"]
mod watchdog;
