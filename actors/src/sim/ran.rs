//! What a run of a seed has come to.
//!
//! Made by [`world`](super::world) at its end, compared and shrunk by [`check`](super::check).

use super::failed::Failed;
use super::trace::Trace;
use crate::Timestamp;

/// What a run has come to.
pub(super) struct Ran {
    pub(super) failure: Option<(Failed, Timestamp)>,
    pub(super) hash: u64,
    /// Messages that were handled, and starts.
    pub(super) handled: u64,
    /// These, and what was noted.
    pub(super) lines: u64,
    pub(super) steps: u64,
    /// Of sockets on its network.
    pub(super) operations: u64,
    pub(super) choices: Vec<u64>,
    pub(super) trace: Trace,
}

impl Ran {
    /// Whether another run of the same seed has done the same, as far as is kept: what was handled by whom and when, how many
    /// steps there were, what sockets did, how it ended.
    pub(super) fn is_as(&self, other: &Self) -> bool {
        let seen =
            |ran: &Self| (ran.hash, ran.handled, ran.steps, ran.operations, ran.failure.is_some());
        seen(self) == seen(other)
    }
}
