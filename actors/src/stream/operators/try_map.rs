//! `try_map`: each item turned into another, or the end of it all.

use crate::stream::stage::Stage;
use crate::stream::unpacked::{Unpack, Unpacked};
use crate::stream::{PipeError, Source};

/// Each item turned into another by `f`, which may fail: then so does the pipeline. (Rust: `map` before
/// `collect::<Result<_, _>>`; Pekko: `map` with a function that throws; Node: `callback(error)` in a `Transform`.)
///
/// - Demand: one item asked for is one item asked of the source. `f` is called only once its result is asked for, so
///   everything before the item that fails has gone on by then.
/// - End, failure and cancel pass through.
/// - An `Err` is a [`PipeError`] whose stage is `try_map`: upstream is cancelled, downstream fails. So is a panic of `f`.
///
/// # Examples
/// ```
/// use std::num::ParseIntError;
/// use roundsman::prelude::*;
/// use roundsman::stream::{PipeError, Source, collect, try_map};
///
/// struct Parser;
///
/// impl Actor for Parser {
///     type Message = Result<Vec<u32>, PipeError>;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         let words = Source::iter(["1", "2", "three"]);
///         words.through(try_map(str::parse)).pipe(collect()).start(ctx, |result| result);
///         Ok(())
///     }
///
///     fn receive(&mut self, numbers: Self::Message, ctx: &mut Context<Self>) -> Outcome {
///         let error = numbers.unwrap_err();
///         assert_eq!(error.stage(), "try_map");
///         assert!(error.cause_as::<ParseIntError>().is_some());
///         ctx.stop();
///         Ok(())
///     }
/// }
///
/// Runtime::builder().loops(1).build()?.run(|| Parser)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn try_map<In, Out, E>(f: impl FnMut(In) -> Result<Out, E> + Send + 'static) -> Stage<In, Out>
where
    In: Send + 'static,
    Out: Send + 'static,
    E: Into<Box<dyn std::error::Error + Send + Sync>> + 'static,
{
    Stage::pure("try_map", Unpacked::new(TryMap { f, item: None }))
}

impl<T: Send + 'static> Source<T> {
    /// Each item turned into another, or the end of it all. See [`try_map`](super::try_map()).
    pub fn try_map<Out, E>(self, f: impl FnMut(T) -> Result<Out, E> + Send + 'static) -> Source<Out>
    where
        Out: Send + 'static,
        E: Into<Box<dyn std::error::Error + Send + Sync>> + 'static,
    {
        self.through(try_map(f))
    }
}

struct TryMap<F, In> {
    f: F,
    item: Option<In>,
}

impl<In, Out, E, F> Unpack<In> for TryMap<F, In>
where
    In: Send + 'static,
    Out: Send + 'static,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
    F: FnMut(In) -> Result<Out, E> + Send + 'static,
{
    type Out = Out;
    const ONE_EACH: bool = true;

    fn fill(&mut self, item: In) {
        self.item = Some(item);
    }

    fn next(&mut self) -> Result<Option<Out>, PipeError> {
        let Some(item) = self.item.take() else { return Ok(None) };
        (self.f)(item).map(Some).map_err(|error| PipeError::new("try_map", error))
    }

    fn is_empty(&self) -> bool {
        self.item.is_none()
    }
}
