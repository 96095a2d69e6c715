//! `collect`: all items in a list.

use super::fold::last;
use crate::stream::{Pipeline, Sink, Source};

/// All items in a list, which is the pipeline's result. (Rust: `Iterator::collect`.)
///
/// - Demand: takes what comes, so the list grows as long as the source does: only for sources known to be short.
/// - At the end the result is the list; after a failure or a cancel it is the error, and the items so far are dropped.
///
/// # Examples
/// ```
/// use roundsman::stream::{Source, collect};
///
/// // Gives `Ok(vec![2, 4])` when started.
/// let doubled = Source::iter([1, 2]).map(|n| n * 2).pipe(collect());
/// # drop(doubled);
/// ```
pub fn collect<T: Send + 'static>() -> Sink<T, Vec<T>> {
    Sink::producing(|assembly, product| {
        let push = |items: &mut Vec<T>, item| items.push(item);
        last(assembly, "collect", Vec::new(), push, move |items| product.put(items))
    })
}

impl<T: Send + 'static> Source<T> {
    /// All items in a list. See [`collect`](super::collect()).
    pub fn collect(self) -> Pipeline<Vec<T>> {
        self.pipe(collect())
    }
}
