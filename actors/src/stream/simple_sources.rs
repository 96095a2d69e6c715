//! Sources that need nothing but what they are made of: none, one item, a function, an error.

use std::iter;

use super::PipeError;
use super::feeds::{FailedFeed, IterFeed};
use super::runner::Runner;
use super::source::Source;

impl<T: Send + 'static> Source<T> {
    /// No items: it ends at once, without demand, so there is nothing to fail or to cancel. (Rust: `iter::empty`; Pekko:
    /// `Source.empty`.)
    ///
    /// # Examples
    /// ```
    /// use roundsman::stream::Source;
    ///
    /// // Gives `Ok(vec![])` when started.
    /// let nothing = Source::<u32>::empty().collect();
    /// # drop(nothing);
    /// ```
    pub fn empty() -> Self {
        named("empty", iter::empty())
    }

    /// One item, when it is asked for; then it ends. A cancel drops it. (Rust: `iter::once`; Pekko: `Source.single`.)
    ///
    /// # Examples
    /// ```
    /// use bytes::Bytes;
    /// use roundsman::stream::Source;
    ///
    /// // A whole answer, to be piped into a connection's writer.
    /// let answer = Source::once(Bytes::from("HTTP/1.1 204 No Content\r\n\r\n"));
    /// # drop(answer);
    /// ```
    pub fn once(item: T) -> Self {
        named("once", iter::once(item))
    }

    /// What `f` returns, each time that an item is asked for, without an end: something downstream has to say that it is
    /// enough. (Rust: `iter::repeat_with`; Pekko: `Source.repeat`.)
    ///
    /// `f` runs on the loop and must not block; others have their turn after a thousand items. A cancel drops it. A panic of
    /// `f` fails the pipeline, and nothing else.
    ///
    /// # Examples
    /// ```
    /// use roundsman::prelude::*;
    /// use roundsman::stream::{PipeError, Source, collect};
    ///
    /// struct Powers;
    ///
    /// impl Actor for Powers {
    ///     type Message = Result<Vec<u32>, PipeError>;
    ///
    ///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
    ///         let mut power = 1;
    ///         let powers = Source::repeat_with(move || {
    ///             power *= 3;
    ///             power
    ///         });
    ///         powers.take(3).pipe(collect()).start(ctx, |powers| powers);
    ///         Ok(())
    ///     }
    ///
    ///     fn receive(&mut self, powers: Self::Message, ctx: &mut Context<Self>) -> Outcome {
    ///         assert_eq!(powers?, [3, 9, 27]);
    ///         ctx.stop();
    ///         Ok(())
    ///     }
    /// }
    ///
    /// Runtime::builder().loops(1).build()?.run(|| Powers)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn repeat_with(f: impl FnMut() -> T + Send + 'static) -> Self {
        named("repeat_with", iter::repeat_with(f))
    }

    /// A failure instead of items and of an end, at once and without demand: a [`PipeError`] whose stage is `failed` and whose cause
    /// is `error`. (Pekko: `Source.failed`.) For a function that returns a source and finds that it cannot.
    ///
    /// # Examples
    /// ```
    /// use std::num::ParseIntError;
    /// use roundsman::stream::Source;
    ///
    /// fn countdown(from: &str) -> Source<u32> {
    ///     match from.parse::<u32>() {
    ///         Ok(from) => Source::iter((0..from).rev()),
    ///         Err(error) => Source::failed(error),
    ///     }
    /// }
    /// # drop((countdown("3"), countdown("three")));
    /// ```
    pub fn failed(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let feed = FailedFeed::new(PipeError::new("failed", error));
        Self::new(move |assembly, outflow| {
            let tail = outflow.into_tail(assembly);
            assembly.run.push("failed");
            Runner::spawn(assembly, feed, tail);
        })
    }
}

/// An iterator as a source with a name of its own.
fn named<I>(name: &'static str, items: I) -> Source<I::Item>
where
    I: Iterator + Send + 'static,
    I::Item: Send + 'static,
{
    let feed = IterFeed::new(items);
    Source::new(move |assembly, outflow| {
        let tail = outflow.into_tail(assembly);
        assembly.run.push(name);
        Runner::spawn(assembly, feed, tail);
    })
}
