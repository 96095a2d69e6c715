//! `scan`: each item turned into another, with a state.

use std::marker::PhantomData;

use crate::stream::stage::{Operator, Stage, Tail};
use crate::stream::{PipeError, Source};

/// Each item turned into another by `f`, which may change a state that begins as `init`. When `f` gives none, the stream
/// ends. (Rust: `Iterator::scan`; Pekko: `statefulMap`, whose `scan` gives the state itself.)
///
/// - Demand: one item at a time, for any may be the last that is wanted. A link before it reads a window ahead.
/// - End: when `f` gives none, without demand, or with the source. What is above is cancelled.
/// - Failure and cancel pass through. A panic of `f` fails the pipeline, and nothing else.
///
/// # Examples
/// ```
/// use roundsman::stream::{Source, collect, scan};
///
/// // The sums so far. Gives `Ok(vec![1, 3, 6])` when started.
/// let sums = Source::iter([1, 2, 3]).through(scan(0, |sum, n| {
///     *sum += n;
///     Some(*sum)
/// }));
/// # drop(sums.pipe(collect()));
/// ```
pub fn scan<In, Out, S>(
    init: S,
    f: impl FnMut(&mut S, In) -> Option<Out> + Send + 'static,
) -> Stage<In, Out>
where
    In: Send + 'static,
    Out: Send + 'static,
    S: Send + 'static,
{
    Stage::pure("scan", Scan::new(init, f))
}

impl<T: Send + 'static> Source<T> {
    /// Each item turned into another, with a state. See [`scan`](super::scan()).
    pub fn scan<Out, S>(
        self,
        init: S,
        f: impl FnMut(&mut S, T) -> Option<Out> + Send + 'static,
    ) -> Source<Out>
    where
        Out: Send + 'static,
        S: Send + 'static,
    {
        self.through(scan(init, f))
    }
}

/// Also what `map_while` is made of, whose state is nothing.
pub(super) struct Scan<S, F, Out> {
    state: S,
    f: F,
    done: bool,
    items: PhantomData<fn() -> Out>,
}

impl<S, F, Out> Scan<S, F, Out> {
    pub(super) fn new(state: S, f: F) -> Self {
        Self { state, f, done: false, items: PhantomData }
    }
}

impl<In, Out, S, F> Operator<In> for Scan<S, F, Out>
where
    In: Send + 'static,
    Out: Send + 'static,
    S: Send + 'static,
    F: FnMut(&mut S, In) -> Option<Out> + Send + 'static,
{
    type Out = Out;

    fn push(&mut self, item: In, next: &mut dyn Tail<Out>) -> Result<(), PipeError> {
        if self.done {
            return Ok(());
        }
        if let Some(out) = (self.f)(&mut self.state, item) {
            return next.push(out);
        }
        self.done = true;
        next.end()
    }

    fn room(&self, next: &dyn Tail<Out>) -> u64 {
        if self.done { 0 } else { next.room().min(1) }
    }
}
