//! Why an actor ended, and the message that tells so.
//!
//! Made by [`dying`](crate::dying); read by watchers, parents and `stopping`. It decides nothing.

use std::fmt;
use std::sync::Arc;

use crate::actor::{ActorId, Failure};

/// Why an actor ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExitReason {
    /// It stopped itself with [`Context::stop`](crate::Context::stop).
    Normal,
    /// Its parent stopped, somebody asked it to, or the runtime ended.
    Shutdown,
    /// A handler returned an error; the text is the error with its sources.
    Failed(Arc<str>),
    /// A handler panicked; the text is the panic's message.
    Panicked(Arc<str>),
    /// It was told to stop and did not within its [`Shutdown`](crate::Shutdown) time, or was to be cut off at once.
    Killed,
}

impl ExitReason {
    /// Whether the actor failed rather than ended as planned.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        matches!(self, Self::Failed(_) | Self::Panicked(_) | Self::Killed)
    }
}

impl fmt::Display for ExitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Normal => f.write_str("stopped"),
            Self::Shutdown => f.write_str("was stopped"),
            Self::Failed(text) => write!(f, "failed: {text}"),
            Self::Panicked(text) => write!(f, "panicked: {text}"),
            Self::Killed => f.write_str("was cut off, for it did not stop in time"),
        }
    }
}

/// How the root has ended.
pub(crate) struct RootExit {
    pub(crate) reason: ExitReason,
    /// The error, if a handler has returned one.
    pub(crate) failure: Option<Failure>,
}

/// What a watcher is told, exactly once, after everything else that the watched actor sent it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Terminated {
    /// Who ended.
    pub id: ActorId,
    /// Where it stood in the tree, for people: `/server/session-17`.
    pub path: String,
    /// Why.
    pub reason: ExitReason,
}
