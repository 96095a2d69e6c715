//! The actor that runs a tail: fed by a link, or by an iterator.
//!
//! Spawned by blueprints as a pipeline starts. It asks upstream for what its tail wants, pushes what comes, and ends
//! when the tail is closed or the flow has ended. It never pauses: demand bounds what it sends.

use roundsman_runtime::{Actor, Context, ExitReason, Outcome, Spawn};

use super::PipeError;
use super::assembly::{Assembly, Reporter};
use super::error::Cut;
use super::link::{Demand, Flow, ToActor, Upstream, weight, window};
use super::stage::Tail;

/// Items that an iterator gives in one turn.
const ITER_BATCH: usize = 1024;

/// The actor that runs a tail.
pub(crate) struct Runner<T> {
    feed: Feed<T>,
    tail: Box<dyn Tail<T>>,
    reporter: Reporter,
}

enum Feed<T> {
    /// Not begun, or ended.
    None,
    /// A link: whom to ask, and how much was asked for and has not come.
    Link { upstream: Upstream, asked: u64 },
    /// An iterator, and whether a turn to go on is queued.
    Iter { items: Box<dyn Iterator<Item = T> + Send>, going: bool },
}

/// What a runner takes.
pub(crate) enum RunnerMessage<T> {
    Flow(Flow<T>),
    Demand(Demand),
    GoOn,
    Abort(PipeError),
}

impl<T: Send + 'static> Runner<T> {
    /// Spawns one that is fed by a link, and returns the link's lower end.
    pub(crate) fn spawn(
        assembly: &mut Assembly<'_>,
        tail: Box<dyn Tail<T>>,
    ) -> ToActor<T, RunnerMessage<T>> {
        if assembly.run.is_empty() {
            assembly.run.push("boundary");
        }
        let address = Self::spawn_with(assembly, Feed::None, tail);
        ToActor { address, map: RunnerMessage::Flow }
    }

    /// Spawns one that is fed by an iterator.
    pub(crate) fn spawn_iter(
        assembly: &mut Assembly<'_>,
        items: impl Iterator<Item = T> + Send + 'static,
        tail: Box<dyn Tail<T>>,
    ) {
        let feed = Feed::Iter { items: Box::new(items), going: false };
        assembly.run.push("iter");
        Self::spawn_with(assembly, feed, tail);
    }

    fn spawn_with(
        assembly: &mut Assembly<'_>,
        feed: Feed<T>,
        tail: Box<dyn Tail<T>>,
    ) -> roundsman_runtime::Address<RunnerMessage<T>> {
        let name = assembly.name_of_run();
        let reporter = assembly.enter(name, None);
        let member = reporter.member;
        let runner = Self { feed, tail, reporter };
        let address =
            assembly.stages.spawn_with(Spawn::named(format!("stage-{member}")).tireless(), runner);
        assembly.set_abort(member, address.recipient(RunnerMessage::Abort));
        address
    }

    fn take(&mut self, flow: Flow<T>) -> Result<(), PipeError> {
        match flow {
            Flow::Begin(upstream) => self.feed = Feed::Link { upstream, asked: 0 },
            Flow::Item(item) => {
                if let Feed::Link { asked, .. } = &mut self.feed {
                    *asked = asked.saturating_sub(weight(&item));
                }
                self.tail.push(item)?;
            }
            Flow::End => {
                self.feed = Feed::None;
                self.tail.end()?;
            }
            Flow::Failed(error) => {
                self.feed = Feed::None;
                self.tail.fail(error);
            }
        }
        Ok(())
    }

    /// Asks for more, pushes more, or ends: whatever the tail's state says.
    fn advance(&mut self, ctx: &mut Context<Self>) -> Result<(), PipeError> {
        if self.tail.is_closed() {
            self.close(ctx);
            return Ok(());
        }
        match &mut self.feed {
            Feed::None => {}
            Feed::Link { upstream, asked } => {
                let window = window::<T>();
                if *asked <= window / 2 && self.tail.wants() {
                    upstream.request(window - *asked);
                    *asked = window;
                }
            }
            Feed::Iter { items, going } => {
                let mut batch = 0;
                while batch < ITER_BATCH {
                    let next = if self.tail.wants() {
                        items.next()
                    } else if items.size_hint().1 == Some(0) {
                        // It says by itself that there is no more, and the end needs no demand (rule 5).
                        None
                    } else {
                        break;
                    };
                    let Some(item) = next else {
                        self.feed = Feed::None;
                        self.tail.end()?;
                        return self.advance(ctx);
                    };
                    self.tail.push(item)?;
                    batch += 1;
                }
                if self.tail.is_closed() {
                    self.close(ctx);
                } else if batch == ITER_BATCH && !*going {
                    *going = true;
                    // Its own address takes messages for as long as it runs.
                    let _ = ctx.address().send(RunnerMessage::GoOn);
                }
            }
        }
        Ok(())
    }

    /// The tail has said everything: no more from above, and the report.
    fn close(&mut self, ctx: &mut Context<Self>) {
        if let Feed::Link { upstream, .. } = &self.feed {
            upstream.cancel();
        }
        self.feed = Feed::None;
        self.reporter.closed(Ok(self.tail.counts()));
        ctx.stop();
    }

    /// This stage failed: both neighbours are told, once, and the pipeline.
    fn fail(&mut self, error: PipeError, ctx: &mut Context<Self>) {
        if let Feed::Link { upstream, .. } = &self.feed {
            upstream.cancel();
        }
        self.feed = Feed::None;
        self.tail.fail(error.clone());
        self.reporter.closed(Err(error));
        ctx.stop();
    }
}

impl<T: Send + 'static> Actor for Runner<T> {
    type Message = RunnerMessage<T>;

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        self.tail.begin(Upstream::new(ctx.recipient(RunnerMessage::Demand)));
        if let Err(error) = self.advance(ctx) {
            self.fail(error, ctx);
        }
        Ok(())
    }

    fn receive(&mut self, message: RunnerMessage<T>, ctx: &mut Context<Self>) -> Outcome {
        let taken = match message {
            RunnerMessage::Flow(flow) => self.take(flow),
            RunnerMessage::Demand(demand) => {
                self.tail.demand(demand);
                Ok(())
            }
            RunnerMessage::GoOn => {
                if let Feed::Iter { going, .. } = &mut self.feed {
                    *going = false;
                }
                Ok(())
            }
            RunnerMessage::Abort(error) => {
                self.fail(error, ctx);
                return Ok(());
            }
        };
        if let Err(error) = taken.and_then(|()| self.advance(ctx)) {
            self.fail(error, ctx);
        }
        Ok(())
    }

    fn stopping(&mut self, _: &ExitReason, _: &mut Context<Self>) {
        if let Feed::Link { upstream, .. } = &self.feed {
            upstream.cancel();
        }
        if !self.tail.is_closed() {
            let error = self.reporter.error(Cut::StageGone);
            self.tail.fail(error);
        }
    }
}
