//! A source: where items come from, as a blueprint.

use roundsman_runtime::Placement;

use super::assembly::Assembly;
use super::feeds::IterFeed;
use super::link::Link;
use super::link_tail::LinkTail;
use super::meter::Downstream;
use super::operators;
use super::pipeline::Pipeline;
use super::runner::{Feed, Runner};
use super::sink::Sink;
use super::stage::{Stage, Tail};
use super::stage_name::StageName;

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
    Link {
        link: Link<T>,
        /// Who takes from it.
        to: StageName,
    },
    /// Into a tail, which runs in whatever actor heads it.
    Tail(Box<dyn Tail<T>>),
}

impl<T: Send + 'static> Outflow<T> {
    /// As a tail, to be headed by an operator.
    pub(crate) fn into_tail(self, assembly: &mut Assembly<'_>) -> Box<dyn Tail<T>> {
        match self {
            Self::Link { link, to } => {
                let gauge = assembly.link_gauge::<T>(to);
                Box::new(LinkTail::new(Downstream::metered(link, gauge)))
            }
            Self::Tail(tail) => tail,
        }
    }

    /// As a link from `from`, which is no part of the pipeline.
    pub(crate) fn into_foreign_link(
        self,
        assembly: &mut Assembly<'_>,
        from: &'static str,
    ) -> Downstream<T> {
        let link = self.into_link(assembly);
        if let Some(gauge) = assembly.gauges.last() {
            gauge.set_from(&from.into());
        }
        link
    }

    /// As a link, for a source that cannot run a tail itself: the tail gets an actor.
    pub(crate) fn into_link(self, assembly: &mut Assembly<'_>) -> Downstream<T> {
        let (link, to) = match self {
            Self::Link { link, to } => (link, to),
            Self::Tail(tail) => operators::spawn_linked(assembly, Placement::Here, tail),
        };
        let gauge = assembly.link_gauge::<T>(to);
        Downstream::metered(link, gauge)
    }
}

impl<T: Send + 'static> Source<T> {
    pub(crate) fn new(start: impl FnOnce(&mut Assembly<'_>, Outflow<T>) + Send + 'static) -> Self {
        Self { start: Box::new(start) }
    }

    /// A source that is an actor of its own, with whatever pure operators follow it.
    pub(crate) fn fed(name: &'static str, feed: impl Feed<Item = T>) -> Self {
        Self::new(move |assembly, outflow| {
            let tail = outflow.into_tail(assembly);
            assembly.run.push(name);
            Runner::spawn(assembly, feed, tail);
        })
    }

    pub(crate) fn start(self, assembly: &mut Assembly<'_>, outflow: Outflow<T>) {
        (self.start)(assembly, outflow);
    }

    /// The items of an iterator. It runs on the loop: each `next` should be quick, and must not block.
    ///
    /// - Demand: `next` is called for what is asked for, and not ahead of it.
    /// - At the end of the iterator the stream ends: at once if its `size_hint` says that nothing is left, else when it is
    ///   next asked. A cancel drops it. A panic of `next` fails the pipeline, and nothing else; a source whose items may be
    ///   errors goes through [`try_map`](Self::try_map).
    ///
    /// # Examples
    /// ```
    /// use roundsman::stream::Source;
    ///
    /// let squares = Source::iter((1..).map(|n: u64| n * n)).take(10);
    /// # drop(squares);
    /// ```
    pub fn iter<I>(items: I) -> Self
    where
        I: IntoIterator<Item = T>,
        I::IntoIter: Send + 'static,
    {
        let feed = IterFeed::new(items.into_iter());
        Self::new(move |assembly, outflow| {
            let tail = outflow.into_tail(assembly);
            assembly.run.push("iter");
            Runner::spawn(assembly, feed, tail);
        })
    }

    /// Puts a stage behind this source.
    pub fn through<Out: Send + 'static>(self, stage: Stage<T, Out>) -> Source<Out> {
        stage.after(self)
    }

    /// Joins this source to a sink.
    pub fn pipe<R: Send + 'static>(self, sink: Sink<T, R>) -> Pipeline<R> {
        Pipeline::new(self, sink)
    }
}

impl<T> std::fmt::Debug for Source<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Source")
    }
}
