//! What only some actors have, kept out of the cell so that an idle actor stays small.
//!
//! Filled by [`spawn`](crate::spawn), [`waiting`](crate::waiting), [`watch`](crate::watch) and
//! [`dying`](crate::dying). It is data without behaviour, but for the list of children.

use std::collections::VecDeque;
use std::sync::Arc;

use slab::Slab;

use crate::cell::CellRef;
use crate::clock::Timestamp;
use crate::exit::{ExitReason, Terminated};
use crate::ledger::Ledger;
use crate::parker::Parker;
use crate::recipient::Recipient;
use crate::timer_wheel::TimerKey;

/// What only some actors have.
#[derive(Default)]
pub(crate) struct Extras {
    pub(crate) children: Children,
    /// Who waits until this actor is no longer over, first come first served.
    pub(crate) waiters: VecDeque<Waiter>,
    /// Whom this actor still has to wait for, one after another.
    pub(crate) targets: VecDeque<CellRef>,
    /// Whom it waits for now.
    pub(crate) waits_on: Option<Wait>,
    pub(crate) watchers: Vec<Watcher>,
    /// Deadlines of the pressure guards that it holds.
    pub(crate) guards: Slab<TimerKey>,
    /// Why it is stopping.
    pub(crate) reason: Option<ExitReason>,
    /// Names under which it is registered.
    pub(crate) names: Vec<String>,
    /// What became of its messages that were not handled.
    pub(crate) fates: Option<Box<Ledger>>,
    /// Time that it has spent paused, in nanoseconds, the wait that stands left out.
    pub(crate) paused_nanos: u64,
}

/// Somebody who waits.
pub(crate) enum Waiter {
    /// An actor of any loop.
    Actor(CellRef),
    /// A plain thread.
    Thread(Arc<Parker>),
}

/// A wait that stands.
pub(crate) struct Wait {
    pub(crate) on: CellRef,
    pub(crate) since: Timestamp,
    /// Its place in the loop's list of paused actors.
    pub(crate) place: usize,
}

/// Somebody who is told of the end.
pub(crate) struct Watcher {
    pub(crate) id: u64,
    pub(crate) tell: Recipient<Terminated>,
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

    pub(crate) fn youngest(&self) -> Option<&CellRef> {
        self.nodes.get(self.last as usize)?.cell.as_ref()
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
