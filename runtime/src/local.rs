//! What one loop owns: everything that only its own thread touches.
//!
//! One per loop, made by [`event_loop`](crate::event_loop) and lent to every turn. An address that is used in a
//! handler finds it through a thread-local pointer: that is the owner test of a send (see [`cell`](crate::cell)).
//! It keeps things; what happens to them, and when, is said by `event_loop`, `turn` and `waiting`.
//!
//! # Safety
//! The pointer is set by [`Local::enter`] for as long as its guard lives, from a `Local` that the guard borrows, and
//! it is read on the same thread only (it is thread-local). So it points to a living `Local` whenever it is set.

use std::cell::{Cell, RefCell};
use std::ops::Deref;
use std::ptr;
use std::sync::Arc;

use slab::Slab;

use crate::actor::ActorId;
use crate::cell::{CellRef, Grave, Uncounted};
use crate::clock::Timestamp;
use crate::driver::Driver;
use crate::exit::ExitReason;
use crate::extras::Children;
use crate::home::Home;
use crate::hooks::{SourceId, TimerId};
use crate::jobs::{JobId, Outbox};
use crate::lane::Lane;
use crate::metrics::Counters;
use crate::own::flag;
use crate::poller::Readiness;
use crate::run_queue::RunQueue;
use crate::timer_wheel::{TimerKey, TimerWheel};

/// Everything of a loop that only its thread touches.
pub(crate) struct Local {
    pub(crate) home: Arc<Home>,
    pub(crate) driver: Driver,
    pub(crate) run_queue: RunQueue,
    pub(crate) counters: Counters,
    /// Most messages of one turn.
    pub(crate) budget: usize,
    /// Set by whatever a turn must look at between two messages.
    attention: Cell<bool>,
    /// The over targets that the handler in turn has sent to.
    noted: RefCell<Vec<CellRef>>,
    /// The lanes of the pool that are over and in which it has started jobs.
    noted_lanes: Cell<u8>,
    /// Jobs on their way to the pool.
    pub(crate) outbox: Outbox,
    pub(crate) deferred: RefCell<Vec<CellRef>>,
    /// Cells without references, to be freed when the inbox has been looked at.
    pub(crate) graves: RefCell<Vec<Grave>>,
    /// The actor in turn, for whoever must say who panicked.
    pub(crate) in_turn: Cell<Option<Uncounted>>,
    wheel: RefCell<TimerWheel<Due>>,
    sources: RefCell<Slab<(CellRef, SourceId)>>,
    /// Actors of this loop that wait, for whoever asks why.
    pub(crate) paused: RefCell<Vec<CellRef>>,
    /// Timers and sources that keep the runtime alive.
    kept: Cell<usize>,
    now: Cell<Timestamp>,
    born: Cell<u64>,
    /// Actors that live here.
    pub(crate) population: Cell<usize>,
    /// One has lived here.
    pub(crate) lived: Cell<bool>,
    /// Actors without a parent: the root, and what handles have spawned.
    pub(crate) top: RefCell<Children>,
    /// The root, on the loop where it lives.
    pub(crate) root: Cell<Option<ActorId>>,
    /// How it ended.
    pub(crate) root_exit: RefCell<Option<ExitReason>>,
}

/// What a timer of the wheel is for.
pub(crate) enum Due {
    /// A timer of the actor's own.
    Timer(CellRef, TimerId),
    /// The deadline of a pressure guard.
    Guard(CellRef, usize),
    /// When a job of the actor no longer may start.
    Job(CellRef, JobId),
}

thread_local! {
    static CURRENT_HOME: Cell<*const Home> = const { Cell::new(ptr::null()) };
    static CURRENT: Cell<*const Local> = const { Cell::new(ptr::null()) };
}

impl Local {
    pub(crate) fn new(home: Arc<Home>, driver: Driver) -> Self {
        let outbox = Outbox::new(Arc::clone(&home.world.pool));
        Self {
            now: Cell::new(driver.clock.now()),
            budget: home.world.settings.budget as usize,
            home,
            driver,
            run_queue: RunQueue::default(),
            counters: Counters::default(),
            attention: Cell::new(false),
            noted: RefCell::default(),
            noted_lanes: Cell::new(0),
            outbox,
            deferred: RefCell::default(),
            graves: RefCell::default(),
            in_turn: Cell::new(None),
            wheel: RefCell::new(TimerWheel::new()),
            sources: RefCell::default(),
            paused: RefCell::default(),
            kept: Cell::new(0),
            born: Cell::new(0),
            population: Cell::new(0),
            lived: Cell::new(false),
            top: RefCell::default(),
            root: Cell::new(None),
            root_exit: RefCell::new(None),
        }
    }

    /// Makes this the current loop of the thread until the guard is dropped.
    pub(crate) fn enter(&self) -> Entered<'_> {
        let before = (CURRENT_HOME.get(), CURRENT.get());
        CURRENT_HOME.set(Arc::as_ptr(&self.home));
        CURRENT.set(ptr::from_ref(self));
        Entered { before, local: self }
    }

    /// The current loop if its home is this one: the owner test. For use within one call, never kept.
    #[inline]
    pub(crate) fn current(home: &Arc<Home>) -> Option<Current> {
        Self::is_current(home).then(|| Current(CURRENT.get()))
    }

    /// Whether the calling thread runs the loop with this home.
    #[inline]
    pub(crate) fn is_current(home: &Arc<Home>) -> bool {
        CURRENT_HOME.get() == Arc::as_ptr(home)
    }

    /// Lends the current loop, whichever it is, to `f`. `None` on a plain thread.
    pub(crate) fn with_any<R>(f: impl FnOnce(&Self) -> R) -> Option<R> {
        let current = CURRENT.get();
        (!current.is_null()).then(|| f(&Current(current)))
    }

    /// The time at which the loop last looked at the clock: at the start of the round, after polling, and every few
    /// turns in between.
    #[inline]
    pub(crate) fn now(&self) -> Timestamp {
        self.now.get()
    }

    pub(crate) fn update_now(&self) -> Timestamp {
        self.now.set(self.driver.clock.now());
        self.now.get()
    }

    pub(crate) fn next_actor_id(&self) -> ActorId {
        let born = self.born.get() + 1;
        self.born.set(born);
        ActorId(((self.home.index as u64) << 48) | born)
    }

    /// Puts an actor that has something to do into the run queue, unless it is there, pauses or is dead.
    #[inline]
    pub(crate) fn schedule(&self, cell: &CellRef) {
        let own = cell.own(self);
        if !own.has(flag::SCHEDULED | flag::PAUSED | flag::DEAD) {
            own.set(flag::SCHEDULED);
            self.run_queue.push(Uncounted::new(cell));
        }
    }

    // What a turn looks at between two messages.

    /// The handler in turn has sent to an actor that is over. What is delivered outside a turn has other senders, who
    /// know by themselves.
    #[cold]
    pub(crate) fn note(&self, target: &CellRef) {
        if self.in_turn.get().is_none() {
            return;
        }
        let mut noted = self.noted.borrow_mut();
        if !noted.last().is_some_and(|last| last.same(target)) {
            noted.push(target.clone());
        }
        self.attention.set(true);
    }

    pub(crate) fn call_attention(&self) {
        self.attention.set(true);
    }

    #[inline]
    pub(crate) fn has_attention(&self) -> bool {
        self.attention.get()
    }

    /// The handler in turn has started a job in a lane that is over.
    #[cold]
    pub(crate) fn note_lane(&self, lane: Lane) {
        self.noted_lanes.set(self.noted_lanes.get() | lane.bit());
        self.attention.set(true);
    }

    /// Takes what the handler noted, actors and lanes, and attention with it.
    pub(crate) fn take_noted(&self) -> (Vec<CellRef>, u8) {
        self.attention.set(false);
        (std::mem::take(&mut *self.noted.borrow_mut()), self.noted_lanes.take())
    }

    // Timers.

    pub(crate) fn arm(&self, at: Timestamp, cell: CellRef, id: TimerId) -> TimerKey {
        self.wheel.borrow_mut().insert(at.tick_due(), Due::Timer(cell, id))
    }

    pub(crate) fn arm_guard(&self, at: Timestamp, cell: CellRef, guard: usize) -> TimerKey {
        self.wheel.borrow_mut().insert(at.tick_due(), Due::Guard(cell, guard))
    }

    pub(crate) fn arm_job(&self, at: Timestamp, cell: CellRef, job: JobId) -> TimerKey {
        self.wheel.borrow_mut().insert(at.tick_due(), Due::Job(cell, job))
    }

    pub(crate) fn disarm(&self, key: TimerKey) {
        // Taken out first: the reference inside may be the last to its cell.
        let due = self.wheel.borrow_mut().cancel(key);
        drop(due);
    }

    /// Takes the timers that are due.
    pub(crate) fn take_due(&self, due: &mut Vec<(TimerKey, Due)>) {
        let mut wheel = self.wheel.borrow_mut();
        if !wheel.is_empty() {
            wheel.advance(self.now().tick_begun(), due);
        }
    }

    /// When the loop must look at its timers again.
    pub(crate) fn next_deadline(&self) -> Option<Timestamp> {
        self.wheel.borrow().next_deadline().map(Timestamp::of_tick)
    }

    // I/O sources.

    pub(crate) fn add_source(&self, cell: CellRef, id: SourceId) -> usize {
        self.sources.borrow_mut().insert((cell, id))
    }

    pub(crate) fn forget_source(&self, entry: usize) {
        let source = self.sources.borrow_mut().try_remove(entry);
        drop(source);
    }

    /// The OS says that a source is ready.
    pub(crate) fn ready(&self, entry: usize, readiness: Readiness) {
        let source = self.sources.borrow().get(entry).map(|(cell, id)| (cell.clone(), *id));
        if let Some((cell, id)) = source {
            (cell.ops().ready)(&cell, self, id, readiness);
        }
    }

    // What keeps the runtime alive.

    pub(crate) fn keep(&self) {
        self.kept.set(self.kept.get() + 1);
    }

    pub(crate) fn unkeep(&self) {
        self.kept.set(self.kept.get() - 1);
    }

    pub(crate) fn is_kept(&self) -> bool {
        self.kept.get() != 0
    }
}

/// The current loop of the thread, for use within one call.
pub(crate) struct Current(*const Local);

impl Deref for Current {
    type Target = Local;

    #[inline]
    fn deref(&self) -> &Local {
        // SAFETY: made while the pointer was not null (no home is at null), so `enter` has set it; and its guard, which
        // borrows the loop, outlives every call that is made inside it.
        unsafe { &*self.0 }
    }
}

/// Keeps a loop current; see [`Local::enter`].
pub(crate) struct Entered<'a> {
    before: (*const Home, *const Local),
    local: &'a Local,
}

impl Entered<'_> {
    fn is_of(local: &Local) -> bool {
        Local::is_current(&local.home)
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        debug_assert!(Self::is_of(self.local), "guards end in reverse order");
        CURRENT_HOME.set(self.before.0);
        CURRENT.set(self.before.1);
    }
}
