//! The actor that runs a tail, and what feeds it: a link, an iterator, a timer, a file.
//!
//! Spawned by blueprints as a pipeline starts. Whatever has come, it lets its feed push as much as the tail has room for,
//! and ends when the tail is closed. It never pauses: demand bounds what it sends.

use std::fmt;
use std::sync::Arc;

use roundsman_runtime::{
    Actor, Address, Context, DrainPhase, ExitReason, Outcome, Placement, Spawn,
};

use super::PipeError;
use super::assembly::{Assembly, Control, Counts, Reporter};
use super::error::Cut;
use super::link::{Demand, Upstream};
use super::stage::Tail;
use super::stage_name::StageName;

/// What gives a runner its items.
///
/// An error that a method returns fails the pipeline. [`let_go`](Self::let_go) is called in any case, at least once.
pub(crate) trait Feed: Sized + Send + 'static {
    type Item: Send + 'static;
    /// What it waits for: the flow of a link, a tick, the result of a job.
    type Event: Send + 'static;

    /// The actor has started.
    fn begin(&mut self, _: &mut Context<'_, Runner<Self>>) -> Result<(), PipeError> {
        Ok(())
    }

    /// Something that it waits for has come.
    fn take(
        &mut self,
        event: Self::Event,
        tail: &mut dyn Tail<Self::Item>,
        ctx: &mut Context<'_, Runner<Self>>,
    ) -> Result<(), PipeError>;

    /// Goes on: asks for more, pushes what the tail has room for, ends it. Called after whatever has come, but not while
    /// the pipeline is paused. True if it could go on, and others should have their turn first.
    fn advance(
        &mut self,
        tail: &mut dyn Tail<Self::Item>,
        ctx: &mut Context<'_, Runner<Self>>,
    ) -> Result<bool, PipeError>;

    /// The pipeline was paused, or goes on. Until it does, [`advance`](Self::advance) is not called.
    fn paused(&mut self, _: bool) {}

    /// A planned stop of the runtime: what never ends by itself ends now.
    fn drain(&mut self) {}

    /// Nothing more is wanted: lets go of whatever feeds it.
    fn let_go(&mut self);

    /// What has come, as a trace of a simulation shows it.
    fn show(_: &Self::Event) -> String {
        "what its feed waits for".to_owned()
    }

    /// Whether its actor may end, once nothing more is wanted: whatever it has started has ended, too.
    fn is_let_go(&self) -> bool {
        true
    }
}

/// The actor that runs a tail.
pub(crate) struct Runner<F: Feed> {
    feed: F,
    tail: Box<dyn Tail<F::Item>>,
    reporter: Reporter,
    /// How it has ended: told to the pipeline when its children, which a feed may have, have ended too.
    result: Option<Result<Counts, PipeError>>,
    paused: bool,
    /// A turn to go on is queued.
    going: bool,
}

/// What its actor is called if it runs several: by its place in the pipeline, and by what it runs.
struct RunName {
    member: u32,
    name: StageName,
}

impl fmt::Display for RunName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.member, self.name.to_string().replace(", ", "+"))
    }
}

/// What a runner takes.
pub(crate) enum RunnerMessage<F: Feed> {
    /// For its feed.
    Event(F::Event),
    Demand(Demand),
    Control(Control),
    /// There is more to do: others have had their turn.
    GoOn,
}

impl<F: Feed> Runner<F> {
    /// Spawns one on this loop. Returns its address and the name of its run.
    pub(crate) fn spawn(
        assembly: &mut Assembly<'_>,
        feed: F,
        tail: Box<dyn Tail<F::Item>>,
    ) -> (Address<RunnerMessage<F>>, StageName) {
        Self::spawn_on(assembly, Placement::Here, feed, tail)
    }

    /// The same, on any loop.
    pub(crate) fn spawn_on(
        assembly: &mut Assembly<'_>,
        placement: Placement,
        feed: F,
        tail: Box<dyn Tail<F::Item>>,
    ) -> (Address<RunnerMessage<F>>, StageName) {
        let reporter = assembly.enter_run();
        let (member, name) = (reporter.member, reporter.name.clone());
        let spawn = match name {
            StageName::Fixed(one) => Spawn::numbered(member, one),
            _ => Spawn::named_by(Arc::new(RunName { member, name: name.clone() })),
        };
        let spawn = spawn.tireless().unmourned();
        let runner = Self { feed, tail, reporter, result: None, paused: false, going: false };
        let address = assembly.stages.spawn_on(placement, spawn, move || runner);
        assembly.set_control(member, address.recipient(RunnerMessage::Control));
        (address, name)
    }

    /// Lets the feed go on, and sends what it has pushed; or ends.
    fn advance(&mut self, ctx: &mut Context<'_, Self>) -> Result<(), PipeError> {
        if !self.tail.is_closed() && !self.paused {
            let more = self.feed.advance(&mut *self.tail, ctx)?;
            if more || self.tail.is_behind() {
                self.go_on(ctx);
            }
        }
        self.tail.flush();
        if self.tail.is_closed() {
            self.feed.let_go();
            if self.feed.is_let_go() {
                self.result = Some(Ok(self.tail.counts()));
                ctx.stop();
            }
        }
        Ok(())
    }

    /// This stage failed: both neighbours are told, once, and the pipeline.
    fn fail(&mut self, error: PipeError, ctx: &mut Context<'_, Self>) {
        self.feed.let_go();
        self.tail.fail(error.clone());
        self.result = Some(Err(error));
        ctx.stop();
    }

    fn take(
        &mut self,
        message: RunnerMessage<F>,
        ctx: &mut Context<'_, Self>,
    ) -> Result<(), PipeError> {
        match message {
            RunnerMessage::Event(event) => self.feed.take(event, &mut *self.tail, ctx)?,
            RunnerMessage::Demand(demand) => {
                self.tail.demand(demand);
                self.resume(ctx)?;
            }
            RunnerMessage::GoOn => {
                self.going = false;
                self.resume(ctx)?;
            }
            RunnerMessage::Control(Control::Abort(error)) => return Err(error),
            RunnerMessage::Control(Control::Pause) => self.pause(true),
            RunnerMessage::Control(Control::Resume) => self.pause(false),
        }
        self.advance(ctx)
    }

    fn pause(&mut self, paused: bool) {
        self.paused = paused;
        self.feed.paused(paused);
    }

    fn resume(&mut self, ctx: &Context<'_, Self>) -> Result<(), PipeError> {
        if !self.paused && self.tail.resume()? {
            self.go_on(ctx);
        }
        Ok(())
    }

    fn go_on(&mut self, ctx: &Context<'_, Self>) {
        if !std::mem::replace(&mut self.going, true) {
            // Its own address takes messages for as long as it runs.
            let _ = ctx.address().send(RunnerMessage::GoOn);
        }
    }
}

impl<F: Feed> Actor for Runner<F> {
    type Message = RunnerMessage<F>;

    fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        self.tail.begin(Upstream::to(ctx.address(), RunnerMessage::Demand));
        if let Err(error) = self.feed.begin(ctx).and_then(|()| self.advance(ctx)) {
            self.fail(error, ctx);
        }
        Ok(())
    }

    fn receive(&mut self, message: RunnerMessage<F>, ctx: &mut Context<'_, Self>) -> Outcome {
        if let Err(error) = self.take(message, ctx) {
            self.fail(error, ctx);
        }
        Ok(())
    }

    fn show(message: &RunnerMessage<F>) -> String {
        match message {
            RunnerMessage::Event(event) => F::show(event),
            RunnerMessage::Demand(demand) => demand.shown(),
            RunnerMessage::Control(control) => control.shown(),
            RunnerMessage::GoOn => "goes on".to_owned(),
        }
    }

    fn draining(&mut self, phase: DrainPhase, ctx: &mut Context<'_, Self>) -> Outcome {
        if phase >= DrainPhase::Read {
            self.feed.drain();
            if let Err(error) = self.advance(ctx) {
                self.fail(error, ctx);
            }
        }
        Ok(())
    }

    fn stopping(&mut self, why: &ExitReason, _: &mut Context<'_, Self>) {
        self.feed.let_go();
        let result = self.result.take().unwrap_or_else(|| {
            let error = self.reporter.error(Cut::stage(why));
            if !self.tail.is_closed() {
                self.tail.fail(error.clone());
            }
            Err(error)
        });
        self.reporter.closed(result);
    }
}
