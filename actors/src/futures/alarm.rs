//! A timer of an executor, as the future that waits for it sees it.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Poll, Waker};

/// Rings once, and wakes whoever polled it last.
#[derive(Default)]
pub(super) struct Alarm {
    state: Mutex<State>,
    /// Its key in the executor that has armed it.
    pub(super) key: OnceLock<usize>,
}

#[derive(Default)]
struct State {
    rung: bool,
    waker: Option<Waker>,
}

impl Alarm {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that panics runs under it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn poll(&self, waker: &Waker) -> Poll<()> {
        let waker = waker.clone();
        let mut state = self.lock();
        if state.rung {
            return Poll::Ready(());
        }
        let before = state.waker.replace(waker);
        drop(state);
        // What a waker does as it goes is its own: not under the lock.
        drop(before);
        Poll::Pending
    }

    pub(super) fn ring(&self) {
        let mut state = self.lock();
        state.rung = true;
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    pub(super) fn has_rung(&self) -> bool {
        self.lock().rung
    }
}
