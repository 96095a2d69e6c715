//! The actor in turn on a loop, for others to see: how the watchdog can name it while it runs. Beside it, the actor for
//! which something runs in nobody's turn: an errand.
//!
//! Set by the loop around every turn and errand, looked at by the [watchdog](crate::watchdog). It holds a place and never what is
//! there; that reading it is sound is argued in [`cell`](crate::cell), which frees what was there.
//!
//! # Protocol
//!
//! | who | does | so that |
//! |---|---|---|
//! | owner, turn begins | stores the place (Release) | who loads it (Acquire) sees what was written there before |
//! | owner, turn ends | stores null | |
//! | owner, errand begins and ends | the same in a place of its own, read if no turn is there | |
//! | whoever frees what was there, after that | [`wait_out`](InTurn::wait_out): locks the vigil and lets go | |
//! | watchdog | [`look`](InTurn::look): locks the vigil, loads, reads, lets go | |
//!
//! If the look comes before the waiting, it has ended when the freeing begins. If it comes after, the mutex makes it
//! see the null that was stored before the waiting, or something newer: never what is being freed.

use std::ptr::{self, NonNull};

use crate::sync::Mutex;
use crate::sync::atomic::{AtomicPtr, Ordering};

/// What is in turn, if anything.
pub(crate) struct InTurn<T> {
    at: AtomicPtr<T>,
    errand: AtomicPtr<T>,
    vigil: Mutex<()>,
}

impl<T> InTurn<T> {
    pub(crate) fn new() -> Self {
        let nothing = || AtomicPtr::new(ptr::null_mut());
        Self { at: nothing(), errand: nothing(), vigil: Mutex::new(()) }
    }

    /// For the owner: a turn begins, or none.
    #[inline]
    pub(crate) fn set(&self, at: Option<NonNull<T>>) {
        // Release: pairs with the Acquire in `look`.
        self.at.store(at.map_or(ptr::null_mut(), NonNull::as_ptr), Ordering::Release);
    }

    /// For the owner: what it has set.
    #[inline]
    pub(crate) fn get(&self) -> Option<NonNull<T>> {
        NonNull::new(self.at.load(Ordering::Relaxed))
    }

    /// For the owner: something for this one begins in nobody's turn, or nothing.
    pub(crate) fn set_errand(&self, at: Option<NonNull<T>>) {
        // Release: pairs with the Acquire in `look`.
        self.errand.store(at.map_or(ptr::null_mut(), NonNull::as_ptr), Ordering::Release);
    }

    /// Neither a turn nor an errand goes on. A hint for others.
    pub(crate) fn is_free(&self) -> bool {
        self.get().is_none() && self.errand.load(Ordering::Relaxed).is_null()
    }

    /// Lends what is in turn to `f`, or else whom an errand is for, from any thread: it stays allocated until `f` returns,
    /// and no longer.
    pub(crate) fn look<R>(&self, f: impl FnOnce(NonNull<T>) -> R) -> Option<R> {
        let _vigil = self.vigil.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // Acquire: pairs with the Release in `set`.
        let in_turn = NonNull::new(self.at.load(Ordering::Acquire));
        in_turn.or_else(|| NonNull::new(self.errand.load(Ordering::Acquire))).map(f)
    }

    /// Returns when nobody looks any more at what was in turn before this call.
    pub(crate) fn wait_out(&self) {
        drop(self.vigil.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
    }
}

#[cfg(all(test, roundsman_loom))]
mod loom_tests;
