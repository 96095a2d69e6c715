//! The cell of an actor: its mailbox, its state and what is known of it, in one allocation.
//!
//! Used by [`address`](crate::address) and [`turn`](crate::turn), which know its type, and through [`CellRef`] by
//! everything that does not. It decides nothing: when to run, pause or die is said elsewhere.
//!
//! # Layout
//!
//! `ActorCell<A>` starts with `Front<A::Message>`, which starts with `Header` (all `repr(C)`), so that one pointer to
//! the header serves whoever knows nothing, whoever knows the message and whoever knows the actor.
//!
//! # Who may touch what
//!
//! | field | who, when |
//! |---|---|
//! | `refs`, `over`, `dead`, `slot` | any thread, any time (atomics) |
//! | `ops`, `home`, `home_id`, `id`, `high`, `low`, `name`, `parent` | any thread reads; written only before the cell is shared |
//! | `own`, `mailbox`, `hooks` | the owner: the thread that runs the loop `home_id` |
//! | `state` | the owner, in the actor's turn and in its deferred call (a `RefCell` keeps them apart) |
//!
//! # Safety
//!
//! * **The owner test.** `&Local` is neither `Send` nor `Sync`, and one exists per loop; ids of loops are never used
//!   twice. So whoever holds a `&Local` whose id equals `home_id` is on the owner's thread. Every access to an owner's
//!   field goes through that comparison ([`CellRef::own`], [`Front::mailbox`]).
//! * **No borrow lives across user code.** The mailbox is lent to closures of this crate that move values in and out
//!   and run nothing of the user's: not even a message's `Drop` (a removed message is returned, not dropped inside).
//! * **Liveness.** The count of references starts with one for the loop ("life"), released once the actor is dead,
//!   its state dropped and its mailbox drained. A cell in the run queue is alive or still has its life reference:
//!   see [`QueuedCell`].

use std::cell::{Cell, OnceCell, RefCell, UnsafeCell};
use std::fmt;
use std::marker::PhantomData;
use std::ptr::NonNull;
use std::sync::Arc;

use crate::actor::{Actor, ActorId};
use crate::extras::Extras;
use crate::home::Home;
use crate::hooks::{self, Hooks, SourceId, TimerId};
use crate::local::Local;
use crate::mailbox::{Mailbox, Overflow};
use crate::poller::Readiness;
use crate::refcount::RefCount;
use crate::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use crate::turn;

/// What everybody may know of a cell without knowing its type.
#[repr(C)]
pub(crate) struct Header {
    refs: RefCount,
    slot: AtomicU32,
    over: AtomicBool,
    dead: AtomicBool,
    ops: &'static Ops,
    pub(crate) home: Arc<Home>,
    home_id: u64,
    pub(crate) id: ActorId,
    pub(crate) high: u32,
    pub(crate) low: u32,
    pub(crate) overflow: Overflow,
    pub(crate) name: Option<Box<Box<str>>>,
    pub(crate) parent: Option<CellRef>,
    own: Own,
}

/// The owner's part of the header.
pub(crate) struct Own {
    pub(crate) flags: Cell<u32>,
    /// Where the parent keeps this child.
    pub(crate) child_slot: Cell<u32>,
    /// The next cell of the run queue, while `SCHEDULED` and not in its turn.
    next: Cell<Option<QueuedCell>>,
    extras: OnceCell<Box<RefCell<Extras>>>,
}

impl Own {
    /// What only some actors have: children, waiters, watchers, guards.
    pub(crate) fn extras(&self) -> &RefCell<Extras> {
        self.extras.get_or_init(Box::default)
    }

    /// The same, without making it.
    pub(crate) fn extras_if_any(&self) -> Option<&RefCell<Extras>> {
        self.extras.get().map(|extras| &**extras)
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
}

/// The cell as whoever knows the message type sees it.
#[repr(C)]
pub(crate) struct Front<M> {
    pub(crate) header: Header,
    mailbox: UnsafeCell<Mailbox<M>>,
    hooks: OnceCell<Box<RefCell<Hooks<M>>>>,
}

impl<M> Front<M> {
    /// The owner's part and the mailbox, lent to `f` on the owner's thread only.
    ///
    /// `f` runs nothing of the user's: see the module's second premise.
    #[inline]
    pub(crate) fn owned<R>(&self, local: &Local, f: impl FnOnce(&Own, &mut Mailbox<M>) -> R) -> R {
        self.header.assert_home(local);
        let mailbox = self.mailbox.get();
        // SAFETY: (1) the assertion makes this the owner's thread, and only it reaches the mailbox; (2) no other
        // borrow lives: this and `Handle::mailbox` are the only ways to one, and what is given to them never calls
        // user code or either of them.
        f(&self.header.own, unsafe { &mut *mailbox })
    }

    /// What waits ahead of the mailbox, made on first use.
    pub(crate) fn hooks(&self, local: &Local) -> &RefCell<Hooks<M>> {
        self.header.assert_home(local);
        self.hooks.get_or_init(Box::default)
    }

    /// The same, without making it.
    pub(crate) fn hooks_if_any(&self, local: &Local) -> Option<&RefCell<Hooks<M>>> {
        self.header.assert_home(local);
        self.hooks.get().map(|hooks| &**hooks)
    }
}

/// The whole cell.
#[repr(C)]
pub(crate) struct ActorCell<A: Actor> {
    pub(crate) front: Front<A::Message>,
    state: RefCell<Option<A>>,
}

/// What can be done with a cell without knowing its type: one table per actor type.
pub(crate) struct Ops {
    pub(crate) actor_name: fn() -> &'static str,
    pub(crate) turn: fn(&CellRef, &Local),
    pub(crate) deferred: fn(&CellRef, &Local),
    pub(crate) timer_due: fn(&CellRef, &Local, TimerId),
    pub(crate) ready: fn(&CellRef, &Local, SourceId, Readiness),
    pub(crate) queued: fn(&CellRef, &Local) -> usize,
    free: unsafe fn(NonNull<Header>),
}

impl Ops {
    /// The table of actor `A`. Its entries are reached only through cells of `A`, which `allocate` ties to it.
    const fn of<A: Actor>() -> Self {
        Self {
            actor_name: std::any::type_name::<A>,
            turn: |cell, local| turn::turn(&Handle::<A>::new(cell, local)),
            deferred: |cell, local| turn::deferred(&Handle::<A>::new(cell, local)),
            timer_due: |cell, local, id| hooks::timer_due(&Handle::<A>::new(cell, local), id),
            ready: |cell, local, id, readiness| {
                hooks::ready(&Handle::<A>::new(cell, local), id, readiness);
            },
            queued: |cell, local| Handle::<A>::new(cell, local).mailbox(|mailbox| mailbox.len()),
            free: free::<A>,
        }
    }
}

/// A cell of a known actor in the hands of its owner: what a turn, a hook or a context works with.
pub(crate) struct Handle<'a, A: Actor> {
    pub(crate) cell: &'a CellRef,
    pub(crate) local: &'a Local,
    actor: PhantomData<fn(A)>,
}

impl<A: Actor> Clone for Handle<'_, A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A: Actor> Copy for Handle<'_, A> {}

impl<'a, A: Actor> Handle<'a, A> {
    /// # Panics
    /// If the cell is another loop's: a bug of this crate. It must be one of `A`.
    #[inline]
    pub(crate) fn new(cell: &'a CellRef, local: &'a Local) -> Self {
        cell.header().assert_home(local);
        debug_assert_eq!((cell.ops().actor_name)(), std::any::type_name::<A>());
        Self { cell, local, actor: PhantomData }
    }

    #[inline]
    pub(crate) fn own(&self) -> &'a Own {
        // The owner test was made in `new`.
        &self.cell.header().own
    }

    #[inline]
    pub(crate) fn front(&self) -> &'a Front<A::Message> {
        // SAFETY: handles are made for cells of `A` only: from the table of `A`, or where the cell was just
        // allocated for `A`. `ActorCell<A>` starts with `Front<A::Message>`.
        unsafe { self.cell.front() }
    }

    /// Lends the mailbox to `f`, which runs nothing of the user's: see the module's second premise.
    #[inline]
    pub(crate) fn mailbox<R>(&self, f: impl FnOnce(&mut Mailbox<A::Message>) -> R) -> R {
        let mailbox = self.front().mailbox.get();
        // SAFETY: as in `Front::mailbox`; the owner test was made in `new`.
        f(unsafe { &mut *mailbox })
    }

    /// The actor, borrowed while its code runs.
    #[inline]
    pub(crate) fn state(&self) -> &'a RefCell<Option<A>> {
        // SAFETY: a cell of `A`, as above; counted, so allocated.
        let cell: &'a ActorCell<A> = unsafe { self.cell.0.cast().as_ref() };
        &cell.state
    }
}

/// What is said of a new cell.
pub(crate) struct Birth {
    pub(crate) id: ActorId,
    pub(crate) home: Arc<Home>,
    pub(crate) name: Option<String>,
    pub(crate) parent: Option<CellRef>,
    pub(crate) child_slot: u32,
    pub(crate) flags: u32,
    pub(crate) high: u32,
    pub(crate) low: u32,
    pub(crate) overflow: Overflow,
}

/// A counted reference to a cell of any type.
pub(crate) struct CellRef(NonNull<Header>);

// SAFETY: the fields that are not `Sync` are reached only after the owner test, so on one thread; what remains when
// the last reference goes is an empty cell, whose parts are `Send` (messages are `Send`, the state is `None`).
unsafe impl Send for CellRef {}
// SAFETY: as above.
unsafe impl Sync for CellRef {}

impl CellRef {
    /// Allocates a cell without its actor, with two references: this one and the loop's.
    pub(crate) fn allocate<A: Actor>(birth: Birth, mailbox: Mailbox<A::Message>) -> Self {
        let header = Header {
            refs: RefCount::new(2),
            slot: AtomicU32::new(0),
            over: AtomicBool::new(false),
            dead: AtomicBool::new(false),
            ops: const { &Ops::of::<A>() },
            home_id: birth.home.id,
            home: birth.home,
            id: birth.id,
            high: birth.high,
            low: birth.low,
            overflow: birth.overflow,
            name: birth.name.map(|name| Box::new(name.into_boxed_str())),
            parent: birth.parent,
            own: Own {
                flags: Cell::new(birth.flags),
                child_slot: Cell::new(birth.child_slot),
                next: Cell::new(None),
                extras: OnceCell::new(),
            },
        };
        let front = Front { header, mailbox: UnsafeCell::new(mailbox), hooks: OnceCell::new() };
        let cell = Box::new(ActorCell::<A> { front, state: RefCell::new(None) });
        Self(NonNull::from(Box::leak(cell)).cast())
    }

    #[inline]
    pub(crate) fn header(&self) -> &Header {
        // SAFETY: this reference is counted, so the cell is allocated; all of `Header` that changes is a cell type.
        unsafe { self.0.as_ref() }
    }

    /// The owner's part.
    ///
    /// # Panics
    /// If `local` is not the cell's loop: a bug of this crate.
    #[inline]
    pub(crate) fn own(&self, local: &Local) -> &Own {
        let header = self.header();
        header.assert_home(local);
        &header.own
    }

    /// Whether `local` owns the cell.
    #[inline]
    pub(crate) fn is_home(&self, local: &Local) -> bool {
        self.header().home_id == local.id
    }

    #[inline]
    pub(crate) fn home_id(&self) -> u64 {
        self.header().home_id
    }

    /// The cell as one that takes `M`.
    ///
    /// # Safety
    /// The cell's actor takes messages of type `M`.
    #[inline]
    pub(crate) unsafe fn front<M>(&self) -> &Front<M> {
        // SAFETY: allocated (counted); `ActorCell<A>` starts with `Front<A::Message>`, and that is `Front<M>` by the
        // caller; the whole cell was one allocation, so the pointer may reach all of it.
        unsafe { self.0.cast().as_ref() }
    }

    #[inline]
    pub(crate) fn ops(&self) -> &'static Ops {
        self.header().ops
    }

    /// The flag that says that senders should pause. A hint where it is read (Relaxed): who waits asks the owner.
    #[inline]
    pub(crate) fn is_over(&self) -> bool {
        self.header().over.load(Ordering::Relaxed)
    }

    pub(crate) fn set_over(&self, over: bool) {
        self.header().over.store(over, Ordering::Relaxed);
    }

    /// Whether the actor is known to be gone. Another thread may learn it late.
    #[inline]
    pub(crate) fn is_dead(&self) -> bool {
        self.header().dead.load(Ordering::Relaxed)
    }

    pub(crate) fn set_dead(&self) {
        self.header().dead.store(true, Ordering::Relaxed);
    }

    /// The raw wait slot, 0 if none is allotted yet.
    pub(crate) fn slot(&self) -> &AtomicU32 {
        &self.header().slot
    }

    /// Gives the loop's life reference up; the caller is the owner and has emptied the cell.
    pub(crate) fn release_life(&self, local: &Local) {
        self.header().assert_home(local);
        drop(Self(self.0));
    }

    /// The same for a cell whose loop has ended before it could be built there.
    pub(crate) fn release_unborn_life(&self) {
        debug_assert!(!self.header().own.has(flag::STARTED));
        drop(Self(self.0));
    }

    pub(crate) fn same(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl fmt::Debug for CellRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.header().id, f)
    }
}

impl Header {
    #[inline]
    fn assert_home(&self, local: &Local) {
        assert!(self.home_id == local.id, "a cell was touched from another loop");
    }
}

impl Clone for CellRef {
    #[inline]
    fn clone(&self) -> Self {
        self.header().refs.acquire();
        Self(self.0)
    }
}

impl Drop for CellRef {
    #[inline]
    fn drop(&mut self) {
        if self.header().refs.release() {
            let free = self.ops().free;
            // SAFETY: this was the last reference and `release` ordered all earlier ones before this line.
            unsafe { free(self.0) };
        }
    }
}

/// Frees the cell of an `A`.
///
/// # Safety
/// `cell` was allocated for `A`, and no reference to it is left.
pub(crate) unsafe fn free<A: Actor>(cell: NonNull<Header>) {
    // SAFETY: allocated as `Box<ActorCell<A>>` in `allocate`; nobody else can reach it.
    let mut cell = unsafe { Box::from_raw(cell.cast::<ActorCell<A>>().as_ptr()) };
    if cell.state.get_mut().is_some() {
        // A loop that ended without burying its actors (its thread panicked): their state belongs to that thread.
        std::mem::forget(cell.state.get_mut().take());
    }
    let header = &cell.front.header;
    header.home.world.release_slot(header.slot.load(Ordering::Relaxed));
}

/// A cell in the run queue: not counted, since counting would cost more than the visit.
///
/// Made by [`QueuedCell::new`] when `SCHEDULED` is set. The life reference keeps the cell: it is given up only by an
/// owner that has cleared `SCHEDULED`, which it does only after the cell has left the queue.
#[derive(Clone, Copy)]
pub(crate) struct QueuedCell(NonNull<Header>);

impl QueuedCell {
    /// Queues a cell whose `SCHEDULED` flag the caller has just set.
    #[inline]
    pub(crate) fn new(cell: &CellRef) -> Self {
        Self(cell.0)
    }

    /// Lends the cell to `f`.
    #[inline]
    pub(crate) fn with<R>(self, f: impl FnOnce(&CellRef) -> R) -> R {
        // The reference is lent, not owned: it must not count down.
        let cell = std::mem::ManuallyDrop::new(CellRef(self.0));
        f(&cell)
    }

    /// The cell behind it in the queue.
    #[inline]
    pub(crate) fn next(self) -> Option<Self> {
        self.with(|cell| cell.header().own.next.get())
    }

    #[inline]
    pub(crate) fn set_next(self, next: Option<Self>) {
        self.with(|cell| cell.header().own.next.set(next));
    }
}
