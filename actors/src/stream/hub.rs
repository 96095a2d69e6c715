//! A hub: what is given to it goes to whoever has subscribed, while subscribers come and go.
//!
//! The handle is here; [`hub_actor`](super::hub_actor) deals. A hub knows nothing of what it carries.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use roundsman_runtime::{Actor, Address, Context, Spawn};

use super::assembly::{Counts, Reporter};
use super::feeds::LinkFeed;
use super::hub_actor::{FromHub, HubActor, HubLink, HubMessage};
use super::link::{Flow, Subscriber, ToActor, Upstream};
use super::runner::{Runner, RunnerMessage};
use super::sink::Sink;
use super::source::{Outflow, Source};
use crate::SlowPolicy;

/// Gives each item to everybody who has subscribed; subscribers come and go while it runs. (Pekko: `BroadcastHub`, fed by a
/// `MergeHub`; Node: an `EventEmitter` whose listeners have their own queues.)
///
/// It is fed by pipelines that end in its [`sink`](Self::sink), and by [`publish`](Self::publish), from any actor or thread.
/// A subscriber is a [`Source`], and says what is done when it does not keep up. Items are cloned for each, so let them be
/// cheap to clone: [`Bytes`](bytes::Bytes), or an `Arc`.
///
/// - Each subscriber has a queue of its own, of at most `limit` items, and one window in its pipeline. With a policy that drops
///   or disconnects, a slow subscriber costs only itself. One that the hub [waits](SlowPolicy::Wait) for slows the hub down,
///   and so everybody: then sinks are asked for nothing, and `publish` hands back what goes beyond `limit`.
/// - A subscriber gets what comes after its pipeline has started. Without any, items are dropped and
///   [counted](Self::unheard): nobody is held up because nobody listens.
/// - A subscriber that is cancelled, or whose actor ends, is forgotten at once.
/// - The hub ends by [`end`](Self::end), or when its last handle and sink are dropped: subscribers end once their queues have
///   run dry. It also ends in a planned stop of the runtime, once its sinks
///   have. When the actor that has made it ends, they fail.
///
/// A handle is cheap to clone.
///
/// # Examples
/// ```
/// use roundsman::prelude::*;
/// use roundsman::SlowPolicy;
/// use roundsman::stream::{Hub, Item, PipeError, Summary};
///
/// enum Msg {
///     News(Item<&'static str>),
///     Over(Result<Summary, PipeError>),
/// }
///
/// struct Reader {
///     hub: Option<Hub<&'static str>>,
///     heard: Vec<&'static str>,
/// }
///
/// impl Actor for Reader {
///     type Message = Msg;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         let hub = Hub::new(ctx, 100);
///         let news = hub.subscribe(SlowPolicy::DropOldest);
///         news.pipe(ctx.inlet(Msg::News)).start(ctx, Msg::Over);
///         hub.publish("it rains")?;
///         hub.publish("it rains again")?;
///         hub.end();
///         self.hub = Some(hub);
///         Ok(())
///     }
///
///     fn receive(&mut self, message: Msg, ctx: &mut Context<Self>) -> Outcome {
///         match message {
///             Msg::News(news) => self.heard.push(news.take()),
///             Msg::Over(summary) => {
///                 assert_eq!(summary?.items, 2);
///                 assert_eq!(self.heard, ["it rains", "it rains again"]);
///                 ctx.stop();
///             }
///         }
///         Ok(())
///     }
/// }
///
/// Runtime::builder().loops(1).build()?.run(|| Reader { hub: None, heard: Vec::new() })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Hub<T: Clone + Send + 'static> {
    handle: Arc<Handle<T>>,
}

/// An item that a hub did not take; it is handed back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused<T> {
    /// As much waits in the hub as may.
    #[error(
        "as much waits in the hub as may: publish later, raise its limit, feed it through its sink, or give slow subscribers another policy than `Wait`"
    )]
    Full(T),
    /// The hub has ended.
    #[error("the hub has ended")]
    Ended(T),
}

/// What a hub does to a pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HubError {
    /// This subscriber did not keep up, and was disconnected.
    #[error(
        "{limit} items waited for this subscriber of a hub, and no more may: raise the limit of the hub, or subscribe with another policy than `Disconnect`"
    )]
    TooSlow {
        /// How many items may wait.
        limit: usize,
    },
    /// The hub that this pipeline fed has ended.
    #[error("the hub has ended")]
    Ended,
}

/// How a subscriber of a hub keeps up; see [`Hub::subscribers`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HubSubscriber {
    /// What is done when it does not keep up.
    pub policy: SlowPolicy,
    /// Items that wait for it in the hub.
    pub waiting: u64,
    /// Items that were dropped because it did not keep up.
    pub dropped: u64,
}

/// Ends the hub when the last of its handles, sinks and sources that were not started is dropped.
struct Handle<T: Clone + Send + 'static> {
    address: Address<HubMessage<T>>,
    board: Arc<Board>,
}

impl<T: Clone + Send + 'static> Drop for Handle<T> {
    fn drop(&mut self) {
        // One that has ended needs no telling.
        let _ = self.address.send(HubMessage::End);
    }
}

/// What handles and the hub's actor have in common. Numbers that are counted only, and one that bounds what is published:
/// each is changed by one operation and guards nothing else, so `Relaxed` will do.
pub(super) struct Board {
    pub(super) limit: usize,
    /// Published and not dealt.
    pub(super) pending: AtomicU64,
    pub(super) ended: AtomicBool,
    /// It has ended by itself, not because it had to.
    pub(super) ended_well: AtomicBool,
    pub(super) unheard: AtomicU64,
    /// Numbers for links.
    numbers: AtomicU64,
    gauges: Mutex<BTreeMap<u64, Arc<Gauge>>>,
}

/// How one subscriber keeps up. Written by the hub's actor.
pub(super) struct Gauge {
    pub(super) policy: SlowPolicy,
    pub(super) waiting: AtomicU64,
    pub(super) dropped: AtomicU64,
}

impl Board {
    fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn gauges(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Gauge>>> {
        // Nothing in here is left half done by a panic: an allocation that fails aborts.
        self.gauges.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Clone + Send + 'static> Hub<T> {
    /// A hub that belongs to the calling actor and lives on its loop. At most `limit` items, but at least one, wait in it
    /// for each subscriber, and at most as many that were published and are held up.
    pub fn new<A: Actor>(ctx: &mut Context<'_, A>, limit: usize) -> Self {
        let board = Arc::new(Board {
            limit: limit.max(1),
            pending: AtomicU64::new(0),
            ended: AtomicBool::new(false),
            ended_well: AtomicBool::new(false),
            unheard: AtomicU64::new(0),
            numbers: AtomicU64::new(0),
            gauges: Mutex::new(BTreeMap::new()),
        });
        let actor = HubActor::new(Arc::clone(&board));
        let address = ctx.spawn_with(Spawn::named("hub").tireless(), actor);
        Self { handle: Arc::new(Handle { address, board }) }
    }

    /// A source of what comes from when it is started until the hub ends. `policy` says what is done when it does not
    /// keep up; what was dropped is counted in [`subscribers`](Self::subscribers).
    ///
    /// - Demand: asked for by its pipeline as ever; what is not asked for waits in the hub, up to its limit.
    /// - End: once the hub has ended and everything that waited has been taken; at once if the hub has ended before.
    /// - It fails with [`HubError::TooSlow`] by [`SlowPolicy::Disconnect`], and if the hub's owner ends.
    /// - A cancel has the hub forget it; what waited for it is dropped.
    pub fn subscribe(&self, policy: SlowPolicy) -> Source<T> {
        let hub = self.clone();
        Source::new(move |assembly, outflow| {
            let tail = outflow.into_tail(assembly);
            assembly.run.push("hub");
            let (address, to) = Runner::spawn(assembly, LinkFeed::new(), tail);
            let link = Box::new(ToActor { address, map: RunnerMessage::Event });
            let mut link = Outflow::Link { link, to }.into_foreign_link(assembly, "hub");
            let Handle { address, board } = &*hub.handle;
            let number = board.number();
            let waiting = AtomicU64::new(0);
            let gauge = Arc::new(Gauge { policy, waiting, dropped: AtomicU64::new(0) });
            let asking = FromHub { address: address.clone(), number };
            link.take(Flow::Begin(Upstream::new(asking)));
            board.gauges().insert(number, Arc::clone(&gauge));
            let link = HubLink::new(link, Arc::clone(board));
            let started = HubMessage::Subscribed(number, link, gauge);
            if address.send(started).is_err() {
                board.gauges().remove(&number);
            }
        })
    }

    /// A sink whose items go to all subscribers. There may be many, and each may end without ending the hub.
    ///
    /// - Demand: asked for a window, and again as its items are dealt. So a window of each sink waits here when the hub is
    ///   held up by a subscriber that it waits for. No sink can starve another.
    /// - Its pipeline ends when the hub has all items; they may not have been dealt yet. Failed or cancelled, what it has given
    ///   is dealt all the same, and the others go on.
    /// - When the hub ends, the pipeline fails with [`HubError::Ended`].
    pub fn sink(&self) -> Sink<T> {
        let hub = self.clone();
        Sink::new(move |assembly| {
            let reporter = assembly.enter("hub");
            let to = reporter.name.clone();
            let number = hub.handle.board.number();
            let link = IntoHub { hub, number, reporter, counts: Counts::default() };
            Outflow::Link { link: Box::new(link), to }
        })
    }

    /// Gives an item to all subscribers. From any thread; never waits.
    ///
    /// Items that one actor publishes, or one thread, come in that order.
    ///
    /// # Errors
    /// [`Refused`] hands the item back: `limit` published items are held up by a subscriber that the hub waits for, or have
    /// not had their turn; or the hub has ended.
    pub fn publish(&self, item: T) -> Result<(), Refused<T>> {
        let Handle { address, board } = &*self.handle;
        if board.ended.load(Ordering::Relaxed) {
            return Err(Refused::Ended(item));
        }
        if board.pending.fetch_add(1, Ordering::Relaxed) >= board.limit as u64 {
            board.pending.fetch_sub(1, Ordering::Relaxed);
            return Err(Refused::Full(item));
        }
        match address.send(HubMessage::Published(item)) {
            Ok(()) => Ok(()),
            Err(refused) => match refused.into_message() {
                HubMessage::Published(item) => Err(Refused::Ended(item)),
                _ => unreachable!("what is handed back is what was sent"),
            },
        }
    }

    /// Ends the hub: sinks are told, what has come is dealt, and subscribers end once they have taken it. Harmless when
    /// said twice.
    pub fn end(&self) {
        self.handle.board.ended.store(true, Ordering::Relaxed);
        // One that has ended needs no telling.
        let _ = self.handle.address.send(HubMessage::End);
    }

    /// How each subscriber keeps up, in the order in which they have come. A look from outside: it is out of date at once.
    #[must_use]
    pub fn subscribers(&self) -> Vec<HubSubscriber> {
        let look = |gauge: &Arc<Gauge>| HubSubscriber {
            policy: gauge.policy,
            waiting: gauge.waiting.load(Ordering::Relaxed),
            dropped: gauge.dropped.load(Ordering::Relaxed),
        };
        self.handle.board.gauges().values().map(look).collect()
    }

    /// Items that were dropped because nobody had subscribed.
    #[must_use]
    pub fn unheard(&self) -> u64 {
        self.handle.board.unheard.load(Ordering::Relaxed)
    }
}

impl<T: Clone + Send + 'static> Clone for Hub<T> {
    fn clone(&self) -> Self {
        Self { handle: Arc::clone(&self.handle) }
    }
}

impl<T: Clone + Send + 'static> fmt::Debug for Hub<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hub({} subscribers)", self.handle.board.gauges().len())
    }
}

/// The lower end of a link into a hub.
struct IntoHub<T: Clone + Send + 'static> {
    hub: Hub<T>,
    number: u64,
    reporter: Reporter,
    counts: Counts,
}

impl<T: Clone + Send + 'static> IntoHub<T> {
    fn send(&mut self, flow: Flow<T>) -> bool {
        let fed = self.hub.handle.address.send(HubMessage::Fed(self.number, flow)).is_ok();
        if !fed {
            self.fail();
        }
        fed
    }

    fn fail(&mut self) {
        let error = self.reporter.error(HubError::Ended);
        self.reporter.closed(Err(error));
    }
}

impl<T: Clone + Send + 'static> Subscriber<T> for IntoHub<T> {
    fn take(&mut self, flow: Flow<T>) -> bool {
        match flow {
            Flow::Item(item) => {
                self.counts.add(&item);
                self.send(Flow::Item(item))
            }
            Flow::Items(items) => {
                items.iter().for_each(|item| self.counts.add(item));
                self.send(Flow::Items(items))
            }
            Flow::Begin(upstream) => self.send(Flow::Begin(upstream)),
            Flow::End => {
                let fed = self.send(Flow::End);
                self.reporter.closed(Ok(self.counts));
                fed
            }
            Flow::Failed(error) => {
                // The others go on: to the hub it is an end.
                let fed = self.send(Flow::End);
                self.reporter.closed(Err(error));
                fed
            }
        }
    }
}

/// Let go without a last word: the hub wants no more.
impl<T: Clone + Send + 'static> Drop for IntoHub<T> {
    fn drop(&mut self) {
        self.fail();
    }
}
