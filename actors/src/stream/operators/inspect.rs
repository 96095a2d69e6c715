//! `inspect`: a look at each item as it goes by.

use crate::stream::stage::{Operator, Stage, Tail};
use crate::stream::{PipeError, Source};

/// Calls `f` with each item, and passes it on as it is. (Rust: `Iterator::inspect`; Pekko: `wireTap`.)
///
/// - Demand: one item asked for is one item asked of the source.
/// - End, failure and cancel pass through. A panic of `f` fails the pipeline, and nothing else.
///
/// # Examples
/// ```
/// use roundsman::stream::{Source, for_each, inspect};
///
/// let mut seen = 0;
/// let counted = Source::iter(0..10).through(inspect(move |_| seen += 1)).pipe(for_each(drop));
/// # drop(counted);
/// ```
pub fn inspect<T: Send + 'static>(f: impl FnMut(&T) + Send + 'static) -> Stage<T, T> {
    Stage::pure("inspect", Inspect { f })
}

impl<T: Send + 'static> Source<T> {
    /// Calls `f` with each item, and passes it on as it is. See [`inspect`](super::inspect()).
    pub fn inspect(self, f: impl FnMut(&T) + Send + 'static) -> Self {
        self.through(inspect(f))
    }
}

struct Inspect<F> {
    f: F,
}

impl<T, F> Operator<T> for Inspect<F>
where
    T: Send + 'static,
    F: FnMut(&T) + Send + 'static,
{
    type Out = T;

    #[inline]
    fn push(&mut self, item: T, next: &mut dyn Tail<T>) -> Result<(), PipeError> {
        (self.f)(&item);
        next.push(item)
    }
}
