//! `last`: the last item.

use super::fold;
use crate::stream::{Pipeline, Sink, Source};

/// The last item, or none if there is none. (Rust: `Iterator::last`; Pekko: `lastOption`.)
///
/// - Demand: takes what comes, and keeps one item.
/// - At the end the result is the item; after a failure or a cancel it is the error.
///
/// # Examples
/// ```
/// use roundsman::stream::{Source, last};
///
/// // Gives `Ok(Some(3))` when started.
/// let newest = Source::iter([1, 2, 3]).pipe(last());
/// # drop(newest);
/// ```
pub fn last<T: Send + 'static>() -> Sink<T, Option<T>> {
    Sink::producing(|assembly, product| {
        let step = |last: &mut Option<T>, item| *last = Some(item);
        fold::last(assembly, "last", None, step, move |last| product.put(last))
    })
}

impl<T: Send + 'static> Source<T> {
    /// The last item. See [`last`](super::last()).
    pub fn last(self) -> Pipeline<Option<T>> {
        self.pipe(last())
    }
}
