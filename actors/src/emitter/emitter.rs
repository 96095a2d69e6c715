//! The emitter: an actor that gives each event to everybody who listens to it.
//!
//! Reached through [`Events`](super::Events). It knows who listens to what, watches the owners of listeners, and tells of
//! those who come and go. How an event is given is said by [`Listeners`](super::Listeners).

use std::any::{Any, TypeId, type_name};
use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::time::Duration;

use roundsman_runtime::{
    Actor, Context, DeadLetter, ExitReason, Outcome, Owner, PressureGuard, Ready, Recipient, Reply,
    Signal, Watch,
};

use super::entry::{Entry, Gone};
use super::listeners::{Listeners, Met, Round};
use super::message::EmitterMessage;
use super::notices::{Error, NewListener, RemoveListener};
use super::subscriber::{Subscriber, Subscription};
use super::topic::{Topic, TopicOf};
use crate::slow::SlowPolicy;
use crate::stream::{Outlet, Wanted};

/// Listeners that one owner may have without a warning. (Node: `EventEmitter.defaultMaxListeners`.)
pub const MAX_LISTENERS: usize = 10;

/// How long whoever emits waits at most for a source that is full, each time.
const PRESSURE_MAX: Duration = Duration::from_secs(5);

/// Events of one type that are given at one stroke.
const HELD_MAX: usize = 32;

/// An actor that emits events to those who listen. Spawned or supervised as any other; used through
/// [`Events`](super::Events), which is made of its address.
///
/// What listens to it lives as long as it does: built anew by a supervisor it has no listeners, its sources fail, and whoever
/// [waits](super::Events::next) for an event hears of it.
///
/// # Examples
/// ```
/// use roundsman::ChildSpec;
/// use roundsman::emitter::{Emitter, Events};
/// use roundsman::prelude::*;
///
/// #[derive(Clone)]
/// struct Joined(&'static str);
///
/// struct Room;
///
/// impl Actor for Room {
///     type Message = Joined;
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         let events = Events::from(ctx.supervise(ChildSpec::permanent("events"), Emitter::new));
///         events.on::<Joined>(ctx.recipient(|joined| joined))?;
///         events.emit(Joined("ada"))?;
///         Ok(())
///     }
///     fn receive(&mut self, joined: Joined, ctx: &mut Context<Self>) -> Outcome {
///         assert_eq!(joined.0, "ada");
///         ctx.stop();
///         Ok(())
///     }
/// }
///
/// Runtime::builder().simulated(1).build()?.run(|| Room)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Emitter {
    topics: HashMap<TypeId, Box<dyn Topic>, BuildHasherDefault<ByTypeId>>,
    owners: HashMap<Owner, Owned>,
    max_listeners: usize,
    /// It emits what happens in the runtime.
    happenings: bool,
    /// It emits these as they come.
    signals: Vec<Signal>,
    /// The event of which some are held.
    held: Option<TypeId>,
    /// Counts whatever needs a number.
    count: u64,
    /// Held while a source that is waited for is full.
    pressure: Option<PressureGuard>,
}

/// An actor that has listeners here.
struct Owned {
    watch: Watch,
    listeners: usize,
    warned: bool,
}

impl Default for Emitter {
    fn default() -> Self {
        Self::new()
    }
}

impl Emitter {
    /// An emitter that nobody listens to.
    #[must_use]
    pub fn new() -> Self {
        Self {
            topics: HashMap::default(),
            owners: HashMap::new(),
            max_listeners: MAX_LISTENERS,
            happenings: false,
            signals: Vec::new(),
            held: None,
            count: 0,
            pressure: None,
        }
    }

    /// An emitter of what happens in its runtime: see [Happenings](super#happenings).
    ///
    /// # Examples
    /// ```
    /// use roundsman::ChildFailed;
    /// use roundsman::emitter::{Emitter, Events};
    /// use roundsman::prelude::*;
    /// # struct Brief;
    /// # impl Actor for Brief {
    /// #     type Message = ();
    /// #     fn receive(&mut self, (): (), _: &mut Context<Self>) -> Outcome { Err("enough")? }
    /// # }
    ///
    /// struct Monitor;
    ///
    /// impl Actor for Monitor {
    ///     type Message = ChildFailed;
    ///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
    ///         let happenings = Events::from(ctx.spawn(Emitter::happenings()));
    ///         happenings.on::<ChildFailed>(ctx.recipient(|failed| failed))?;
    ///         # let brief = ctx.address();
    ///         # ctx.spawn(Later);
    ///         Ok(())
    ///     }
    ///     fn receive(&mut self, failed: ChildFailed, ctx: &mut Context<Self>) -> Outcome {
    ///         assert_eq!(failed.reason.to_string(), "failed: enough");
    ///         ctx.stop();
    ///         Ok(())
    ///     }
    /// }
    /// # struct Later;
    /// # impl Actor for Later {
    /// #     type Message = ();
    /// #     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
    /// #         ctx.send_after(std::time::Duration::from_secs(1), ());
    /// #         Ok(())
    /// #     }
    /// #     fn receive(&mut self, (): (), ctx: &mut Context<Self>) -> Outcome {
    /// #         ctx.spawn(Brief).send(())?;
    /// #         Ok(())
    /// #     }
    /// # }
    ///
    /// Runtime::builder().simulated(1).build()?.run(|| Monitor)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn happenings() -> Self {
        Self { happenings: true, ..Self::new() }
    }

    /// An emitter of these signals of the OS, each of which is an event, a [`Signal`]: see [`Context::on_signal`].
    ///
    /// It listens from its start on: it has when it answers a question. It fails as it starts if the OS refuses, and where
    /// there are no signals.
    #[must_use]
    pub fn signals(signals: impl IntoIterator<Item = Signal>) -> Self {
        Self { signals: signals.into_iter().collect(), ..Self::new() }
    }

    /// How many listeners one owner may have here, of all events together, before a warning is logged, once for each owner.
    /// Default 10; 0 for any number. (Node: `setMaxListeners`, which counts the listeners of one event.)
    #[must_use]
    pub fn max_listeners(mut self, listeners: usize) -> Self {
        self.max_listeners = listeners;
        self
    }

    pub(crate) fn set_max_listeners(&mut self, listeners: usize) {
        self.max_listeners = listeners;
    }

    // Listeners come and go.

    pub(crate) fn subscribe<E>(&mut self, subscriber: Subscriber<E>, ctx: &mut Context<'_, Self>)
    where
        E: Clone + Send + 'static,
    {
        let recipient = subscriber.recipient.clone();
        let first = subscriber.first;
        self.announce::<E>(Some(recipient.owner()), ctx);
        if let Some(recipient) = (&recipient as &dyn Any).downcast_ref::<Recipient<DeadLetter>>() {
            recipient.listens();
        }
        if subscriber.slow != SlowPolicy::Wait {
            let listeners = self.listeners_mut::<E>();
            if !listeners.has_wake() {
                let flush = |_: Ready| EmitterMessage::new(Self::flush::<E>);
                listeners.notify(ctx.recipient(flush));
            }
        }
        self.enter(Entry::new(subscriber), first);
        self.own(&recipient, type_name::<E>(), ctx);
    }

    /// Gives whoever asks the next event.
    pub(crate) fn answer_next<E>(
        &mut self,
        reply: Reply<E>,
        within: Duration,
        ctx: &mut Context<'_, Self>,
    ) where
        E: Clone + Send + 'static,
    {
        self.announce::<E>(None, ctx);
        let number = self.next_number();
        let expire = move |emitter: &mut Self, ctx: &mut Context<'_, Self>| {
            let gone = emitter.topic::<E>().and_then(|topic| topic.listeners.take_asker(number));
            emitter.tell_of::<E>(gone, ctx);
        };
        let timer = ctx.send_after(within, EmitterMessage::new(expire));
        // The asker's own deadline keeps the runtime alive.
        ctx.unref_timer(timer);
        self.enter(Entry::asker(reply, number, timer), false);
    }

    pub(crate) fn feed<E>(
        &mut self,
        mut outlet: Outlet<E>,
        slow: SlowPolicy,
        room: u32,
        ctx: &mut Context<'_, Self>,
    ) where
        E: Clone + Send + 'static,
    {
        self.announce::<E>(None, ctx);
        outlet.notify(ctx.recipient(|_: Wanted| EmitterMessage::new(Self::flush::<E>)));
        self.enter(Entry::source(outlet, slow, room), false);
    }

    /// Says that somebody is about to listen.
    fn announce<E: 'static>(&mut self, owner: Option<Owner>, ctx: &mut Context<'_, Self>) {
        if self.topic::<NewListener>().is_some_and(|topic| !topic.listeners.is_empty()) {
            let owner = owner.map(|owner| owner.id());
            let (event, event_id) = (type_name::<E>(), TypeId::of::<E>());
            self.give(NewListener { event, event_id, owner }, ctx);
        }
    }

    fn enter<E: Clone + Send + 'static>(&mut self, entry: Entry<E>, first: bool) {
        let number = self.next_number();
        self.listeners_mut::<E>().enter(entry, first);
        if let Some(topic) = self.topic::<E>()
            && topic.listeners.len() == 1
        {
            topic.since = number;
        }
    }

    /// One more listener of an owner, who is watched from the first to the last.
    fn own<E>(
        &mut self,
        recipient: &Recipient<E>,
        event: &'static str,
        ctx: &mut Context<'_, Self>,
    ) {
        let owner = recipient.owner();
        let owned = self.owners.entry(owner).or_insert_with(|| {
            let ended =
                move |_| EmitterMessage::new(move |emitter, ctx| emitter.owner_ended(owner, ctx));
            Owned { watch: ctx.watch_owner(recipient, ended), listeners: 0, warned: false }
        });
        owned.listeners += 1;
        if self.max_listeners > 0 && owned.listeners > self.max_listeners && !owned.warned {
            owned.warned = true;
            let (path, owner) = (ctx.path(), recipient.path());
            tracing::warn!(
                %path, %owner, listeners = owned.listeners, event,
                "one owner has many listeners: it may forget to remove them; if not, raise `max_listeners`"
            );
        }
    }

    pub(crate) fn off(&mut self, subscription: &Subscription, ctx: &mut Context<'_, Self>) {
        let Some(topic) = self.topics.get_mut(&subscription.event) else { return };
        let (name, gone) = (topic.name(), topic.take_off(subscription));
        self.tell_of_all(subscription.event, name, gone, ctx);
    }

    pub(crate) fn remove_all<E>(&mut self, ctx: &mut Context<'_, Self>)
    where
        E: Clone + Send + 'static,
    {
        let mut gone = Vec::new();
        if let Some(topic) = self.topic::<E>() {
            topic.listeners.take_all(&mut gone);
        }
        self.tell_of::<E>(gone, ctx);
    }

    fn owner_ended(&mut self, owner: Owner, ctx: &mut Context<'_, Self>) {
        let mut gone = Vec::new();
        for (id, topic) in &mut self.topics {
            let mut of_topic = Vec::new();
            topic.take_of(owner, &mut of_topic);
            gone.push((*id, topic.name(), of_topic));
        }
        self.owners.remove(&owner);
        for (id, name, of_topic) in gone {
            self.tell_of_all(id, name, of_topic, ctx);
        }
    }

    fn tell_of<E: 'static>(
        &mut self,
        gone: impl IntoIterator<Item = Gone>,
        ctx: &mut Context<'_, Self>,
    ) {
        self.tell_of_all(TypeId::of::<E>(), type_name::<E>(), gone, ctx);
    }

    /// Books for those that have left, and says so.
    fn tell_of_all(
        &mut self,
        event_id: TypeId,
        event: &'static str,
        gone: impl IntoIterator<Item = Gone>,
        ctx: &mut Context<'_, Self>,
    ) {
        for Gone { owner, why, timer } in gone {
            if let Some(timer) = timer {
                ctx.cancel(timer);
            }
            if let Some(owner) = owner {
                self.disown(owner, ctx);
            }
            let told = self.topic::<RemoveListener>();
            if told.is_some_and(|topic| !topic.listeners.is_empty()) {
                let owner = owner.map(|owner| owner.id());
                self.give(RemoveListener { event, event_id, owner, why }, ctx);
            }
        }
    }

    fn disown(&mut self, owner: Owner, ctx: &mut Context<'_, Self>) {
        let Some(owned) = self.owners.get_mut(&owner) else { return };
        owned.listeners -= 1;
        if owned.listeners == 0
            && let Some(owned) = self.owners.remove(&owner)
        {
            ctx.unwatch(owned.watch);
        }
    }

    // Events.

    /// Emits an event; an [`Error`] that nobody listens to is a failure.
    ///
    /// If more messages wait, the event is held where nobody can tell: the next of the same type, or whatever else comes
    /// next, gives it. Several at one stroke touch each listener's mailbox once.
    pub(crate) fn emit<E: Clone + Send + 'static>(
        &mut self,
        event: E,
        ctx: &mut Context<'_, Self>,
    ) -> Outcome {
        if TypeId::of::<E>() == TypeId::of::<Error>()
            && !self.topic::<E>().is_some_and(|topic| topic.listeners.anybody_listens())
            && let Some(error) = (&event as &dyn Any).downcast_ref::<Error>()
        {
            return Err(format!("an `Error` event that nobody listens to: {error}").into());
        }
        if self.held.is_some_and(|held| held != TypeId::of::<E>()) {
            self.give_held(ctx);
        }
        let more = ctx.queued() > 0;
        let holding = self.held.is_some();
        let Some(topic) = self.topic::<E>() else { return Ok(()) };
        let holds = holding || (more && topic.listeners.takes_several());
        if !holds {
            self.give(event, ctx);
            return Ok(());
        }
        topic.held.push(event);
        let enough = !more || topic.held.len() >= HELD_MAX;
        self.held = Some(TypeId::of::<E>());
        if enough {
            self.give_held(ctx);
        } else {
            // If the turn ends before what comes next.
            ctx.defer();
        }
        Ok(())
    }

    /// Gives the events that are held.
    pub(crate) fn give_held(&mut self, ctx: &mut Context<'_, Self>) {
        let Some(id) = self.held.take() else { return };
        let Some(topic) = self.topics.get_mut(&id) else { return };
        let mut gone = Vec::new();
        let Met { pressed, .. } = topic.give_held(&mut gone);
        let name = topic.name();
        if pressed {
            self.press(ctx);
        }
        if !gone.is_empty() {
            self.tell_of_all(id, name, gone, ctx);
        }
    }

    /// A source that is waited for is full. For a while each time: one that waited for its own source would else do so for
    /// ever.
    fn press(&mut self, ctx: &mut Context<'_, Self>) {
        self.pressure = Some(ctx.pressure(PRESSURE_MAX));
    }

    fn give<E: Clone + Send + 'static>(&mut self, event: E, ctx: &mut Context<'_, Self>) {
        let mut gone = Vec::new();
        let is_told = self.topic::<RemoveListener>().is_some_and(|one| !one.listeners.is_empty());
        let Some(topic) = self.topic::<E>() else { return };
        let spends = topic.listeners.spends();
        let of_removals = TypeId::of::<E>() == TypeId::of::<RemoveListener>();
        let Met { pressed, .. } = if spends && is_told && !of_removals {
            self.give_one_by_one(event, &mut gone, ctx)
        } else {
            topic.listeners.spend(&mut gone);
            // Removed first, then told of, then called.
            self.tell_of::<E>(std::mem::take(&mut gone), ctx);
            let Some(topic) = self.topic::<E>() else { return };
            topic.listeners.deliver(event, spends, &mut gone)
        };
        if pressed {
            self.press(ctx);
        }
        if !gone.is_empty() {
            self.left::<E>(gone, ctx);
        }
    }

    /// Gives an event so that somebody who listens to removals, too, hears of each as the turn of the one removed comes.
    fn give_one_by_one<E: Clone + Send + 'static>(
        &mut self,
        event: E,
        gone: &mut Vec<Gone>,
        ctx: &mut Context<'_, Self>,
    ) -> Met {
        let places = self.topic::<E>().map_or(0, |topic| topic.listeners.places());
        let mut round = Round::default();
        for at in 0..places {
            // Nobody comes or goes meanwhile: listeners are actors, and have their turns later.
            let spent = self.topic::<E>().and_then(|topic| topic.listeners.spend_at(at));
            self.tell_of::<E>(spent, ctx);
            if let Some(topic) = self.topic::<E>() {
                topic.listeners.deliver_at(at, event.clone(), &mut round);
            }
        }
        self.topic::<E>().map_or_else(Met::default, |topic| topic.listeners.let_go(round, gone))
    }

    /// Some have left as an event was given. Those with a timer only were told of before.
    #[cold]
    fn left<E: 'static>(&mut self, gone: Vec<Gone>, ctx: &mut Context<'_, Self>) {
        let (told, untold): (Vec<_>, Vec<_>) =
            gone.into_iter().partition(|gone| gone.timer.is_some());
        for timer in told.into_iter().filter_map(|gone| gone.timer) {
            ctx.cancel(timer);
        }
        self.tell_of::<E>(untold, ctx);
    }

    /// Somebody for whom events are kept is ready again.
    fn flush<E: Clone + Send + 'static>(&mut self, ctx: &mut Context<'_, Self>) {
        let mut gone = Vec::new();
        if let Some(topic) = self.topic::<E>() {
            topic.listeners.flush_all(&mut gone);
        }
        if self.pressure.is_some() && !self.topics.values().any(|topic| topic.is_pressed()) {
            self.pressure = None;
        }
        self.left::<E>(gone, ctx);
    }

    // Answers.

    pub(crate) fn listener_count<E: Clone + Send + 'static>(&self) -> usize {
        self.topics.get(&TypeId::of::<E>()).map_or(0, |topic| topic.count())
    }

    pub(crate) fn dropped<E: Clone + Send + 'static>(&self) -> u64 {
        self.topics.get(&TypeId::of::<E>()).map_or(0, |topic| topic.dropped())
    }

    /// In the order in which they came to be listened to.
    pub(crate) fn event_names(&self) -> Vec<&'static str> {
        let mut topics: Vec<_> = self.topics.values().filter(|topic| topic.count() > 0).collect();
        topics.sort_by_key(|topic| topic.since());
        topics.into_iter().map(|topic| topic.name()).collect()
    }

    // Topics.

    fn topic<E: Clone + Send + 'static>(&mut self) -> Option<&mut TopicOf<E>> {
        self.topics.get_mut(&TypeId::of::<E>())?.as_any_mut().downcast_mut()
    }

    fn listeners_mut<E: Clone + Send + 'static>(&mut self) -> &mut Listeners<E> {
        let new = || TopicOf::<E> { listeners: Listeners::new(), since: 0, held: Vec::new() };
        let topic = self.topics.entry(TypeId::of::<E>()).or_insert_with(|| Box::new(new()));
        match topic.as_any_mut().downcast_mut::<TopicOf<E>>() {
            Some(topic) => &mut topic.listeners,
            None => unreachable!("a topic stands under the type of its event"),
        }
    }

    fn next_number(&mut self) -> u64 {
        self.count += 1;
        self.count
    }
}

impl Actor for Emitter {
    type Message = EmitterMessage;

    fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        if self.happenings {
            ctx.on_dead_letter(EmitterMessage::emission);
            ctx.on_happening(|happening| {
                EmitterMessage::new(move |emitter, ctx| {
                    let topic = emitter.topics.get(&happening.what().type_id());
                    if let Some(message) = topic.and_then(|topic| topic.emission(happening.what()))
                    {
                        // No failure: what happens is no `Error` event.
                        let _ = message.run(emitter, ctx);
                    }
                })
            });
        }
        for signal in &self.signals {
            ctx.on_signal(*signal, EmitterMessage::emission)?;
        }
        Ok(())
    }

    fn receive(&mut self, message: EmitterMessage, ctx: &mut Context<'_, Self>) -> Outcome {
        message.run(self, ctx)
    }

    fn deferred(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        self.give_held(ctx);
        Ok(())
    }

    fn stopping(&mut self, why: &ExitReason, ctx: &mut Context<'_, Self>) {
        self.give_held(ctx);
        if !why.is_failure() {
            self.topics.values_mut().for_each(|topic| topic.end());
        }
    }
}

impl fmt::Debug for Emitter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.event_names()).finish()
    }
}

/// A `TypeId` is a hash already.
#[derive(Default)]
struct ByTypeId(u64);

impl Hasher for ByTypeId {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}
