//! What only some actors have, kept out of the cell so that an idle actor stays small.
//!
//! Filled by [`spawn`](crate::spawn), [`waiting`](crate::waiting), [`watch`](crate::watch),
//! [`supervising`](crate::supervising), [`linking`](crate::linking) and [`dying`](crate::dying). It is data without behaviour, but for the list of children.

use std::collections::{BTreeMap, VecDeque};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use slab::Slab;

use crate::actor::ActorId;
use crate::cell::CellRef;
use crate::clock::Timestamp;
use crate::dying;
use crate::exit::{ExitReason, Terminated};
use crate::lane::Lane;
use crate::ledger::Ledger;
use crate::local::Local;
use crate::parker::Parker;
use crate::recipient::{Ready, Recipient};
use crate::supervision::Restart;
use crate::timer_wheel::TimerKey;
use crate::wards::Wards;
use crate::watch::Watch;

/// What only some actors have: those with children, or who are watched, or supervised.
#[derive(Default)]
pub(crate) struct Extras {
    pub(crate) children: Children,
    pub(crate) watchers: Vec<Watcher>,
    /// Why it is stopping.
    pub(crate) reason: Option<ExitReason>,
    /// How it is built anew, if its parent supervises it.
    pub(crate) supervised: Option<Box<Supervised>>,
    /// How many lives it has had before this one.
    pub(crate) lives: u32,
    /// What becomes of it once it has stopped, if its parent has said so.
    pub(crate) then: Option<Then>,
    /// The children that it supervises; each with its place among all children.
    pub(crate) wards: Option<Box<Wards<ActorId, u32>>>,
    /// What became of its messages that were not handled.
    pub(crate) fates: Option<Box<Ledger>>,
    /// Time that it has spent paused, in nanoseconds, the wait that stands left out.
    pub(crate) paused_nanos: u64,
    /// What hardly any actor has. Its fields are reached as if they stood here, and written only where there is something to
    /// be kept: to write one makes room for all.
    rare: Option<Box<Rare>>,
}

/// What hardly any actor has: a server has thousands with children, and none of them has these.
#[derive(Default)]
pub(crate) struct Rare {
    /// Who waits until this actor is no longer over, first come first served.
    pub(crate) waiters: VecDeque<Waiter>,
    /// Whom this actor still has to wait for, one after another.
    pub(crate) targets: VecDeque<CellRef>,
    /// And for which lanes of the pool.
    pub(crate) lanes: u8,
    /// Whom it waits for now.
    pub(crate) waits_on: Option<Wait>,
    /// Deadlines of the pressure guards that it holds.
    pub(crate) guards: Slab<TimerKey>,
    /// Names under which it is registered.
    pub(crate) names: Vec<String>,
    /// Its children that were told to stop and have not ended, by place.
    pub(crate) closing: BTreeMap<u32, Closing>,
    /// How many messages it may put aside, if that is unusual.
    pub(crate) stash: Option<u32>,
    /// Waits before children are started anew, by their stamps.
    pub(crate) restarts: BTreeMap<u64, TimerKey>,
    /// Whom it watches, if it is supervised: another life of it must not hear of them.
    pub(crate) watching: Vec<Watch>,
    /// Unsupervised children that failed, of whom it has not been told.
    pub(crate) failed_children: VecDeque<Terminated>,
    /// Who dies with it, and it with them.
    pub(crate) links: Vec<CellRef>,
}

impl Rare {
    /// What an actor has of it that has nothing.
    const NONE: &'static Self = &Self {
        waiters: VecDeque::new(),
        targets: VecDeque::new(),
        lanes: 0,
        waits_on: None,
        guards: Slab::new(),
        names: Vec::new(),
        closing: BTreeMap::new(),
        stash: None,
        restarts: BTreeMap::new(),
        watching: Vec::new(),
        failed_children: VecDeque::new(),
        links: Vec::new(),
    };
}

impl Extras {
    /// What hardly any actor has, without making it.
    pub(crate) fn rare_if_any(&mut self) -> Option<&mut Rare> {
        self.rare.as_deref_mut()
    }
}

impl Deref for Extras {
    type Target = Rare;

    fn deref(&self) -> &Rare {
        self.rare.as_deref().unwrap_or(Rare::NONE)
    }
}

impl DerefMut for Extras {
    fn deref_mut(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }
}

/// How a supervised actor is built anew.
pub(crate) struct Supervised {
    pub(crate) restart: Restart,
    /// Builds it in its cell. The user's function is inside: it runs while nothing is borrowed.
    pub(crate) build: Build,
}

/// Builds an actor in its cell.
pub(crate) type Build = Box<dyn FnMut(&Local, &CellRef)>;

/// What becomes of a supervised actor once it has stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// It keeps its mailbox and waits to be built anew.
    Rest,
    /// It ends for good.
    End,
}

/// A child that was told to stop.
pub(crate) struct Closing {
    pub(crate) then: Then,
    /// When its time has run out; `None` if it may take as long as it likes.
    pub(crate) deadline: Option<TimerKey>,
}

/// Somebody who waits.
pub(crate) enum Waiter {
    /// An actor of any loop.
    Actor(CellRef),
    /// A plain thread.
    Thread(Arc<Parker>),
    /// Somebody who is told.
    News(Recipient<Ready>),
}

/// A wait that stands.
pub(crate) struct Wait {
    pub(crate) on: WaitsOn,
    pub(crate) since: Timestamp,
    /// Its place in the loop's list of paused actors.
    pub(crate) place: usize,
}

/// Whom or what an actor waits for.
#[derive(Clone)]
pub(crate) enum WaitsOn {
    Actor(CellRef),
    /// Kept as long as it waits; true once the lane has called it.
    Lane(Lane, Arc<AtomicBool>),
}

impl WaitsOn {
    /// For people.
    pub(crate) fn path(&self) -> String {
        match self {
            Self::Actor(cell) => dying::path_of(cell),
            Self::Lane(lane, _) => format!("pool:{lane}"),
        }
    }
}

/// Somebody who is told of the end.
pub(crate) struct Watcher {
    pub(crate) id: u64,
    pub(crate) tell: Recipient<Terminated>,
    /// It is told of the end of this life, if the actor is built anew; else of the end for good.
    pub(crate) life: Option<u32>,
}

/// Most actors have one of a kind: the first few places of a slab are made one by one.
pub(crate) fn make_room<T>(slab: &mut Slab<T>) {
    const ONE_BY_ONE: usize = 4;
    if slab.len() == slab.capacity() && slab.len() < ONE_BY_ONE {
        slab.reserve_exact(1);
    }
}

const NONE: u32 = u32::MAX;

/// The children of an actor in order of start: a list threaded through a slab, so that a child leaves in O(1).
pub(crate) struct Children {
    nodes: Slab<Child>,
    last: u32,
}

struct Child {
    cell: Option<CellRef>,
    before: u32,
    after: u32,
}

impl Default for Children {
    fn default() -> Self {
        Self { nodes: Slab::new(), last: NONE }
    }
}

impl Children {
    /// Reserves the place of a new child, the youngest.
    pub(crate) fn reserve(&mut self) -> u32 {
        make_room(&mut self.nodes);
        let slot = self.nodes.insert(Child { cell: None, before: self.last, after: NONE }) as u32;
        if self.last != NONE {
            self.nodes[self.last as usize].after = slot;
        }
        self.last = slot;
        slot
    }

    pub(crate) fn fill(&mut self, slot: u32, child: CellRef) {
        self.nodes[slot as usize].cell = Some(child);
    }

    /// The child at a place, if it is still that one.
    pub(crate) fn get(&self, slot: u32) -> Option<&CellRef> {
        self.nodes.get(slot as usize)?.cell.as_ref()
    }

    /// The place of a child.
    pub(crate) fn find(&self, child: &CellRef) -> Option<u32> {
        let is_it = |node: &Child| node.cell.as_ref().is_some_and(|known| known.same(child));
        self.nodes.iter().find(|(_, node)| is_it(node)).map(|(slot, _)| slot as u32)
    }

    pub(crate) fn remove(&mut self, slot: u32) -> Option<CellRef> {
        let child = self.nodes.try_remove(slot as usize)?;
        if child.before != NONE {
            self.nodes[child.before as usize].after = child.after;
        }
        if child.after == NONE {
            self.last = child.before;
        } else {
            self.nodes[child.after as usize].before = child.before;
        }
        child.cell
    }

    pub(crate) fn youngest(&self) -> Option<(u32, &CellRef)> {
        Some((self.last, self.nodes.get(self.last as usize)?.cell.as_ref()?))
    }

    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Puts the children at places from `from` on `into` a list, as far as `slots` go, of which one is used up for each
    /// place. Returns where to go on.
    pub(crate) fn page(
        &self,
        from: usize,
        slots: &mut usize,
        into: &mut Vec<CellRef>,
    ) -> Option<usize> {
        let end = from.saturating_add(*slots).min(self.nodes.capacity());
        let places = from..end;
        *slots -= places.len();
        into.extend(places.filter_map(|slot| self.nodes.get(slot)?.cell.clone()));
        (end < self.nodes.capacity()).then_some(end)
    }

    /// From the oldest to the youngest.
    pub(crate) fn in_order(&self) -> Vec<CellRef> {
        let mut children = Vec::with_capacity(self.nodes.len());
        let mut at = self.last;
        while let Some(child) = self.nodes.get(at as usize) {
            children.extend(child.cell.clone());
            at = child.before;
        }
        children.reverse();
        children
    }
}
