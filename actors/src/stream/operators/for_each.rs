//! `for_each`: a function called with each item.

use super::fold::last;
use crate::stream::{Pipeline, Sink, Source, Summary};

/// Calls `f` with each item. (Rust: `Iterator::for_each`; Node: a `data` listener.)
///
/// - Demand: takes what comes, as fast as `f` returns. `f` runs on the loop and must not block.
/// - At the end the result is a [`Summary`](crate::stream::Summary); after a failure or a cancel it is the error. A panic of `f`
///   fails the pipeline, and nothing else.
///
/// # Examples
/// ```
/// use roundsman::stream::{Source, for_each};
///
/// let hello = Source::iter(["hello", "world"]).pipe(for_each(|word: &str| assert!(word.len() == 5)));
/// # drop(hello);
/// ```
pub fn for_each<T: Send + 'static>(mut f: impl FnMut(T) + Send + 'static) -> Sink<T> {
    Sink::new(move |assembly| last(assembly, "for_each", (), move |(), item| f(item), |()| ()))
}

impl<T: Send + 'static> Source<T> {
    /// Calls `f` with each item. See [`for_each`](super::for_each()).
    pub fn for_each(self, f: impl FnMut(T) + Send + 'static) -> Pipeline<Summary> {
        self.pipe(for_each(f))
    }
}
