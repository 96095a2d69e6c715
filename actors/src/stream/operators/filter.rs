//! `filter`: only some of the items.

use super::pass_on;
use crate::stream::PipeError;
use crate::stream::stage::{Stage, Tail};

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
    Stage::new("filter", move |next| Box::new(Filter { keep, next }))
}

struct Filter<F, T> {
    keep: F,
    next: Box<dyn Tail<T>>,
}

impl<T, F> Tail<T> for Filter<F, T>
where
    T: Send + 'static,
    F: FnMut(&T) -> bool + Send,
{
    fn push(&mut self, item: T) -> Result<(), PipeError> {
        if (self.keep)(&item) { self.next.push(item) } else { Ok(()) }
    }

    pass_on!(begin, end, rest);
}
