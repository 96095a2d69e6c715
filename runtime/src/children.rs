//! The children of an actor, in order of start.
//!
//! Kept in its [`extras`](crate::extras), and of those who have no parent in [`local`](crate::local). It is data: who is
//! spawned and who is told to stop is said by [`spawn`](crate::spawn) and [`supervising`](crate::supervising).

use slab::Slab;

use crate::cell::CellRef;
use crate::extras::make_room;

/// The children of an actor. Most parents have one, which takes no room of its own.
#[derive(Default)]
pub(crate) enum Children {
    #[default]
    None,
    /// At place 0. `None` until it is filled in.
    One(Option<CellRef>),
    /// More; or there have been more.
    Many(Box<Siblings>),
}

impl Children {
    /// Reserves the place of a new child, the youngest.
    pub(crate) fn reserve(&mut self) -> u32 {
        let mut siblings = match std::mem::take(self) {
            Self::None => {
                *self = Self::One(None);
                return 0;
            }
            Self::One(first) => {
                let mut siblings = Box::<Siblings>::default();
                siblings.add(first);
                siblings
            }
            Self::Many(siblings) => siblings,
        };
        let slot = siblings.add(None);
        *self = Self::Many(siblings);
        slot
    }

    pub(crate) fn fill(&mut self, slot: u32, child: CellRef) {
        match self {
            Self::None => {}
            Self::One(only) => *only = Some(child),
            Self::Many(siblings) => siblings.nodes[slot as usize].cell = Some(child),
        }
    }

    /// The child at a place, if it is still that one.
    pub(crate) fn get(&self, slot: u32) -> Option<&CellRef> {
        match self {
            Self::One(only) if slot == 0 => only.as_ref(),
            Self::Many(siblings) => siblings.nodes.get(slot as usize)?.cell.as_ref(),
            Self::None | Self::One(_) => None,
        }
    }

    /// The place of a child.
    pub(crate) fn find(&self, child: &CellRef) -> Option<u32> {
        let is_it = |slot: &u32| self.get(*slot).is_some_and(|known| known.same(child));
        (0..self.places() as u32).find(is_it)
    }

    pub(crate) fn remove(&mut self, slot: u32) -> Option<CellRef> {
        match self {
            Self::One(only) if slot == 0 => {
                let child = only.take();
                *self = Self::None;
                child
            }
            Self::Many(siblings) => siblings.remove(slot),
            Self::None | Self::One(_) => None,
        }
    }

    pub(crate) fn youngest(&self) -> Option<(u32, &CellRef)> {
        let slot = match self {
            Self::None => return None,
            Self::One(_) => 0,
            Self::Many(siblings) => siblings.last,
        };
        Some((slot, self.get(slot)?))
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::None => 0,
            Self::One(_) => 1,
            Self::Many(siblings) => siblings.nodes.len(),
        }
    }

    /// Puts the children at places from `from` on `into` a list, as far as `slots` go, of which one is used up for each
    /// place. Returns where to go on.
    pub(crate) fn page(
        &self,
        from: usize,
        slots: &mut usize,
        into: &mut Vec<CellRef>,
    ) -> Option<usize> {
        let end = from.saturating_add(*slots).min(self.places());
        let places = from..end;
        *slots -= places.len();
        into.extend(places.filter_map(|slot| self.get(slot as u32).cloned()));
        (end < self.places()).then_some(end)
    }

    /// From the oldest to the youngest.
    pub(crate) fn in_order(&self) -> Vec<CellRef> {
        match self {
            Self::None => Vec::new(),
            Self::One(only) => only.iter().cloned().collect(),
            Self::Many(siblings) => siblings.in_order(),
        }
    }

    /// Every child is at a place below this.
    fn places(&self) -> usize {
        match self {
            Self::None => 0,
            Self::One(_) => 1,
            Self::Many(siblings) => siblings.nodes.capacity(),
        }
    }
}

const NOBODY: u32 = u32::MAX;

/// More than one child: a list threaded through a slab, so that a child leaves in O(1).
pub(crate) struct Siblings {
    nodes: Slab<Child>,
    last: u32,
}

struct Child {
    cell: Option<CellRef>,
    before: u32,
    after: u32,
}

impl Default for Siblings {
    fn default() -> Self {
        Self { nodes: Slab::new(), last: NOBODY }
    }
}

impl Siblings {
    fn add(&mut self, cell: Option<CellRef>) -> u32 {
        make_room(&mut self.nodes);
        let slot = self.nodes.insert(Child { cell, before: self.last, after: NOBODY }) as u32;
        if self.last != NOBODY {
            self.nodes[self.last as usize].after = slot;
        }
        self.last = slot;
        slot
    }

    fn remove(&mut self, slot: u32) -> Option<CellRef> {
        let child = self.nodes.try_remove(slot as usize)?;
        if child.before != NOBODY {
            self.nodes[child.before as usize].after = child.after;
        }
        if child.after == NOBODY {
            self.last = child.before;
        } else {
            self.nodes[child.after as usize].before = child.before;
        }
        child.cell
    }

    fn in_order(&self) -> Vec<CellRef> {
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
