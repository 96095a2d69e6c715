//! `map`: each item turned into another.

use super::pass_on;
use crate::stream::PipeError;
use crate::stream::stage::{Stage, Tail};

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
    Stage::new("map", move |next| Box::new(Map { f, next }))
}

struct Map<F, Out> {
    f: F,
    next: Box<dyn Tail<Out>>,
}

impl<In, Out, F> Tail<In> for Map<F, Out>
where
    In: Send + 'static,
    Out: Send + 'static,
    F: FnMut(In) -> Out + Send,
{
    fn push(&mut self, item: In) -> Result<(), PipeError> {
        self.next.push((self.f)(item))
    }

    pass_on!(begin, end, rest);
}
