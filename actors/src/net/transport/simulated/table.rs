//! Things under numbers that are never given twice: what an event remembers is that thing, or gone.

use std::collections::BTreeMap;
use std::ops::{Index, IndexMut};

/// A table of things, in the order in which they came.
pub(super) struct Table<T> {
    next: usize,
    things: BTreeMap<usize, T>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { next: 0, things: BTreeMap::new() }
    }
}

impl<T> Table<T> {
    /// Adds one; returns its number.
    pub(super) fn insert(&mut self, thing: T) -> usize {
        let key = self.next;
        self.next += 1;
        self.things.insert(key, thing);
        key
    }

    pub(super) fn get(&self, key: usize) -> Option<&T> {
        self.things.get(&key)
    }

    pub(super) fn get_mut(&mut self, key: usize) -> Option<&mut T> {
        self.things.get_mut(&key)
    }

    pub(super) fn contains(&self, key: usize) -> bool {
        self.things.contains_key(&key)
    }

    pub(super) fn remove(&mut self, key: usize) -> Option<T> {
        self.things.remove(&key)
    }

    pub(super) fn retain(&mut self, mut keeps: impl FnMut(&T) -> bool) {
        self.things.retain(|_, thing| keeps(thing));
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &T)> {
        self.things.iter().map(|(key, thing)| (*key, thing))
    }

    /// The numbers of those that are like this.
    pub(super) fn keys(&self, is: impl Fn(&T) -> bool) -> Vec<usize> {
        self.iter().filter(|(_, thing)| is(thing)).map(|(key, _)| key).collect()
    }

    pub(super) fn len(&self) -> usize {
        self.things.len()
    }
}

impl<T> Index<usize> for Table<T> {
    type Output = T;

    fn index(&self, key: usize) -> &T {
        &self.things[&key]
    }
}

impl<T> IndexMut<usize> for Table<T> {
    fn index_mut(&mut self, key: usize) -> &mut T {
        self.things.get_mut(&key).expect("it is there")
    }
}
