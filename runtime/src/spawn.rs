//! How actors come to be: where, under which name, with which mailbox.
//!
//! [`Context`](crate::Context), [`RuntimeHandle`](crate::RuntimeHandle) and the runtime's start spawn through a
//! [`Scope`]. It makes the cell and puts the actor in it on its loop; the first turn calls `started`.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::actor::{Actor, ActorId};
use crate::address::Address;
use crate::cell::{CellRef, Handle};
use crate::clock::Timestamp;
use crate::drainer;
use crate::dying;
use crate::exit::ExitReason;
use crate::extras::{Build, Supervised};
use crate::home::Home;
use crate::local::Local;
use crate::mailbox::{Mailbox, Overflow};
use crate::name::Name;
use crate::own::flag;
use crate::panics::Duty;
use crate::parcel::Parcel;
use crate::shutdown::Shutdown;
use crate::supervising;
use crate::supervision::Restart;
use crate::world::World;

/// On which loop a new actor lives, for its whole life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Placement {
    /// The loop of whoever spawns it (loop 0 from outside).
    #[default]
    Here,
    /// This loop, counted from 0, modulo the number of loops.
    Loop(usize),
    /// Each loop in turn.
    RoundRobin,
    /// The loop on which fewest actors live.
    LeastLoaded,
    /// A thread of its own, for an actor that blocks. Under simulation: each loop in turn.
    OwnThread,
}

/// What is unusual about a new actor: its name, its mailbox.
///
/// # Examples
/// ```
/// use roundsman_runtime::{Overflow, Spawn};
///
/// // A log that keeps the newest 100 lines rather than slow its writers down.
/// let log = Spawn::<String>::named("log").high(100).overflow(Overflow::DropOldest);
/// # let _ = log;
/// ```
#[derive(Debug)]
pub struct Spawn<M> {
    name: Option<Box<Name>>,
    high: Option<u32>,
    low: Option<u32>,
    overflow: Overflow,
    weigh: Option<fn(&M) -> usize>,
    tireless: bool,
    unmourned: bool,
    shutdown: Shutdown,
    stash: Option<u32>,
}

impl<M> Clone for Spawn<M> {
    fn clone(&self) -> Self {
        Self { name: self.name.clone(), ..*self }
    }
}

impl<M> Default for Spawn<M> {
    fn default() -> Self {
        Self {
            name: None,
            high: None,
            low: None,
            overflow: Overflow::Wait,
            weigh: None,
            tireless: false,
            unmourned: false,
            shutdown: Shutdown::default(),
            stash: None,
        }
    }
}

impl<M> Spawn<M> {
    /// Nothing unusual.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An actor with a name, for its path: `/server/room:rust`.
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        Self::called(Name::Text(name.into().into()))
    }

    /// The same with a text of the program, which is not copied: for actors of which there are many.
    #[must_use]
    pub fn fixed(name: &'static str) -> Self {
        Self::called(Name::Fixed(name))
    }

    /// One of several of that name, which is not copied either.
    ///
    /// # Examples
    /// ```
    /// # use roundsman_runtime::Spawn;
    /// let part = Spawn::<()>::numbered(2, "part");
    /// assert!(format!("{part:?}").contains("\"2:part\""), "so it stands in its path");
    /// ```
    #[must_use]
    pub fn numbered(number: u32, name: &'static str) -> Self {
        Self::called(Name::Numbered(number, name))
    }

    /// An actor whose name is what `name` writes, whenever somebody asks: for actors that come and go faster than anybody
    /// looks. What it writes must not change, and must not block.
    ///
    /// # Examples
    /// ```
    /// use std::sync::Arc;
    /// use roundsman_runtime::{Actor, Context, Outcome, Runtime, Spawn};
    ///
    /// struct Session;
    ///
    /// impl Actor for Session {
    ///     type Message = ();
    ///
    ///     fn receive(&mut self, (): (), _: &mut Context<Self>) -> Outcome {
    ///         Ok(())
    ///     }
    /// }
    ///
    /// struct Server;
    ///
    /// impl Actor for Server {
    ///     type Message = ();
    ///
    ///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
    ///         let peer: std::net::SocketAddr = "127.0.0.1:4711".parse()?;
    ///         let session = ctx.spawn_with(Spawn::named_by(Arc::new(peer)), Session);
    ///         assert!(session.path().ends_with("/127.0.0.1:4711"));
    ///         ctx.stop();
    ///         Ok(())
    ///     }
    ///
    ///     fn receive(&mut self, (): (), _: &mut Context<Self>) -> Outcome {
    ///         Ok(())
    ///     }
    /// }
    ///
    /// Runtime::builder().loops(1).build()?.run(|| Server)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn named_by(name: Arc<impl fmt::Display + Send + Sync + 'static>) -> Self {
        Self::called(Name::Made(name))
    }

    fn called(name: Name) -> Self {
        Self { name: Some(Box::new(name)), ..Self::default() }
    }

    /// The high mark, in messages: more than these, and senders pause (or what [`overflow`](Self::overflow) says).
    /// Default 1,024. The low mark becomes half of it.
    #[must_use]
    pub fn high(mut self, messages: u32) -> Self {
        self.high = Some(messages);
        self
    }

    /// The low mark, in messages: at these, senders go on. At most the high mark; default half of it.
    #[must_use]
    pub fn low(mut self, messages: u32) -> Self {
        self.low = Some(messages);
        self
    }

    /// What happens to messages that come while more than the high mark wait. Default: their senders pause.
    #[must_use]
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.overflow = overflow;
        self
    }

    /// The weight of a message in bytes. The mailbox is then over from more than 1 MiB, too.
    #[must_use]
    pub fn weigh(mut self, weigh: fn(&M) -> usize) -> Self {
        self.weigh = Some(weigh);
        self
    }

    /// An actor that is never paused, because something else bounds what it sends: demand, for I/O and stream stages.
    ///
    /// An actor that sends what it likes must not be tireless: its receivers would grow without bound.
    #[must_use]
    pub fn tireless(mut self) -> Self {
        self.tireless = true;
        self
    }

    /// An actor whose unread messages nobody misses: what it has not handled when it ends is counted, and told to whoever
    /// [listens](crate::Context::on_dead_letter), as ever, but it is not logged.
    ///
    /// For actors that end while others may still be speaking to them, and whose end these are told of otherwise: the
    /// stages of a pipeline, the sessions of a server. (Akka: `DeadLetterSuppression`.)
    ///
    /// # Examples
    /// ```
    /// use roundsman_runtime::{Actor, Context, Outcome, Runtime, Spawn};
    ///
    /// /// Ends with the first message.
    /// struct Session;
    ///
    /// impl Actor for Session {
    ///     type Message = &'static str;
    ///     fn receive(&mut self, _: &'static str, ctx: &mut Context<Self>) -> Outcome {
    ///         ctx.stop();
    ///         Ok(())
    ///     }
    /// }
    ///
    /// struct Server;
    ///
    /// impl Actor for Server {
    ///     type Message = ();
    ///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
    ///         let session = ctx.spawn_with(Spawn::named("session").unmourned(), Session);
    ///         session.send("goodbye")?;
    ///         session.send("and a line that it never reads")?;
    ///         Ok(())
    ///     }
    ///     fn receive(&mut self, (): (), _: &mut Context<Self>) -> Outcome {
    ///         Ok(())
    ///     }
    /// }
    ///
    /// let runtime = Runtime::builder().simulated(1).build()?;
    /// let handle = runtime.handle().unref();
    /// runtime.run(|| Server)?;
    /// assert_eq!(handle.metrics().dead_letters(), 1, "counted, and nothing was logged");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn unmourned(mut self) -> Self {
        self.unmourned = true;
        self
    }

    /// How long the actor may take to stop when its parent tells it to. Default 5 s.
    #[must_use]
    pub fn shutdown(mut self, shutdown: Shutdown) -> Self {
        self.shutdown = shutdown;
        self
    }

    /// Most messages that the actor may put aside with [`Context::stash`](crate::Context::stash). Default 1,024.
    #[must_use]
    pub fn stash(mut self, messages: u32) -> Self {
        self.stash = Some(messages);
        self
    }

    pub(crate) fn name(&self) -> Option<String> {
        self.name.as_ref().map(ToString::to_string)
    }

    fn marks(&self, home: &Home) -> (u32, u32) {
        let settings = &home.world.settings;
        let high = match self.overflow {
            Overflow::Unbounded => u32::MAX,
            _ => self.high.unwrap_or(settings.high),
        };
        let low = match (self.low, self.high) {
            (Some(low), _) => low,
            (None, Some(_)) => high / 2,
            (None, None) => settings.low,
        };
        (high, low.min(high))
    }

    /// The same, with the limit that a simulation gives to a mailbox that may lose messages.
    fn tightened(mut self, local: &Local, home: &Home) -> Self {
        let loses = !matches!(self.overflow, Overflow::Wait | Overflow::Unbounded);
        if let Some((course, _)) = local.driver.course()
            && loses
        {
            let (high, low) = self.marks(home);
            (self.high, self.low) = (Some(course.tightened(high)), Some(low));
        }
        self
    }

    fn flags(&self) -> u32 {
        let plain =
            self.weigh.is_none() && matches!(self.overflow, Overflow::Wait | Overflow::Unbounded);
        let limited = if plain { 0 } else { flag::LIMITED };
        let tireless = if self.tireless { flag::TIRELESS } else { 0 };
        limited | tireless
    }
}

impl<M> From<&str> for Spawn<M> {
    /// An actor with this name.
    fn from(name: &str) -> Self {
        Self::named(name)
    }
}

impl<M> From<String> for Spawn<M> {
    /// An actor with this name.
    fn from(name: String) -> Self {
        Self::named(name)
    }
}

/// Where actors can be spawned: a loop, and the parent of what is spawned.
///
/// A context without its actor's type, for libraries that spawn on a user's behalf.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    pub(crate) local: &'a Local,
    pub(crate) parent: Option<&'a CellRef>,
}

impl<'a> Scope<'a> {
    /// The scope in which the actor at `parent` spawns. `None` if it does not live on this loop.
    #[must_use]
    pub fn under<M: Send + 'static>(&self, parent: &'a Address<M>) -> Option<Self> {
        let cell = parent.cell();
        cell.is_home(self.local).then_some(Scope { local: self.local, parent: Some(cell) })
    }

    /// The scope of this loop's actors that have no parent: what is spawned there outlives whoever spawns it, and ends with
    /// the runtime, if not before. For what serves several actors of a loop.
    #[must_use]
    pub fn without_parent(&self) -> Self {
        Scope { local: self.local, parent: None }
    }

    /// The time as the loop last saw it.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.local.now()
    }

    /// Spawns an actor on this loop.
    pub fn spawn<A: Actor>(&self, actor: A) -> Address<A::Message> {
        self.spawn_with(Spawn::new(), actor)
    }

    /// The same, with a name or a mailbox of its own.
    pub fn spawn_with<A: Actor>(&self, spawn: Spawn<A::Message>, actor: A) -> Address<A::Message> {
        self.build_here(spawn, || actor)
    }

    /// Builds an actor here. A panic of `make` is a failure of the actor.
    pub(crate) fn build_here<A: Actor>(
        &self,
        spawn: Spawn<A::Message>,
        make: impl FnOnce() -> A,
    ) -> Address<A::Message> {
        let (cell, slot) = self.conceive::<A>(&self.local.home, spawn);
        self.enter(&cell, slot);
        settle_in(self.local, &cell, make);
        Address::newborn::<A>(cell)
    }

    /// Spawns an actor on the loop that `placement` names, where `make` builds it.
    ///
    /// The address is valid at once: what is sent before the actor is built waits for it. If the loop has ended, or
    /// no thread could be had for [`Placement::OwnThread`], the actor is dead from the start and sends fail.
    pub fn spawn_on<A: Actor>(
        &self,
        placement: Placement,
        spawn: Spawn<A::Message>,
        make: impl FnOnce() -> A + Send + 'static,
    ) -> Address<A::Message> {
        let home = match placement {
            Placement::Here => Arc::clone(&self.local.home),
            elsewhere => place(&self.local.home.world, elsewhere),
        };
        if Arc::ptr_eq(&home, &self.local.home) {
            return self.build_here(spawn, make);
        }
        let (cell, slot) = self.conceive::<A>(&home, spawn);
        self.enter(&cell, slot);
        self.settle_elsewhere(&cell, slot, move |local, cell| settle_in(local, cell, make));
        Address::newborn::<A>(cell)
    }

    /// Has a cell settled on its own loop. If that loop has ended, the actor is dead from the start.
    fn settle_elsewhere(
        &self,
        cell: &CellRef,
        slot: u32,
        settle: impl FnOnce(&Local, &CellRef) + Send + 'static,
    ) {
        let newborn = cell.clone();
        let build = Parcel::Run(Duty::new(move |local| settle(local, &newborn)));
        if cell.home().post(build).is_err() {
            cell.set_dead();
            if self.parent.is_some() {
                supervising::child_gone(self.local, cell, slot, ExitReason::Shutdown);
            }
            cell.release_unborn_life();
        }
    }

    /// A supervised child of this loop, which `make` builds whenever it is started. Vacant until its supervisor says so.
    pub(crate) fn supervised_here<A: Actor>(
        &self,
        spawn: Spawn<A::Message>,
        restart: Restart,
        mut make: impl FnMut() -> A + 'static,
    ) -> (Address<A::Message>, u32) {
        let (cell, slot) = self.conceive::<A>(&self.local.home, spawn);
        self.enter(&cell, slot);
        let build: Build = Box::new(move |local, cell| build_in::<A>(local, cell, &mut make));
        settle_supervised(self.local, &cell, Supervised { restart, build });
        (Address::newborn::<A>(cell), slot)
    }

    /// The same on the loop that `placement` names.
    pub(crate) fn supervised_on<A: Actor>(
        &self,
        placement: Placement,
        spawn: Spawn<A::Message>,
        restart: Restart,
        mut make: impl FnMut() -> A + Send + 'static,
    ) -> (Address<A::Message>, u32) {
        let home = match placement {
            Placement::Here => Arc::clone(&self.local.home),
            elsewhere => place(&self.local.home.world, elsewhere),
        };
        if Arc::ptr_eq(&home, &self.local.home) {
            return self.supervised_here(spawn, restart, make);
        }
        let (cell, slot) = self.conceive::<A>(&home, spawn);
        self.enter(&cell, slot);
        self.settle_elsewhere(&cell, slot, move |local, cell| {
            let build: Build = Box::new(move |local, cell| build_in::<A>(local, cell, &mut make));
            settle_supervised(local, cell, Supervised { restart, build });
        });
        (Address::newborn::<A>(cell), slot)
    }

    /// Makes the cell, with its place among the parent's children.
    fn conceive<A: Actor>(&self, home: &Arc<Home>, spawn: Spawn<A::Message>) -> (CellRef, u32) {
        let child_slot = match self.parent {
            Some(parent) => parent.own(self.local).extras().borrow_mut().children.reserve(),
            None => NO_SLOT,
        };
        let spawn = spawn.tightened(self.local, home);
        let id = self.local.next_actor_id();
        (newborn::<A>(home, spawn, id, self.parent.cloned(), child_slot), child_slot)
    }

    /// Puts the cell into its place among the parent's children.
    fn enter(&self, cell: &CellRef, slot: u32) {
        if let Some(parent) = self.parent {
            parent.own(self.local).extras().borrow_mut().children.fill(slot, cell.clone());
        }
    }
}

/// The loop for a new actor. `Here` is loop 0, for who is on no loop.
fn place(world: &Arc<World>, placement: Placement) -> Arc<Home> {
    let index = match placement {
        Placement::Here => 0,
        Placement::Loop(index) => index % world.placeable().max(1),
        Placement::RoundRobin => world.next_in_turn(),
        Placement::LeastLoaded => world.least_loaded(),
        Placement::OwnThread => match world.start_loop.get() {
            None => world.next_in_turn(),
            Some(start) => match start(world) {
                Ok(home) => return home,
                Err(error) => {
                    tracing::error!(%error, "no thread for an actor that wants its own: raise `ulimit -u` or `-n`");
                    return world.nowhere();
                }
            },
        },
    };
    world.home(index).unwrap_or_else(|| world.nowhere())
}

/// Spawns an actor without a parent, from any thread, without waiting. `None` if the runtime has ended.
pub(crate) fn from_outside<A: Actor>(
    world: &Arc<World>,
    placement: Placement,
    spawn: Spawn<A::Message>,
    make: impl FnOnce() -> A + Send + 'static,
) -> Option<Address<A::Message>> {
    let home = place(world, placement);
    let cell = newborn::<A>(&home, spawn, world.next_outside_id(), None, NO_SLOT);
    let built = cell.clone();
    let build = Parcel::Run(Duty::new(move |local| settle_in(local, &built, make)));
    if home.post(build).is_err() {
        cell.set_dead();
        cell.release_unborn_life();
        return None;
    }
    Some(Address::newborn::<A>(cell))
}

/// A cell without its actor.
fn newborn<A: Actor>(
    home: &Arc<Home>,
    spawn: Spawn<A::Message>,
    id: ActorId,
    parent: Option<CellRef>,
    child_slot: u32,
) -> CellRef {
    let (high, low) = spawn.marks(home);
    home.load.fetch_add(1, Ordering::Relaxed);
    let birth = Birth {
        id,
        home: Arc::clone(home),
        flags: spawn.flags(),
        unmourned: spawn.unmourned,
        name: spawn.name,
        parent,
        child_slot,
        high,
        low,
        overflow: spawn.overflow,
        shutdown: spawn.shutdown.to_raw(),
        stash: spawn.stash,
    };
    CellRef::allocate::<A>(birth, Mailbox::new(spawn.overflow, spawn.weigh))
}

/// What is said of a new cell.
pub(crate) struct Birth {
    pub(crate) id: ActorId,
    pub(crate) home: Arc<Home>,
    pub(crate) name: Option<Box<Name>>,
    pub(crate) parent: Option<CellRef>,
    pub(crate) child_slot: u32,
    pub(crate) flags: u32,
    pub(crate) unmourned: bool,
    pub(crate) high: u32,
    pub(crate) low: u32,
    pub(crate) overflow: Overflow,
    pub(crate) shutdown: u32,
    pub(crate) stash: Option<u32>,
}

/// The place of an actor without a parent, until the loop where it is built gives it one.
const NO_SLOT: u32 = u32::MAX;

/// Builds the actor in its cell, on its loop, and gives it its first turn.
fn settle_in<A: Actor>(local: &Local, cell: &CellRef, make: impl FnOnce() -> A) {
    settle(local, cell);
    build_in(local, cell, make);
    if local.home.world.is_ending() && cell.header().parent.is_none() {
        dying::stop(local, cell, ExitReason::Shutdown, None);
    }
}

/// A supervised actor settles on its loop and waits to be built.
fn settle_supervised(local: &Local, cell: &CellRef, supervised: Supervised) {
    settle(local, cell);
    let own = cell.own(local);
    own.set(flag::VACANT);
    own.extras().borrow_mut().supervised = Some(Box::new(supervised));
}

/// The cell becomes one of its loop's.
fn settle(local: &Local, cell: &CellRef) {
    let own = cell.own(local);
    local.population.set(local.population.get() + 1);
    local.lived.set(true);
    if cell.header().parent.is_none() {
        let mut top = local.top.borrow_mut();
        let slot = top.reserve();
        own.child_slot.set(slot);
        top.fill(slot, cell.clone());
    }
}

/// Builds the actor in its cell. A panic of `make` is a failure of the actor.
fn build_in<A: Actor>(local: &Local, cell: &CellRef, make: impl FnOnce() -> A) {
    let handle = Handle::<A>::new(cell, local);
    if let Some(actor) = dying::on_behalf(&handle, make) {
        *handle.state() = Some(actor);
    }
    drainer::announce_late(local, cell);
    local.schedule(cell);
}
