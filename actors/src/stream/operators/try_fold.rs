//! `try_fold`: all items combined into one value, by a function that may fail.

use std::ops::ControlFlow;

use super::fold::{Appetite, last_until};
use crate::stream::{PipeError, Pipeline, Sink, Source};

/// All items combined into one value by `f`; an `Err` fails the pipeline. (Rust: `Iterator::try_fold`.)
///
/// - Demand: takes what comes.
/// - At the end the pipeline's result is the value. An `Err` is a [`PipeError`] whose stage is `try_fold`: upstream is
///   cancelled, and `f` is not called again. A panic of `f` fails the pipeline too, and nothing else.
///
/// # Examples
/// ```
/// use roundsman::prelude::*;
/// use roundsman::stream::{PipeError, Source, try_fold};
///
/// struct Adder;
///
/// impl Actor for Adder {
///     type Message = Result<u8, PipeError>;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         let add = |sum: u8, n: u8| sum.checked_add(n).ok_or("the sum does not fit a byte");
///         Source::iter([100, 100, 100]).pipe(try_fold(0, add)).start(ctx, |sum| sum);
///         Ok(())
///     }
///
///     fn receive(&mut self, sum: Self::Message, ctx: &mut Context<Self>) -> Outcome {
///         assert_eq!(sum.unwrap_err().to_string(), "try_fold: the sum does not fit a byte");
///         ctx.stop();
///         Ok(())
///     }
/// }
///
/// Runtime::builder().loops(1).build()?.run(|| Adder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn try_fold<T, Acc, E>(
    init: Acc,
    mut f: impl FnMut(Acc, T) -> Result<Acc, E> + Send + 'static,
) -> Sink<T, Acc>
where
    T: Send + 'static,
    Acc: Send + 'static,
    E: Into<Box<dyn std::error::Error + Send + Sync>> + 'static,
{
    const NAME: &str = "try_fold";
    Sink::producing(move |assembly, product| {
        let step = move |value: &mut Option<Acc>, item| {
            if let Some(so_far) = value.take() {
                *value = Some(f(so_far, item).map_err(|error| PipeError::new(NAME, error))?);
            }
            Ok(ControlFlow::Continue(()))
        };
        let finish = move |value: Option<Acc>| {
            if let Some(value) = value {
                product.put(value);
            }
        };
        last_until(assembly, NAME, Appetite::All, Some(init), step, finish)
    })
}

impl<T: Send + 'static> Source<T> {
    /// All items combined into one value; an `Err` fails the pipeline. See [`try_fold`](super::try_fold()).
    pub fn try_fold<Acc, E>(
        self,
        init: Acc,
        f: impl FnMut(Acc, T) -> Result<Acc, E> + Send + 'static,
    ) -> Pipeline<Acc>
    where
        Acc: Send + 'static,
        E: Into<Box<dyn std::error::Error + Send + Sync>> + 'static,
    {
        self.pipe(try_fold(init, f))
    }
}
