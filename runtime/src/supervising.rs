//! What a parent does about its children: starts those that it supervises, ends them, and hears of their ends.
//!
//! Everything here runs on the parent's loop and outside of its turn, so that a parent that is paused, even on a child
//! that waits to be built anew, still looks after its children. What is decided is said by the pure
//! [`wards`](crate::wards); this file carries it out.

use std::sync::Arc;
use std::time::Duration;

use crate::actor::{Actor, ActorId};
use crate::address::Address;
use crate::cell::CellRef;
use crate::child_spec::ChildSpec;
use crate::context::Context;
use crate::dying;
use crate::exit::{ExitReason, Terminated};
use crate::extras::{Closing, Then};
use crate::happening;
use crate::local::{Due, Local};
use crate::own::flag;
use crate::panics::Duty;
use crate::parcel::Parcel;
use crate::shutdown::Shutdown;
use crate::spawn::Placement;
use crate::supervision::{Restart, Supervision};
use crate::supervisor::ChildCounts;
use crate::timer_wheel::TimerKey;
use crate::wards::{Order, Wards};

impl<A: Actor> Context<'_, A> {
    /// Says how this actor treats the children that it supervises from now on. Without it: OTP's defaults
    /// ([`Supervision::default`]).
    pub fn supervision(&mut self, policy: Supervision) {
        let mut extras = self.handle().own().extras().borrow_mut();
        match &mut extras.wards {
            Some(wards) => wards.set_policy(policy),
            none => *none = Some(Box::new(Wards::new(policy))),
        }
    }

    /// Spawns a child on this loop that is started anew when it ends, as `spec` says; `make` builds it each time.
    ///
    /// The address and the mailbox survive a restart. The message in whose handling the child failed does not: it
    /// counts as handled. Whatever else the child had, its state, children, timers, asks and sockets, is gone before
    /// `make` is called again. What is sent meanwhile waits.
    ///
    /// More restarts than the policy allows ([`supervision`](Self::supervision)), and this actor stops its children and
    /// fails.
    ///
    /// # Examples
    /// ```
    /// use roundsman_runtime::{Actor, ChildSpec, Context, Outcome, Runtime};
    /// # use roundsman_runtime::{AskError, Reply};
    ///
    /// enum Division { By(u32), Ask(Reply<u32>) }
    /// struct Divider { last: u32 }
    ///
    /// impl Actor for Divider {
    ///     type Message = Division;
    ///     fn receive(&mut self, message: Division, _: &mut Context<Self>) -> Outcome {
    ///         match message {
    ///             Division::By(n) => self.last = 100 / n, // panics for 0
    ///             Division::Ask(reply) => reply.send(self.last),
    ///         }
    ///         Ok(())
    ///     }
    /// }
    ///
    /// struct Parent;
    ///
    /// impl Actor for Parent {
    ///     type Message = Result<u32, AskError>;
    ///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
    ///         let divider = ctx.supervise(ChildSpec::permanent("divider"), || Divider { last: 0 });
    ///         divider.send(Division::By(0))?;
    ///         divider.send(Division::By(5))?; // waits for the restart
    ///         ctx.ask(&divider, Division::Ask, |answer| answer);
    ///         Ok(())
    ///     }
    ///     fn receive(&mut self, answer: Result<u32, AskError>, ctx: &mut Context<Self>) -> Outcome {
    ///         assert_eq!(answer, Ok(20));
    ///         ctx.stop();
    ///         Ok(())
    ///     }
    /// }
    ///
    /// Runtime::builder().loops(1).build()?.run(|| Parent)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn supervise<B: Actor>(
        &mut self,
        spec: ChildSpec<B::Message>,
        make: impl FnMut() -> B + 'static,
    ) -> Address<B::Message> {
        let child = self.supervise_vacant(spec, make);
        self.start_now(&child);
        child
    }

    /// The same on the loop that `placement` names, where `make` builds the child each time.
    pub fn supervise_on<B: Actor>(
        &mut self,
        placement: Placement,
        spec: ChildSpec<B::Message>,
        make: impl FnMut() -> B + Send + 'static,
    ) -> Address<B::Message> {
        let child = self.supervise_vacant_on(placement, spec, make);
        self.start_now(&child);
        child
    }

    /// Ends a child for good, whatever its kind of restart. Returns at once; false if it is not a child of this actor.
    /// (OTP: `terminate_child` and `delete_child`.)
    pub fn terminate_child<M: Send + 'static>(&mut self, child: &Address<M>) -> bool {
        let (parent, local, id) = (self.cell(), self.local(), child.id());
        let orders = with_wards(local, parent, |wards| wards.has(id).then(|| wards.end(id)));
        if let Some(orders) = orders.flatten() {
            carry_out(local, parent, orders, None);
            return true;
        }
        let extras = self.handle().own().extras_if_any();
        let slot = extras.and_then(|extras| extras.borrow().children.find(child.cell()));
        if let Some(slot) = slot {
            end(local, parent, slot, Then::End);
        }
        slot.is_some()
    }

    /// How many children this actor supervises, and how many of them run. (OTP: `count_children`.)
    #[must_use]
    pub fn count_children(&self) -> ChildCounts {
        let extras = self.handle().own().extras_if_any();
        let counts = extras.and_then(|extras| Some(extras.borrow().wards.as_ref()?.counts()));
        let (specs, active) = counts.unwrap_or_default();
        ChildCounts { specs, active }
    }

    /// The children that this actor supervises, the oldest first. (OTP: `which_children`.)
    #[must_use]
    pub fn which_children(&self) -> Vec<ChildStatus> {
        let Some(extras) = self.handle().own().extras_if_any() else { return Vec::new() };
        let extras = extras.borrow();
        let Some(wards) = &extras.wards else { return Vec::new() };
        let status = |(slot, restart, running): (u32, Restart, bool)| {
            let child = extras.children.get(slot)?;
            let (id, path) = (child.header().id, dying::path_of(child));
            Some(ChildStatus { id, path, restart, running })
        };
        wards.all().filter_map(status).collect()
    }

    /// A supervised child that is not started before [`start_children`](Self::start_children).
    pub(crate) fn supervise_vacant<B: Actor>(
        &mut self,
        spec: ChildSpec<B::Message>,
        make: impl FnMut() -> B + 'static,
    ) -> Address<B::Message> {
        let ChildSpec { spawn, restart, significant, registered } = spec;
        let name = registered.then(|| spawn.name()).flatten();
        let (child, slot) = self.scope().supervised_here(spawn, restart, make);
        self.enter(&child, slot, restart, significant, name);
        child
    }

    /// The same on another loop.
    pub(crate) fn supervise_vacant_on<B: Actor>(
        &mut self,
        placement: Placement,
        spec: ChildSpec<B::Message>,
        make: impl FnMut() -> B + Send + 'static,
    ) -> Address<B::Message> {
        let ChildSpec { spawn, restart, significant, registered } = spec;
        let name = registered.then(|| spawn.name()).flatten();
        let (child, slot) = self.scope().supervised_on(placement, spawn, restart, make);
        self.enter(&child, slot, restart, significant, name);
        child
    }

    fn enter<M: Send + 'static>(
        &mut self,
        child: &Address<M>,
        slot: u32,
        restart: Restart,
        significant: bool,
        name: Option<String>,
    ) {
        if child.is_closed() {
            // Its loop has ended, or there was no thread for it.
            if restart != Restart::Temporary {
                let text = format!("its child {} could not be started", child.path());
                let reason = ExitReason::Failed(Arc::from(text));
                dying::fail_from_outside(self.local(), self.cell(), reason);
            }
            return;
        }
        if let Some(name) = name {
            register(self.local(), child, name);
        }
        let mut extras = self.handle().own().extras().borrow_mut();
        let wards =
            extras.wards.get_or_insert_with(|| Box::new(Wards::new(Supervision::default())));
        wards.add(child.id(), slot, restart, significant);
    }

    fn start_now<M: Send + 'static>(&mut self, child: &Address<M>) {
        let (parent, local, now) = (self.cell(), self.local(), self.now());
        with_wards(local, parent, |wards| wards.start(child.id(), now));
        Parcel::Rebuild(child.cell().clone()).send(child.cell());
    }

    /// Starts the children that wait for it, one after another, each when the one before it has started.
    pub(crate) fn start_children(&mut self) {
        let (parent, local, now) = (self.cell(), self.local(), self.now());
        let orders = with_wards(local, parent, |wards| wards.start_all(now));
        carry_out(local, parent, orders.unwrap_or_default(), None);
    }
}

/// A child as its supervisor sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChildStatus {
    /// Who it is, in all its lives.
    pub id: ActorId,
    /// Where it stands in the tree.
    pub path: String,
    /// When it is started anew.
    pub restart: Restart,
    /// It runs; else it is stopping, or waits to be started.
    pub running: bool,
}

/// A child, and why it has ended.
type Culprit<'a> = Option<(&'a CellRef, &'a ExitReason)>;

/// Registers a child under its name, until it ends for good.
fn register<M: Send + 'static>(local: &Local, child: &Address<M>, name: String) {
    let registry = &local.home.world.registry;
    if let Err(error) = registry.register(&name, child.clone()) {
        tracing::error!(path = %child.path(), %error, "a child's name was not registered");
        return;
    }
    let enter = Parcel::Run(Duty::new({
        let cell = child.cell().clone();
        move |local| {
            let own = cell.own(local);
            if own.has(flag::DEAD) {
                local.home.world.registry.forget(&name, cell.header().id);
            } else {
                own.extras().borrow_mut().names.push(name);
            }
        }
    }));
    enter.send(child.cell());
}

/// Lends the wards of an actor, if it supervises anybody and goes on.
fn with_wards<R>(
    local: &Local,
    parent: &CellRef,
    f: impl FnOnce(&mut Wards<ActorId, u32>) -> R,
) -> Option<R> {
    let own = parent.own(local);
    if own.has(flag::STOPPING | flag::DEAD | flag::VACANT) {
        return None;
    }
    let mut extras = own.extras_if_any()?.borrow_mut();
    extras.rare_if_any()?.wards.as_deref_mut().map(f)
}

fn carry_out(
    local: &Local,
    parent: &CellRef,
    orders: Vec<Order<ActorId, u32>>,
    culprit: Culprit<'_>,
) {
    for order in orders {
        match order {
            Order::Stop(slot) => end(local, parent, slot, Then::Rest),
            Order::End(slot) => end(local, parent, slot, Then::End),
            Order::Start(slot) => {
                // Not from within somebody's turn: the function that builds it is the user's.
                if let Some(child) = child_at(local, parent, slot) {
                    Parcel::Rebuild(child.clone()).post(&child);
                }
            }
            Order::Wait { who, stamp, delay } => {
                local.keep();
                let due = Due::Restart(parent.clone(), who, stamp);
                let key = local.arm_other(local.now() + delay, due);
                parent.own(local).extras().borrow_mut().restarts.insert(stamp, key);
            }
            Order::GiveUp => give_up(local, parent, culprit),
            Order::ShutDown => dying::stop(local, parent, ExitReason::Shutdown, None),
        }
    }
}

/// More restarts than allowed, or a child that cannot come back: the failure goes up, and says what was behind it.
fn give_up(local: &Local, parent: &CellRef, culprit: Culprit<'_>) {
    let extras = parent.own(local).extras();
    let (intensity, period) = {
        let extras = extras.borrow();
        let policy = extras.wards.as_ref().map(|wards| *wards.policy()).unwrap_or_default();
        (policy.intensity, policy.period)
    };
    let last = culprit
        .map(|(child, reason)| format!("{} {reason}", dying::path_of(child)))
        .unwrap_or_default();
    let text = match culprit {
        Some((_, ExitReason::Killed)) => format!("it cannot do without a child: {last}"),
        _ => format!(
            "its children ended more often than {intensity} times in {period:?} (raise \
             `Supervision::intensity` if that is as it should be); the last: {last}"
        ),
    };
    dying::fail_from_outside(local, parent, ExitReason::Failed(Arc::from(text)));
}

fn child_at(local: &Local, parent: &CellRef, slot: u32) -> Option<CellRef> {
    parent.own(local).extras_if_any()?.borrow().children.get(slot).cloned()
}

/// A wait before a restart is over.
pub(crate) fn restart_due(
    local: &Local,
    parent: &CellRef,
    who: Option<ActorId>,
    stamp: u64,
    key: TimerKey,
) {
    {
        let mut extras = parent.own(local).extras().borrow_mut();
        if extras.restarts.get(&stamp) != Some(&key) {
            return;
        }
        extras.restarts.remove(&stamp);
    }
    local.unkeep();
    let orders = with_wards(local, parent, |wards| wards.due(who, stamp, local.now()));
    carry_out(local, parent, orders.unwrap_or_default(), None);
}

/// A supervised child has started.
pub(crate) fn child_up(local: &Local, child: &CellRef) {
    let Some(parent) = &child.header().parent else { return };
    let id = child.header().id;
    let orders = with_wards(local, parent, |wards| wards.up(id, local.now()));
    carry_out(local, parent, orders.unwrap_or_default(), None);
}

/// A supervised child has stopped and keeps its mailbox: what now?
pub(crate) fn child_rests(local: &Local, child: &CellRef, slot: u32, reason: &ExitReason) {
    let Some(parent) = &child.header().parent else { return };
    forget_closing(local, parent, slot, child);
    happening::child_failed(child, reason);
    let (id, chance) = (child.header().id, local.driver.random());
    let failed = reason.is_failure();
    let orders = with_wards(local, parent, |wards| {
        wards.has(id).then(|| wards.rests(id, failed, local.now(), chance))
    });
    match orders.flatten() {
        Some(orders) => carry_out(local, parent, orders, Some((child, reason))),
        // The parent itself is ending, or has given this child up.
        None => Parcel::End(child.clone(), Then::End).send(child),
    }
}

/// A child has ended.
pub(crate) fn child_gone(local: &Local, child: &CellRef, slot: u32, reason: ExitReason) {
    let Some(parent) = &child.header().parent else { return };
    if !forget_child(local, parent, slot, child) {
        return;
    }
    happening::child_failed(child, &reason);
    let own = parent.own(local);
    let id = child.header().id;
    let orders =
        with_wards(local, parent, |wards| wards.has(id).then(|| wards.gone(id, local.now())));
    match orders.flatten() {
        Some(orders) => carry_out(local, parent, orders, Some((child, &reason))),
        None if reason.is_failure() && !own.has(flag::STOPPING | flag::DEAD | flag::VACANT) => {
            let gone = Terminated { id, path: dying::path_of(child), reason };
            own.extras().borrow_mut().failed_children.push_back(gone);
            own.set(flag::URGENT);
            local.schedule(parent);
        }
        None => {}
    }
    if own.has(flag::STOPPING) && !own.has(flag::DEAD) {
        local.schedule(parent);
    }
}

/// Takes a child off its parent's list. False if it was off already.
fn forget_child(local: &Local, parent: &CellRef, slot: u32, child: &CellRef) -> bool {
    let Some(extras) = parent.own(local).extras_if_any() else { return false };
    if !extras.borrow().children.get(slot).is_some_and(|known| known.same(child)) {
        return false;
    }
    forget_closing(local, parent, slot, child);
    let gone = extras.borrow_mut().children.remove(slot);
    drop(gone);
    true
}

/// A child has stopped: its time no longer runs.
fn forget_closing(local: &Local, parent: &CellRef, slot: u32, child: &CellRef) {
    let Some(extras) = parent.own(local).extras_if_any() else { return };
    let deadline = {
        let mut extras = extras.borrow_mut();
        if !extras.children.get(slot).is_some_and(|known| known.same(child)) {
            return;
        }
        let rare = extras.rare_if_any();
        rare.and_then(|rare| rare.closing.remove(&slot)).and_then(|closing| closing.deadline)
    };
    if let Some(key) = deadline {
        local.disarm(key);
        local.unkeep();
    }
}

// Ending children.

/// Tells the youngest child to end. False if there are no children.
pub(crate) fn end_youngest(local: &Local, parent: &CellRef) -> bool {
    loop {
        let Some(extras) = parent.own(local).extras_if_any() else { return false };
        let Some(slot) = extras.borrow().children.youngest().map(|(slot, _)| slot) else {
            parent.set_winding_down(false);
            return false;
        };
        parent.set_winding_down(true);
        end(local, parent, slot, Then::End);
        // One that was cut off at once is gone now.
        let same =
            extras.borrow().children.youngest().is_some_and(|(youngest, _)| youngest == slot);
        if same {
            return true;
        }
    }
}

/// Tells a child to stop, once, and keeps the time.
fn end(local: &Local, parent: &CellRef, slot: u32, then: Then) {
    let Some(child) = child_at(local, parent, slot) else { return };
    let shutdown = Shutdown::from_raw(child.header().shutdown);
    let gives_no_answer = || local.home.world.draining.is_silent(child.home().index);
    if then == Then::End && (shutdown == Shutdown::Now || gives_no_answer()) {
        return cut_off(local, slot, &child);
    }
    {
        let mut extras = parent.own(local).extras().borrow_mut();
        if let Some(closing) = extras.closing.get_mut(&slot) {
            if closing.then == then {
                return;
            }
            closing.then = then;
        } else {
            let deadline = time_to_stop(shutdown).map(|time| arm(local, parent, slot, time));
            extras.closing.insert(slot, Closing { then, deadline });
        }
    }
    if shutdown == Shutdown::Now {
        // Taken along by a sibling: it is not asked, and comes back.
        Parcel::Kill(child.clone(), then).post(&child);
    } else if then == Then::Rest {
        // Behind what builds it anew, if that is under way: before that it has nothing to stop.
        Parcel::End(child.clone(), then).post(&child);
    } else {
        Parcel::End(child.clone(), then).send(&child);
    }
}

/// How long its parent waits for a child. One that is not asked needs no time but that of its loop to come to it.
fn time_to_stop(shutdown: Shutdown) -> Option<Duration> {
    match shutdown {
        Shutdown::Within(time) => Some(time),
        Shutdown::Now => Some(LOOP_TIME),
        Shutdown::Never => None,
    }
}

/// How long a loop may take to come to a child that is to be built anew without having been asked to stop.
const LOOP_TIME: Duration = Duration::from_secs(1);

fn arm(local: &Local, parent: &CellRef, slot: u32, time: Duration) -> TimerKey {
    local.keep();
    local.arm_other(local.now() + time, Due::Shutdown(parent.clone(), slot))
}

/// The time of a child that was told to stop has run out.
pub(crate) fn shutdown_due(local: &Local, parent: &CellRef, slot: u32, key: TimerKey) {
    local.unkeep();
    let Some(child) = child_at(local, parent, slot) else { return };
    let own = parent.own(local);
    {
        let mut extras = own.extras().borrow_mut();
        let closing = extras.closing.get_mut(&slot).filter(|one| one.deadline == Some(key));
        let Some(closing) = closing else { return };
        if child.is_winding_down() {
            // It waits for its own children, whose times run, too; then its own begins.
            let time = time_to_stop(Shutdown::from_raw(child.header().shutdown));
            closing.deadline = time.map(|time| arm(local, parent, slot, time));
            return;
        }
        closing.deadline = None;
    }
    tracing::error!(
        path = %dying::path_of(&child),
        "an actor did not stop in time and is cut off: let it look at its mailbox more often, or raise `Spawn::shutdown`"
    );
    cut_off(local, slot, &child);
}

/// A child is dead from now on, whatever it does: its parent goes on without it.
fn cut_off(local: &Local, slot: u32, child: &CellRef) {
    child.set_dead();
    // Through the inbox even on this loop: families may be deeper than the stack. An ended loop has buried it.
    let _ = child.home().post(Parcel::Kill(child.clone(), Then::End));
    child_gone(local, child, slot, ExitReason::Killed);
}

/// A killed actor takes its children with it.
pub(crate) fn kill_children(local: &Local, parent: &CellRef) {
    loop {
        let youngest = {
            let Some(extras) = parent.own(local).extras_if_any() else { return };
            let extras = extras.borrow();
            extras.children.youngest().map(|(slot, child)| (slot, child.clone()))
        };
        let Some((slot, child)) = youngest else { return };
        cut_off(local, slot, &child);
    }
}
