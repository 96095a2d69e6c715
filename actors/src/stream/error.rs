//! Why a pipeline did not end as it should.

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;

use roundsman_runtime::ExitReason;

/// What failed in a pipeline, and in which stage. One word, cheap to copy: it goes both ways along the chain.
#[derive(Clone)]
pub struct PipeError(Arc<Inner>);

struct Inner {
    stage: Arc<str>,
    cause: Box<dyn Error + Send + Sync>,
}

/// The causes that are not somebody else's error.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Cut {
    /// Somebody wanted no more before the end, and said why.
    #[error("it was cancelled before the end: {0}")]
    Cancelled(Arc<str>),
    /// The actor that took the items, or gave them, has ended.
    #[error("the actor at this end of the pipeline has ended")]
    OwnerGone,
    /// What runs in the stage panicked, mostly a function that it was given. The text is the panic's message.
    #[error("the stage panicked: {0}")]
    Panicked(Arc<str>),
    /// The stage was stopped.
    #[error("the stage ended before the pipeline did")]
    StageGone,
    /// That half of the connection, or that branch of a split source, belongs to another pipeline already.
    #[error("this end is in use by another pipeline: each is piped once")]
    InUse,
}

impl Cut {
    /// Of a stage that has not closed as its actor ends.
    pub(crate) fn stage(why: &ExitReason) -> Self {
        match why {
            ExitReason::Panicked(text) => Self::Panicked(Arc::clone(text)),
            _ => Self::StageGone,
        }
    }
}

impl PipeError {
    pub(crate) fn new(
        stage: impl Into<Arc<str>>,
        cause: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self(Arc::new(Inner { stage: stage.into(), cause: cause.into() }))
    }

    /// The stage that failed: `outlet`, `tcp reader 127.0.0.1:4711`; stages that share an actor share a name: `lines, map`.
    #[must_use]
    pub fn stage(&self) -> &str {
        &self.0.stage
    }

    /// What it said.
    #[must_use]
    pub fn cause(&self) -> &(dyn Error + Send + Sync + 'static) {
        &*self.0.cause
    }

    /// The cause, if it is an `E`.
    #[must_use]
    pub fn cause_as<E: Error + 'static>(&self) -> Option<&E> {
        self.0.cause.downcast_ref()
    }

    /// Whether nothing failed: somebody wanted no more.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        matches!(self.cause_as(), Some(Cut::Cancelled(_)))
    }

    /// The kind of I/O error behind it, if there is one: the cause itself, or what that was caused by.
    #[must_use]
    pub fn io_kind(&self) -> Option<io::ErrorKind> {
        let mut cause: Option<&(dyn Error + 'static)> = Some(&*self.0.cause);
        while let Some(error) = cause {
            if let Some(error) = error.downcast_ref::<io::Error>() {
                return Some(error.kind());
            }
            cause = error.source();
        }
        None
    }
}

impl fmt::Debug for PipeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { stage, cause } = &*self.0;
        f.debug_struct("PipeError").field("stage", stage).field("cause", cause).finish()
    }
}

impl fmt::Display for PipeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.stage, self.0.cause)
    }
}

impl Error for PipeError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0.cause)
    }
}
