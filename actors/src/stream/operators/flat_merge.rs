//! `flat_merge` and `flat_concat`: each item turned into a source, whose items go on.

use std::marker::PhantomData;

use roundsman_runtime::Context;

use crate::stream::feeds::pass_on;
use crate::stream::link::Flow;
use crate::stream::nested::{Nested, NestedEvent};
use crate::stream::port::Port;
use crate::stream::runner::{Feed, Runner};
use crate::stream::stage::{Stage, Tail};
use crate::stream::{PipeError, Source};

/// Each item turned into a source by `f`; the items of at most `breadth` such sources at a time go on as they come. (Pekko:
/// `flatMapMerge`; Rx: `mergeMap`.)
///
/// Each source runs in a pipeline of its own, which belongs to this stage. `f` runs on the loop and must not block.
///
/// - Order: that of each source is kept; among them it is that of arrival.
/// - Demand: items are asked of the source above only as places become free: when a source has closed and all of its
///   items have gone on. At most a window of each waits here.
/// - End: when the source above and all others have ended. A failure of one fails the pipeline. A cancel reaches all.
///
/// # Panics
/// If `breadth` is 0: nothing would ever come. A panic of `f` fails the pipeline, and nothing else.
///
/// # Examples
/// ```
/// use roundsman::prelude::*;
/// use roundsman::stream::{PipeError, Source};
///
/// struct Triangles;
///
/// impl Actor for Triangles {
///     type Message = Result<u32, PipeError>;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         let numbers = Source::iter(1..=10).flat_merge(4, |n| Source::iter(1..=n));
///         numbers.fold(0, |sum, n| sum + n).start(ctx, |sum| sum);
///         Ok(())
///     }
///
///     fn receive(&mut self, sum: Self::Message, ctx: &mut Context<Self>) -> Outcome {
///         assert_eq!(sum?, 220);
///         ctx.stop();
///         Ok(())
///     }
/// }
///
/// Runtime::builder().loops(1).build()?.run(|| Triangles)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn flat_merge<T, U>(
    breadth: usize,
    f: impl FnMut(T) -> Source<U> + Send + 'static,
) -> Stage<T, U>
where
    T: Send + 'static,
    U: Send + 'static,
{
    assert!(breadth > 0, "a `flat_merge` of no breadth would never take an item: use 1 or more");
    flat("flat_merge", breadth, f)
}

/// Each item turned into a source by `f`; their items go on, one source after another. (Pekko: `flatMapConcat`; Rx:
/// `concatMap`.) A [`flat_merge`] of breadth 1: demand, end, failure and cancel are as there.
///
/// # Examples
/// ```
/// use roundsman::stream::{Source, flat_concat};
///
/// // Gives 0, 0, 1, 0, 1, 2.
/// let steps = Source::iter(1..=3).through(flat_concat(|n: u32| Source::iter(0..n)));
/// # drop(steps);
/// ```
pub fn flat_concat<T, U>(f: impl FnMut(T) -> Source<U> + Send + 'static) -> Stage<T, U>
where
    T: Send + 'static,
    U: Send + 'static,
{
    flat("flat_concat", 1, f)
}

impl<T: Send + 'static> Source<T> {
    /// Each item turned into a source; the items of so many at a time go on. See [`flat_merge`](super::flat_merge()).
    ///
    /// # Panics
    /// If `breadth` is 0.
    pub fn flat_merge<U: Send + 'static>(
        self,
        breadth: usize,
        f: impl FnMut(T) -> Source<U> + Send + 'static,
    ) -> Source<U> {
        self.through(flat_merge(breadth, f))
    }

    /// Each item turned into a source; their items go on, one source after another. See [`flat_concat`](super::flat_concat()).
    pub fn flat_concat<U: Send + 'static>(
        self,
        f: impl FnMut(T) -> Source<U> + Send + 'static,
    ) -> Source<U> {
        self.through(flat_concat(f))
    }
}

fn flat<T, U, F>(name: &'static str, breadth: usize, f: F) -> Stage<T, U>
where
    T: Send + 'static,
    U: Send + 'static,
    F: FnMut(T) -> Source<U> + Send + 'static,
{
    let (outer, nested) = (Port::new(), Nested::new());
    Stage::waiting(name, FlatFeed { name, breadth, f, outer, nested, items: PhantomData })
}

struct FlatFeed<T, U, F> {
    name: &'static str,
    breadth: usize,
    f: F,
    outer: Port,
    nested: Nested<U>,
    items: PhantomData<fn(T)>,
}

enum FlatEvent<T, U> {
    Outer(Flow<T>),
    Nested(NestedEvent<U>),
}

impl<T, U> From<Flow<T>> for FlatEvent<T, U> {
    fn from(flow: Flow<T>) -> Self {
        Self::Outer(flow)
    }
}

impl<T, U> From<NestedEvent<U>> for FlatEvent<T, U> {
    fn from(event: NestedEvent<U>) -> Self {
        Self::Nested(event)
    }
}

impl<T, U, F> FlatFeed<T, U, F>
where
    T: Send + 'static,
    U: Send + 'static,
    F: FnMut(T) -> Source<U> + Send + 'static,
{
    fn open(&mut self, item: T, ctx: &mut Context<'_, Runner<Self>>) {
        self.outer.arrived(&item);
        if !self.outer.is_over() {
            self.nested.start((self.f)(item), self.name, ctx);
        }
    }
}

impl<T, U, F> Feed for FlatFeed<T, U, F>
where
    T: Send + 'static,
    U: Send + 'static,
    F: FnMut(T) -> Source<U> + Send + 'static,
{
    type Item = U;
    type Event = FlatEvent<T, U>;

    fn take(
        &mut self,
        event: Self::Event,
        _: &mut dyn Tail<U>,
        ctx: &mut Context<'_, Runner<Self>>,
    ) -> Result<(), PipeError> {
        match event {
            FlatEvent::Nested(event) => self.nested.take(event)?,
            FlatEvent::Outer(Flow::Begin(upstream)) => self.outer.begin(upstream),
            FlatEvent::Outer(Flow::Item(item)) => self.open(item, ctx),
            FlatEvent::Outer(Flow::Items(items)) => {
                items.into_iter().for_each(|item| self.open(item, ctx));
            }
            FlatEvent::Outer(Flow::End) => self.outer.end(),
            FlatEvent::Outer(Flow::Failed(error)) => {
                self.outer.end();
                return Err(error);
            }
        }
        Ok(())
    }

    fn advance(
        &mut self,
        tail: &mut dyn Tail<U>,
        _: &mut Context<'_, Runner<Self>>,
    ) -> Result<bool, PipeError> {
        let more = pass_on(&mut self.nested.intake, tail)?;
        let free = self.breadth.saturating_sub(self.nested.intake.busy());
        if free == self.breadth && self.outer.is_over() {
            tail.end()?;
        } else {
            // Bytes are counted by length and at least 1, so these are never more items than there are places.
            self.outer.ask_up_to(free as u64);
        }
        Ok(more)
    }

    fn paused(&mut self, paused: bool) {
        self.nested.paused(paused);
    }

    fn let_go(&mut self) {
        self.outer.cancel();
        self.nested.let_go();
    }

    fn is_let_go(&self) -> bool {
        self.nested.intake.is_over()
    }
}
