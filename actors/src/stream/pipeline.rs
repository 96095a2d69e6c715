//! A pipeline: a source joined to a sink, and the actor that waits until every stage has closed.

use std::time::Duration;

use roundsman_runtime::{
    Actor, Address, Context, ExitReason, Outcome, Recipient, Spawn, Timestamp,
};

use super::PipeError;
use super::assembly::{Assembly, Counts, Member, ProductSlot, Report};
use super::error::Cut;
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

/// A pipeline that runs. Dropping this does not stop it; the end of the actor that started it does.
#[derive(Clone, Debug)]
pub struct Running {
    address: Address<Message>,
}

impl Running {
    /// Stops the pipeline: upstream hears that nothing more is wanted, downstream that it was cut. Its result is an
    /// error whose [`is_cancelled`](PipeError::is_cancelled) says true. Harmless after the end.
    pub fn cancel(&self) {
        // A pipeline that has ended has nothing to cancel.
        let _ = self.address.send(Message::Cancel);
    }
}

impl<R: Send + 'static> Pipeline<R> {
    pub(crate) fn new<T: Send + 'static>(source: Source<T>, sink: Sink<T, R>) -> Self {
        let conclude = sink.conclude;
        let assemble = move |assembly: &mut Assembly<'_>| {
            let outflow = sink.open(assembly);
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
        let product = ProductSlot::default();
        let coordinator = Coordinator {
            tell: ctx.recipient(map),
            conclude: self.conclude,
            product: product.clone(),
            members: Vec::new(),
            closed: 0,
            assembled: false,
            counts: Counts::default(),
            error: None,
            begun: ctx.now(),
        };
        let address = owner.spawn_with(Spawn::named("pipeline").tireless(), coordinator);
        let stages = owner.under(&address).unwrap_or(owner);
        let report = address.recipient(Message::Closed);
        let (members, run) = (Vec::new(), Vec::new());
        let mut assembly = Assembly { owner, stages, report, members, product, run };
        (self.assemble)(&mut assembly);
        let members = assembly.members.into_iter().map(Some).collect();
        // It was spawned a line ago.
        let _ = address.send(Message::Assembled(members));
        Running { address: address.clone() }
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
    conclude: Conclude<R>,
    product: ProductSlot,
    /// Who belongs to it; `None` once closed.
    members: Vec<Option<Member>>,
    closed: usize,
    assembled: bool,
    counts: Counts,
    error: Option<PipeError>,
    begun: Timestamp,
}

enum Message {
    Assembled(Vec<Option<Member>>),
    Closed(Report),
    Cancel,
}

impl<R: Send + 'static> Coordinator<R> {
    fn close(&mut self, report: Report) {
        self.closed += 1;
        if let Some(member) = self.members.get_mut(report.member) {
            *member = None;
        } else {
            // It closed before the pipeline was whole.
            self.members.resize_with(report.member + 1, || Some(None));
            self.members[report.member] = None;
        }
        match report.result {
            Ok(counts) => {
                self.counts.items += counts.items;
                self.counts.bytes += counts.bytes;
            }
            Err(error) => self.abort(error),
        }
    }

    /// The first error stands; everybody who has not closed hears of it.
    fn abort(&mut self, error: PipeError) {
        if self.error.is_some() {
            return;
        }
        self.error = Some(error);
        self.pass_on_abort();
    }

    fn pass_on_abort(&self) {
        let Some(error) = &self.error else { return };
        for member in self.members.iter().flatten().flatten() {
            // One that has ended has reported, or will by its drop.
            let _ = member.send(error.clone());
        }
    }

    fn conclude(&mut self, ctx: &mut Context<Self>) {
        if !self.assembled || self.closed < self.members.len() {
            return;
        }
        let summary = Summary {
            items: self.counts.items,
            bytes: self.counts.bytes,
            elapsed: ctx.now() - self.begun,
        };
        let result = match self.error.take() {
            Some(error) => Err(error),
            None => (self.conclude)(summary, self.product.take())
                .ok_or_else(|| PipeError::new("sink", Cut::StageGone)),
        };
        self.tell.complete(result);
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
            Message::Assembled(members) => {
                let before = std::mem::replace(&mut self.members, members);
                for (now, before) in self.members.iter_mut().zip(before) {
                    if before.is_none() {
                        *now = None;
                    }
                }
                self.assembled = true;
                self.pass_on_abort();
            }
            Message::Closed(report) => self.close(report),
            Message::Cancel => self.abort(PipeError::new("pipeline", Cut::Cancelled)),
        }
        self.conclude(ctx);
        Ok(())
    }

    fn stopping(&mut self, _: &ExitReason, _: &mut Context<Self>) {
        if self.error.is_none() && self.closed < self.members.len() {
            self.abort(PipeError::new("pipeline", Cut::OwnerGone));
        }
    }
}
