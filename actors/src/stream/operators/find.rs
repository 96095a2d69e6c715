//! `find`, `any` and `all`: sinks that know their result early, and want no more then.

use std::ops::ControlFlow;

use super::fold::{Appetite, last_until};
use crate::stream::{Pipeline, Sink, Source};

/// The first item for which `wanted` says true, or none if there is none. (Rust: `Iterator::find`.)
///
/// - Demand: one item at a time, so none after the one that is found is pulled. A link before it reads a window ahead.
///   Once it is found, everything above is cancelled, and the pipeline ends.
/// - After a failure or a cancel the result is the error. A panic of `wanted` fails the pipeline, and nothing else.
///
/// # Examples
/// ```
/// use roundsman::stream::{Source, find};
///
/// // Gives `Ok(Some("three"))` when started.
/// let long = Source::iter(["one", "two", "three", "four"]).pipe(find(|word: &&str| word.len() > 3));
/// # drop(long);
/// ```
pub fn find<T: Send + 'static>(
    mut wanted: impl FnMut(&T) -> bool + Send + 'static,
) -> Sink<T, Option<T>> {
    let test = move |item| if wanted(&item) { Some(item) } else { None };
    found("find", test)
}

/// Whether `test` says true for any item; false if there is none. (Rust: `Iterator::any`; Pekko: `exists`.)
///
/// - Demand: as with [`find`]: nothing is pulled after the first for which it does.
/// - After a failure or a cancel the result is the error. A panic of `test` fails the pipeline, and nothing else.
///
/// # Examples
/// ```
/// use roundsman::stream::{Source, any};
///
/// // Gives `Ok(true)` when started, although the numbers have no end.
/// let large = Source::iter(0..).pipe(any(|n: u32| n > 1000));
/// # drop(large);
/// ```
pub fn any<T: Send + 'static>(mut test: impl FnMut(T) -> bool + Send + 'static) -> Sink<T, bool> {
    let test = move |item| test(item).then_some(());
    found("any", test).map_result(|found| found.is_some())
}

/// Whether `test` says true for all items; true if there is none. (Rust: `Iterator::all`; Pekko: `forall`.)
///
/// - Demand: as with [`find`]: nothing is pulled after the first for which it does not.
/// - After a failure or a cancel the result is the error. A panic of `test` fails the pipeline, and nothing else.
///
/// # Examples
/// ```
/// use roundsman::stream::{Source, all};
///
/// // Gives `Ok(false)` when started, although the numbers have no end.
/// let small = Source::iter(0..).pipe(all(|n: u32| n < 1000));
/// # drop(small);
/// ```
pub fn all<T: Send + 'static>(mut test: impl FnMut(T) -> bool + Send + 'static) -> Sink<T, bool> {
    let test = move |item| (!test(item)).then_some(());
    found("all", test).map_result(|found| found.is_none())
}

impl<T: Send + 'static> Source<T> {
    /// The first item for which `wanted` says true. See [`find`](super::find()).
    pub fn find(self, wanted: impl FnMut(&T) -> bool + Send + 'static) -> Pipeline<Option<T>> {
        self.pipe(find(wanted))
    }

    /// Whether `test` says true for any item. See [`any`](super::any()).
    pub fn any(self, test: impl FnMut(T) -> bool + Send + 'static) -> Pipeline<bool> {
        self.pipe(any(test))
    }

    /// Whether `test` says true for all items. See [`all`](super::all()).
    pub fn all(self, test: impl FnMut(T) -> bool + Send + 'static) -> Pipeline<bool> {
        self.pipe(all(test))
    }
}

/// The first thing that `test` finds.
fn found<T, Found>(
    name: &'static str,
    mut test: impl FnMut(T) -> Option<Found> + Send + 'static,
) -> Sink<T, Option<Found>>
where
    T: Send + 'static,
    Found: Send + 'static,
{
    Sink::producing(move |assembly, product| {
        let step = move |found: &mut Option<Found>, item| {
            *found = test(item);
            Ok(if found.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        };
        let finish = move |found| product.put(found);
        last_until(assembly, name, Appetite::UntilEnough, None, step, finish)
    })
}
