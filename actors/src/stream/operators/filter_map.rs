//! `filter_map`: some of the items, turned into others.

use std::marker::PhantomData;

use crate::stream::stage::{Operator, Stage, Tail};
use crate::stream::{PipeError, Source};

/// What `f` makes of the items, where it makes something. (Rust: `Iterator::filter_map`; Pekko: `collect`.)
///
/// - Demand: goes on asking the source until as many items as were asked for have come of it.
/// - End, failure and cancel pass through. A panic of `f` fails the pipeline, and nothing else.
///
/// # Examples
/// ```
/// use roundsman::stream::{Source, collect, filter_map};
///
/// // Gives `Ok(vec![1, 3])` when started.
/// let words = Source::iter(["1", "two", "3"]);
/// let numbers = words.through(filter_map(|word: &str| word.parse::<u32>().ok())).pipe(collect());
/// # drop(numbers);
/// ```
pub fn filter_map<In, Out>(f: impl FnMut(In) -> Option<Out> + Send + 'static) -> Stage<In, Out>
where
    In: Send + 'static,
    Out: Send + 'static,
{
    Stage::pure("filter_map", FilterMap { f, items: PhantomData })
}

impl<T: Send + 'static> Source<T> {
    /// What `f` makes of the items, where it makes something. See [`filter_map`](super::filter_map()).
    pub fn filter_map<Out: Send + 'static>(
        self,
        f: impl FnMut(T) -> Option<Out> + Send + 'static,
    ) -> Source<Out> {
        self.through(filter_map(f))
    }
}

struct FilterMap<F, Out> {
    f: F,
    items: PhantomData<fn() -> Out>,
}

impl<In, Out, F> Operator<In> for FilterMap<F, Out>
where
    In: Send + 'static,
    Out: Send + 'static,
    F: FnMut(In) -> Option<Out> + Send + 'static,
{
    type Out = Out;

    #[inline]
    fn push(&mut self, item: In, next: &mut dyn Tail<Out>) -> Result<(), PipeError> {
        (self.f)(item).map_or(Ok(()), |out| next.push(out))
    }
}
