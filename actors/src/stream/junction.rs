//! A junction: one source that becomes several, each of which is piped where its owner likes.
//!
//! What feeds a junction is a pipeline of its own, kept by an actor ([`Keeper`]) that is started with the first arm. So an
//! arm that fails, is cancelled, or belongs to an actor that ends, leaves the others alone. How items are dealt is said by
//! a [`Deal`]; the links are those of a [`Fan`].

use std::sync::{Arc, Mutex, PoisonError};

use roundsman_runtime::{Actor, Context, ExitReason, Outcome, Scope, Spawn};

use super::PipeError;
use super::assembly::Assembly;
use super::error::Cut;
use super::fan::{Deal, Fan, Notes};
use super::feeds::{LineFeed, LinkFeed};
use super::link::{Link, ToActor, Upstream};
use super::pipeline::Summary;
use super::runner::{Runner, RunnerMessage};
use super::sink::Sink;
use super::source::{Outflow, Source};
use super::stage::Tail;
use super::stage_name::StageName;

/// One source that becomes several.
pub(crate) struct Junction<T: Send + 'static> {
    name: &'static str,
    taking: Taking,
    notes: Arc<Notes<T>>,
    /// Until the first arm is started.
    keeper: Mutex<Option<Keeper<T>>>,
}

impl<T: Send + 'static> Junction<T> {
    /// Deals what `source` gives to so many arms. Each is to be taken once.
    pub(crate) fn new(
        name: &'static str,
        source: Source<T>,
        arms: usize,
        taking: Taking,
        deal: impl Deal<T>,
    ) -> Arc<Self> {
        let notes = Notes::new(arms);
        let fan = Fan::new(Arc::clone(&notes), deal);
        let parts = Some((source, fan));
        let keeper = Keeper { name, parts, notes: Arc::clone(&notes) };
        Arc::new(Self { name, taking, notes, keeper: Mutex::new(Some(keeper)) })
    }

    /// One of the sources. Dropped before it is started, it leaves.
    pub(crate) fn arm(self: &Arc<Self>, number: usize) -> Source<T> {
        let (junction, upstream) = (Arc::clone(self), self.notes.upstream(number));
        Source::new(move |assembly, outflow| {
            junction.start_arm(number, upstream, assembly, outflow);
        })
    }

    fn start_arm(
        &self,
        number: usize,
        upstream: Upstream,
        assembly: &mut Assembly<'_>,
        outflow: Outflow<T>,
    ) {
        let tail = outflow.into_tail(assembly);
        assembly.run.push(self.name);
        let (link, to) = self.taking.spawn(assembly, tail);
        let link = Outflow::Link { link, to }.into_link(assembly);
        let reporter = assembly.enter(self.name);
        self.notes.attach(number, upstream, link, Some(reporter));
        self.start_keeper(assembly.owner);
    }

    fn start_keeper(&self, owner: Scope<'_>) {
        let keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(keeper) = keeper {
            owner.spawn_with(Spawn::fixed(self.name).tireless().unmourned(), keeper);
        }
    }
}

/// How an arm asks.
#[derive(Clone, Copy)]
pub(crate) enum Taking {
    /// For a window, whatever it has room for: what it cannot pass on yet waits in it, so that it holds the others up no
    /// sooner than it must.
    Ahead,
    /// For what it has room for: others could take the rest.
    AsRoom,
}

impl Taking {
    /// Spawns the actor of an arm. Returns the link to it and its name.
    fn spawn<T: Send + 'static>(
        self,
        assembly: &mut Assembly<'_>,
        tail: Box<dyn Tail<T>>,
    ) -> (Link<T>, StageName) {
        match self {
            Self::Ahead => {
                let (address, to) = Runner::spawn(assembly, LineFeed::new(1), tail);
                let map = |flow| RunnerMessage::Event((0, flow));
                (Box::new(ToActor { address, map }), to)
            }
            Self::AsRoom => {
                let (address, to) = Runner::spawn(assembly, LinkFeed::modest(), tail);
                (Box::new(ToActor { address, map: RunnerMessage::Event }), to)
            }
        }
    }
}

/// Runs what feeds the junction, and tells the pipelines of the arms when all of it has closed.
struct Keeper<T: Send + 'static> {
    name: &'static str,
    /// Until started.
    parts: Option<(Source<T>, Fan<T>)>,
    notes: Arc<Notes<T>>,
}

impl<T: Send + 'static> Actor for Keeper<T> {
    type Message = Result<Summary, PipeError>;

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        if let Some((source, fan)) = self.parts.take() {
            let name = self.name;
            let into_fan = Sink::new(move |assembly| {
                assembly.run.push(name);
                Outflow::Tail(Box::new(fan))
            });
            source.pipe(into_fan).start(ctx, |result| result);
        }
        Ok(())
    }

    fn receive(&mut self, result: Self::Message, ctx: &mut Context<Self>) -> Outcome {
        self.notes.settle(result.map(drop));
        ctx.stop();
        Ok(())
    }

    fn stopping(&mut self, _: &ExitReason, _: &mut Context<Self>) {
        // Harmless if it has settled.
        self.notes.settle(Err(PipeError::new(self.name, Cut::OwnerGone)));
    }
}

/// One that was killed, or never came to be.
impl<T: Send + 'static> Drop for Keeper<T> {
    fn drop(&mut self) {
        self.notes.settle(Err(PipeError::new(self.name, Cut::OwnerGone)));
    }
}
