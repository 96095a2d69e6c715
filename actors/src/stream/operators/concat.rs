//! `concat`: several sources, one after another.

use std::time::Duration;

use crate::stream::Source;
use crate::stream::feeds::{Next, Plan, Run, Succession};

/// Several sources, one after another. (Rust: `Iterator::flatten`; Pekko: `Concat`.)
///
/// A source is taken from the iterator and started when the one before it has closed: its files and sockets are not touched
/// before. So the iterator may be without end, and may make its sources as it goes; it runs on the loop and must not block.
/// Each source runs in a pipeline of its own.
///
/// - Demand: only the source whose turn it is, is asked, and at most a window of it waits here.
/// - End: when the last source has ended. A failure of one fails the pipeline, and those after it are never started. A
///   cancel reaches the one that runs, and drops the iterator.
///
/// # Examples
/// ```
/// use roundsman::prelude::*;
/// use roundsman::stream::{PipeError, Source, concat};
///
/// struct InOrder;
///
/// impl Actor for InOrder {
///     type Message = Result<Vec<u32>, PipeError>;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         concat((0..3).map(|n| Source::iter(0..n))).collect().start(ctx, |items| items);
///         Ok(())
///     }
///
///     fn receive(&mut self, items: Self::Message, ctx: &mut Context<Self>) -> Outcome {
///         assert_eq!(items?, [0, 0, 1]);
///         ctx.stop();
///         Ok(())
///     }
/// }
///
/// Runtime::builder().loops(1).build()?.run(|| InOrder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn concat<T, I>(sources: I) -> Source<T>
where
    T: Send + 'static,
    I: IntoIterator<Item = Source<T>>,
    I::IntoIter: Send + 'static,
{
    Succession::source("concat", Concat { sources: sources.into_iter() })
}

impl<T: Send + 'static> Source<T> {
    /// This source, then another, which is started when this one has ended. See [`concat`](super::concat()).
    pub fn concat(self, other: Self) -> Self {
        concat([self, other])
    }
}

struct Concat<I> {
    sources: I,
}

impl<T, I> Plan<T> for Concat<I>
where
    T: Send + 'static,
    I: Iterator<Item = Source<T>> + Send + 'static,
{
    fn source(&mut self) -> Option<Source<T>> {
        self.sources.next()
    }

    fn next(&mut self, run: Run) -> Next {
        run.result.map_or_else(Next::Fail, |()| Next::Source(Duration::ZERO))
    }
}
