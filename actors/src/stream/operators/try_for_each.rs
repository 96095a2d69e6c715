//! `try_for_each`: a function called with each item, which may fail.

use std::ops::ControlFlow;

use super::fold::{Appetite, last_until};
use crate::stream::{PipeError, Pipeline, Sink, Source, Summary};

/// Calls `f` with each item; an `Err` fails the pipeline. (Rust: `Iterator::try_for_each`.)
///
/// - Demand: takes what comes, as fast as `f` returns. `f` runs on the loop and must not block.
/// - An `Err` is a [`PipeError`] whose stage is `try_for_each`: upstream is cancelled, and `f` is not called again. A panic
///   of `f` fails the pipeline too, and nothing else.
/// - At the end the result is a [`Summary`](crate::stream::Summary); after a failure above or a cancel it is the error.
///
/// # Examples
/// ```
/// use roundsman::stream::{Source, try_for_each};
///
/// // Gives the error of "three" when started.
/// let checked = Source::iter(["1", "2", "three"])
///     .pipe(try_for_each(|word: &str| word.parse::<u32>().map(drop)));
/// # drop(checked);
/// ```
pub fn try_for_each<T, E>(mut f: impl FnMut(T) -> Result<(), E> + Send + 'static) -> Sink<T>
where
    T: Send + 'static,
    E: Into<Box<dyn std::error::Error + Send + Sync>> + 'static,
{
    const NAME: &str = "try_for_each";
    Sink::new(move |assembly| {
        let step = move |(): &mut (), item| match f(item) {
            Ok(()) => Ok(ControlFlow::Continue(())),
            Err(error) => Err(PipeError::new(NAME, error)),
        };
        last_until(assembly, NAME, Appetite::All, (), step, |()| ())
    })
}

impl<T: Send + 'static> Source<T> {
    /// Calls `f` with each item; an `Err` fails the pipeline. See [`try_for_each`](super::try_for_each()).
    pub fn try_for_each<E>(
        self,
        f: impl FnMut(T) -> Result<(), E> + Send + 'static,
    ) -> Pipeline<Summary>
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>> + 'static,
    {
        self.pipe(try_for_each(f))
    }
}
