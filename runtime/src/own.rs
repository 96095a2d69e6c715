//! What the owner of a cell, and nobody else, writes in its header: flags, the place in the run queue, rare things.
//!
//! Part of a [`cell`](crate::cell), which says who may reach it. It is data: what a flag brings about is said by
//! [`turn`](crate::turn), [`waiting`](crate::waiting) and [`dying`](crate::dying).

use std::cell::{Cell, OnceCell, RefCell};

use crate::cell::Uncounted;
use crate::extras::Extras;
use crate::ledger::Ledger;

/// The owner's part of the header.
#[repr(C)]
pub(crate) struct Own {
    extras: OnceCell<Box<RefCell<Extras>>>,
    /// Where the parent keeps this child.
    pub(crate) child_slot: Cell<u32>,
    pub(crate) flags: Cell<u32>,
    /// The next cell of the run queue, while `SCHEDULED` and not in its turn.
    pub(crate) next: Cell<Option<Uncounted>>,
    /// Messages that have reached this actor's loop, accepted or not.
    pub(crate) sent: Cell<u64>,
    /// Messages handled.
    pub(crate) handled: Cell<u64>,
}

impl Own {
    pub(crate) fn new(child_slot: u32, flags: u32) -> Self {
        Self {
            extras: OnceCell::new(),
            child_slot: Cell::new(child_slot),
            flags: Cell::new(flags),
            next: Cell::new(None),
            sent: Cell::new(0),
            handled: Cell::new(0),
        }
    }

    /// What only some actors have: children, waiters, watchers, guards.
    pub(crate) fn extras(&self) -> &RefCell<Extras> {
        self.extras.get_or_init(Box::default)
    }

    /// The same, without making it.
    pub(crate) fn extras_if_any(&self) -> Option<&RefCell<Extras>> {
        self.extras.get().map(|extras| &**extras)
    }

    // The actor's books.

    #[inline]
    pub(crate) fn count_sent(&self) {
        self.sent.set(self.sent.get() + 1);
    }

    #[inline]
    pub(crate) fn count_handled(&self) {
        self.handled.set(self.handled.get() + 1);
    }

    /// Enters one of the rarer fates of a message.
    pub(crate) fn enter(&self, entry: impl FnOnce(&mut Ledger)) {
        entry(self.extras().borrow_mut().fates.get_or_insert_default());
    }

    /// The actor's books.
    pub(crate) fn ledger(&self) -> Ledger {
        let extras = self.extras_if_any();
        let fates = extras.and_then(|extras| extras.borrow().fates.as_deref().copied());
        let mut ledger = fates.unwrap_or_default();
        ledger.sent += self.sent.get();
        ledger.handled += self.handled.get();
        ledger
    }

    /// The mailbox may have made room.
    pub(crate) fn grows(&self) {
        if !self.has(flag::ROOMY) {
            self.set(flag::GROWN);
        }
    }

    #[inline]
    pub(crate) fn has(&self, flags: u32) -> bool {
        self.flags.get() & flags != 0
    }

    #[inline]
    pub(crate) fn set(&self, flags: u32) {
        self.flags.set(self.flags.get() | flags);
    }

    #[inline]
    pub(crate) fn clear(&self, flags: u32) {
        self.flags.set(self.flags.get() & !flags);
    }
}

/// The owner's flags of a cell.
pub(crate) mod flag {
    /// In the run queue, or in its turn.
    pub(crate) const SCHEDULED: u32 = 1;
    /// Waits for a target that is over; its queue and place are kept.
    pub(crate) const PAUSED: u32 = 1 << 1;
    /// Told to stop; handles no more messages.
    pub(crate) const STOPPING: u32 = 1 << 2;
    /// Gone: sends fail.
    pub(crate) const DEAD: u32 = 1 << 3;
    /// Something waits ahead of the mailbox: a timer, readiness.
    pub(crate) const URGENT: u32 = 1 << 4;
    /// The end of the round will call it.
    pub(crate) const DEFERRED: u32 = 1 << 5;
    /// A send must look at the mailbox's limits: it weighs, drops or rejects.
    pub(crate) const LIMITED: u32 = 1 << 6;
    /// Never paused: demand bounds what it sends (I/O, stream stages).
    pub(crate) const TIRELESS: u32 = 1 << 7;
    /// The mailbox is over its high mark and has not fallen to the low one.
    pub(crate) const FULL: u32 = 1 << 8;
    /// `started` has run.
    pub(crate) const STARTED: u32 = 1 << 9;
    /// `stopping` has run.
    pub(crate) const STOPPED: u32 = 1 << 10;
    /// The actor's state is lent to its code.
    pub(crate) const BUSY: u32 = 1 << 11;
    /// The actor holds a pressure guard.
    pub(crate) const GUARDED: u32 = 1 << 12;
    /// Without its actor, which is to be built anew; the mailbox takes messages, and no turn comes.
    pub(crate) const VACANT: u32 = 1 << 13;
    /// Its parent wants to know when it has started.
    pub(crate) const AWAITED: u32 = 1 << 14;
    /// Cut off: it is buried without further ado.
    pub(crate) const KILLED: u32 = 1 << 15;
    /// A phase of a drain has begun, and it has not been told.
    pub(crate) const UNTOLD: u32 = 1 << 16;
    /// It has something to finish before the runtime ends.
    pub(crate) const UNFINISHED: u32 = 1 << 17;
    /// It has been told of the first phase of a drain.
    pub(crate) const TOLD_ACCEPT: u32 = 1 << 18;
    /// And of the second, the last of which actors are told.
    pub(crate) const TOLD_READ: u32 = 1 << 19;
    /// It waits for something from outside of the runtime, which keeps it alive.
    pub(crate) const EXPECTING: u32 = 1 << 20;
    /// Its mailbox has room, and is on the list of those that give it back when they have rested.
    pub(crate) const ROOMY: u32 = 1 << 21;
    /// Its mailbox has made room, and is not on the list: it is put there when its turn is over, if it goes on.
    pub(crate) const GROWN: u32 = 1 << 22;
}

/// What everybody may know of an actor's life.
pub(crate) mod life {
    pub(crate) const LIVING: u8 = 0;
    /// Told to stop, it waits for its children.
    pub(crate) const WINDING_DOWN: u8 = 1;
    /// Sends fail.
    pub(crate) const DEAD: u8 = 2;
}
