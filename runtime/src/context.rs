//! What an actor can do in a handler.
//!
//! Lent to every handler by [`turn`](crate::turn). It offers; the work is done by `spawn`, `hooks`, `reply`, `watch`
//! and `waiting`.

use std::io;
use std::marker::PhantomData;
use std::rc::Rc;
use std::time::Duration;

use crate::actor::{Actor, ActorId};
use crate::address::Address;
use crate::cell::{CellRef, Handle};
use crate::clock::Timestamp;
use crate::dying;
use crate::exit::Terminated;
use crate::extras::Watcher;
use crate::hooks::{self, Every, MissedTicks, SourceId, TimerId, What};
use crate::local::{Due, Local};
use crate::metrics::Pause;
use crate::own::flag;
use crate::parcel::Parcel;
use crate::poller::{Interest, Readiness, Source};
use crate::recipient::Recipient;
use crate::registry::NameTaken;
use crate::reply::{AskError, AskedOf, Reply};
use crate::send_error::TrySendError;
use crate::spawn::{Placement, Scope, Spawn};
use crate::timer_wheel::TimerKey;
use crate::waiting;
use crate::watch::{self, Watch};

/// The deadline of [`Context::ask`]: 5 s.
pub const ASK_TIMEOUT: Duration = Duration::from_secs(5);

/// What an actor can do in a handler: spawn, ask, set timers, watch, register sockets, stop.
pub struct Context<'a, A: Actor> {
    pub(crate) actor: Handle<'a, A>,
}

impl<'a, A: Actor> Context<'a, A> {
    pub(crate) fn new(actor: Handle<'a, A>) -> Self {
        Self { actor }
    }

    pub(crate) fn handle(&self) -> &Handle<'a, A> {
        &self.actor
    }

    pub(crate) fn local(&self) -> &'a Local {
        self.actor.local
    }

    pub(crate) fn cell(&self) -> &'a CellRef {
        self.actor.cell
    }

    // Who am I?

    /// The actor's own address.
    #[must_use]
    pub fn address(&self) -> Address<A::Message> {
        Address::of(&self.actor)
    }

    /// The actor's address as "takes `E`", made with `map`: mostly an enum variant. It belongs to this life of the actor: see
    /// [`Recipient::owner`].
    pub fn recipient<E, F>(&self, map: F) -> Recipient<E>
    where
        E: Send + 'static,
        F: Fn(E) -> A::Message + Send + Sync + 'static,
    {
        let extras = self.actor.own().extras_if_any();
        let life = extras.map_or(0, |extras| extras.borrow().lives);
        Recipient::of_life(self.address(), life, map)
    }

    /// Who the actor is.
    #[must_use]
    pub fn id(&self) -> ActorId {
        self.actor.cell.header().id
    }

    /// Where it stands in the tree, for people.
    #[must_use]
    pub fn path(&self) -> String {
        dying::path_of(self.actor.cell)
    }

    /// The loop that it lives on, counted from 0.
    #[must_use]
    pub fn loop_index(&self) -> usize {
        self.actor.local.home.index
    }

    /// On how many loops actors are placed. (Loops of actors that have a thread of their own do not count.)
    #[must_use]
    pub fn loops(&self) -> usize {
        self.actor.local.home.world.placeable()
    }

    /// The time as the loop last saw it: at the start of the round, after polling, and every few turns in between.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.actor.local.now()
    }

    /// Whether this runtime is simulated ([`Builder::simulated`](crate::Builder::simulated)): for what rests on events of
    /// the OS, which no seed can repeat, and must refuse.
    #[must_use]
    pub fn is_simulated(&self) -> bool {
        self.actor.local.driver.is_simulated()
    }

    /// A random number; from the seed under simulation.
    #[must_use]
    pub fn random(&self) -> u64 {
        self.actor.local.driver.random()
    }

    // Life.

    /// Stops this actor after the message in hand: children first, in reverse order of start, then
    /// [`Actor::stopping`]. What is queued becomes dead letters.
    pub fn stop(&mut self) {
        self.actor.own().set(flag::STOPPING);
        self.actor.local.call_attention();
    }

    /// Stops the root, and with it everything, children before parents.
    pub fn end_runtime(&mut self) {
        self.actor.local.home.world.end();
    }

    /// Spawns a child on this loop.
    pub fn spawn<B: Actor>(&mut self, actor: B) -> Address<B::Message> {
        self.scope().spawn(actor)
    }

    /// The same, with a name or a mailbox of its own.
    pub fn spawn_with<B: Actor>(
        &mut self,
        spawn: Spawn<B::Message>,
        actor: B,
    ) -> Address<B::Message> {
        self.scope().spawn_with(spawn, actor)
    }

    /// Spawns a child on the loop that `placement` names; `make` builds it there, so its state may be `!Send`.
    ///
    /// The address is valid at once. A panic of `make` is a failure of the child.
    pub fn spawn_on<B: Actor>(
        &mut self,
        placement: Placement,
        make: impl FnOnce() -> B + Send + 'static,
    ) -> Address<B::Message> {
        self.scope().spawn_on(placement, Spawn::new(), make)
    }

    /// The same, with a name or a mailbox of its own.
    pub fn spawn_on_with<B: Actor>(
        &mut self,
        placement: Placement,
        spawn: Spawn<B::Message>,
        make: impl FnOnce() -> B + Send + 'static,
    ) -> Address<B::Message> {
        self.scope().spawn_on(placement, spawn, make)
    }

    /// This context without its type, for libraries that spawn on an actor's behalf.
    #[must_use]
    pub fn scope(&self) -> Scope<'a> {
        Scope { local: self.actor.local, parent: Some(self.actor.cell) }
    }

    /// How many children are alive.
    #[must_use]
    pub fn children(&self) -> usize {
        self.actor.own().extras_if_any().map_or(0, |extras| extras.borrow().children.len())
    }

    /// Asks to be told, exactly once, when the actor at `address` ends, after everything that it has sent to this
    /// one. An actor that has ended already is told of at once. (OTP: `monitor`.)
    pub fn watch<M, F>(&mut self, address: &Address<M>, map: F) -> Watch
    where
        M: Send + 'static,
        F: Fn(Terminated) -> A::Message + Send + Sync + 'static,
    {
        self.watch_cell(address.cell(), None, map)
    }

    /// The same for the [owner](Recipient::owner) of a recipient. If a context has made it, it tells as soon as that life of
    /// the actor has ended, though a supervised one may be built anew: for whoever keeps something on its behalf.
    pub fn watch_owner<E, F>(&mut self, recipient: &Recipient<E>, map: F) -> Watch
    where
        F: Fn(Terminated) -> A::Message + Send + Sync + 'static,
    {
        self.watch_cell(recipient.cell(), recipient.owner().life, map)
    }

    fn watch_cell<F>(&mut self, cell: &CellRef, life: Option<u32>, map: F) -> Watch
    where
        F: Fn(Terminated) -> A::Message + Send + Sync + 'static,
    {
        let id = self.actor.local.next_actor_id().0;
        let watcher = Watcher { id, tell: self.recipient(map), life };
        let cell = cell.clone();
        Parcel::Watch { cell: cell.clone(), watcher }.send(&cell);
        let watch = Watch { cell, id };
        watch::note(self.actor.own(), &watch);
        watch
    }

    /// Takes a watch back. The message may still come if the actor has ended meanwhile.
    pub fn unwatch(&mut self, watch: Watch) {
        let Watch { cell, id } = watch;
        watch::forget(self.actor.own(), id);
        Parcel::Unwatch { cell: cell.clone(), id }.send(&cell);
    }

    /// Registers this actor under a name, until it ends. Names belong to one runtime.
    ///
    /// # Errors
    /// Another living actor has the name.
    pub fn register_name(&mut self, name: &str) -> Result<(), NameTaken> {
        self.actor.local.home.world.registry.register(name, self.address())?;
        self.actor.own().extras().borrow_mut().names.push(name.to_owned());
        Ok(())
    }

    /// The address of the actor under a name, if there is one and it takes `M`.
    #[must_use]
    pub fn find<M: Send + 'static>(&self, name: &str) -> Option<Address<M>> {
        self.actor.local.home.world.registry.find(name)
    }

    // Asking.

    /// Asks another actor; the answer arrives as this actor's own message, within [`ASK_TIMEOUT`].
    ///
    /// `question` makes the other's message of a [`Reply`], `map` this actor's message of the answer: both mostly
    /// enum variants.
    ///
    /// # Examples
    /// ```
    /// use roundsman_runtime::{Actor, Address, AskError, Context, Outcome, Reply, Runtime};
    ///
    /// enum Room {
    ///     Count(Reply<usize>),
    /// }
    ///
    /// struct Lobby;
    ///
    /// impl Actor for Lobby {
    ///     type Message = Room;
    ///     fn receive(&mut self, Room::Count(reply): Room, _: &mut Context<Self>) -> Outcome {
    ///         reply.send(3);
    ///         Ok(())
    ///     }
    /// }
    ///
    /// enum Msg {
    ///     Counted(Result<usize, AskError>),
    /// }
    ///
    /// struct Guest;
    ///
    /// impl Actor for Guest {
    ///     type Message = Msg;
    ///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
    ///         let room: Address<Room> = ctx.spawn(Lobby);
    ///         ctx.ask(&room, Room::Count, Msg::Counted);
    ///         Ok(())
    ///     }
    ///     fn receive(&mut self, Msg::Counted(count): Msg, ctx: &mut Context<Self>) -> Outcome {
    ///         assert_eq!(count, Ok(3));
    ///         ctx.stop();
    ///         Ok(())
    ///     }
    /// }
    ///
    /// Runtime::builder().loops(1).build()?.run(|| Guest)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn ask<M, T>(
        &mut self,
        whom: &Address<M>,
        question: impl FnOnce(Reply<T>) -> M,
        map: impl FnOnce(Result<T, AskError>) -> A::Message + 'static,
    ) where
        M: Send + 'static,
        T: Send + 'static,
    {
        self.ask_within(ASK_TIMEOUT, whom, question, map);
    }

    /// The same with a deadline of its own.
    pub fn ask_within<M, T, F>(
        &mut self,
        timeout: Duration,
        whom: &Address<M>,
        question: impl FnOnce(Reply<T>) -> M,
        map: F,
    ) where
        M: Send + 'static,
        T: Send + 'static,
        F: FnOnce(Result<T, AskError>) -> A::Message + 'static,
    {
        let asked = What::Ask(Box::new(AskedOf::<T, F> { map, answer: PhantomData }));
        let ask = hooks::arm(&self.actor, self.now() + timeout, asked);
        let reply = Reply::to_actor::<A, F>(&self.actor, ask);
        if whom.is_closed() {
            // Said as "closed", which the drop of the reply would say as "dropped".
            self.refuse_ask(reply, ask);
        } else if let Err(error) = whom.send(question(reply)) {
            // The reply inside answers "dropped" as it goes.
            drop(error);
        }
    }

    fn refuse_ask<T: Send + 'static>(&mut self, mut reply: Reply<T>, ask: TimerId) {
        reply.disarm();
        let local = self.actor.local;
        if let Some(What::Ask(asked)) = hooks::disarm(self.actor.front().hooks(local), local, ask) {
            self.address().push_exempt(asked.failed(AskError::Closed), local);
        }
    }

    // Time.

    /// Sends this actor a message once `delay` has passed: never early, and at the first millisecond after it.
    ///
    /// It is handled ahead of the mailbox. Cancelled, it is never delivered, even if it was due already.
    pub fn send_after(&mut self, delay: Duration, message: A::Message) -> TimerId {
        hooks::arm(&self.actor, self.now() + delay, What::Once(message))
    }

    /// Sends this actor a message every `period` (at least 1 ms), at most one queued at any time. `missed` says
    /// what happens to ticks that could not be delivered in time.
    pub fn send_every(
        &mut self,
        period: Duration,
        missed: MissedTicks,
        make: impl FnMut() -> A::Message + 'static,
    ) -> TimerId {
        let period = period.max(Duration::from_millis(1));
        let at = self.now() + period;
        let every = Every { make: Box::new(make), period, missed, at };
        hooks::arm(&self.actor, at, What::Every(Box::new(every)))
    }

    /// Cancels a timer. True if it had not been handled yet (one that comes again: if it was still going).
    pub fn cancel(&mut self, timer: TimerId) -> bool {
        let local = self.actor.local;
        let hooks = self.actor.front().hooks_if_any(local);
        hooks.and_then(|hooks| hooks::disarm(hooks, local, timer)).is_some()
    }

    /// Lets the runtime end although this timer is armed. (libuv: `uv_unref`.)
    pub fn unref_timer(&mut self, timer: TimerId) {
        let local = self.actor.local;
        hooks::keep_timer(&mut self.actor.front().hooks(local).borrow_mut(), local, timer, false);
    }

    /// Takes [`unref_timer`](Self::unref_timer) back.
    pub fn ref_timer(&mut self, timer: TimerId) {
        let local = self.actor.local;
        hooks::keep_timer(&mut self.actor.front().hooks(local).borrow_mut(), local, timer, true);
    }

    /// Asks for one call of [`Actor::deferred`] at the end of this round.
    pub fn defer(&mut self) {
        let own = self.actor.own();
        if !own.has(flag::DEFERRED) {
            own.set(flag::DEFERRED);
            self.actor.local.deferred.borrow_mut().push(self.actor.cell.clone());
        }
    }

    // I/O.

    /// Registers a source with the loop's poller. Readiness arrives as this actor's own message, made by `map`,
    /// ahead of the mailbox, at most one queued per source.
    ///
    /// Readiness is edge-triggered and may be spurious: use the source until `WouldBlock`, or call
    /// [`ready_again`](Self::ready_again).
    ///
    /// # Errors
    /// What the OS says; under simulation, `Unsupported`.
    pub fn register(
        &mut self,
        source: &mut impl Source,
        interest: Interest,
        map: impl FnMut(Readiness) -> A::Message + 'static,
    ) -> io::Result<SourceId> {
        let local = self.actor.local;
        let mut result = Ok(());
        let id = hooks::add_source(&self.actor, Box::new(map), |id| {
            let entry = local.add_source(self.actor.cell.clone(), id);
            result = local.driver.with_poller(|poller| poller.register(source, entry, interest));
            entry
        });
        result.inspect_err(|_| self.forget(id))?;
        Ok(id)
    }

    /// Changes what this actor hears of a source. If the source is ready already, it hears so again.
    ///
    /// # Errors
    /// What the OS says.
    pub fn reregister(
        &mut self,
        source: &mut impl Source,
        id: SourceId,
        interest: Interest,
    ) -> io::Result<()> {
        let local = self.actor.local;
        let entry = hooks::source_entry(&mut self.actor.front().hooks(local).borrow_mut(), id);
        let Some(entry) = entry else { return Err(io::ErrorKind::NotFound.into()) };
        local.driver.with_poller(|poller| poller.reregister(source, entry, interest))
    }

    /// Takes a source back.
    ///
    /// # Errors
    /// What the OS says; the source is forgotten all the same.
    pub fn deregister(&mut self, source: &mut impl Source, id: SourceId) -> io::Result<()> {
        self.forget(id);
        self.actor.local.driver.with_poller(|poller| poller.deregister(source))
    }

    pub(crate) fn forget(&mut self, id: SourceId) {
        let local = self.actor.local;
        let removed =
            hooks::remove_source(&mut self.actor.front().hooks(local).borrow_mut(), local, id);
        if let Some((entry, map)) = removed {
            local.forget_source(entry);
            drop(map);
        }
    }

    /// Says that a source is still ready: the actor has stopped before `WouldBlock`, and wants to go on in a later
    /// turn, after others.
    pub fn ready_again(&mut self, id: SourceId, readiness: Readiness) {
        hooks::ready(&self.actor, id, readiness);
    }

    /// Lets the runtime end although this source is registered. (libuv: `uv_unref`.)
    pub fn unref_source(&mut self, id: SourceId) {
        let local = self.actor.local;
        hooks::keep_source(&mut self.actor.front().hooks(local).borrow_mut(), local, id, false);
    }

    /// Takes [`unref_source`](Self::unref_source) back.
    pub fn ref_source(&mut self, id: SourceId) {
        let local = self.actor.local;
        hooks::keep_source(&mut self.actor.front().hooks(local).borrow_mut(), local, id, true);
    }

    // What comes from outside.

    /// Says that this actor waits for something from outside of the runtime, or no longer: a thread will send to it.
    /// Until then the runtime does not end by itself, and [`why_alive`](Self::why_alive) names the actor. It ends with
    /// the actor. (libuv: a handle that is active.)
    ///
    /// Under simulation nothing comes from outside: a run that waits for nothing else ends as
    /// [stuck](crate::RunError::Stuck), and the error names who waits.
    ///
    /// # Examples
    /// ```
    /// use std::sync::mpsc::{Sender, channel};
    ///
    /// use roundsman_runtime::{Actor, Address, Context, Outcome, Runtime};
    ///
    /// struct Waits(Sender<Address<u32>>);
    ///
    /// impl Actor for Waits {
    ///     type Message = u32;
    ///
    ///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
    ///         ctx.set_expecting(true);
    ///         Ok(self.0.send(ctx.address())?)
    ///     }
    ///
    ///     fn receive(&mut self, number: u32, ctx: &mut Context<Self>) -> Outcome {
    ///         assert_eq!(number, 7);
    ///         ctx.stop();
    ///         Ok(())
    ///     }
    /// }
    ///
    /// let (tell, told) = channel::<Address<u32>>();
    /// let thread = std::thread::spawn(move || told.recv().is_ok_and(|whom| whom.send(7).is_ok()));
    /// Runtime::builder().loops(1).build()?.run(|| Waits(tell))?;
    /// assert!(thread.join().expect("it does not panic"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_expecting(&mut self, expecting: bool) {
        self.actor.local.set_expecting(self.actor.cell, expecting);
    }

    // The mailbox.

    /// How many messages wait in this actor's mailbox, answers included: for an actor that does several at one stroke when it
    /// can. See also [`defer`](Self::defer).
    #[must_use]
    pub fn queued(&self) -> usize {
        self.actor.mailbox(|mailbox| mailbox.len())
    }

    // Pressure.

    /// Makes this actor over until the guard is dropped or `deadline` has passed: whoever sends to it pauses, though
    /// its mailbox has room. For something else of its own that has filled.
    ///
    /// A guard always has a deadline: one that is forgotten must not stop its senders for ever.
    #[must_use = "the pressure ends when the guard is dropped"]
    pub fn pressure(&mut self, deadline: Duration) -> PressureGuard {
        let (cell, local) = (self.actor.cell, self.actor.local);
        let mut extras = self.actor.own().extras().borrow_mut();
        let entry = extras.guards.vacant_entry();
        let guard = entry.key();
        let key = local.arm_other(self.now() + deadline, Due::Guard(cell.clone(), guard));
        entry.insert(key);
        drop(extras);
        local.keep();
        waiting::refresh(local, cell);
        PressureGuard { cell: cell.clone(), guard, key, on_this_thread: PhantomData }
    }

    /// Who is paused on this loop, on whom, and for how long.
    #[must_use]
    pub fn pauses(&self) -> Vec<Pause> {
        waiting::pauses(self.actor.local)
    }

    /// On whom the actor at `address`, which lives on this loop, waits; `None` if it is not paused.
    #[must_use]
    pub fn why_paused<M: Send + 'static>(&self, address: &Address<M>) -> Option<Pause> {
        let (cell, local) = (address.cell(), self.actor.local);
        if cell.is_home(local) { waiting::pause(local, cell) } else { None }
    }

    /// Sends to an actor unless it is over; see [`Address::try_send`].
    ///
    /// # Errors
    /// As there.
    pub fn try_send<M: Send + 'static>(
        &self,
        to: &Address<M>,
        message: M,
    ) -> Result<(), TrySendError<M>> {
        to.try_send(message)
    }
}

/// Keeps its actor over; see [`Context::pressure`].
#[derive(Debug)]
pub struct PressureGuard {
    cell: CellRef,
    guard: usize,
    key: TimerKey,
    on_this_thread: PhantomData<Rc<()>>,
}

impl Drop for PressureGuard {
    fn drop(&mut self) {
        // A guard is `!Send`, so it goes where its actor lives, or after that loop has ended.
        if let Some(local) = Local::current(self.cell.home())
            && take_guard(&local, &self.cell, self.guard, self.key)
        {
            local.disarm(self.key);
        }
    }
}

/// Ends a guard's pressure. False if it has ended already.
pub(crate) fn take_guard(local: &Local, cell: &CellRef, guard: usize, key: TimerKey) -> bool {
    let Some(extras) = cell.own(local).extras_if_any() else { return false };
    let mut extras_now = extras.borrow_mut();
    if extras_now.guards.get(guard) != Some(&key) {
        return false;
    }
    extras_now.guards.remove(guard);
    drop(extras_now);
    local.unkeep();
    waiting::refresh(local, cell);
    true
}
