//! Why a pipeline did not end as it should.

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;

/// What failed in a pipeline, and in which stage. Cheap to copy: it goes both ways along the chain.
#[derive(Clone, Debug)]
pub struct PipeError {
    stage: Arc<str>,
    cause: Arc<dyn Error + Send + Sync>,
}

/// The causes that are not somebody else's error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Cut {
    /// Somebody wanted no more before the end.
    #[error("it was cancelled before the end")]
    Cancelled,
    /// The actor that took the items, or gave them, has ended.
    #[error("the actor at this end of the pipeline has ended")]
    OwnerGone,
    /// The stage panicked, or was stopped.
    #[error("the stage ended before the pipeline did")]
    StageGone,
    /// That half of the connection belongs to another pipeline already.
    #[error("this half of the connection is in use by another pipeline: each half is piped once")]
    InUse,
}

impl PipeError {
    pub(crate) fn new(
        stage: impl Into<Arc<str>>,
        cause: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self { stage: stage.into(), cause: Arc::from(cause.into()) }
    }

    /// The stage that failed: `outlet`, `tcp reader 127.0.0.1:4711`; stages that share an actor share a name: `lines, map`.
    #[must_use]
    pub fn stage(&self) -> &str {
        &self.stage
    }

    /// What it said.
    #[must_use]
    pub fn cause(&self) -> &(dyn Error + Send + Sync + 'static) {
        &*self.cause
    }

    /// Whether nothing failed: somebody wanted no more.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.cause.downcast_ref::<Cut>() == Some(&Cut::Cancelled)
    }

    /// The kind of I/O error behind it, if it is one.
    #[must_use]
    pub fn io_kind(&self) -> Option<io::ErrorKind> {
        self.cause.downcast_ref::<io::Error>().map(io::Error::kind)
    }
}

impl fmt::Display for PipeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.stage, self.cause)
    }
}

impl Error for PipeError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.cause)
    }
}
