//! Why a job has no value.

use std::convert::Infallible;
use std::sync::Arc;

/// Why a job has no value. `E` is the error of its own code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JobError<E = Infallible> {
    /// Its code answered an error.
    #[error("the job failed: {0}")]
    Failed(#[source] E),
    /// Its code panicked; the text is the panic's message. The pool goes on.
    #[error("the job panicked: {0}")]
    Panicked(Arc<str>),
    /// It was cancelled before it had begun.
    #[error("the job was cancelled before it had begun")]
    Cancelled,
    /// It waited for a thread as long as [`Job::within`](crate::Job::within) allows.
    #[error(
        "the job got no thread in time: let it wait longer (`Job::within`), or give its lane more threads (`Builder::pool_threads`, `LaneLimits::cap`)"
    )]
    Expired,
    /// The pool takes no more jobs: the runtime is ending.
    #[error("the pool takes no more jobs: the runtime is ending")]
    Closed,
    /// The OS gave the pool not a single thread.
    #[error("the OS gives the pool no thread; raise `ulimit -u`")]
    NoThread,
}
