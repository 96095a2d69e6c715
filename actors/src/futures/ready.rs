//! The tasks of one executor that have been woken: filled by wakers on any thread, emptied by the executor.
//!
//! The executor is told once, by one message, however many are woken before it looks. While it is in its turn nobody needs
//! to tell it: it looks again before it ends the turn.
//!
//! | state | who moves it on |
//! |---|---|
//! | not told, empty | a waker adds a task, tells the executor |
//! | told | wakers add tasks; the executor begins its turn |
//! | closed | nothing is added any more: the executor has ended |

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use roundsman_runtime::Recipient;

use super::task::Signal;

/// The woken tasks of one executor.
pub(super) struct Ready {
    tell: Recipient<()>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    woken: Vec<Arc<Signal>>,
    told: bool,
    closed: bool,
}

impl Ready {
    pub(super) fn new(tell: Recipient<()>) -> Arc<Self> {
        Arc::new(Self { tell, state: Mutex::default() })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that panics runs under it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn push(&self, signal: Arc<Signal>) {
        let mut state = self.lock();
        if state.closed {
            drop(state);
            return;
        }
        state.woken.push(signal);
        let told = std::mem::replace(&mut state.told, true);
        drop(state);
        if !told {
            self.tell();
        }
    }

    /// As an answer: it pauses no thread and no actor, and there is one at most.
    fn tell(&self) {
        if !self.tell.is_closed() {
            self.tell.complete(());
        }
    }

    /// The executor is in its turn: it needs no message.
    pub(super) fn begin(&self) {
        self.lock().told = true;
    }

    /// Those that are ready, in the place of `into`, which is empty.
    pub(super) fn take(&self, into: &mut Vec<Arc<Signal>>) {
        std::mem::swap(&mut self.lock().woken, into);
    }

    /// The executor ends its turn. What has become ready meanwhile has the next one, after other actors.
    pub(super) fn end(&self) {
        let mut state = self.lock();
        state.told = !state.woken.is_empty();
        let again = state.told;
        drop(state);
        if again {
            self.tell();
        }
    }

    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        let woken = std::mem::take(&mut state.woken);
        drop(state);
        drop(woken);
    }
}
