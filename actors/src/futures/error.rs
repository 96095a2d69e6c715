//! Why a future has no value.

use std::sync::Arc;

/// Why a future has no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FutureError {
    /// It panicked while it was polled; the text is the panic's message. Its owner goes on.
    #[error("the future panicked: {0}")]
    Panicked(Arc<str>),
    /// Its owner cancelled it: [`FutureHandle::cancel`](super::FutureHandle::cancel).
    #[error("the future was cancelled")]
    Cancelled,
}
