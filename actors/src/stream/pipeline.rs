//! A pipeline: a source joined to a sink, and the actor that waits until every stage has closed.

use std::sync::Arc;
use std::time::Duration;

use roundsman_runtime::{
    Actor, Address, Context, ExitReason, Outcome, Recipient, Spawn, Timestamp,
};

use super::PipeError;
use super::assembly::{Assembly, Control, Counts, Report, ReportsTo};
use super::error::Cut;
use super::progress::Meters;
use super::sink::{Conclude, Sink};
use super::source::Source;

/// A source joined to a sink. A blueprint: nothing runs until [`start`](Self::start).
#[must_use = "a pipeline does nothing until it is started"]
pub struct Pipeline<R> {
    assemble: Box<dyn FnOnce(&mut Assembly<'_>) + Send>,
    conclude: Conclude<R>,
}

/// What went through a pipeline that ended as it should.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// Items that arrived at the sink.
    pub items: u64,
    /// Their bytes, where items are [`Bytes`](bytes::Bytes).
    pub bytes: u64,
    /// From the start until every stage had closed.
    pub elapsed: Duration,
}

/// A pipeline that runs, in the hands of whoever has started it. Cheap to clone.
///
/// Dropping it does not stop the pipeline; the end of the actor that started it does.
#[derive(Clone)]
pub struct Running {
    address: Address<Message>,
    pub(crate) meters: Arc<Meters>,
}

impl Running {
    /// Stops the pipeline: upstream hears that nothing more is wanted, downstream that it was cut. Its result is an
    /// error whose [`is_cancelled`](PipeError::is_cancelled) says true, and which says the reason. Harmless after the end.
    pub fn cancel(&self, reason: impl Into<Arc<str>>) {
        self.tell(Message::Cancel(reason.into()));
    }

    /// Has the pipeline take no more from where its items come from, until [`resume`](Self::resume). What is under way
    /// still arrives; what a stage holds back, of one item that gives many, waits. Harmless after the end, and when said
    /// twice. (Node: `pause`.)
    ///
    /// A paused pipeline does not end by itself, but for what had been said before; it can be cancelled. A planned stop
    /// of the runtime waits for it, up to its deadline.
    pub fn pause(&self) {
        self.tell(Message::Pause(true));
    }

    /// Has it go on.
    pub fn resume(&self) {
        self.tell(Message::Pause(false));
    }

    fn tell(&self, message: Message) {
        // A pipeline that has ended needs no orders.
        let _ = self.address.send(message);
    }
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Running({})", self.address.path())
    }
}

impl<R: Send + 'static> Pipeline<R> {
    pub(crate) fn new<T: Send + 'static>(source: Source<T>, sink: Sink<T, R>) -> Self {
        let Sink { open, conclude } = sink;
        let assemble = move |assembly: &mut Assembly<'_>| {
            let outflow = open(assembly);
            source.start(assembly, outflow);
        };
        Self { assemble: Box::new(assemble), conclude }
    }

    /// Starts it, with the calling actor as its owner. The result arrives as the owner's own message, made by `map`,
    /// once every stage has closed, after every item that an inlet has given the owner.
    ///
    /// The pipeline ends when its owner does.
    pub fn start<A, F>(self, ctx: &mut Context<'_, A>, map: F) -> Running
    where
        A: Actor,
        F: Fn(Result<R, PipeError>) -> A::Message + Send + Sync + 'static,
    {
        let owner = ctx.scope();
        let coordinator = Coordinator {
            tell: ctx.recipient(map),
            conclude: Some(self.conclude),
            members: Box::default(),
            told: false,
            assembled: false,
            paused: false,
            begun: ctx.now(),
            closing: None,
        };
        let address =
            owner.spawn_with(Spawn::fixed("pipeline").tireless().unmourned(), coordinator);
        let stages = owner.under(&address).unwrap_or(owner);
        let mut assembly = Assembly::new(owner, stages, ReportsTo::Pipeline(address.clone()));
        (self.assemble)(&mut assembly);
        let Assembly { mut members, gauges, .. } = assembly;
        members.shrink_to_fit();
        // It was spawned a line ago.
        let _ = address.send(Message::Assembled(members));
        Running { address: address.clone(), meters: Meters::new(gauges, ctx.now()) }
    }
}

impl<R> std::fmt::Debug for Pipeline<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pipeline")
    }
}

/// Waits until every member has closed; aborts the others when one fails.
struct Coordinator<R: Send + 'static> {
    tell: Recipient<Result<R, PipeError>>,
    conclude: Option<Conclude<R>>,
    /// How those who belong to it are told what is wanted; `None` of those who do not listen, or have closed.
    members: Box<[Option<Recipient<Control>>]>,
    /// The owner has been told how it ended.
    told: bool,
    assembled: bool,
    paused: bool,
    begun: Timestamp,
    /// Since the first has closed or something has failed: thousands of pipelines wait for that.
    closing: Option<Box<Closing>>,
}

/// What those who have closed leave behind.
#[derive(Default)]
struct Closing {
    /// How many have.
    closed: usize,
    counts: Counts,
    /// The first error.
    error: Option<PipeError>,
    /// Let go when the owner has been told: others are told after it.
    before: Vec<Arc<dyn Send + Sync>>,
}

/// What its actor takes.
pub(crate) enum Message {
    Assembled(Vec<Option<Recipient<Control>>>),
    Closed(Report),
    Cancel(Arc<str>),
    Pause(bool),
}

impl<R: Send + 'static> Coordinator<R> {
    fn close(&mut self, report: Report) {
        // One that closes before the pipeline is whole hears all the same what the others hear: it takes no notice.
        if let Some(member) = self.members.get_mut(report.member as usize) {
            *member = None;
        }
        let closing = self.closing.get_or_insert_default();
        closing.closed += 1;
        closing.before.extend(report.before);
        match report.result {
            Ok(counts) => {
                closing.counts.items += counts.items;
                closing.counts.bytes += counts.bytes;
            }
            Err(error) => self.abort(error),
        }
    }

    /// The first error stands; everybody who has not closed hears of it.
    fn abort(&mut self, error: PipeError) {
        let first = &mut self.closing.get_or_insert_default().error;
        if first.is_none() {
            *first = Some(error.clone());
            self.tell_members(&Control::Abort(error));
        }
    }

    fn tell_members(&self, control: &Control) {
        for member in self.members.iter().flatten() {
            // One that has ended has reported, or will by its drop.
            let _ = member.send(control.clone());
        }
    }

    fn pause(&mut self, paused: bool) {
        if std::mem::replace(&mut self.paused, paused) != paused {
            self.tell_members(if paused { &Control::Pause } else { &Control::Resume });
        }
    }

    fn assembled(&mut self, members: Vec<Option<Recipient<Control>>>) {
        self.members = members.into();
        self.assembled = true;
        let closing = self.closing.as_deref();
        if let Some(error) = closing.and_then(|closing| closing.error.as_ref()) {
            self.tell_members(&Control::Abort(error.clone()));
        } else if self.paused {
            self.tell_members(&Control::Pause);
        }
    }

    /// Whether somebody has not closed yet.
    fn lacks_some(&self) -> bool {
        self.closing.as_ref().map_or(0, |closing| closing.closed) < self.members.len()
    }

    fn conclude(&mut self, ctx: &mut Context<Self>) {
        if !self.assembled || self.lacks_some() {
            return;
        }
        let Some(conclude) = self.conclude.take() else { return };
        let closing = self.closing.get_or_insert_default();
        let Counts { items, bytes } = closing.counts;
        let summary = Summary { items, bytes, elapsed: ctx.now() - self.begun };
        let result = match closing.error.take() {
            Some(error) => Err(error),
            None => conclude(summary).ok_or_else(|| PipeError::new("sink", Cut::StageGone)),
        };
        self.told = true;
        self.tell.complete(result);
        self.closing = None;
        ctx.stop();
    }
}

impl<R: Send + 'static> Actor for Coordinator<R> {
    type Message = Message;

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        // A planned stop waits until the links have run dry.
        ctx.set_unfinished(true);
        Ok(())
    }

    fn receive(&mut self, message: Message, ctx: &mut Context<Self>) -> Outcome {
        match message {
            Message::Assembled(members) => self.assembled(members),
            Message::Closed(report) => self.close(report),
            Message::Cancel(reason) => {
                self.abort(PipeError::new("pipeline", Cut::Cancelled(reason)));
            }
            Message::Pause(paused) => self.pause(paused),
        }
        self.conclude(ctx);
        Ok(())
    }

    fn show(message: &Message) -> String {
        match message {
            Message::Assembled(members) => format!("put together, of {} stages", members.len()),
            Message::Closed(Report { member, result: Ok(_), .. }) => {
                format!("stage {member} has closed")
            }
            Message::Closed(Report { member, result: Err(error), .. }) => {
                format!("stage {member} has failed: {error}")
            }
            Message::Cancel(reason) => format!("cancelled: {reason}"),
            Message::Pause(true) => "to pause".to_owned(),
            Message::Pause(false) => "to resume".to_owned(),
        }
    }

    fn stopping(&mut self, reason: &ExitReason, _: &mut Context<Self>) {
        if reason.is_failure() && self.conclude.is_none() && !self.told {
            // What makes something of the result is the user's, and has panicked.
            self.tell.complete(Err(PipeError::new("map_result", Cut::stage(reason))));
        }
        let has_failed = self.closing.as_ref().is_some_and(|closing| closing.error.is_some());
        if !self.told && !has_failed && self.lacks_some() {
            self.abort(PipeError::new("pipeline", Cut::OwnerGone));
        }
    }
}
