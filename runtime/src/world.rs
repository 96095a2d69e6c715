//! What all loops of one runtime have in common.
//!
//! Made by [`runtime`](crate::runtime), reached through any [`Home`]. It holds
//! the wait forest, the registry of names, the list of loops, and the count that says when nothing can happen any more.
//!
//! # When nothing can happen any more
//! `alive` counts the loops that are not quiet and the handles outside. A loop is quiet while it sleeps and has no
//! timer and no source that keeps the runtime alive; it turns quiet, and is revived, under its inbox's mutex
//! (see [`inbox`](crate::inbox)). A sender is itself alive. So zero means: nothing queued, nothing under way, nothing
//! to wait for. Whoever brings it to zero ends the runtime.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{
    Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockReadGuard,
    RwLockWriteGuard,
};
use std::time::Duration;

use crate::actor::ActorId;
use crate::cell::CellRef;
use crate::dead_letter::{Listeners, TellDeadLetter};
use crate::drain::{Drain, DrainReport};
use crate::drainer::Draining;
use crate::dying;
use crate::happening::Happenings;
use crate::home::Home;
use crate::lane::LANES;
use crate::local::Local;
use crate::metrics::LoopMetrics;
use crate::parcel::Control;
use crate::pool::Pool;
use crate::pressure::{BrokenPressure, WaitForest, WaitSlot};
use crate::provided::Provided;
use crate::registry::Registry;
use crate::sync::atomic::Ordering as SlotOrdering;
use crate::unfinished::Unfinished;
use crate::watchdog::{TellSlowTurn, Watchdog};

/// The limits and habits of a runtime.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) budget: u32,
    pub(crate) round: Duration,
    pub(crate) high: u32,
    pub(crate) low: u32,
    pub(crate) spin: bool,
    pub(crate) drain: Drain,
    pub(crate) on_dead_letter: Option<TellDeadLetter>,
    pub(crate) watchdog: Option<Duration>,
    pub(crate) on_slow_turn: Option<TellSlowTurn>,
    /// How long jobs take in a simulation, by lane, if that was said.
    pub(crate) job_times: [Option<Range<Duration>>; LANES],
    /// For tests of tests: the rule about waits is another.
    pub(crate) broken: Option<BrokenPressure>,
}

/// What all loops of one runtime have in common.
pub(crate) struct World {
    pub(crate) settings: Settings,
    pub(crate) pool: Arc<Pool>,
    pub(crate) registry: Registry,
    pub(crate) provided: Provided,
    pub(crate) forest: WaitForest,
    pub(crate) dead_letters: Listeners,
    pub(crate) happenings: Happenings,
    pub(crate) draining: Draining,
    /// The first actor whose books did not balance as it ended.
    pub(crate) unbalanced: OnceLock<String>,
    pub(crate) watchdog: Watchdog,
    pub(crate) unfinished: Unfinished,
    /// Held by whoever looks on from outside while it waits for answers.
    asking: Mutex<()>,
    loops: RwLock<Loops>,
    /// Told when the loop of one actor has ended, with a mutex that guards nothing of its own.
    own_ended: (Mutex<()>, Condvar),
    /// It has been run, so the run has waited for its threads.
    ran: AtomicBool,
    next_index: AtomicUsize,
    outside_ids: AtomicU64,
    /// Threads that were started for loops.
    threads: AtomicUsize,
    alive: AtomicUsize,
    /// Handles that keep the runtime alive.
    handles: AtomicUsize,
    ending: AtomicBool,
    round_robin: AtomicUsize,
    /// Starts a loop on a thread of its own, where the driver can.
    pub(crate) start_loop: OnceLock<LoopStarter>,
}

/// The loops of a runtime. Under one lock: none is missing in a snapshot, and none is in it twice.
#[derive(Default)]
struct Loops {
    /// Those that take part in placement.
    placeable: Vec<Arc<Home>>,
    /// Those that belong to one actor each, while it lives.
    dedicated: Vec<Arc<Home>>,
    /// What those that took part in placement had done, as the runtime ended.
    past: Vec<LoopMetrics>,
    /// What those of one actor each, that have ended, had done together.
    past_own: Option<LoopMetrics>,
}

impl Loops {
    fn all(&self) -> Vec<Arc<Home>> {
        self.placeable.iter().chain(&self.dedicated).cloned().collect()
    }

    /// A loop of one actor has ended.
    fn lay_down(&mut self, home: &Home) {
        self.past_own.get_or_insert_with(LoopMetrics::of_ended).absorb(&home.metrics());
    }
}

/// How long the end of a runtime waits for threads of actors that block.
pub(crate) const BLOCKED_THREADS: Duration = Duration::from_secs(5);

/// Starts one more loop and returns its home.
pub(crate) type LoopStarter = Box<dyn Fn(&Arc<World>) -> std::io::Result<Arc<Home>> + Send + Sync>;

impl World {
    pub(crate) fn new(settings: Settings, pool: Arc<Pool>, provided: Provided) -> Arc<Self> {
        let dead_letters = Listeners::new(settings.on_dead_letter.clone());
        let forest = settings.broken.map_or_else(WaitForest::new, WaitForest::broken);
        Arc::new(Self {
            settings,
            pool,
            dead_letters,
            happenings: Happenings::default(),
            draining: Draining::default(),
            watchdog: Watchdog::default(),
            unfinished: Unfinished::default(),
            unbalanced: OnceLock::new(),
            registry: Registry::default(),
            provided,
            forest,
            asking: Mutex::default(),
            loops: RwLock::default(),
            own_ended: Default::default(),
            ran: AtomicBool::new(false),
            next_index: AtomicUsize::new(0),
            outside_ids: AtomicU64::new(1),
            threads: AtomicUsize::new(0),
            alive: AtomicUsize::new(0),
            handles: AtomicUsize::new(0),
            ending: AtomicBool::new(false),
            round_robin: AtomicUsize::new(0),
            start_loop: OnceLock::new(),
        })
    }

    // Loops.

    /// The number of the next loop.
    pub(crate) fn next_index(&self) -> usize {
        self.next_index.fetch_add(1, Ordering::Relaxed)
    }

    /// Adds a loop, which is alive.
    pub(crate) fn add_home(&self, home: Arc<Home>) {
        self.revive();
        let mut loops = self.loops_mut();
        let list = if home.dedicated { &mut loops.dedicated } else { &mut loops.placeable };
        list.push(home);
    }

    fn loops(&self) -> RwLockReadGuard<'_, Loops> {
        self.loops.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn loops_mut(&self) -> RwLockWriteGuard<'_, Loops> {
        self.loops.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The loop of one actor has ended, or never began.
    pub(crate) fn remove_dedicated(&self, home: &Arc<Home>) {
        let mut loops = self.loops_mut();
        let place = loops.dedicated.iter().position(|other| Arc::ptr_eq(other, home));
        if let Some(place) = place {
            loops.dedicated.remove(place);
            loops.lay_down(home);
        }
        drop(loops);
        let (mutex, ended) = &self.own_ended;
        drop(mutex.lock().unwrap_or_else(PoisonError::into_inner));
        ended.notify_all();
        if self.retire() {
            self.run_dry();
        }
    }

    /// An id for an actor that no loop has spawned.
    pub(crate) fn next_outside_id(&self) -> ActorId {
        ActorId((0xffff << 48) | self.outside_ids.fetch_add(1, Ordering::Relaxed))
    }

    /// A thread was started for a loop.
    pub(crate) fn count_thread(&self) {
        self.threads.fetch_add(1, Ordering::SeqCst);
    }

    /// How many were.
    pub(crate) fn threads(&self) -> usize {
        self.threads.load(Ordering::SeqCst)
    }

    /// The ends of so many of them are told of together with that of another.
    pub(crate) fn forget_threads(&self, ended: usize) {
        self.threads.fetch_sub(ended, Ordering::SeqCst);
    }

    pub(crate) fn placeable(&self) -> usize {
        self.loops().placeable.len()
    }

    pub(crate) fn home(&self, index: usize) -> Option<Arc<Home>> {
        self.loops().placeable.get(index).cloned()
    }

    /// The loops that take part in placement.
    pub(crate) fn placeable_homes(&self) -> Vec<Arc<Home>> {
        self.loops().placeable.clone()
    }

    /// All loops that have not ended.
    pub(crate) fn homes(&self) -> Vec<Arc<Home>> {
        self.loops().all()
    }

    /// What all loops have done, those that have ended last.
    pub(crate) fn metrics(&self) -> Vec<LoopMetrics> {
        let loops = self.loops();
        let living = loops.placeable.iter().chain(&loops.dedicated).map(|home| home.metrics());
        living.chain(loops.past.iter().chain(&loops.past_own).cloned()).collect()
    }

    /// The end of a runtime, whether it ran or not: nothing more is taken, and nothing holds its loops any more.
    pub(crate) fn dissolve(&self) {
        self.ending.store(true, Ordering::SeqCst);
        self.dead_letters.clear();
        self.happenings.clear();
        self.draining.clear();
        self.provided.clear();
        self.pool.close();
        if !self.ran.load(Ordering::SeqCst) {
            self.end_own_loops();
        }
        for home in self.homes() {
            // What never arrived is a dead letter as it drops.
            drop(home.inbox().shut());
        }
        let mut loops = self.loops_mut();
        let homes = std::mem::take(&mut loops.placeable);
        loops.past.extend(homes.iter().map(|home| home.metrics()));
        let blocked = std::mem::take(&mut loops.dedicated);
        for home in &blocked {
            loops.lay_down(home);
        }
        drop(loops);
        // Outside of the lock: the last to hold what is theirs, perhaps.
        drop((homes, blocked));
    }

    /// It is being run.
    pub(crate) fn sets_out(&self) {
        self.ran.store(true, Ordering::SeqCst);
    }

    /// Ends the loops of one actor each that a handle has started in a runtime that was never run, and waits for them.
    fn end_own_loops(&self) {
        for home in self.homes().iter().filter(|home| home.dedicated) {
            home.request(Control::End);
        }
        // One of them would wait for itself.
        if Local::with_any(|local| std::ptr::eq(&*local.home.world, self)) == Some(true) {
            return;
        }
        let (mutex, ended) = &self.own_ended;
        let waiting = mutex.lock().unwrap_or_else(PoisonError::into_inner);
        let left = |(): &mut ()| !self.loops().dedicated.is_empty();
        // The time is up if one blocks: it is left to itself.
        drop(ended.wait_timeout_while(waiting, BLOCKED_THREADS, left));
    }

    pub(crate) fn next_in_turn(&self) -> usize {
        self.round_robin.fetch_add(1, Ordering::Relaxed) % self.placeable().max(1)
    }

    pub(crate) fn least_loaded(&self) -> usize {
        let homes = self.homes();
        let load = |home: &Arc<Home>| home.load.load(Ordering::Relaxed);
        let placeable = homes.iter().take(self.placeable());
        placeable.min_by_key(|home| load(home)).map_or(0, |home| home.index)
    }

    /// A loop that has ended before it began: for actors that could not be placed.
    pub(crate) fn nowhere(self: &Arc<Self>) -> Arc<Home> {
        let home = Home::new(Arc::clone(self), 0, false, None, flume::bounded(0).0, None);
        home.inbox().close();
        home
    }

    // Life and end.

    /// One more loop or handle is alive.
    pub(crate) fn revive(&self) {
        self.alive.fetch_add(1, Ordering::SeqCst);
    }

    /// One less. True if it was the last: the caller must call [`run_dry`](Self::run_dry), holding no mutex.
    #[must_use = "the last one ends the runtime"]
    pub(crate) fn retire(&self) -> bool {
        self.alive.fetch_sub(1, Ordering::SeqCst) == 1
    }

    /// Nothing can happen any more: the end.
    pub(crate) fn run_dry(&self) {
        if !self.is_ending() {
            self.unfinished.run_dry();
        }
        self.end();
    }

    /// Tells every loop to stop its actors and return.
    pub(crate) fn end(&self) {
        if !self.ending.swap(true, Ordering::SeqCst) {
            for home in self.homes() {
                home.request(Control::End);
            }
        }
    }

    /// One more handle keeps the runtime alive.
    pub(crate) fn add_handle(&self) {
        self.handles.fetch_add(1, Ordering::SeqCst);
        self.revive();
    }

    /// One less.
    pub(crate) fn remove_handle(&self) {
        self.handles.fetch_sub(1, Ordering::SeqCst);
        if self.retire() {
            self.run_dry();
        }
    }

    /// How many handles keep the runtime alive.
    pub(crate) fn handles(&self) -> usize {
        self.handles.load(Ordering::SeqCst)
    }

    /// Begins to stop as planned. False if there is nothing to stop any more.
    pub(crate) fn drain(&self, plan: Drain, reply: Option<flume::Sender<DrainReport>>) -> bool {
        self.home(0).is_some_and(|first| first.request(Control::Drain(plan, reply)))
    }

    /// The right to ask loops for somebody who looks on, and to wait for their answers.
    pub(crate) fn asking(&self) -> MutexGuard<'_, ()> {
        self.asking.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks without their answer, on all loops.
    pub(crate) fn asks(&self) -> u64 {
        self.homes().iter().map(|home| home.counters.asks.get()).sum()
    }

    /// Timers that fire once and keep the runtime alive, on all loops.
    pub(crate) fn oneshots(&self) -> u64 {
        self.homes().iter().map(|home| home.counters.oneshots.get()).sum()
    }

    /// Who keeps a loop busy, for people.
    pub(crate) fn who_keeps(&self, index: usize) -> String {
        let home = self.homes().into_iter().find(|home| home.index == index);
        let in_turn = home.and_then(|home| home.with_in_turn(dying::path_of));
        match in_turn {
            Some(path) => format!("loop {index} gave no answer: {path} is in its turn"),
            None => format!("loop {index} gave no answer"),
        }
    }

    /// How many loops and handles are alive.
    pub(crate) fn alive(&self) -> usize {
        self.alive.load(Ordering::SeqCst)
    }

    pub(crate) fn is_ending(&self) -> bool {
        self.ending.load(Ordering::SeqCst)
    }

    // Wait slots.

    /// The wait slot of an actor, allotted when somebody first needs it.
    pub(crate) fn slot_of(&self, cell: &CellRef) -> WaitSlot {
        let slot = cell.slot();
        if let Some(slot) = WaitSlot::from_raw(slot.load(SlotOrdering::SeqCst)) {
            return slot;
        }
        let mine = self.forest.allot();
        let exchanged =
            slot.compare_exchange(0, mine.to_raw(), SlotOrdering::SeqCst, SlotOrdering::SeqCst);
        match exchanged {
            Ok(_) => mine,
            Err(theirs) => {
                self.forest.release(mine);
                WaitSlot::from_raw(theirs).unwrap_or(mine)
            }
        }
    }

    /// Takes back the slot of a cell that is being freed.
    pub(crate) fn release_slot(&self, raw: u32) {
        if let Some(slot) = WaitSlot::from_raw(raw) {
            self.forest.release(slot);
        }
    }
}
