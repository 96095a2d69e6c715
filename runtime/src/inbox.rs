//! The inbox of a loop: what other loops and threads send to it.
//!
//! Senders [`push`](Inbox::push); the owner takes everything at once with [`take`](Inbox::take) and, before it
//! sleeps, asks [`sleep`](Inbox::sleep). It knows nothing of what it carries and does not wake anybody itself: a
//! push says whether the owner must be woken, and the caller does so.
//!
//! # Protocol
//!
//! One mutex guards the items and the owner's state, so that the wake protocol needs no fences:
//!
//! | state | set by | a push then |
//! |---|---|---|
//! | `Awake` | owner, in `take` | adds its item |
//! | `Asleep` | owner, in `sleep`, only if there are no items | adds its item, sets `Awake`, says "wake" |
//! | `Quiet` | likewise, when the loop has nothing of its own left to wait for | likewise, and calls `revive` under the mutex |
//! | `Closed` | owner, in `close` | hands its item back |
//!
//! An owner that found the inbox empty under the mutex cannot miss a later item: the push that adds it sees the
//! sleeping state under the same mutex. `revive` under the mutex is what makes the count of loops that are alive
//! exact: it rises before the sender, itself alive, can go quiet.

use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Mutex, MutexGuard};

/// What other threads send to one loop.
pub(crate) struct Inbox<T> {
    state: Mutex<State<T>>,
    /// A hint that spares the owner the mutex when nothing came. Written under the mutex.
    filled: AtomicBool,
}

struct State<T> {
    items: Vec<T>,
    /// Those of them that no sender sees.
    aside: usize,
    /// Items that were to be counted, ever.
    counted: u64,
    owner: Owner,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    Awake,
    Asleep,
    Quiet,
    Closed,
}

/// What a push found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pushed {
    /// Items waiting now, this one included, without those that were pushed aside.
    pub(crate) len: usize,
    /// The owner sleeps: the caller must wake it.
    pub(crate) wake: bool,
}

/// Why [`Inbox::push_within`] did not take the item; it is handed back.
#[derive(Debug)]
pub(crate) enum Refused<T> {
    /// The inbox holds as many items as were allowed.
    Full(T),
    /// The loop has ended.
    Closed(T),
}

impl<T> Inbox<T> {
    /// An empty inbox whose owner is awake.
    pub(crate) fn new() -> Self {
        Self {
            state: Mutex::new(State {
                items: Vec::new(),
                aside: 0,
                counted: 0,
                owner: Owner::Awake,
            }),
            filled: AtomicBool::new(false),
        }
    }

    /// Adds an item. `revive` runs under the mutex if the owner was quiet.
    ///
    /// # Errors
    /// Hands the item back if the loop has ended.
    #[inline]
    pub(crate) fn push(&self, item: T, revive: impl FnOnce()) -> Result<Pushed, T> {
        self.push_within(usize::MAX, item, false, revive).map_err(|refused| match refused {
            Refused::Full(item) | Refused::Closed(item) => item,
        })
    }

    /// Adds an item unless `limit` items wait already. If it is to be `counted`, that happens under the mutex: the count
    /// is never behind what the owner takes.
    ///
    /// # Errors
    /// Hands the item back if the inbox is full or the loop has ended.
    #[inline]
    pub(crate) fn push_within(
        &self,
        limit: usize,
        item: T,
        counted: bool,
        revive: impl FnOnce(),
    ) -> Result<Pushed, Refused<T>> {
        let mut state = self.lock();
        if state.owner == Owner::Closed {
            return Err(Refused::Closed(item));
        }
        if state.items.len() - state.aside >= limit {
            return Err(Refused::Full(item));
        }
        state.counted += u64::from(counted);
        Ok(self.add(state, item, revive))
    }

    /// Adds an item that senders do not see: it fills nothing up, and is never refused for fullness.
    ///
    /// # Errors
    /// Hands the item back if the loop has ended.
    pub(crate) fn push_aside(&self, item: T, revive: impl FnOnce()) -> Result<Pushed, T> {
        let mut state = self.lock();
        if state.owner == Owner::Closed {
            return Err(item);
        }
        state.aside += 1;
        Ok(self.add(state, item, revive))
    }

    #[inline]
    fn add(&self, mut state: MutexGuard<'_, State<T>>, item: T, revive: impl FnOnce()) -> Pushed {
        state.items.push(item);
        if state.items.len() == 1 {
            // Relaxed: a hint. The owner sees it late at worst, and never sleeps on it: `sleep` takes the mutex.
            self.filled.store(true, Ordering::Relaxed);
        }
        let wake = state.owner != Owner::Awake;
        if wake {
            if state.owner == Owner::Quiet {
                revive();
            }
            state.owner = Owner::Awake;
        }
        Pushed { len: state.items.len() - state.aside, wake }
    }

    /// Whether a take is worth the mutex. May lag behind a push of another thread.
    #[inline]
    pub(crate) fn looks_filled(&self) -> bool {
        self.filled.load(Ordering::Relaxed)
    }

    /// How many items wait, and how many were ever counted.
    pub(crate) fn depth(&self) -> (usize, u64) {
        let state = self.lock();
        (state.items.len(), state.counted)
    }

    /// Swaps all items into `into`, which must be empty; its room is used for the items to come.
    pub(crate) fn take(&self, into: &mut Vec<T>) {
        debug_assert!(into.is_empty());
        let mut state = self.lock();
        std::mem::swap(&mut state.items, into);
        state.aside = 0;
        self.filled.store(false, Ordering::Relaxed);
    }

    /// The owner wants to sleep: true if it may. `retire` runs under the mutex if it may and is `quiet`.
    pub(crate) fn sleep(&self, quiet: bool, retire: impl FnOnce()) -> bool {
        let mut state = self.lock();
        if !state.items.is_empty() || state.owner == Owner::Closed {
            return false;
        }
        if quiet {
            if state.owner != Owner::Quiet {
                retire();
            }
            state.owner = Owner::Quiet;
        } else {
            state.owner = Owner::Asleep;
        }
        true
    }

    /// The owner has woken by itself (a timer, a socket). `revive` runs under the mutex if it was quiet.
    pub(crate) fn wake(&self, revive: impl FnOnce()) {
        let mut state = self.lock();
        if state.owner == Owner::Quiet {
            revive();
        }
        if state.owner != Owner::Closed {
            state.owner = Owner::Awake;
        }
    }

    /// Refuses every further push, if nothing waits. True if it is closed now.
    pub(crate) fn close(&self) -> bool {
        let mut state = self.lock();
        if state.items.is_empty() {
            state.owner = Owner::Closed;
        }
        state.owner == Owner::Closed
    }

    /// Whether every push is refused.
    pub(crate) fn is_closed(&self) -> bool {
        self.lock().owner == Owner::Closed
    }

    /// Refuses every further push and returns what waits: nobody will come for it.
    pub(crate) fn shut(&self) -> Vec<T> {
        let mut state = self.lock();
        state.owner = Owner::Closed;
        state.aside = 0;
        std::mem::take(&mut state.items)
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // A poisoned mutex means that a push panicked for want of memory; the items are whole all the same.
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;

#[cfg(all(test, roundsman_loom))]
mod loom_tests;
