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
use std::rc::{Rc, Weak};
use std::sync::Arc;

use slab::Slab;

use crate::actor::{ActorId, Failure};
use crate::cell::{CellRef, Grave, Uncounted};
use crate::children::Children;
use crate::clock::Timestamp;
use crate::counters::Counters;
use crate::driver::Driver;
use crate::exit::{ExitReason, RootExit};
use crate::home::Home;
use crate::hooks::{SourceId, TimerId};
use crate::jobs::JobKey;
use crate::lane::Lane;
use crate::outbox::Outbox;
use crate::own::flag;
use crate::poller::Readiness;
use crate::reply::AskError;
use crate::rooms::{Rooms, Roomy};
use crate::run_queue::RunQueue;
use crate::timer_wheel::{TimerKey, TimerWheel};

/// Everything of a loop that only its thread touches.
pub(crate) struct Local {
    pub(crate) home: Arc<Home>,
    pub(crate) driver: Driver,
    pub(crate) run_queue: RunQueue,
    /// Most messages of one turn.
    pub(crate) budget: usize,
    /// Its messages are looked at one by one: under simulation only.
    pub(crate) watched: bool,
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
    round_end: Cell<Timestamp>,
    /// Whose mailboxes have room that they may not need for long.
    rooms: RefCell<Rooms<CellRef>>,
    wheel: RefCell<TimerWheel<Due>>,
    sources: RefCell<Slab<(CellRef, SourceId)>>,
    /// Actors of this loop that wait, for whoever asks why.
    pub(crate) paused: RefCell<Vec<CellRef>>,
    /// Replies that the handler in turn has dropped without an answer.
    unanswered: RefCell<Vec<Unanswered>>,
    /// Timers and sources that keep the runtime alive.
    kept: Cell<usize>,
    now: Cell<Timestamp>,
    born: Cell<u64>,
    /// Actors that live here.
    pub(crate) population: Cell<usize>,
    /// One has lived here.
    pub(crate) lived: Cell<bool>,
    /// All loops of a simulation, which run on one thread.
    neighbours: RefCell<Vec<Weak<Self>>>,
    /// Actors without a parent: the root, and what handles have spawned.
    pub(crate) top: RefCell<Children>,
    /// The root, on the loop where it lives.
    pub(crate) root: Cell<Option<ActorId>>,
    /// How it ended.
    pub(crate) root_exit: RefCell<Option<ExitReason>>,
    /// What its handler has returned, if it has failed by that.
    pub(crate) root_failure: RefCell<Option<Failure>>,
}

/// A reply without its answer.
pub(crate) type Unanswered = Box<dyn FnOnce(AskError)>;

/// What a timer of the wheel is for.
pub(crate) enum Due {
    /// A timer of the actor's own.
    Timer(CellRef, TimerId),
    /// The deadline of a pressure guard.
    Guard(CellRef, usize),
    /// A child has not stopped in time.
    Shutdown(CellRef, u32),
    /// A child, or several, may be started anew.
    Restart(CellRef, Option<ActorId>, u64),
    /// When a job of the actor no longer may start.
    Job(CellRef, JobKey),
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
            watched: driver.is_watched(),
            home,
            driver,
            run_queue: RunQueue::default(),
            attention: Cell::new(false),
            noted: RefCell::default(),
            noted_lanes: Cell::new(0),
            outbox,
            deferred: RefCell::default(),
            graves: RefCell::default(),
            round_end: Cell::default(),
            rooms: RefCell::default(),
            wheel: RefCell::new(TimerWheel::new()),
            sources: RefCell::default(),
            paused: RefCell::default(),
            unanswered: RefCell::default(),
            kept: Cell::new(0),
            born: Cell::new(0),
            population: Cell::new(0),
            lived: Cell::new(false),
            neighbours: RefCell::default(),
            top: RefCell::default(),
            root: Cell::new(None),
            root_exit: RefCell::new(None),
            root_failure: RefCell::new(None),
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

    /// How the root has ended, if it has: asked once.
    pub(crate) fn take_root_exit(&self) -> Option<RootExit> {
        let reason = self.root_exit.take()?;
        let failure = self.root_failure.take().filter(|_| matches!(reason, ExitReason::Failed(_)));
        Some(RootExit { reason, failure })
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
        if !own.has(flag::SCHEDULED | flag::PAUSED | flag::DEAD | flag::VACANT) {
            own.set(flag::SCHEDULED);
            self.enqueue(cell);
        }
    }

    /// Puts an actor at the end of the run queue.
    #[inline]
    pub(crate) fn enqueue(&self, cell: &CellRef) {
        self.run_queue.push(Uncounted::new(cell));
        self.counters().scheduled.add(1);
    }

    /// The mailbox of an actor has room for messages.
    pub(crate) fn has_room(&self, cell: &CellRef) {
        let own = cell.own(self);
        own.set(flag::ROOMY);
        self.rooms.borrow_mut().enter(cell.clone(), own.handled.get(), self.now());
    }

    /// At the end of a round: has mailboxes that have rested give their room back.
    pub(crate) fn give_back_room(&self) {
        let looks = self.rooms.borrow_mut().looks();
        for _ in 0..looks {
            let Some(roomy) = self.rooms.borrow_mut().next(self.now()) else { return };
            let Roomy { cell, handled, .. } = roomy;
            let (own, now) = (cell.own(self), cell.own(self).handled.get());
            let rests = now == handled && (cell.ops().give_back)(&cell, self);
            if rests || own.has(flag::DEAD) {
                own.clear(flag::ROOMY);
            } else {
                self.rooms.borrow_mut().enter_again(cell, now, self.now());
            }
        }
    }

    /// An actor has ended, with room or without.
    pub(crate) fn needs_no_room(&self, cell: &CellRef) {
        if cell.own(self).has(flag::ROOMY) {
            let ended = self.rooms.borrow_mut().ended(|cell| cell.own(self).has(flag::DEAD));
            drop(ended);
        }
    }

    /// What this loop counts.
    #[inline]
    pub(crate) fn counters(&self) -> &Counters {
        &self.home.counters
    }

    // The actor in turn.

    #[inline]
    pub(crate) fn begin_turn(&self, cell: &CellRef) {
        self.home.in_turn.set(Some(Uncounted::new(cell).place()));
    }

    #[inline]
    pub(crate) fn end_turn(&self) {
        self.home.in_turn.set(None);
    }

    /// The actor in turn, for whoever must say who panicked.
    pub(crate) fn in_turn(&self) -> Option<Uncounted> {
        self.home.in_turn.get().map(Uncounted::at)
    }

    /// Whether it is this one.
    pub(crate) fn is_in_turn(&self, cell: &CellRef) -> bool {
        self.in_turn().is_some_and(|in_turn| in_turn.with(|one| one.same(cell)))
    }

    /// Calls `f`, which must not panic, as if in nobody's turn: what it sends to makes nobody wait.
    pub(crate) fn aside(f: impl FnOnce()) {
        let in_turn = Self::with_any(|local| local.home.in_turn.get());
        Self::with_any(|local| {
            // The watchdog still sees whose turn it is.
            local.home.in_turn.set_errand(in_turn.flatten());
            local.home.in_turn.set(None);
        });
        f();
        if let Some(in_turn) = in_turn {
            Self::with_any(|local| {
                local.home.in_turn.set(in_turn);
                local.home.in_turn.set_errand(None);
            });
        }
    }

    /// Runs `code`, which must not panic, for an actor of this loop: if it is nobody's turn, the watchdog can name that
    /// actor meanwhile.
    pub(crate) fn on_errand<R>(&self, cell: &CellRef, code: impl FnOnce() -> R) -> R {
        let in_turn = &self.home.in_turn;
        if !in_turn.is_free() {
            return code();
        }
        self.counters().errands.add(1);
        in_turn.set_errand(Some(Uncounted::new(cell).place()));
        let result = code();
        in_turn.set_errand(None);
        result
    }

    // What a turn looks at between two messages.

    /// The handler in turn has sent to an actor that is over. What is delivered outside a turn has other senders, who
    /// know by themselves.
    #[cold]
    pub(crate) fn note(&self, target: &CellRef) {
        if self.in_turn().is_none() {
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

    /// The handler in turn has dropped a reply: it is answered when it is known how the handler ends.
    #[cold]
    pub(crate) fn leave_unanswered(&self, reply: Unanswered) {
        self.unanswered.borrow_mut().push(reply);
        self.attention.set(true);
    }

    /// Answers the replies that were dropped since.
    pub(crate) fn answer_dropped(&self, error: AskError) {
        if self.unanswered.borrow().is_empty() {
            return;
        }
        let unanswered = std::mem::take(&mut *self.unanswered.borrow_mut());
        for answer in unanswered {
            answer(error);
        }
    }

    // Timers.

    pub(crate) fn arm(&self, at: Timestamp, cell: CellRef, id: TimerId) -> TimerKey {
        self.wheel.borrow_mut().insert(at.tick_due(), Due::Timer(cell, id))
    }

    pub(crate) fn arm_other(&self, at: Timestamp, due: Due) -> TimerKey {
        self.wheel.borrow_mut().insert(at.tick_due(), due)
    }

    pub(crate) fn arm_job(&self, at: Timestamp, cell: CellRef, job: JobKey) -> TimerKey {
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

    /// Until when actors have their turns, in this round.
    pub(crate) fn set_round_end(&self, end: Timestamp) {
        self.round_end.set(end);
    }

    /// Whether that is over by now.
    pub(crate) fn round_is_over(&self) -> bool {
        self.update_now() >= self.round_end.get()
    }

    /// When it is to wake although nothing has happened.
    pub(crate) fn wakes_at(&self) -> Option<Timestamp> {
        let rooms = self.rooms.borrow().wakes_at();
        self.next_deadline().into_iter().chain(rooms).min()
    }

    // I/O sources.

    pub(crate) fn add_source(&self, cell: CellRef, id: SourceId) -> usize {
        self.sources.borrow_mut().insert((cell, id))
    }

    pub(crate) fn forget_source(&self, entry: usize) {
        let source = self.sources.borrow_mut().try_remove(entry);
        drop(source);
    }

    /// Somebody rings a bell, which may have been taken back, and its place given to another.
    pub(crate) fn rung(&self, entry: usize, id: SourceId, readiness: Readiness) {
        if self.sources.borrow().get(entry).is_some_and(|(_, at)| *at == id) {
            self.ready(entry, readiness);
        }
    }

    /// The OS says that a source is ready.
    pub(crate) fn ready(&self, entry: usize, readiness: Readiness) {
        let source = self.sources.borrow().get(entry).map(|(cell, id)| (cell.clone(), *id));
        if let Some((cell, id)) = source {
            (cell.ops().ready)(&cell, self, id, readiness);
        }
    }

    // The other loops of a simulation.

    pub(crate) fn meet(&self, neighbours: Vec<Weak<Self>>) {
        self.neighbours.replace(neighbours);
    }

    /// All loops that run on this thread, this one included.
    pub(crate) fn neighbours(&self) -> Vec<Rc<Self>> {
        self.neighbours.borrow().iter().filter_map(Weak::upgrade).collect()
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

    /// An actor waits for something from outside, or no longer.
    pub(crate) fn set_expecting(&self, cell: &CellRef, expecting: bool) {
        let own = cell.own(self);
        if expecting && !own.has(flag::EXPECTING) {
            own.set(flag::EXPECTING);
            self.keep();
        } else if !expecting && own.has(flag::EXPECTING) {
            own.clear(flag::EXPECTING);
            self.unkeep();
        }
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
