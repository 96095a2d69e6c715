//! `collect`: all items in a list.

use super::fold::Last;
use crate::stream::sink::Sink;
use crate::stream::source::Outflow;

/// All items in a list, which is the pipeline's result. (Rust: `Iterator::collect`.)
///
/// - Demand: takes what comes, so the list grows as long as the source does: only for sources known to be short.
/// - After a failure or a cancel the result is the error, and the items so far are dropped.
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
    Sink::producing(|assembly| {
        assembly.run.push("collect");
        let product = assembly.product.clone();
        let push = |items: &mut Vec<T>, item| items.push(item);
        let finish = move |items: Vec<T>| product.put(Box::new(items));
        Outflow::Tail(Box::new(Last::new(Vec::new(), push, finish)))
    })
}
