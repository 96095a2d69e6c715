//! Supervision: what fails is built anew, as OTP has it, and the failure goes up when that does not help.

#[path = "supervision/children.rs"]
mod children;
#[path = "supervision/earlier_lives.rs"]
mod earlier_lives;
#[path = "supervision/links.rs"]
mod links;
#[path = "supervision/many.rs"]
mod many;
#[path = "supervision/restarts.rs"]
mod restarts;
#[path = "supervision/shutdowns.rs"]
mod shutdowns;
#[path = "supervision/stashes.rs"]
mod stashes;
#[path = "supervision/strategies.rs"]
mod strategies;
#[path = "supervision/supervisors.rs"]
mod supervisors;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use roundsman::Supervision;

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

/// As many restarts as anybody likes.
fn often(policy: Supervision) -> Supervision {
    policy.intensity(1_000_000, Duration::from_secs(1))
}
