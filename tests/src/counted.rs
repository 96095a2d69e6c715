//! A source that knows how far it was pulled, and whether it was let go.

use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::payload::Payload;

/// What became of a [`Counted`]. Clones look at the same one.
#[derive(Clone, Debug, Default)]
pub struct Count(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    items: AtomicU64,
    weight: AtomicU64,
    drops: AtomicU64,
}

impl Count {
    /// How many items were pulled.
    #[must_use]
    pub fn items(&self) -> u64 {
        self.0.items.load(Ordering::SeqCst)
    }

    /// How much they counted together.
    #[must_use]
    pub fn weight(&self) -> u64 {
        self.0.weight.load(Ordering::SeqCst)
    }

    /// How often the iterator was dropped: once, when all is well.
    #[must_use]
    pub fn drops(&self) -> u64 {
        self.0.drops.load(Ordering::SeqCst)
    }
}

/// An iterator of so many items, counted as they are pulled.
#[derive(Debug)]
pub struct Counted<T> {
    left: u64,
    count: Count,
    items: PhantomData<fn() -> T>,
}

impl<T> Counted<T> {
    /// Gives `items` items.
    #[must_use]
    pub fn new(items: u64, count: &Count) -> Self {
        Self { left: items, count: count.clone(), items: PhantomData }
    }
}

impl<T: Payload> Iterator for Counted<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.left = self.left.checked_sub(1)?;
        let inner = &self.count.0;
        let item = T::at(inner.weight.load(Ordering::SeqCst));
        inner.items.fetch_add(1, Ordering::SeqCst);
        inner.weight.fetch_add(item.weight(), Ordering::SeqCst);
        Some(item)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = usize::try_from(self.left).ok();
        (left.unwrap_or(usize::MAX), left)
    }
}

impl<T> Drop for Counted<T> {
    fn drop(&mut self) {
        self.count.0.drops.fetch_add(1, Ordering::SeqCst);
    }
}
