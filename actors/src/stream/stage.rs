//! A stage: what stands between a source and a sink, as a blueprint; and the tail that runs inside an actor.
//!
//! A run of pure operators shares one actor: each wraps the tail that follows it, and the actor at the head of the run
//! ([`runner`](super::runner)) pushes items into the outermost one. What waits for something else is an actor of its own.

use super::PipeError;
use super::assembly::{Assembly, Counts};
use super::link::{Demand, Upstream};
use super::source::{Outflow, Source};

/// The rest of a pipeline within one actor, seen from above.
pub(crate) trait Tail<T>: Send {
    /// The actor is there, and takes demand through `upstream`.
    fn begin(&mut self, upstream: Upstream);

    /// Takes an item.
    fn push(&mut self, item: T) -> Result<(), PipeError>;

    /// Nothing more comes.
    fn end(&mut self) -> Result<(), PipeError>;

    /// Something above failed.
    fn fail(&mut self, error: PipeError);

    /// What has come up from below.
    fn demand(&mut self, demand: Demand);

    /// Whether an item pushed now finds its way.
    fn wants(&self) -> bool;

    /// Whether nothing further is wanted, ever: everything is said and sent.
    fn is_closed(&self) -> bool;

    /// What has arrived, if this tail ends in a sink.
    fn counts(&self) -> Counts;
}

/// A piece of a pipeline that takes `In` and gives `Out`.
///
/// A blueprint: nothing runs until the pipeline is started.
pub struct Stage<In, Out> {
    /// What it is made of, in order.
    names: Vec<&'static str>,
    wrap: Wrap<In, Out>,
}

/// Puts a stage before a tail.
type Wrap<In, Out> = Box<dyn FnOnce(Box<dyn Tail<Out>>) -> Box<dyn Tail<In>> + Send>;

impl<In: Send + 'static, Out: Send + 'static> Stage<In, Out> {
    pub(crate) fn new(
        name: &'static str,
        wrap: impl FnOnce(Box<dyn Tail<Out>>) -> Box<dyn Tail<In>> + Send + 'static,
    ) -> Self {
        Self { names: vec![name], wrap: Box::new(wrap) }
    }

    /// This stage, then `next`, as one.
    #[must_use]
    pub fn then<Next: Send + 'static>(self, next: Stage<Out, Next>) -> Stage<In, Next> {
        let (first, second) = (self.wrap, next.wrap);
        let names = [self.names, next.names].concat();
        Stage { names, wrap: Box::new(move |tail| first(second(tail))) }
    }

    /// Puts this stage behind a source.
    pub(crate) fn after(self, source: Source<In>) -> Source<Out> {
        let Self { names, wrap } = self;
        Source::new(move |assembly: &mut Assembly<'_>, outflow| {
            let tail = outflow.into_tail();
            assembly.run.extend(names.iter().rev());
            source.start(assembly, Outflow::Tail(wrap(tail)));
        })
    }
}

impl<In, Out> std::fmt::Debug for Stage<In, Out> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Stage({})", self.names.join(", "))
    }
}
