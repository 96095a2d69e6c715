//! `map_while`: each item turned into another, until there is none.

use super::scan::Scan;
use crate::stream::Source;
use crate::stream::stage::Stage;

/// Each item turned into another by `f`, until that gives none; then the stream ends. (Rust: `Iterator::map_while`.)
///
/// - Demand: one item at a time, so the first that gives none is pulled and nothing after it. A link before it reads a
///   window ahead.
/// - End: at the first that gives none, without demand, or with the source. What is above is cancelled.
/// - Failure and cancel pass through. A panic of `f` fails the pipeline, and nothing else.
///
/// # Examples
/// ```
/// use roundsman::stream::{Source, collect, map_while};
///
/// // Gives `Ok(vec![1, 2])` when started.
/// let words = Source::iter(["1", "2", "three", "4"]);
/// let numbers = words.through(map_while(|word: &str| word.parse::<u32>().ok())).pipe(collect());
/// # drop(numbers);
/// ```
pub fn map_while<In, Out>(mut f: impl FnMut(In) -> Option<Out> + Send + 'static) -> Stage<In, Out>
where
    In: Send + 'static,
    Out: Send + 'static,
{
    Stage::pure("map_while", Scan::new((), move |(): &mut (), item| f(item)))
}

impl<T: Send + 'static> Source<T> {
    /// Each item turned into another, until there is none. See [`map_while`](super::map_while()).
    pub fn map_while<Out: Send + 'static>(
        self,
        f: impl FnMut(T) -> Option<Out> + Send + 'static,
    ) -> Source<Out> {
        self.through(map_while(f))
    }
}
