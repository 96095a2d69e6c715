//! A stage: what stands between a source and a sink, as a blueprint; and the tail that runs inside an actor.
//!
//! A run of pure operators shares one actor: each wraps the tail that follows it, and the actor at the head of the run
//! ([`runner`](super::runner)) pushes items into the outermost one. What waits for something else is an actor of its own.

use super::PipeError;
use super::assembly::{Assembly, Counts};
use super::link::{Demand, Upstream};
use super::runner::{Feed, Runner, RunnerMessage};
use super::sink::Sink;
use super::source::{Outflow, Source};
use super::{Flow, ToActor};

/// The rest of a pipeline within one actor, seen from above.
pub(crate) trait Tail<T>: Send {
    /// The actor is there, and takes demand through `upstream`.
    fn begin(&mut self, upstream: Upstream);

    /// Takes an item.
    fn push(&mut self, item: T) -> Result<(), PipeError>;

    /// Nothing more comes. Harmless when said twice.
    fn end(&mut self) -> Result<(), PipeError>;

    /// Something above failed.
    fn fail(&mut self, error: PipeError);

    /// What has come up from below.
    fn demand(&mut self, demand: Demand);

    /// Pushes on what was held back, as far as there is room. True if there is room for more, and others should have
    /// their turn first.
    fn resume(&mut self) -> Result<bool, PipeError>;

    /// Sends what was pushed: the turn is over.
    fn flush(&mut self);

    /// Whether something is held back that there is room for: it goes on with the next [`resume`](Self::resume), after
    /// others have had their turn.
    fn is_behind(&self) -> bool {
        false
    }

    /// How many items may be pushed before asking again: no more than find their way.
    fn room(&self) -> u64;

    /// How many items may still come, ever, so that none comes in vain; the most there is, if nobody can say.
    fn remaining(&self) -> u64 {
        u64::MAX
    }

    /// Whether nothing further is wanted, ever: everything is said and sent.
    fn is_closed(&self) -> bool;

    /// What has arrived, if this tail ends in a sink.
    fn counts(&self) -> Counts;
}

/// What a pure operator does with what comes. It waits for nothing.
pub(crate) trait Operator<In>: Send + 'static {
    type Out: Send + 'static;

    /// Takes an item.
    fn push(&mut self, item: In, next: &mut dyn Tail<Self::Out>) -> Result<(), PipeError>;

    /// Nothing more comes from above. May be said twice, if the operator has ended before.
    fn end(&mut self, next: &mut dyn Tail<Self::Out>) -> Result<(), PipeError> {
        next.end()
    }

    /// Something above failed.
    fn fail(&mut self, error: PipeError, next: &mut dyn Tail<Self::Out>) {
        next.fail(error);
    }

    /// Pushes what it has held back, as far as there is room; see [`Tail::resume`].
    fn resume(&mut self, _: &mut dyn Tail<Self::Out>) -> Result<bool, PipeError> {
        Ok(false)
    }

    /// Whether it holds back what there is room for; see [`Tail::is_behind`].
    fn is_behind(&self, _: &dyn Tail<Self::Out>) -> bool {
        false
    }

    /// How many items it takes now.
    fn room(&self, next: &dyn Tail<Self::Out>) -> u64 {
        next.room()
    }

    /// How many items it will still take; see [`Tail::remaining`].
    fn remaining(&self, next: &dyn Tail<Self::Out>) -> u64 {
        next.remaining()
    }
}

/// An operator before its tail.
struct Operated<O, Out> {
    operator: O,
    next: Box<dyn Tail<Out>>,
}

impl<In, O: Operator<In>> Tail<In> for Operated<O, O::Out> {
    fn begin(&mut self, upstream: Upstream) {
        self.next.begin(upstream);
    }

    #[inline]
    fn push(&mut self, item: In) -> Result<(), PipeError> {
        self.operator.push(item, &mut *self.next)
    }

    fn end(&mut self) -> Result<(), PipeError> {
        self.operator.end(&mut *self.next)
    }

    fn fail(&mut self, error: PipeError) {
        self.operator.fail(error, &mut *self.next);
    }

    fn demand(&mut self, demand: Demand) {
        self.next.demand(demand);
    }

    fn resume(&mut self) -> Result<bool, PipeError> {
        let below = self.next.resume()?;
        Ok(self.operator.resume(&mut *self.next)? || below)
    }

    fn flush(&mut self) {
        self.next.flush();
    }

    fn is_behind(&self) -> bool {
        self.operator.is_behind(&*self.next) || self.next.is_behind()
    }

    fn room(&self) -> u64 {
        self.operator.room(&*self.next)
    }

    fn remaining(&self) -> u64 {
        self.operator.remaining(&*self.next)
    }

    fn is_closed(&self) -> bool {
        self.next.is_closed()
    }

    fn counts(&self) -> Counts {
        self.next.counts()
    }
}

/// A piece of a pipeline that takes `In` and gives `Out`.
///
/// A blueprint: nothing runs until the pipeline is started.
#[must_use = "a stage does nothing until it stands behind a source"]
pub struct Stage<In, Out> {
    /// What it is made of, in order.
    names: Vec<&'static str>,
    build: Build<In, Out>,
}

/// Puts a stage before what follows it.
type Build<In, Out> = Box<dyn FnOnce(&mut Assembly<'_>, Outflow<Out>) -> Outflow<In> + Send>;

impl<In: Send + 'static, Out: Send + 'static> Stage<In, Out> {
    /// A stage that shares an actor with the pure operators around it.
    pub(crate) fn pure(name: &'static str, operator: impl Operator<In, Out = Out>) -> Self {
        let build = move |assembly: &mut Assembly<'_>, outflow: Outflow<Out>| {
            let next = outflow.into_tail(assembly);
            assembly.run.push(name);
            Outflow::Tail(Box::new(Operated { operator, next }))
        };
        Self { names: vec![name], build: Box::new(build) }
    }

    /// A stage that is an actor of its own, with whatever pure operators follow it.
    pub(crate) fn waiting<F>(name: &'static str, feed: F) -> Self
    where
        F: Feed<Item = Out>,
        F::Event: From<Flow<In>>,
    {
        Self::made(name, move |assembly, outflow| {
            let tail = outflow.into_tail(assembly);
            assembly.run.push(name);
            let (address, to) = Runner::spawn(assembly, feed, tail);
            let map = |flow| RunnerMessage::Event(F::Event::from(flow));
            Outflow::Link { link: Box::new(ToActor { address, map }), to }
        })
    }

    /// A stage that is put together in its own way.
    pub(crate) fn made(
        name: &'static str,
        build: impl FnOnce(&mut Assembly<'_>, Outflow<Out>) -> Outflow<In> + Send + 'static,
    ) -> Self {
        Self { names: vec![name], build: Box::new(build) }
    }

    /// This stage, then `next`, as one.
    pub fn then<Next: Send + 'static>(self, next: Stage<Out, Next>) -> Stage<In, Next> {
        let (first, second) = (self.build, next.build);
        let names = [self.names, next.names].concat();
        let build = move |assembly: &mut Assembly<'_>, outflow: Outflow<Next>| {
            let outflow = second(assembly, outflow);
            first(assembly, outflow)
        };
        Stage { names, build: Box::new(build) }
    }

    /// This stage before a sink, as one sink.
    pub fn pipe<R: Send + 'static>(self, sink: Sink<Out, R>) -> Sink<In, R> {
        sink.behind(self)
    }

    /// Puts it before what follows.
    pub(crate) fn build(self, assembly: &mut Assembly<'_>, outflow: Outflow<Out>) -> Outflow<In> {
        (self.build)(assembly, outflow)
    }

    /// Puts this stage behind a source.
    pub(crate) fn after(self, source: Source<In>) -> Source<Out> {
        Source::new(move |assembly: &mut Assembly<'_>, outflow| {
            let outflow = self.build(assembly, outflow);
            source.start(assembly, outflow);
        })
    }
}

impl<In, Out> std::fmt::Debug for Stage<In, Out> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Stage({})", self.names.join(", "))
    }
}
