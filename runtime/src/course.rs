//! The course of a simulation: its time, its chance, whose turn comes next, and who looks on.
//!
//! Made by [`simulation`](crate::simulation), reached by every loop of it through its [`driver`](crate::driver). It runs
//! nothing.
//!
//! # Whose turn
//! By default anybody's, drawn. With priorities (Burckhardt et al., "A randomized scheduler with probabilistic guarantees of
//! finding bugs", ASPLOS 2010) every loop, and every actor of a loop, gets a priority when it is first seen, and whoever has the highest
//! runs as long as it can; at some turns, drawn ahead, whoever runs falls behind all others. A bug that needs `n` orderings
//! is found with a probability that falls with `turns^(n-1)` only, however many actors there are.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use crate::cell::Uncounted;
use crate::chance::Chance;
use crate::clock::Timestamp;
use crate::run_queue::RunQueue;
use crate::sighting::{Sighting, Verdict};

/// Among so many of those that wait, from the front, the next is drawn.
const WINDOW: usize = 64;
/// Most messages of a turn that is watched.
const BATCH: usize = 3;
/// A job takes less than this, unless said otherwise.
const LONGEST_JOB: Duration = Duration::from_millis(10);

/// Called ahead of each message.
pub(crate) type Observer = Box<dyn FnMut(&Sighting<'_>) -> Verdict>;

/// What all loops of a simulation have in common.
pub(crate) struct Course {
    pub(crate) now: Rc<Cell<Timestamp>>,
    pub(crate) chance: Chance,
    pub(crate) longest_job: Cell<Duration>,
    /// Its actors are looked at message by message.
    pub(crate) is_watched: bool,
    observer: RefCell<Option<Observer>>,
    priorities: RefCell<Option<Priorities>>,
    /// Who was chosen last, so that the plain choice is the one after.
    last: Cell<usize>,
    /// How long the loop in turn is to stand still after this turn.
    stall: Cell<Duration>,
    /// Mailboxes that may lose messages get smaller limits.
    is_tight: Cell<bool>,
    /// Panics of actors that nobody has taken yet.
    panics: RefCell<Vec<(usize, String, String)>>,
    /// A host is being killed: none of its code runs any more, but for the drop of what it has.
    pub(crate) kills: Cell<bool>,
    /// How many keep time from passing.
    pub(crate) holds: Rc<Cell<usize>>,
}

impl Course {
    pub(crate) fn new(seed: u64, is_watched: bool) -> Rc<Self> {
        Rc::new(Self {
            now: Rc::default(),
            chance: Chance::new(seed),
            longest_job: Cell::new(LONGEST_JOB),
            is_watched,
            observer: RefCell::default(),
            priorities: RefCell::default(),
            last: Cell::default(),
            stall: Cell::default(),
            is_tight: Cell::default(),
            panics: RefCell::default(),
            kills: Cell::default(),
            holds: Rc::default(),
        })
    }

    pub(crate) fn set_observer(&self, observer: Observer) {
        self.observer.replace(Some(observer));
    }

    /// Shows the observer what comes next.
    pub(crate) fn show(&self, sighting: &Sighting<'_>) -> Verdict {
        // One that makes itself be shown something sees it in vain.
        let Ok(mut observer) = self.observer.try_borrow_mut() else { return Verdict::Go };
        let verdict = observer.as_mut().map_or(Verdict::Go, |observer| observer(sighting));
        if let Verdict::Stall(time) = verdict {
            self.stall.set(self.stall.get().max(time));
        }
        verdict
    }

    /// Whether the loop in turn is to stand still: it handles nothing more.
    pub(crate) fn is_stalled(&self) -> bool {
        !self.stall.get().is_zero()
    }

    /// How long the loop that had a round is to stand still.
    pub(crate) fn take_stall(&self) -> Duration {
        self.stall.take()
    }

    /// From now on mailboxes whose policy is to lose messages get limits that are drawn.
    pub(crate) fn tighten(&self) {
        self.is_tight.set(true);
    }

    /// The limit of such a mailbox, for one that was to have this.
    pub(crate) fn tightened(&self, high: u32) -> u32 {
        if self.is_tight.get() { high - self.chance.below(high as usize) as u32 } else { high }
    }

    /// An actor has panicked.
    pub(crate) fn note_panic(&self, host: usize, path: impl FnOnce() -> String, text: &str) {
        if self.is_watched {
            self.panics.borrow_mut().push((host, path(), text.to_owned()));
        }
    }

    /// The panics since this was last asked.
    pub(crate) fn take_panics(&self) -> Vec<(usize, String, String)> {
        self.panics.take()
    }

    // Whose turn.

    /// From now on by priorities, which change at so many of the next `turns` turns; after these as drawn.
    pub(crate) fn prioritize(&self, changes: usize, turns: usize) {
        let mut at: Vec<_> = (0..changes).map(|_| self.chance.below(turns) as u64).collect();
        at.sort_unstable();
        let priorities =
            Priorities { turns: 0, end: turns as u64, changes: at, changed: 0, of: HashMap::new() };
        self.priorities.replace(Some(priorities));
    }

    /// Chooses between loops, each known by its host and its index; anything else that can be done has none. While priorities hold,
    /// it is the first of the loops, or one of the others.
    pub(crate) fn choose(&self, of: &[Option<(usize, usize)>]) -> usize {
        if let Some(priorities) = &mut *self.priorities.borrow_mut()
            && priorities.hold()
        {
            let loops = || of.iter().enumerate().filter_map(|(at, place)| Some((at, (*place)?)));
            let keys = loops().map(|(_, place)| Key::of_loop(place));
            let first = priorities.highest(keys, &self.chance);
            let first = first.and_then(|first| loops().nth(first)).map(|(at, _)| at);
            let others = of.iter().enumerate().filter(|(_, place)| place.is_none());
            let candidates: Vec<_> = first.into_iter().chain(others.map(|(at, _)| at)).collect();
            return candidates[self.chance.below(candidates.len())];
        }
        let chosen = (self.last.get() + 1 + self.chance.below(of.len())) % of.len();
        self.last.set(chosen);
        chosen
    }

    /// Takes the actor that comes next on a loop. None does on one that is to stand still.
    pub(crate) fn choose_actor(
        &self,
        place: (usize, usize),
        queue: &RunQueue,
    ) -> Option<Uncounted> {
        if self.is_stalled() {
            return None;
        }
        if let Some(priorities) = &mut *self.priorities.borrow_mut()
            && priorities.hold()
        {
            return queue.pop_chosen(usize::MAX, |queued| {
                let key = |cell: &Uncounted| Key {
                    host: place.0,
                    who: cell.with(|cell| cell.header().id.0),
                };
                let chosen = priorities.highest(queued.iter().map(key), &self.chance).unwrap_or(0);
                priorities.take_turn([key(&queued[chosen]), Key::of_loop(place)]);
                chosen
            });
        }
        queue.pop_any(WINDOW, |len| self.chance.below(len))
    }

    /// How many turns a round takes.
    pub(crate) fn turns(&self) -> usize {
        1 + self.chance.below(4)
    }

    /// How many messages a turn takes, if it is watched.
    pub(crate) fn batch(&self) -> usize {
        1 + self.chance.below(BATCH)
    }
}

/// A loop or an actor.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    host: usize,
    who: u64,
}

impl Key {
    fn of_loop((host, index): (usize, usize)) -> Self {
        Self { host, who: u64::MAX - index as u64 }
    }
}

/// Who goes first.
struct Priorities {
    turns: u64,
    /// After so many turns they no longer hold.
    end: u64,
    /// The turns at which whoever has it falls behind, in order.
    changes: Vec<u64>,
    changed: usize,
    of: HashMap<Key, u32>,
}

impl Priorities {
    fn hold(&self) -> bool {
        self.turns < self.end
    }

    fn highest(&mut self, keys: impl Iterator<Item = Key>, chance: &Chance) -> Option<usize> {
        let changes = self.changes.len() as u32;
        let mut first: Option<(u32, usize)> = None;
        for (at, key) in keys.enumerate() {
            // Whoever falls behind is below all that are drawn.
            let drawn = || changes + chance.below(1 << 20) as u32;
            let priority = *self.of.entry(key).or_insert_with(drawn);
            if first.is_none_or(|(highest, _)| priority > highest) {
                first = Some((priority, at));
            }
        }
        first.map(|(_, at)| at)
    }

    /// An actor has a turn, on its loop: at a change both fall behind all others.
    fn take_turn(&mut self, keys: [Key; 2]) {
        self.turns += 1;
        while self.changes.get(self.changed).is_some_and(|at| *at < self.turns) {
            self.changed += 1;
            let lowest = (self.changes.len() - self.changed) as u32;
            self.of.extend(keys.map(|key| (key, lowest)));
        }
    }
}
