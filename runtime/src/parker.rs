//! A place for a plain thread to wait until an actor is no longer over.
//!
//! Used by [`address`](crate::address); unparked by [`waiting`](crate::waiting). Actors never wait here.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::spinning;

/// A flag that one thread waits for.
#[derive(Default)]
pub(crate) struct Parker {
    /// Set before `bell` rings, so that a thread that looks for a moment before it sleeps mostly need not sleep.
    free: AtomicBool,
    asleep: Mutex<()>,
    bell: Condvar,
}

impl Parker {
    pub(crate) fn unpark(&self) {
        // Release: pairs with the Acquire in `is_free`. What the unparking loop did before, the thread sees.
        self.free.store(true, Ordering::Release);
        // Under the mutex, so that it cannot fall between the sleeper's look and its sleep.
        drop(self.asleep.lock().unwrap_or_else(PoisonError::into_inner));
        self.bell.notify_one();
    }

    fn is_free(&self) -> bool {
        self.free.load(Ordering::Acquire)
    }

    /// Waits for [`unpark`](Self::unpark), at most `timeout`. False if the time ran out.
    pub(crate) fn park(&self, timeout: Option<Duration>) -> bool {
        if spinning::look(|| self.is_free()) {
            return true;
        }
        let asleep = self.asleep.lock().unwrap_or_else(PoisonError::into_inner);
        match timeout {
            None => {
                let woken = self.bell.wait_while(asleep, |()| !self.is_free());
                drop(woken.unwrap_or_else(PoisonError::into_inner));
            }
            Some(timeout) => {
                let woken = self.bell.wait_timeout_while(asleep, timeout, |()| !self.is_free());
                drop(woken.unwrap_or_else(PoisonError::into_inner));
            }
        }
        self.is_free()
    }
}
