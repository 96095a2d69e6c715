//! `reduce`: all items combined into one of their kind.

use super::fold::last;
use crate::stream::{Pipeline, Sink, Source};

/// All items combined into one of their kind, or none if there is none. (Rust: `Iterator::reduce`.)
///
/// - Demand: takes what comes.
/// - At the end the result is what they make; after a failure or a cancel it is the error. A panic of `f` fails the
///   pipeline, and nothing else.
///
/// # Examples
/// ```
/// use roundsman::stream::{Source, reduce};
///
/// // Gives `Ok(Some(9))` when started.
/// let largest = Source::iter([3, 9, 4]).pipe(reduce(std::cmp::max));
/// # drop(largest);
/// ```
pub fn reduce<T: Send + 'static>(
    mut f: impl FnMut(T, T) -> T + Send + 'static,
) -> Sink<T, Option<T>> {
    Sink::producing(move |assembly, product| {
        let step = move |value: &mut Option<T>, item| {
            *value = Some(match value.take() {
                Some(so_far) => f(so_far, item),
                None => item,
            });
        };
        last(assembly, "reduce", None, step, move |value| product.put(value))
    })
}

impl<T: Send + 'static> Source<T> {
    /// All items combined into one of their kind. See [`reduce`](super::reduce()).
    pub fn reduce(self, f: impl FnMut(T, T) -> T + Send + 'static) -> Pipeline<Option<T>> {
        self.pipe(reduce(f))
    }
}
