//! The pool: jobs, lanes, and what becomes of each job.

#[path = "pool/detached.rs"]
mod detached;
#[path = "pool/ending.rs"]
mod ending;
#[path = "pool/handing_over.rs"]
mod handing_over;
#[path = "pool/in_place.rs"]
mod in_place;
#[path = "pool/jobs.rs"]
mod jobs;
#[path = "pool/lanes.rs"]
mod lanes;
#[path = "pool/lines.rs"]
mod lines;
#[path = "pool/naming.rs"]
mod naming;
#[path = "pool/panics.rs"]
mod panics;
#[path = "pool/pressure.rs"]
mod pressure;
#[path = "pool/simulated.rs"]
mod simulated;
#[path = "pool/sizes.rs"]
mod sizes;

use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};

/// Holds jobs up until it is opened.
#[derive(Clone, Default)]
struct Gate(Arc<Inner>);

#[derive(Default)]
struct Inner {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    open: bool,
    waiting: usize,
}

impl Gate {
    /// Waits until the gate is open.
    fn pass(&self) {
        let mut state = self.0.state.lock().unwrap();
        state.waiting += 1;
        self.0.changed.notify_all();
        let mut state = self.0.changed.wait_while(state, |state| !state.open).unwrap();
        state.waiting -= 1;
    }

    /// Waits until so many wait at the gate.
    fn gathered(&self, waiting: usize) {
        let state = self.0.state.lock().unwrap();
        drop(self.0.changed.wait_while(state, |state| state.waiting < waiting).unwrap());
    }

    fn open(&self) {
        self.0.state.lock().unwrap().open = true;
        self.0.changed.notify_all();
    }
}

/// A plain thread beside the runtime.
fn started_thread(work: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    #[expect(clippy::disallowed_methods, reason = "what is done beside a runtime")]
    thread::spawn(work)
}
