//! `filter`: only some of the items.

use crate::stream::stage::{Operator, Stage, Tail};
use crate::stream::{PipeError, Source};

/// Only the items for which `keep` says true. (Rust: `Iterator::filter`.)
///
/// - Demand: goes on asking the source until as many items as were asked for have been kept.
/// - End, failure and cancel pass through. A panic of `keep` fails the pipeline, and nothing else.
///
/// # Examples
/// ```
/// use roundsman::stream::{Source, filter};
///
/// let even = Source::iter(1..=10).through(filter(|n: &u32| n % 2 == 0));
/// # drop(even);
/// ```
pub fn filter<T: Send + 'static>(keep: impl FnMut(&T) -> bool + Send + 'static) -> Stage<T, T> {
    Stage::pure("filter", Filter { keep })
}

impl<T: Send + 'static> Source<T> {
    /// Only the items for which `keep` says true. See [`filter`](super::filter()).
    pub fn filter(self, keep: impl FnMut(&T) -> bool + Send + 'static) -> Self {
        self.through(filter(keep))
    }
}

struct Filter<F> {
    keep: F,
}

impl<T, F> Operator<T> for Filter<F>
where
    T: Send + 'static,
    F: FnMut(&T) -> bool + Send + 'static,
{
    type Out = T;

    #[inline]
    fn push(&mut self, item: T, next: &mut dyn Tail<T>) -> Result<(), PipeError> {
        if (self.keep)(&item) { next.push(item) } else { Ok(()) }
    }
}
