//! The one switch between the standard library's primitives and loom's.
//!
//! Used by the files whose protocols loom models: [`inbox`](crate::inbox), [`refcount`](crate::refcount),
//! [`pressure`](crate::pressure) and [`in_turn`](crate::in_turn). Everything else uses `std` directly. It adds nothing of its own.

#[cfg(not(roundsman_loom))]
pub(crate) use std::sync::{Mutex, MutexGuard};

#[cfg(roundsman_loom)]
pub(crate) use loom::sync::{Mutex, MutexGuard};

pub(crate) mod atomic {
    //! Atomics of the library in use.
    #[cfg(not(roundsman_loom))]
    pub(crate) use std::sync::atomic::{
        AtomicBool, AtomicPtr, AtomicU8, AtomicU32, Ordering, fence,
    };

    #[cfg(roundsman_loom)]
    pub(crate) use loom::sync::atomic::{
        AtomicBool, AtomicPtr, AtomicU8, AtomicU32, Ordering, fence,
    };
}
