//! Stopping as a plan: what is waited for, in which order, and what is cut.

#[path = "draining/cuts.rs"]
mod cuts;
#[path = "draining/phases.rs"]
mod phases;
#[path = "draining/signals.rs"]
mod signals;
#[path = "draining/sockets.rs"]
mod sockets;

use std::sync::{Arc, Mutex};

/// What happened, in order, told by actors of any loop.
#[derive(Clone, Default)]
struct Diary(Arc<Mutex<Vec<String>>>);

impl Diary {
    fn note(&self, what: impl Into<String>) {
        self.0.lock().unwrap().push(what.into());
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}
