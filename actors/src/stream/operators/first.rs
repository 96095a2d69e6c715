//! `first`: the first item, and no more.

use std::ops::ControlFlow;

use super::fold::{Appetite, last_until};
use crate::stream::{Pipeline, Sink, Source};

/// The first item, or none if there is none. (Rust: `Iterator::next`; Pekko: `headOption`.)
///
/// - Demand: one item, also over a link right before it. Then everything above is cancelled, and the pipeline ends.
/// - After a failure or a cancel the result is the error.
///
/// # Examples
/// ```
/// use roundsman::prelude::*;
/// use roundsman::stream::{PipeError, Source, first};
///
/// struct Seeker;
///
/// impl Actor for Seeker {
///     type Message = Result<Option<u64>, PipeError>;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         let squares = Source::iter(1..).map(|n: u64| n * n);
///         squares.filter(|n| *n > 1000).pipe(first()).start(ctx, |first| first);
///         Ok(())
///     }
///
///     fn receive(&mut self, first: Self::Message, ctx: &mut Context<Self>) -> Outcome {
///         assert_eq!(first?, Some(1024));
///         ctx.stop();
///         Ok(())
///     }
/// }
///
/// Runtime::builder().loops(1).build()?.run(|| Seeker)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn first<T: Send + 'static>() -> Sink<T, Option<T>> {
    Sink::producing(|assembly, product| {
        let step = |first: &mut Option<T>, item| {
            *first = Some(item);
            Ok(ControlFlow::Break(()))
        };
        let finish = move |first| product.put(first);
        last_until(assembly, "first", Appetite::One, None, step, finish)
    })
}

impl<T: Send + 'static> Source<T> {
    /// The first item, and no more. See [`first`](super::first()).
    pub fn first(self) -> Pipeline<Option<T>> {
        self.pipe(first())
    }
}
