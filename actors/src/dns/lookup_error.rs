//! Why a look-up has found nothing.

use std::sync::Arc;
use std::time::Duration;

/// Why a look-up has found nothing. The system's codes are kept apart, as far as it keeps them apart itself: many C libraries
/// say "not found" also of a name that exists and has no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LookupError {
    /// There is no such name. (`EAI_NONAME`; Node: `ENOTFOUND`.)
    #[error("looking up {host:?}: there is no such name")]
    NotFound {
        /// The name.
        host: Arc<str>,
    },
    /// The name exists, and has no address of the family that was asked for. (`EAI_NODATA`, `EAI_ADDRFAMILY`.)
    #[error("looking up {host:?}: the name has no address of the family that was asked for")]
    NoData {
        /// The name.
        host: Arc<str>,
    },
    /// No name server could be asked, or none answered: it may work later. (`EAI_AGAIN`.)
    #[error(
        "looking up {host:?}: a temporary failure of the system's name look-up; is the network there? Try again later"
    )]
    Temporary {
        /// The name.
        host: Arc<str>,
    },
    /// The system's look-up failed in another way. (`EAI_FAIL`, `EAI_SYSTEM`, …)
    #[error("looking up {host:?}: {text}")]
    Failed {
        /// The name.
        host: Arc<str>,
        /// The system's code, or 0 if it has none.
        code: i32,
        /// What it says.
        text: Arc<str>,
    },
    /// What was asked for can be no name: it is empty, has a NUL in it, or is too long.
    #[error("looking up {host:?}: {why}")]
    BadName {
        /// What was asked for, cut off if it is very long.
        host: Arc<str>,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Nothing came in time.
    #[error("looking up {host:?}: no answer within {timeout:?} (set by `Lookup::timeout`)")]
    Timeout {
        /// The name.
        host: Arc<str>,
        /// How long was waited.
        timeout: Duration,
    },
    /// Whoever asked has cancelled it.
    #[error("looking up {host:?}: it was cancelled")]
    Cancelled {
        /// The name.
        host: Arc<str>,
    },
}

impl LookupError {
    /// The name that was looked up.
    #[must_use]
    pub fn host(&self) -> &str {
        match self {
            Self::NotFound { host }
            | Self::NoData { host }
            | Self::Temporary { host }
            | Self::Failed { host, .. }
            | Self::BadName { host, .. }
            | Self::Timeout { host, .. }
            | Self::Cancelled { host } => host,
        }
    }
}
