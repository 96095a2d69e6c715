//! Why a seed fails.
//!
//! Made by [`world`](super::world) as it happens, shown by [`failing`](super::failing), compared by
//! [`check`](super::check), which must know a failure when it sees it again.

use std::sync::Arc;
use std::time::Duration;

use crate::{Ledger, RunError};

/// Why a seed fails.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failed {
    /// The test's body returned an error.
    #[error("the test failed: {0}")]
    Body(String),
    /// The test's body panicked.
    #[error("the test panicked: {0}")]
    BodyPanicked(String),
    /// An actor panicked, supervised or not, and no fault was to make it: see [`Sim::may_panic`](super::Sim::may_panic).
    #[error("{actor} panicked: {text}")]
    Panicked {
        /// Its host and its path.
        actor: String,
        /// What it said, and where in the source.
        text: String,
    },
    /// An invariant does not hold.
    #[error("not so: {name}{}", if why.is_empty() { String::new() } else { format!(": {why}") })]
    Invariant {
        /// What it claims.
        name: String,
        /// Why that is not so, if it says so.
        why: String,
    },
    /// A host has ended in an error: see [`HostBuilder::may_fail`](super::HostBuilder::may_fail).
    #[error("host {host} has ended in an error: {error}")]
    Host {
        /// Its name.
        host: String,
        /// What [`Runtime::run`](crate::Runtime::run) would have returned.
        error: Arc<RunError>,
    },
    /// A host has ended, and not every message that was sent there has had exactly one fate: a bug of roundsman.
    #[error("the books of host {host} do not balance, a bug of roundsman: {ledger}")]
    Unbalanced {
        /// Its name.
        host: String,
        /// Its books.
        ledger: Box<Ledger>,
    },
    /// Nothing can happen any more, and not everything is done.
    #[error("deadlock: nothing can happen any more, and these have not finished:\n{0}")]
    Deadlock(String),
    /// Nothing can be done without time, and that is held.
    #[error(
        "nothing can be done at this moment, and time is held: drop the `TimeHold`; meanwhile these have not ended:\n{0}"
    )]
    Held(String),
    /// A condition did not come true in time.
    #[error(
        "what was waited for did not come true within {within:?}; meanwhile these have not ended:\n{waiting}"
    )]
    NotReached {
        /// The time that it had.
        within: Duration,
        /// What keeps the hosts, and who waits on whom.
        waiting: String,
    },
    /// It goes on and on: perhaps it would for ever.
    #[error(
        "no end after {steps} steps: does something go in circles? Raise `Check::steps` if not"
    )]
    Endless {
        /// Most steps of a run.
        steps: u64,
    },
    /// The same seed has not done the same twice.
    #[error(
        "the same seed has done two things: something depends on what is no part of it, as the order of a `HashMap`, an address, the wall clock, a thread"
    )]
    Differs,
}

impl Failed {
    /// What tells this way of failing from others: its first line, whatever the numbers in it.
    pub(super) fn signature(&self) -> String {
        let text = self.to_string();
        let first = text.lines().next().unwrap_or_default();
        first.chars().filter(|c| !c.is_ascii_digit()).collect()
    }
}
