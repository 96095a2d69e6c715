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
//! | `refs`, `over`, `life`, `slot`, `marks` | any thread, any time (atomics) |
//! | `ops`, `home`, `id`, `high`, `low`, `overflow`, `shutdown`, `name`, `parent` | any thread reads; written before the cell is shared |
//! | `own`, `mailbox`, `hooks` | the owner: the thread that runs the loop `home` |
//! | `state` | the owner, while `BUSY` says that it is lent |
//!
//! # Safety
//!
//! * **The owner test.** `&Local` is neither `Send` nor `Sync`, and one exists per home; the cell keeps its home, so
//!   its address is not another's. So whoever holds a `&Local` whose home is the cell's is on the owner's thread. Every
//!   access to an owner's field goes through that comparison ([`CellRef::own`], [`Front::owned`], [`Handle::new`]).
//! * **No borrow lives across user code.** The mailbox is lent to closures of this crate that move values in and out
//!   and run nothing of the user's: not even a message's `Drop` (a removed message is returned, not dropped inside).
//! * **Liveness.** The count of references starts with one for the loop ("life"), released once the actor is dead,
//!   its state dropped and its mailbox drained. What is not counted is kept otherwise: see [`Uncounted`].
//! * **The cell in turn may be read by others** ([`CellRef`]'s header, what any thread may read of it), inside
//!   [`InTurn::look`](crate::in_turn::InTurn::look) only. The owner closes no grave in a turn, and a loop that has ended has
//!   none in turn. So when a cell is freed its turn is over, and whoever frees it sees that: the owner by its own order, another thread
//!   through the mutex of the inbox that it found closed. It then [waits](crate::in_turn::InTurn::wait_out) until nobody
//!   looks, and who looks later finds another cell in turn, or none. What is lent is not kept: a look never counts. The same
//!   holds of an errand, whose cell is borrowed from before it begins until after it has ended.

use std::any::Any;
use std::cell::{OnceCell, RefCell, UnsafeCell};
use std::collections::VecDeque;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;
use std::sync::Arc;

use crate::actor::{Actor, ActorId};
use crate::describe::{self, Held};
use crate::home::Home;
use crate::hooks::{self, Hooks, SourceId, TimerId};
use crate::jobs::{self, JobKey};
use crate::local::Local;
use crate::mailbox::{Mailbox, Overflow};
use crate::marks::Marks;
use crate::name::Name;
use crate::own::{Own, flag, life};
use crate::parcel::Parcel;
use crate::poller::Readiness;
use crate::refcount::RefCount;
use crate::spawn::Birth;
use crate::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering};
use crate::turn;

/// What everybody may know of a cell without knowing its type.
///
/// In this order: what other threads read as they send, then what hardly anybody reads, then what the owner writes with
/// every message. The first and the last never share a cache line.
#[repr(C)]
pub(crate) struct Header {
    refs: RefCount,
    slot: AtomicU32,
    over: AtomicBool,
    life: AtomicU8,
    pub(crate) overflow: Overflow,
    pub(crate) marks: Marks,
    /// How long it may take to stop.
    pub(crate) shutdown: u32,
    pub(crate) home: Arc<Home>,

    ops: &'static Ops,
    pub(crate) id: ActorId,
    pub(crate) high: u32,
    pub(crate) low: u32,
    pub(crate) name: Option<Box<Name>>,
    pub(crate) parent: Option<CellRef>,

    own: Own,
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
    #[inline(always)]
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

    /// What the actor has put aside, as it ends.
    pub(crate) fn take_stashed(&self, local: &Local) -> VecDeque<M> {
        self.hooks_if_any(local).map(|hooks| hooks.borrow_mut().take_stashed()).unwrap_or_default()
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
    state: UnsafeCell<Option<A>>,
}

/// What can be done with a cell without knowing its type: one table per actor type.
pub(crate) struct Ops {
    pub(crate) actor_name: fn() -> &'static str,
    pub(crate) message_name: fn() -> &'static str,
    pub(crate) turn: fn(&CellRef, &Local),
    pub(crate) panicked: fn(&CellRef, &Local, &(dyn Any + Send)),
    pub(crate) deferred: fn(&CellRef, &Local),
    pub(crate) timer_due: fn(&CellRef, &Local, TimerId),
    pub(crate) job_expired: fn(&CellRef, &Local, JobKey),
    pub(crate) ready: fn(&CellRef, &Local, SourceId, Readiness),
    pub(crate) queued: fn(&CellRef, &Local) -> usize,
    /// The same, with what was put aside.
    pub(crate) backlog: fn(&CellRef, &Local) -> usize,
    pub(crate) held: fn(&CellRef, &Local) -> Held,
    /// Gives back the room of the mailbox. False if something is in it.
    pub(crate) give_back: fn(&CellRef, &Local) -> bool,
    free: unsafe fn(NonNull<Header>),
}

impl Ops {
    /// The table of actor `A`. Its entries are reached only through cells of `A`, which `allocate` ties to it.
    const fn of<A: Actor>() -> Self {
        Self {
            actor_name: std::any::type_name::<A>,
            message_name: std::any::type_name::<A::Message>,
            turn: |cell, local| turn::turn(&Handle::<A>::new(cell, local)),
            panicked: |cell, local, panic| turn::panicked(&Handle::<A>::new(cell, local), panic),
            deferred: |cell, local| turn::deferred(&Handle::<A>::new(cell, local)),
            timer_due: |cell, local, id| hooks::timer_due(&Handle::<A>::new(cell, local), id),
            job_expired: |cell, local, id| jobs::expired(&Handle::<A>::new(cell, local), id),
            ready: |cell, local, id, readiness| {
                hooks::ready(&Handle::<A>::new(cell, local), id, readiness);
            },
            queued: |cell, local| Handle::<A>::new(cell, local).mailbox(|mailbox| mailbox.len()),
            backlog: |cell, local| hooks::backlog(&Handle::<A>::new(cell, local)),
            held: |cell, local| describe::held(&Handle::<A>::new(cell, local)),
            give_back: |cell, local| Handle::<A>::new(cell, local).mailbox(Mailbox::give_back),
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
    ///
    /// # Panics
    /// If it is borrowed already: a bug of this crate, for calls of one actor never overlap.
    #[inline]
    pub(crate) fn state(&self) -> State<'a, A> {
        let own = self.own();
        assert!(!own.has(flag::BUSY), "an actor was called inside its own call");
        own.set(flag::BUSY);
        // SAFETY: a cell of `A`, as above; counted, so allocated.
        let cell: &'a ActorCell<A> = unsafe { self.cell.0.cast().as_ref() };
        State { own, state: &cell.state }
    }
}

/// The state of an actor, borrowed.
pub(crate) struct State<'a, A> {
    own: &'a Own,
    state: &'a UnsafeCell<Option<A>>,
}

impl<A> Deref for State<'_, A> {
    type Target = Option<A>;

    #[inline]
    fn deref(&self) -> &Option<A> {
        // SAFETY: on the owner's thread (the handle's test), and the only borrow: `BUSY` was clear.
        unsafe { &*self.state.get() }
    }
}

impl<A> DerefMut for State<'_, A> {
    #[inline]
    fn deref_mut(&mut self) -> &mut Option<A> {
        // SAFETY: as in `deref`.
        unsafe { &mut *self.state.get() }
    }
}

impl<A> Drop for State<'_, A> {
    #[inline]
    fn drop(&mut self) {
        self.own.clear(flag::BUSY);
    }
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
            life: AtomicU8::new(life::LIVING),
            overflow: birth.overflow,
            marks: Marks::new(birth.unmourned),
            shutdown: birth.shutdown,
            home: birth.home,
            ops: const { &Ops::of::<A>() },
            id: birth.id,
            high: birth.high,
            low: birth.low,
            name: birth.name,
            parent: birth.parent,
            own: Own::new(birth.child_slot, birth.flags),
        };
        let front = Front { header, mailbox: UnsafeCell::new(mailbox), hooks: OnceCell::new() };
        if birth.stash.is_some() {
            front.header.own.extras().borrow_mut().stash = birth.stash;
        }
        let cell = Box::new(ActorCell::<A> { front, state: UnsafeCell::new(None) });
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
        Arc::ptr_eq(&self.header().home, &local.home)
    }

    #[inline]
    pub(crate) fn home(&self) -> &Arc<Home> {
        &self.header().home
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
        self.header().life.load(Ordering::Relaxed) == life::DEAD
    }

    pub(crate) fn set_dead(&self) {
        self.header().life.store(life::DEAD, Ordering::Relaxed);
    }

    /// Whether the actor is known to wait for its children to stop. Its parent then gives it more time.
    pub(crate) fn is_winding_down(&self) -> bool {
        self.header().life.load(Ordering::Relaxed) == life::WINDING_DOWN
    }

    pub(crate) fn set_winding_down(&self, winding: bool) {
        let now = if winding { life::WINDING_DOWN } else { life::LIVING };
        // Not over `DEAD`, which the parent may have said meanwhile: pairs with nothing, all are hints.
        let _ = self.header().life.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |before| {
            (before != life::DEAD).then_some(now)
        });
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
        assert!(Arc::ptr_eq(&self.home, &local.home), "a cell was touched from another loop");
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
            bury(Grave(self.0));
        }
    }
}

/// The last reference has gone. Envelopes for the cell, which do not count, may still be in its loop's inbox, ahead of
/// whatever is put there now: so the owner frees it, once it has opened what came before.
#[cold]
fn bury(grave: Grave) {
    // Its own reference to the home goes with the cell, perhaps while this one is still in use.
    let home = Arc::clone(grave.home());
    match Local::current(&home) {
        Some(local) => local.graves.borrow_mut().push(grave),
        // A loop that has ended has closed its inbox when it was empty: then this thread frees the cell.
        None => {
            if let Err(Parcel::Orphan(grave)) = home.post(Parcel::Orphan(grave)) {
                close(grave);
            }
        }
    }
}

thread_local! {
    /// Graves that were dug while this thread closes one: a cell holds its parent, and that its own.
    static OPEN: RefCell<Option<Vec<Grave>>> = const { RefCell::new(None) };
}

/// Frees a cell and whatever goes with it, one after another: families may be deeper than the stack.
fn close(grave: Grave) {
    let mut next = Some(grave);
    // As the thread ends the list may be gone: then the stack must do.
    let first = OPEN.try_with(|open| match &mut *open.borrow_mut() {
        Some(list) => {
            list.extend(next.take());
            false
        }
        none => {
            *none = Some(Vec::new());
            true
        }
    });
    while let Some(grave) = next.take() {
        drop(grave);
        next = OPEN.try_with(|open| open.borrow_mut().as_mut()?.pop()).ok().flatten();
    }
    if let Ok(true) = first {
        OPEN.set(None);
    }
}

/// A cell to which no reference is left. Dropping it frees the cell.
pub(crate) struct Grave(NonNull<Header>);

// SAFETY: it owns the cell alone, and what is left of a cell without references is `Send`: see `CellRef`.
unsafe impl Send for Grave {}

impl Grave {
    fn home(&self) -> &Arc<Home> {
        // SAFETY: the cell is freed by this grave's drop only.
        unsafe { &self.0.as_ref().home }
    }
}

impl Drop for Grave {
    fn drop(&mut self) {
        // Nobody may still look at its last turn: see the module's premises. Freed outside the vigil: what goes with the
        // cell may be another's last reference.
        self.home().in_turn.wait_out();
        // SAFETY: the cell is freed by this drop only.
        let free = unsafe { self.0.as_ref().ops.free };
        // SAFETY: no reference is left, and `RefCount::release` has ordered all earlier ones before this; the table is
        // that of the cell's own actor type; envelopes have been opened, or never can be (see `bury`).
        unsafe { free(self.0) };
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
    if let Some(extras) = cell.front.header.own.extras_if_any() {
        // Likewise what would have built it anew.
        std::mem::forget(extras.borrow_mut().supervised.take());
    }
    let header = &cell.front.header;
    header.home.world.release_slot(header.slot.load(Ordering::Relaxed));
}

/// A cell that something else keeps: not counted, since counting would cost more than a visit or a send.
///
/// - In the run queue, `SCHEDULED` set: the life reference keeps it, which an owner gives up only after the cell has
///   left the queue.
/// - In an envelope: whoever sends holds an address, and the sender's drop of it comes after the push. So the cell's
///   grave is dug after the push; the owner closes it after it has opened what the inbox held then (see [`Grave`]).
/// - In turn: the life reference keeps it for its owner; for others, [`InTurn::look`](crate::in_turn::InTurn::look).
#[derive(Clone, Copy)]
pub(crate) struct Uncounted(NonNull<Header>);

// SAFETY: it is only a place; what is done with it goes through a `CellRef`, which is `Send`.
unsafe impl Send for Uncounted {}

impl Uncounted {
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

    /// Where it is, for [`InTurn`](crate::in_turn::InTurn).
    #[inline]
    pub(crate) fn place(self) -> NonNull<Header> {
        self.0
    }

    /// The cell at this place.
    #[inline]
    pub(crate) fn at(place: NonNull<Header>) -> Self {
        Self(place)
    }

    /// The cell behind it in the run queue.
    #[inline]
    pub(crate) fn next(self) -> Option<Self> {
        self.with(|cell| cell.header().own.next.get())
    }

    #[inline]
    pub(crate) fn set_next(self, next: Option<Self>) {
        self.with(|cell| cell.header().own.next.set(next));
    }
}

#[cfg(all(test, not(roundsman_loom)))]
mod tests;
