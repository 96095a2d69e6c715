//! Pipelines that a feed starts while it runs: sub-sources, whose items come down links into the feed's own actor.
//!
//! Each is a child of that actor, and what comes of it stands in the line of an [`Intake`]. It does not say when one is
//! started. Where one runs after another there is no need of a line: see `feeds::succession`.

use std::collections::BTreeMap;

use roundsman_runtime::Context;

use super::PipeError;
use super::intake::Intake;
use super::link::Flow;
use super::pipeline::{Running, Summary};
use super::runner::{Feed, Runner, RunnerMessage};
use super::sink::Sink;
use super::source::{Outflow, Source};

/// Sub-sources that run, and what has come of them.
pub(crate) struct Nested<T> {
    pub(crate) intake: Intake<T>,
    /// Those whose pipeline has not closed.
    running: BTreeMap<u64, Running>,
    paused: bool,
}

/// What a feed hears of its sub-sources.
pub(crate) enum NestedEvent<T> {
    Flow(u64, Flow<T>),
    Closed(u64, Result<Summary, PipeError>),
}

impl<T: Send + 'static> Nested<T> {
    pub(crate) fn new() -> Self {
        Self { intake: Intake::new(), running: BTreeMap::new(), paused: false }
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
        let number = self.intake.enter_running();
        let link = ctx.recipient(move |flow| {
            RunnerMessage::Event(F::Event::from(NestedEvent::Flow(number, flow)))
        });
        let sink = Sink::new(move |_| Outflow::Link { link: Box::new(link), to: to.into() });
        let running = source.pipe(sink).start(ctx, move |result| {
            RunnerMessage::Event(F::Event::from(NestedEvent::Closed(number, result)))
        });
        if self.paused {
            running.pause();
        }
        self.running.insert(number, running);
    }

    /// Takes what it hears. A sub-source that fails, however late, fails the feed.
    pub(crate) fn take(&mut self, event: NestedEvent<T>) -> Result<(), PipeError> {
        match event {
            NestedEvent::Flow(number, flow) => self.intake.take(number, flow),
            NestedEvent::Closed(number, result) => {
                self.running.remove(&number);
                self.intake.closed(number);
                result.map(drop)
            }
        }
    }

    /// They pause and go on with the pipeline that they are part of.
    pub(crate) fn paused(&mut self, paused: bool) {
        self.paused = paused;
        for running in self.running.values() {
            if paused { running.pause() } else { running.resume() }
        }
    }

    pub(crate) fn let_go(&mut self) {
        self.intake.let_go();
    }
}
