//! A place for a plain thread to wait until an actor is no longer over.
//!
//! Used by [`address`](crate::address); unparked by [`waiting`](crate::waiting). Actors never wait here.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// A flag that one thread waits for.
#[derive(Default)]
pub(crate) struct Parker {
    free: Mutex<bool>,
    bell: Condvar,
}

impl Parker {
    pub(crate) fn unpark(&self) {
        *self.free.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.bell.notify_one();
    }

    /// Waits for [`unpark`](Self::unpark), at most `timeout`. False if the time ran out.
    pub(crate) fn park(&self, timeout: Option<Duration>) -> bool {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        match timeout {
            None => {
                *self.bell.wait_while(free, |free| !*free).unwrap_or_else(PoisonError::into_inner)
            }
            Some(timeout) => {
                let waited = self.bell.wait_timeout_while(free, timeout, |free| !*free);
                *waited.unwrap_or_else(PoisonError::into_inner).0
            }
        }
    }
}
