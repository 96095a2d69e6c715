//! A source: where items come from, as a blueprint.

use super::assembly::Assembly;
use super::link::Downstream;
use super::link_tail::LinkTail;
use super::operators;
use super::pipeline::Pipeline;
use super::runner::Runner;
use super::sink::Sink;
use super::stage::{Stage, Tail};

/// Where items come from: a socket, an iterator, an actor's outlet, with any stages behind it.
///
/// A blueprint: a value that can be passed on and given stages. Nothing runs until [`Pipeline::start`].
#[must_use = "a source does nothing until it is piped into a sink and started"]
pub struct Source<T> {
    start: Start<T>,
}

type Start<T> = Box<dyn FnOnce(&mut Assembly<'_>, Outflow<T>) + Send>;

/// Where a source is to send its items.
pub(crate) enum Outflow<T> {
    /// To an actor, or an inlet, over a link.
    Link(Downstream<T>),
    /// Into a tail, which runs in whatever actor heads it.
    Tail(Box<dyn Tail<T>>),
}

impl<T: Send + 'static> Outflow<T> {
    /// As a tail, to be headed by an operator.
    pub(crate) fn into_tail(self) -> Box<dyn Tail<T>> {
        match self {
            Self::Link(link) => Box::new(LinkTail::new(link)),
            Self::Tail(tail) => tail,
        }
    }

    /// As a link, for a source that cannot run a tail itself: the tail gets an actor.
    pub(crate) fn into_link(self, assembly: &mut Assembly<'_>) -> Downstream<T> {
        match self {
            Self::Link(link) => link,
            Self::Tail(tail) => Box::new(Runner::spawn(assembly, tail)),
        }
    }
}

impl<T: Send + 'static> Source<T> {
    pub(crate) fn new(start: impl FnOnce(&mut Assembly<'_>, Outflow<T>) + Send + 'static) -> Self {
        Self { start: Box::new(start) }
    }

    pub(crate) fn start(self, assembly: &mut Assembly<'_>, outflow: Outflow<T>) {
        (self.start)(assembly, outflow);
    }

    /// The items of an iterator. It runs on the loop: each `next` should be quick, and must not block.
    ///
    /// At the end of the iterator the stream ends: at once if its `size_hint` says that nothing is left, else when it is
    /// next asked. A cancel drops it.
    pub fn iter<I>(items: I) -> Self
    where
        I: IntoIterator<Item = T>,
        I::IntoIter: Send + 'static,
    {
        let items = items.into_iter();
        Self::new(move |assembly, outflow| Runner::spawn_iter(assembly, items, outflow.into_tail()))
    }

    /// Puts a stage behind this source.
    pub fn through<Out: Send + 'static>(self, stage: Stage<T, Out>) -> Source<Out> {
        stage.after(self)
    }

    /// Each item turned into another. See [`operators::map`].
    pub fn map<Out: Send + 'static>(self, f: impl FnMut(T) -> Out + Send + 'static) -> Source<Out> {
        self.through(operators::map(f))
    }

    /// Only the items for which `keep` says true. See [`operators::filter`].
    pub fn filter(self, keep: impl FnMut(&T) -> bool + Send + 'static) -> Self {
        self.through(operators::filter(keep))
    }

    /// What follows runs in an actor of its own, joined by a link.
    pub fn boundary(self) -> Self {
        Self::new(move |assembly, outflow| {
            let link = Runner::spawn(assembly, outflow.into_tail());
            self.start(assembly, Outflow::Link(Box::new(link)));
        })
    }

    /// Joins this source to a sink.
    pub fn pipe<R: Send + 'static>(self, sink: Sink<T, R>) -> Pipeline<R> {
        Pipeline::new(self, sink)
    }

    /// Calls `f` with each item. See [`operators::for_each`].
    pub fn for_each(self, f: impl FnMut(T) + Send + 'static) -> Pipeline<super::Summary> {
        self.pipe(operators::for_each(f))
    }
}

impl<T> std::fmt::Debug for Source<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Source")
    }
}
