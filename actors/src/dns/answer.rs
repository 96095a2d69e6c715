//! What name servers have answered.

use std::ops::Deref;
use std::time::Duration;

use super::Record;

/// The records that were asked for: at least one, in the order in which they came. As a slice it is they.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer<T = Record> {
    records: Vec<T>,
    ttl: Duration,
}

impl<T> Answer<T> {
    pub(super) fn new(records: Vec<T>, ttl: Duration) -> Self {
        Self { records, ttl }
    }

    /// How long the records may still be kept: the shortest of them. Asked again within that time, the resolver answers from
    /// its cache.
    #[must_use]
    pub fn ttl(&self) -> Duration {
        self.ttl
    }

    /// The records.
    #[must_use]
    pub fn into_records(self) -> Vec<T> {
        self.records
    }
}

impl Answer<Record> {
    /// Those of one kind. `None`: there are none.
    pub(super) fn picked<T>(self, pick: fn(Record) -> Option<T>) -> Option<Answer<T>> {
        let records: Vec<T> = self.records.into_iter().filter_map(pick).collect();
        (!records.is_empty()).then_some(Answer { records, ttl: self.ttl })
    }
}

impl<T> Deref for Answer<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.records
    }
}

impl<T> IntoIterator for Answer<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.records.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a Answer<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.records.iter()
    }
}
