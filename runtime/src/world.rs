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

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use crate::cell::CellRef;
use crate::home::Home;
use crate::parcel::{Control, DeadLetter};
use crate::pressure::{WaitForest, WaitSlot};
use crate::registry::Registry;
use crate::sync::atomic::Ordering as SlotOrdering;

/// The limits and habits of a runtime.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) budget: u32,
    pub(crate) round: std::time::Duration,
    pub(crate) high: u32,
    pub(crate) low: u32,
    pub(crate) spin: bool,
    pub(crate) on_dead_letter: Option<TellDeadLetter>,
}

/// Hears of each message that was accepted and never handled.
pub(crate) type TellDeadLetter = Arc<dyn Fn(&DeadLetter) + Send + Sync>;

/// What all loops of one runtime have in common.
pub(crate) struct World {
    pub(crate) settings: Settings,
    pub(crate) registry: Registry,
    pub(crate) forest: WaitForest,
    homes: RwLock<Vec<Arc<Home>>>,
    /// How many of `homes` take part in placement; the others belong to one actor each.
    placeable: OnceLock<usize>,
    alive: AtomicUsize,
    ending: AtomicBool,
    round_robin: AtomicUsize,
    /// Starts a loop on a thread of its own, where the driver can.
    pub(crate) start_loop: OnceLock<LoopStarter>,
}

/// Starts one more loop and returns its home.
pub(crate) type LoopStarter = Box<dyn Fn(&Arc<World>) -> std::io::Result<Arc<Home>> + Send + Sync>;

impl World {
    pub(crate) fn new(settings: Settings) -> Arc<Self> {
        Arc::new(Self {
            settings,
            registry: Registry::default(),
            forest: WaitForest::new(),
            homes: RwLock::default(),
            placeable: OnceLock::new(),
            alive: AtomicUsize::new(0),
            ending: AtomicBool::new(false),
            round_robin: AtomicUsize::new(0),
            start_loop: OnceLock::new(),
        })
    }

    // Loops.

    /// Adds a loop, which is alive.
    pub(crate) fn add_home(&self, home: Arc<Home>) {
        self.revive();
        self.homes.write().unwrap_or_else(PoisonError::into_inner).push(home);
    }

    /// The loops that there are now take part in placement; later ones do not.
    pub(crate) fn fix_placeable(&self) {
        let _ = self.placeable.set(self.home_count());
    }

    pub(crate) fn placeable(&self) -> usize {
        self.placeable.get().copied().unwrap_or_else(|| self.home_count())
    }

    pub(crate) fn home_count(&self) -> usize {
        self.homes.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    pub(crate) fn home(&self, index: usize) -> Option<Arc<Home>> {
        self.homes.read().unwrap_or_else(PoisonError::into_inner).get(index).cloned()
    }

    pub(crate) fn homes(&self) -> Vec<Arc<Home>> {
        self.homes.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Breaks the circle between the world and its loops, when they have ended.
    pub(crate) fn forget_homes(&self) {
        self.homes.write().unwrap_or_else(PoisonError::into_inner).clear();
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
        let home = Home::new(Arc::clone(self), 0, None, flume::bounded(0).0);
        home.inbox().close();
        home
    }

    // Life and end.

    /// One more loop or handle is alive.
    pub(crate) fn revive(&self) {
        self.alive.fetch_add(1, Ordering::SeqCst);
    }

    /// One less. True if it was the last: the caller must call [`end`](Self::end), holding no mutex.
    #[must_use = "the last one ends the runtime"]
    pub(crate) fn retire(&self) -> bool {
        self.alive.fetch_sub(1, Ordering::SeqCst) == 1
    }

    /// Tells every loop to stop its actors and return.
    pub(crate) fn end(&self) {
        if !self.ending.swap(true, Ordering::SeqCst) {
            for home in self.homes() {
                home.request(Control::End);
            }
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
