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

use std::time::Duration;

use roundsman::Supervision;

/// As many restarts as anybody likes.
fn often(policy: Supervision) -> Supervision {
    policy.intensity(1_000_000, Duration::from_secs(1))
}
