//! `concat`: several sources, one after another.

use roundsman_runtime::Context;

use crate::stream::feeds::pass_on;
use crate::stream::nested::{Nested, NestedEvent};
use crate::stream::runner::{Feed, Runner, RunnerMessage};
use crate::stream::source::Outflow;
use crate::stream::stage::Tail;
use crate::stream::{PipeError, Source};

/// Several sources, one after another. (Rust: `Iterator::flatten`; Pekko: `Concat`.)
///
/// A source is taken from the iterator and started when the one before it has closed and all of its items have gone on: its
/// files and sockets are not touched before. So the iterator may be without end, and may make its sources as it goes; it
/// runs on the loop and must not block. Each source runs in a pipeline of its own.
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
    let rest = Some(sources.into_iter());
    Source::new(move |assembly, outflow| {
        let tail = outflow.into_tail(assembly);
        assembly.run.push("concat");
        Runner::spawn(assembly, ConcatFeed { nested: Nested::new(), rest }, tail);
    })
}

impl<T: Send + 'static> Source<T> {
    /// This source, then another, which is started when this one has ended. See [`concat`](super::concat()).
    ///
    /// This one is part of the pipeline; the other runs in one of its own.
    pub fn concat(self, other: Self) -> Self {
        Self::new(move |assembly, outflow| {
            let tail = outflow.into_tail(assembly);
            assembly.run.push("concat");
            let mut nested = Nested::new();
            let number = nested.intake.enter();
            let feed = ConcatFeed { nested, rest: Some(std::iter::once(other)) };
            let (address, to) = Runner::spawn(assembly, feed, tail);
            let link = address
                .recipient(move |flow| RunnerMessage::Event(NestedEvent::Flow(number, flow)));
            self.start(assembly, Outflow::Link { link: Box::new(link), to });
        })
    }
}

struct ConcatFeed<T, I> {
    nested: Nested<T>,
    /// Those whose turn has not come.
    rest: Option<I>,
}

impl<T, I> Feed for ConcatFeed<T, I>
where
    T: Send + 'static,
    I: Iterator<Item = Source<T>> + Send + 'static,
{
    type Item = T;
    type Event = NestedEvent<T>;

    fn take(
        &mut self,
        event: NestedEvent<T>,
        _: &mut dyn Tail<T>,
        _: &mut Context<'_, Runner<Self>>,
    ) -> Result<(), PipeError> {
        self.nested.take(event)
    }

    fn advance(
        &mut self,
        tail: &mut dyn Tail<T>,
        ctx: &mut Context<'_, Runner<Self>>,
    ) -> Result<bool, PipeError> {
        let more = pass_on(&mut self.nested.intake, tail)?;
        if self.nested.busy() > 0 {
            return Ok(more);
        }
        match self.rest.as_mut().and_then(Iterator::next) {
            Some(source) => self.nested.start(source, "concat", ctx),
            None => {
                self.rest = None;
                tail.end()?;
            }
        }
        Ok(false)
    }

    fn let_go(&mut self) {
        self.rest = None;
        self.nested.let_go();
    }

    fn is_let_go(&self) -> bool {
        self.nested.busy() == 0
    }
}
