//! `for_each`: a function called with each item.

use super::fold::Last;
use crate::stream::Sink;
use crate::stream::source::Outflow;

/// Calls `f` with each item. (Rust: `Iterator::for_each`; Node: a `data` listener.)
///
/// - Demand: takes what comes, as fast as `f` returns. `f` runs on the loop and must not block.
/// - A panic of `f` fails the pipeline, and nothing else.
///
/// # Examples
/// ```
/// use roundsman::stream::{Source, for_each};
///
/// let hello = Source::iter(["hello", "world"]).pipe(for_each(|word: &str| assert!(word.len() == 5)));
/// # drop(hello);
/// ```
pub fn for_each<T: Send + 'static>(mut f: impl FnMut(T) + Send + 'static) -> Sink<T> {
    Sink::new(move |assembly| {
        assembly.run.push("for_each");
        let step = move |_: &mut (), item| f(item);
        Outflow::Tail(Box::new(Last::new((), step, |()| ())))
    })
}
