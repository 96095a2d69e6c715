//! `take_while`: the items before the first that is not wanted.

use crate::stream::stage::{Operator, Stage, Tail};
use crate::stream::{PipeError, Source};

/// The items before the first for which `keep` says false; then the stream ends. (Rust: `Iterator::take_while`.)
///
/// - Demand: one item at a time, so the first that is not wanted is pulled, and dropped, and nothing after it. A link
///   before it reads a window ahead.
/// - End: at the first that is not wanted, without demand, or with the source. What is above is cancelled.
/// - Failure and cancel pass through. A panic of `keep` fails the pipeline, and nothing else.
///
/// # Examples
/// ```
/// use roundsman::stream::{Source, collect, take_while};
///
/// // Gives `Ok(vec![1, 2])` when started.
/// let small = Source::iter([1, 2, 9, 1]).through(take_while(|n| *n < 5)).pipe(collect());
/// # drop(small);
/// ```
pub fn take_while<T: Send + 'static>(keep: impl FnMut(&T) -> bool + Send + 'static) -> Stage<T, T> {
    Stage::pure("take_while", TakeWhile { keep, done: false })
}

impl<T: Send + 'static> Source<T> {
    /// The items before the first for which `keep` says false. See [`take_while`](super::take_while()).
    pub fn take_while(self, keep: impl FnMut(&T) -> bool + Send + 'static) -> Self {
        self.through(take_while(keep))
    }
}

struct TakeWhile<F> {
    keep: F,
    done: bool,
}

impl<T, F> Operator<T> for TakeWhile<F>
where
    T: Send + 'static,
    F: FnMut(&T) -> bool + Send + 'static,
{
    type Out = T;

    fn push(&mut self, item: T, next: &mut dyn Tail<T>) -> Result<(), PipeError> {
        if self.done {
            return Ok(());
        }
        if (self.keep)(&item) {
            return next.push(item);
        }
        self.done = true;
        next.end()
    }

    fn room(&self, next: &dyn Tail<T>) -> u64 {
        if self.done { 0 } else { next.room().min(1) }
    }
}
