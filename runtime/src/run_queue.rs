//! The run queue of a loop: the actors that have something to do, each once, in turn.
//!
//! Filled by [`local`](crate::local), emptied by [`event_loop`](crate::event_loop). It knows nothing of actors.

use std::cell::RefCell;
use std::collections::VecDeque;

use crate::cell::QueuedCell;

/// The runnable actors of a loop.
#[derive(Default)]
pub(crate) struct RunQueue {
    cells: RefCell<VecDeque<QueuedCell>>,
}

impl RunQueue {
    #[inline]
    pub(crate) fn push(&self, cell: QueuedCell) {
        self.cells.borrow_mut().push_back(cell);
    }

    /// Takes one: the one that `choose` names out of so many, first in, first out if it says 0.
    #[inline]
    pub(crate) fn pop(&self, choose: impl FnOnce(usize) -> usize) -> Option<QueuedCell> {
        let mut cells = self.cells.borrow_mut();
        let len = cells.len();
        if len == 0 {
            return None;
        }
        match choose(len) {
            0 => cells.pop_front(),
            at => cells.remove(at),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.cells.borrow().len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.cells.borrow().is_empty()
    }
}
