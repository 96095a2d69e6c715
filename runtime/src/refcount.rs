//! The count of references to a cell, and who frees it.
//!
//! Called by [`cell`](crate::cell) only. It frees nothing itself: it answers whether the caller held the last reference.
//!
//! # Protocol
//!
//! | holder | references | released |
//! |---|---|---|
//! | the loop, for a living actor ("life") | 1 | when the actor is dead, its state dropped and its mailbox drained |
//! | each address, recipient, reply, timer, wait record | 1 | on drop, on any thread |
//!
//! So the count reaches zero only after the owner has emptied the cell: what is left then (an empty queue, a name, the
//! link to the parent) may be freed by whoever can reach nothing else of it. Who that is, and when, is said in
//! [`cell`](crate::cell): envelopes do not count, so the owner frees the cell after it has opened what was sent before.
//!
//! The release of every holder happens before the free: each `fetch_sub` is a Release, and the last holder issues an
//! Acquire fence that pairs with all of them.

use crate::sync::atomic::{AtomicU32, Ordering, fence};

/// More references than this abort the process, as `Arc` does: a count that wraps would free a cell in use.
const LIMIT: u32 = u32::MAX / 2;

/// A count of references.
pub(crate) struct RefCount(AtomicU32);

impl RefCount {
    /// A count that starts with `references`.
    pub(crate) fn new(references: u32) -> Self {
        Self(AtomicU32::new(references))
    }

    /// Adds a reference; the caller must hold one already.
    #[inline]
    pub(crate) fn acquire(&self) {
        // Relaxed: whoever copies a reference holds one, so the cell cannot go meanwhile.
        if self.0.fetch_add(1, Ordering::Relaxed) > LIMIT {
            std::process::abort();
        }
    }

    /// Gives a reference up. True if it was the last: the caller must free the cell and nobody else can reach it.
    #[inline]
    #[must_use = "the last holder frees the cell"]
    pub(crate) fn release(&self) -> bool {
        // Release: pairs with the fence below in the thread that finds itself last.
        if self.0.fetch_sub(1, Ordering::Release) != 1 {
            return false;
        }
        // Acquire: pairs with the Release of every earlier holder, the owner's drop of the state among them.
        fence(Ordering::Acquire);
        true
    }
}

#[cfg(all(test, roundsman_loom))]
mod loom_tests;
