//! Lives: how actors start, fail, stop and are mourned, and when a runtime ends.

#[path = "life/end_of_run.rs"]
mod end_of_run;
#[path = "life/failures.rs"]
mod failures;
#[path = "life/payloads.rs"]
mod payloads;
#[path = "life/placement.rs"]
mod placement;
#[path = "life/stopping.rs"]
mod stopping;
#[path = "life/watching.rs"]
mod watching;

use std::sync::{Arc, Mutex};

/// What happened, in order, told by actors of any loop.
#[derive(Clone)]
struct Diary<T>(Arc<Mutex<Vec<T>>>);

impl<T> Diary<T> {
    fn new() -> Self {
        Self(Arc::default())
    }

    fn note(&self, what: T) {
        self.0.lock().unwrap().push(what);
    }

    fn take(&self) -> Vec<T> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}
