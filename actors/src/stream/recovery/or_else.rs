//! `or_else`: another source if the first has nothing to give.

use std::time::Duration;

use crate::stream::Source;
use crate::stream::feeds::{Next, Plan, Run, Succession};

impl<T: Send + 'static> Source<T> {
    /// This source, or `other` if this one ends without having given an item. (Pekko: `orElse`; `Option::or_else`.)
    ///
    /// - `other` is started when this source has ended and closed, and not at all if it has given an item.
    /// - Demand, end and cancel pass through. A failure of either passes, whether or not it has given items: see
    ///   [`recover_with`](Self::recover_with) for those.
    ///
    /// # Examples
    /// ```
    /// use roundsman::prelude::*;
    /// use roundsman::stream::{PipeError, Source};
    ///
    /// struct Search;
    ///
    /// impl Actor for Search {
    ///     type Message = Result<Vec<&'static str>, PipeError>;
    ///
    ///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
    ///         let found = Source::iter(["a", "b"]).filter(|word| word.len() > 1);
    ///         found.or_else(Source::iter(["nothing found"])).collect().start(ctx, |result| result);
    ///         Ok(())
    ///     }
    ///
    ///     fn receive(&mut self, found: Self::Message, ctx: &mut Context<Self>) -> Outcome {
    ///         assert_eq!(found?, ["nothing found"]);
    ///         ctx.stop();
    ///         Ok(())
    ///     }
    /// }
    ///
    /// Runtime::builder().loops(1).build()?.run(|| Search)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn or_else(self, other: Self) -> Self {
        Succession::source("or_else", OrElse { first: Some(self), other: Some(other) })
    }
}

struct OrElse<T> {
    first: Option<Source<T>>,
    /// Until it runs.
    other: Option<Source<T>>,
}

impl<T: Send + 'static> Plan<T> for OrElse<T> {
    fn source(&mut self) -> Option<Source<T>> {
        self.first.take().or_else(|| self.other.take())
    }

    fn next(&mut self, run: Run) -> Next {
        match run.result {
            Err(error) => Next::Fail(error),
            Ok(()) if run.items == 0 && self.other.is_some() => Next::Source(Duration::ZERO),
            Ok(()) => Next::End,
        }
    }
}
