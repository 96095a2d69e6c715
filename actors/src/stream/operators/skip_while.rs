//! `skip_while`: all items from the first that is wanted.

use crate::stream::stage::{Operator, Stage, Tail};
use crate::stream::{PipeError, Source};

/// All items from the first for which `skip` says false. (Rust: `Iterator::skip_while`; Pekko: `dropWhile`.)
///
/// - Demand: goes on asking the source until as many items as were asked for have come through. `skip` is not called again
///   once it has said false.
/// - End, failure and cancel pass through. A panic of `skip` fails the pipeline, and nothing else.
///
/// # Examples
/// ```
/// use roundsman::stream::{Source, collect, skip_while};
///
/// // Gives `Ok(vec![5, 1])` when started.
/// let late = Source::iter([1, 2, 5, 1]).through(skip_while(|n| *n < 5)).pipe(collect());
/// # drop(late);
/// ```
pub fn skip_while<T: Send + 'static>(skip: impl FnMut(&T) -> bool + Send + 'static) -> Stage<T, T> {
    Stage::pure("skip_while", SkipWhile { skip, begun: false })
}

impl<T: Send + 'static> Source<T> {
    /// All items from the first for which `skip` says false. See [`skip_while`](super::skip_while()).
    pub fn skip_while(self, skip: impl FnMut(&T) -> bool + Send + 'static) -> Self {
        self.through(skip_while(skip))
    }
}

struct SkipWhile<F> {
    skip: F,
    begun: bool,
}

impl<T, F> Operator<T> for SkipWhile<F>
where
    T: Send + 'static,
    F: FnMut(&T) -> bool + Send + 'static,
{
    type Out = T;

    fn push(&mut self, item: T, next: &mut dyn Tail<T>) -> Result<(), PipeError> {
        self.begun = self.begun || !(self.skip)(&item);
        if self.begun { next.push(item) } else { Ok(()) }
    }
}
