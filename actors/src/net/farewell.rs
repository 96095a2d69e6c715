//! Who is told that a connection is over, and that they are told last.
//!
//! Made by [`ends`](super::ends) when somebody wants to be told. Whoever still has to say how a half has ended holds it: the
//! engine, and then the pipelines of the halves, until they have told. Whoever lets it go last tells.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use roundsman_runtime::Recipient;

use super::ends::Closed;
use super::engine::Engine;

/// What is said when a connection is over, as it is dropped.
#[derive(Default)]
pub(crate) struct Farewell {
    to: Mutex<Vec<Recipient<Closed>>>,
    closed: OnceLock<Closed>,
}

/// Kept until something else has been told.
pub(crate) type Kept = Arc<dyn Send + Sync>;

impl Farewell {
    /// One more who is told.
    pub(crate) fn add(&self, whom: Recipient<Closed>) {
        self.to.lock().unwrap_or_else(PoisonError::into_inner).push(whom);
    }

    /// How it has ended.
    pub(crate) fn set(&self, closed: Closed) {
        // The first time counts.
        let _ = self.closed.set(closed);
    }
}

impl Engine {
    /// What is kept while somebody is told how a half has ended.
    pub(super) fn farewell(&self) -> Option<Kept> {
        self.ends.as_ref()?.farewell()
    }
}

impl Drop for Farewell {
    fn drop(&mut self) {
        let to = self.to.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(closed) = self.closed.get() {
            to.drain(..).for_each(|whom| whom.complete(closed.clone()));
        }
    }
}
