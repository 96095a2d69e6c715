//! A slab that mostly holds one thing, which then takes no room of its own.
//!
//! The I/O sources of an actor are in one, in its [`hooks`](crate::hooks): a connection has one socket. It is data.

use std::iter;

use slab::Slab;

/// Things, each at an index that stays its own until it is removed.
pub(crate) struct Slots<T> {
    /// At index 0.
    first: Option<T>,
    /// From index 1 on.
    others: Option<Box<Slab<T>>>,
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self { first: None, others: None }
    }
}

impl<T> Slots<T> {
    /// Where the next is going to be.
    pub(crate) fn vacant(&self) -> usize {
        match (&self.first, &self.others) {
            (None, _) => 0,
            (Some(_), None) => 1,
            (Some(_), Some(others)) => others.vacant_key() + 1,
        }
    }

    /// Adds one, at the index that was [vacant](Self::vacant).
    pub(crate) fn insert(&mut self, item: T) {
        if self.first.is_none() {
            self.first = Some(item);
        } else {
            self.others.get_or_insert_default().insert(item);
        }
    }

    pub(crate) fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        match index.checked_sub(1) {
            None => self.first.as_mut(),
            Some(other) => self.others.as_mut()?.get_mut(other),
        }
    }

    pub(crate) fn remove(&mut self, index: usize) -> Option<T> {
        match index.checked_sub(1) {
            None => self.first.take(),
            Some(other) => self.others.as_mut()?.try_remove(other),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        let others = self.others.iter().flat_map(|others| others.iter().map(|(_, item)| item));
        self.first.iter().chain(others)
    }

    pub(crate) fn len(&self) -> usize {
        self.iter().count()
    }
}

/// From the lowest index to the highest.
impl<T> IntoIterator for Slots<T> {
    type Item = T;
    type IntoIter = iter::Chain<std::option::IntoIter<T>, std::vec::IntoIter<T>>;

    fn into_iter(self) -> Self::IntoIter {
        let others = self.others.into_iter().flat_map(|others| others.into_iter());
        let others: Vec<T> = others.map(|(_, item)| item).collect();
        self.first.into_iter().chain(others)
    }
}

#[cfg(all(test, not(roundsman_loom)))]
mod tests {
    use super::*;

    fn filled(count: usize) -> Slots<usize> {
        let mut slots = Slots::default();
        for expected in 0..count {
            assert_eq!(slots.vacant(), expected);
            slots.insert(expected);
        }
        slots
    }

    #[test]
    fn each_keeps_its_index() {
        let mut slots = filled(4);
        assert_eq!((slots.remove(1), slots.remove(1)), (Some(1), None));
        assert_eq!((slots.remove(0), slots.remove(0)), (Some(0), None));
        assert_eq!(slots.get_mut(2), Some(&mut 2));
        assert!([1, 9].iter().all(|gone| slots.get_mut(*gone).is_none()));
        assert_eq!(slots.iter().copied().collect::<Vec<_>>(), [2, 3]);
        assert_eq!(slots.len(), 2);
    }

    #[test]
    fn a_place_that_was_left_is_taken_again() {
        let mut slots = filled(3);
        for index in [0, 1] {
            assert_eq!(slots.remove(index), Some(index));
            assert_eq!(slots.vacant(), index);
            slots.insert(index + 10);
            assert_eq!(slots.get_mut(index), Some(&mut (index + 10)));
        }
        assert_eq!(slots.into_iter().collect::<Vec<_>>(), [10, 11, 2]);
    }

    #[test]
    fn one_takes_no_more_room_than_it_is_long() {
        assert_eq!(size_of::<Slots<Box<u8>>>(), 16);
    }
}
