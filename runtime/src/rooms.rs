//! Mailboxes that have made room for messages, and give it back when they have rested.
//!
//! Filled by [`turn`](crate::turn) after a turn of an actor whose mailbox has grown, looked through by the
//! [`event_loop`](crate::event_loop) at the end of each round. It is data: [`local`](crate::local) has it given back.
//!
//! A burst leaves room behind that an idle actor does not need for hours, and a server has thousands of idle actors. An actor
//! in use keeps its room: it is looked at once in each [`REST`], whatever it does in between, and a send never looks. A loop
//! that sleeps is woken for [`MANY`] only: what a crowd leaves behind. Fewer are looked at when something else has woken it.

use std::collections::VecDeque;
use std::time::Duration;

use crate::clock::Timestamp;

/// A mailbox that has handled nothing for this long has rested. Whoever has a message less often than this makes room anew for
/// each, which costs less than a hundredth of a percent of the time.
const REST: Duration = Duration::from_millis(20);

/// For so many, and more, a loop wakes.
const MANY: usize = 256;

/// So many are looked at in a round, and one for each that has come: their line gets no longer than a crowd makes it at once.
const LOOKS: usize = 1024;

/// So many that have ended are left alone.
const ENDED: usize = 64;

/// Mailboxes with room, those first that were looked at first.
pub(crate) struct Rooms<C> {
    queue: VecDeque<Roomy<C>>,
    /// How many have come since the last round.
    came: usize,
    /// How many of them have ended, or nearly.
    ended: usize,
}

/// One of them.
pub(crate) struct Roomy<C> {
    pub(crate) cell: C,
    /// How many messages it had handled when it was looked at.
    pub(crate) handled: u64,
    looked_at: Timestamp,
}

impl<C> Default for Rooms<C> {
    fn default() -> Self {
        Self { queue: VecDeque::new(), came: 0, ended: 0 }
    }
}

impl<C> Rooms<C> {
    /// One has made room.
    pub(crate) fn enter(&mut self, cell: C, handled: u64, now: Timestamp) {
        self.came += 1;
        self.enter_again(cell, handled, now);
    }

    /// One goes on needing it.
    pub(crate) fn enter_again(&mut self, cell: C, handled: u64, now: Timestamp) {
        self.queue.push_back(Roomy { cell, handled, looked_at: now });
    }

    /// How many are to be looked at in this round, at most.
    pub(crate) fn looks(&mut self) -> usize {
        LOOKS + std::mem::take(&mut self.came)
    }

    /// The next that is to be looked at.
    pub(crate) fn next(&mut self, now: Timestamp) -> Option<Roomy<C>> {
        let first = self.queue.front()?;
        if first.looked_at + REST <= now { self.queue.pop_front() } else { None }
    }

    /// When to look, if it is worth waking for.
    pub(crate) fn wakes_at(&self) -> Option<Timestamp> {
        let first = self.queue.front().filter(|_| self.queue.len() >= MANY)?;
        Some(first.looked_at + REST)
    }

    /// One of those that were [entered](Self::enter) and not taken out has ended. Now and then all of these are returned, to be
    /// dropped elsewhere: so there are never more of them than of others, but for a few.
    pub(crate) fn ended(&mut self, has_ended: impl Fn(&C) -> bool) -> VecDeque<Roomy<C>> {
        self.ended += 1;
        if self.ended < ENDED || self.ended < self.queue.len() / 2 {
            return VecDeque::new();
        }
        self.ended = 0;
        let queue = std::mem::take(&mut self.queue);
        let (ended, queue) = queue.into_iter().partition(|roomy| has_ended(&roomy.cell));
        self.queue = queue;
        ended
    }
}

#[cfg(all(test, not(roundsman_loom)))]
mod tests;
