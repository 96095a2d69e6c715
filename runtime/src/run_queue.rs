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

    /// Takes the one that `choose` names out of so many, at most the first `most`: for simulation, where any may come next.
    pub(crate) fn pop_any(
        &self,
        most: usize,
        choose: impl FnOnce(usize) -> usize,
    ) -> Option<Uncounted> {
        let mut len = 0;
        let mut at = self.first.get();
        while let Some(cell) = at.filter(|_| len < most) {
            len += 1;
            at = cell.next();
        }
        let place = if len > 1 { choose(len) } else { 0 };
        if place == 0 {
            return self.pop();
        }
        let mut before = self.first.get()?;
        for _ in 1..place {
            before = before.next()?;
        }
        let chosen = before.next()?;
        before.set_next(chosen.next());
        if chosen.next().is_none() {
            self.last.set(Some(before));
        }
        Some(chosen)
    }

    /// The same, for a choice that looks at whom it chooses.
    pub(crate) fn pop_chosen(
        &self,
        most: usize,
        choose: impl FnOnce(&[Uncounted]) -> usize,
    ) -> Option<Uncounted> {
        let mut queued = Vec::new();
        let mut at = self.first.get();
        while let Some(cell) = at.filter(|_| queued.len() < most) {
            queued.push(cell);
            at = cell.next();
        }
        if queued.is_empty() {
            return None;
        }
        let chosen = choose(&queued);
        self.pop_any(queued.len(), |_| chosen)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.first.get().is_none()
    }
}
