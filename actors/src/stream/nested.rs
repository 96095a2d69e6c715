//! Pipelines that a feed starts while it runs: sub-sources, whose items come down links into the feed's own actor.
//!
//! Each is a child of that actor, and what comes of it stands in the line of an [`Intake`]. It does not say when one is
//! started.

use std::collections::BTreeSet;

use roundsman_runtime::Context;

use super::PipeError;
use super::intake::Intake;
use super::link::Flow;
use super::pipeline::Summary;
use super::runner::{Feed, Runner, RunnerMessage};
use super::sink::Sink;
use super::source::{Outflow, Source};

/// Sub-sources that run, and what has come of them.
pub(crate) struct Nested<T> {
    pub(crate) intake: Intake<T>,
    /// Those whose pipeline has not closed.
    running: BTreeSet<u64>,
}

/// What a feed hears of its sub-sources.
pub(crate) enum NestedEvent<T> {
    Flow(u64, Flow<T>),
    Closed(u64, Result<Summary, PipeError>),
}

impl<T: Send + 'static> Nested<T> {
    pub(crate) fn new() -> Self {
        Self { intake: Intake::new(), running: BTreeSet::new() }
    }

    /// Starts one. `to` is who takes its items.
    pub(crate) fn start<F>(
        &mut self,
        source: Source<T>,
        to: &'static str,
        ctx: &mut Context<'_, Runner<F>>,
    ) where
        F: Feed,
        F::Event: From<NestedEvent<T>>,
    {
        let number = self.intake.enter();
        self.running.insert(number);
        let link = ctx.recipient(move |flow| {
            RunnerMessage::Event(F::Event::from(NestedEvent::Flow(number, flow)))
        });
        let sink = Sink::new(move |_| Outflow::Link { link: Box::new(link), to: to.into() });
        source.pipe(sink).start(ctx, move |result| {
            RunnerMessage::Event(F::Event::from(NestedEvent::Closed(number, result)))
        });
    }

    /// Takes what it hears. A sub-source that fails, however late, fails the feed.
    pub(crate) fn take(&mut self, event: NestedEvent<T>) -> Result<(), PipeError> {
        match event {
            NestedEvent::Flow(number, flow) => self.intake.take(number, flow),
            NestedEvent::Closed(number, result) => {
                self.running.remove(&number);
                result.map(drop)
            }
        }
    }

    /// How many have not closed, or are waited for by something that they have given.
    pub(crate) fn busy(&self) -> usize {
        let drained = self.intake.links().filter(|link| !self.running.contains(link)).count();
        self.running.len() + drained
    }

    pub(crate) fn let_go(&mut self) {
        self.intake.let_go();
    }
}
