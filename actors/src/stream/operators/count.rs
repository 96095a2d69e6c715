//! `count`: how many items there are.

use super::fold::last;
use crate::stream::{Pipeline, Sink, Source};

/// How many items there are. (Rust: `Iterator::count`.)
///
/// - Demand: takes what comes, and keeps nothing.
/// - At the end the result is the number; after a failure or a cancel it is the error.
///
/// # Examples
/// ```
/// use roundsman::stream::{Source, count};
///
/// // Gives `Ok(5)` when started.
/// let even = Source::iter(0..10).filter(|n| n % 2 == 0).pipe(count());
/// # drop(even);
/// ```
pub fn count<T: Send + 'static>() -> Sink<T, u64> {
    Sink::producing(|assembly, product| {
        let step = |count: &mut u64, _: T| *count += 1;
        last(assembly, "count", 0, step, move |count| product.put(count))
    })
}

impl<T: Send + 'static> Source<T> {
    /// How many items there are. See [`count`](super::count()).
    pub fn count(self) -> Pipeline<u64> {
        self.pipe(count())
    }
}
