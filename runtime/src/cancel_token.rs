//! What a running job learns from that it may as well end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What a running job looks at to learn that nobody wants its result any more: it was cancelled, its actor has ended,
/// or the runtime has. Clones tell the same, so code that helps can keep one.
#[derive(Clone, Debug, Default)]
pub struct CancelToken(Arc<AtomicBool>);

impl CancelToken {
    /// Whether the job may as well end.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        // Relaxed: nothing is handed over with it.
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
