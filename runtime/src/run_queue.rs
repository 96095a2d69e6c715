//! The run queue of a loop: the actors that have something to do, each once, in turn.
//!
//! Filled by [`local`](crate::local), emptied by [`event_loop`](crate::event_loop). It knows nothing of actors. The queue
//! is threaded through the cells themselves, so that joining it never allocates.

use std::cell::Cell;

use crate::cell::Uncounted;

/// The runnable actors of a loop.
#[derive(Default)]
pub(crate) struct RunQueue {
    first: Cell<Option<Uncounted>>,
    last: Cell<Option<Uncounted>>,
}

impl RunQueue {
    #[inline]
    pub(crate) fn push(&self, cell: Uncounted) {
        cell.set_next(None);
        match self.last.replace(Some(cell)) {
            Some(last) => last.set_next(Some(cell)),
            None => self.first.set(Some(cell)),
        }
    }

    /// Takes the first.
    #[inline]
    pub(crate) fn pop(&self) -> Option<Uncounted> {
        let first = self.first.get()?;
        let next = first.next();
        self.first.set(next);
        if next.is_none() {
            self.last.set(None);
        }
        Some(first)
    }

    /// Takes the one that `choose` names out of so many: for simulation, where any may come next.
    pub(crate) fn pop_any(&self, choose: impl FnOnce(usize) -> usize) -> Option<Uncounted> {
        let mut queued = Vec::new();
        while let Some(cell) = self.pop() {
            queued.push(cell);
        }
        let chosen = (!queued.is_empty()).then(|| queued.remove(choose(queued.len())));
        for cell in queued {
            self.push(cell);
        }
        chosen
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.first.get().is_none()
    }
}
