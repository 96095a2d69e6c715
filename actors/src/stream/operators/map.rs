//! `map`: each item turned into another.

use std::marker::PhantomData;

use crate::stream::stage::{Operator, Stage, Tail};
use crate::stream::{PipeError, Source};

/// Each item turned into another by `f`. (Rust: `Iterator::map`; Node: a `Transform` in object mode.)
///
/// - Demand: one item asked for is one item asked of the source.
/// - End, failure and cancel pass through. A panic of `f` fails the pipeline, and nothing else.
///
/// # Examples
/// ```
/// use roundsman::stream::{Source, map};
///
/// let squares = Source::iter(1..=3).through(map(|n: u64| n * n));
/// # drop(squares);
/// ```
pub fn map<In, Out>(f: impl FnMut(In) -> Out + Send + 'static) -> Stage<In, Out>
where
    In: Send + 'static,
    Out: Send + 'static,
{
    Stage::pure("map", Map { f, items: PhantomData })
}

impl<T: Send + 'static> Source<T> {
    /// Each item turned into another. See [`map`](super::map()).
    pub fn map<Out: Send + 'static>(self, f: impl FnMut(T) -> Out + Send + 'static) -> Source<Out> {
        self.through(map(f))
    }
}

struct Map<F, Out> {
    f: F,
    items: PhantomData<fn() -> Out>,
}

impl<In, Out, F> Operator<In> for Map<F, Out>
where
    In: Send + 'static,
    Out: Send + 'static,
    F: FnMut(In) -> Out + Send + 'static,
{
    type Out = Out;

    #[inline]
    fn push(&mut self, item: In, next: &mut dyn Tail<Out>) -> Result<(), PipeError> {
        next.push((self.f)(item))
    }
}
