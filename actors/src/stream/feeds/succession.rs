//! A feed that runs one source after another, each as a pipeline of its own, as a plan says.
//!
//! The plans are `concat` and what recovers from failures. It decides nothing itself.

use std::marker::PhantomData;
use std::time::Duration;

use roundsman_runtime::{Context, Timestamp};

use crate::stream::link::Flow;
use crate::stream::port::Port;
use crate::stream::runner::{Feed, Runner, RunnerMessage};
use crate::stream::sink::Sink;
use crate::stream::source::Outflow;
use crate::stream::stage::Tail;
use crate::stream::{PipeError, Running, Source, Summary};

/// Which source runs, and what is to happen when it is done with.
pub(crate) trait Plan<T>: Send + 'static {
    /// The source that is to run now. `None` if nothing is left.
    fn source(&mut self) -> Option<Source<T>>;

    /// A source has ended, or failed, and all of it has closed.
    fn next(&mut self, run: Run) -> Next;
}

/// A source that is done with.
pub(crate) struct Run {
    pub(crate) result: Result<(), PipeError>,
    /// How many items it has given.
    pub(crate) items: u64,
    /// How long it has run.
    pub(crate) ran: Duration,
    /// Any number, for whoever needs chance.
    pub(crate) chance: u64,
}

/// What comes next.
pub(crate) enum Next {
    /// The next source, after a while.
    Source(Duration),
    End,
    Fail(PipeError),
}

/// Runs sources as a plan says.
pub(crate) struct Succession<T, P> {
    name: &'static str,
    plan: P,
    /// The source that runs.
    running: Option<Running>,
    port: Port,
    /// When the source that runs has begun, and how many items it has given.
    begun: Timestamp,
    items: u64,
    paused: bool,
    sources: PhantomData<fn() -> T>,
}

pub(crate) enum SuccessionEvent<T> {
    /// From the source that runs.
    Flow(Flow<T>),
    /// All of it has closed.
    Closed(Result<Summary, PipeError>),
    /// The time of the next one has come.
    Due,
}

impl<T: Send + 'static, P: Plan<T>> Succession<T, P> {
    /// A source made of sources, as a plan says.
    pub(crate) fn source(name: &'static str, plan: P) -> Source<T> {
        let (port, begun) = (Port::new(), Timestamp::default());
        let (items, paused, running, sources) = (0, false, None, PhantomData);
        Source::fed(name, Self { name, plan, running, port, begun, items, paused, sources })
    }

    /// Starts the source whose time has come.
    fn start(
        &mut self,
        tail: &mut dyn Tail<T>,
        ctx: &mut Context<'_, Runner<Self>>,
    ) -> Result<(), PipeError> {
        let Some(source) = self.plan.source() else { return tail.end() };
        let (link, to) = (ctx.recipient(event(SuccessionEvent::Flow)), self.name.into());
        let into_here = Sink::new(move |_| Outflow::Link { link: Box::new(link), to });
        let running = source.pipe(into_here).start(ctx, event(SuccessionEvent::Closed));
        if self.paused {
            running.pause();
        }
        self.running = Some(running);
        (self.port, self.begun, self.items) = (Port::new(), ctx.now(), 0);
        Ok(())
    }

    fn closed(
        &mut self,
        result: Result<Summary, PipeError>,
        tail: &mut dyn Tail<T>,
        ctx: &mut Context<'_, Runner<Self>>,
    ) -> Result<(), PipeError> {
        self.running = None;
        let result = result.map(|_| ());
        // Whoever cancels does not want it again.
        if let Err(error) = &result
            && error.is_cancelled()
        {
            return Err(error.clone());
        }
        let (ran, chance) = (ctx.now() - self.begun, ctx.random());
        match self.plan.next(Run { result, items: self.items, ran, chance }) {
            Next::End => tail.end(),
            Next::Fail(error) => Err(error),
            Next::Source(Duration::ZERO) => self.start(tail, ctx),
            Next::Source(after) => {
                ctx.send_after(after, RunnerMessage::Event(SuccessionEvent::Due));
                Ok(())
            }
        }
    }
}

/// Makes a runner's message of what it is told.
fn event<F: Feed, E>(make: fn(E) -> F::Event) -> impl Fn(E) -> RunnerMessage<F> {
    move |what| RunnerMessage::Event(make(what))
}

impl<T: Send + 'static, P: Plan<T>> Feed for Succession<T, P> {
    type Item = T;
    type Event = SuccessionEvent<T>;

    fn begin(&mut self, ctx: &mut Context<'_, Runner<Self>>) -> Result<(), PipeError> {
        // The first source begins as every other does: with the tail at hand.
        // Its own address takes messages for as long as it runs.
        let _ = ctx.address().send(RunnerMessage::Event(SuccessionEvent::Due));
        Ok(())
    }

    fn take(
        &mut self,
        event: SuccessionEvent<T>,
        tail: &mut dyn Tail<T>,
        ctx: &mut Context<'_, Runner<Self>>,
    ) -> Result<(), PipeError> {
        match event {
            // Why it has failed is said when all of it has closed, and so is the end.
            SuccessionEvent::Flow(Flow::End | Flow::Failed(_)) => self.port.end(),
            SuccessionEvent::Flow(flow) => {
                self.items += match &flow {
                    Flow::Item(_) => 1,
                    Flow::Items(items) => items.len() as u64,
                    _ => 0,
                };
                self.port.pass(flow, tail)?;
            }
            SuccessionEvent::Closed(result) => self.closed(result, tail, ctx)?,
            SuccessionEvent::Due => self.start(tail, ctx)?,
        }
        Ok(())
    }

    fn advance(
        &mut self,
        tail: &mut dyn Tail<T>,
        _: &mut Context<'_, Runner<Self>>,
    ) -> Result<bool, PipeError> {
        if tail.room() > 0 {
            self.port.ask::<T>();
        }
        Ok(false)
    }

    fn paused(&mut self, paused: bool) {
        self.paused = paused;
        if let Some(running) = &self.running {
            if paused { running.pause() } else { running.resume() }
        }
    }

    fn let_go(&mut self) {
        // The pipeline that runs ends with this actor, before it has closed.
        self.port.cancel();
    }
}
