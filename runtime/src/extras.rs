//! What only some actors have, kept out of the cell so that an idle actor stays small.
//!
//! Filled by [`spawn`](crate::spawn), [`waiting`](crate::waiting), [`watch`](crate::watch),
//! [`supervising`](crate::supervising), [`linking`](crate::linking) and [`dying`](crate::dying). It is data without behaviour.

use std::collections::{BTreeMap, VecDeque};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use slab::Slab;

use crate::actor::ActorId;
use crate::cell::CellRef;
use crate::children::Children;
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
    /// Why it is stopping. Boxed, for most are not.
    pub(crate) reason: Option<Box<ExitReason>>,
    /// How it is built anew, if its parent supervises it.
    pub(crate) supervised: Option<Box<Supervised>>,
    /// How many lives it has had before this one.
    pub(crate) lives: u32,
    /// What becomes of it once it has stopped, if its parent has said so.
    pub(crate) then: Option<Then>,
    /// What became of its messages that were not handled.
    pub(crate) fates: Option<Box<Ledger>>,
    /// What hardly any actor has. Its fields are reached as if they stood here, and written only where there is something to
    /// be kept: to write one makes room for all.
    rare: Option<Box<Rare>>,
}

/// What hardly any actor has: a server has thousands with a child, and none of them has these.
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
    /// Time that it has spent paused, in nanoseconds, the wait that stands left out.
    pub(crate) paused_nanos: u64,
    /// Deadlines of the pressure guards that it holds.
    pub(crate) guards: Slab<TimerKey>,
    /// Names under which it is registered.
    pub(crate) names: Vec<String>,
    /// The children that it supervises; each with its place among all children.
    pub(crate) wards: Option<Box<Wards<ActorId, u32>>>,
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
        paused_nanos: 0,
        guards: Slab::new(),
        names: Vec::new(),
        wards: None,
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
