//! Panics of user code: what was thrown is the user's as well, and may panic as it is dropped.
//!
//! Used wherever a panic is caught. It says nothing about what a panic means.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::local::Local;

/// What a panic says.
pub(crate) fn text_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("(no text)")
}

/// Drops what a panic has thrown. If that panics, too, it ends here: what that throws is let go, not dropped.
pub(crate) fn let_go(panic: Box<dyn Any + Send>) {
    if let Err(another) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
        tracing::error!(
            text = text_of(&*another),
            "what a panic had thrown panicked as it was dropped"
        );
        std::mem::forget(another);
    }
}

/// Work for a loop that may never get there: it can be dropped anywhere, although what it captures is the user's.
pub(crate) struct Duty(Option<Work>);

type Work = Box<dyn FnOnce(&Local) + Send>;

impl Duty {
    pub(crate) fn new(work: impl FnOnce(&Local) + Send + 'static) -> Self {
        Self(Some(Box::new(work)))
    }

    pub(crate) fn run(mut self, local: &Local) {
        if let Some(work) = self.0.take() {
            work(local);
        }
    }
}

impl Drop for Duty {
    fn drop(&mut self) {
        let Some(work) = self.0.take() else { return };
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(work))) {
            tracing::error!(
                text = text_of(&*panic),
                "what was to build an actor panicked as it was dropped"
            );
            let_go(panic);
        }
    }
}
