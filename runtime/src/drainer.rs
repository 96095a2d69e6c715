//! Carries a [`Drain`] out: one phase after another, each until it is done or its time is up; then everything stops.
//!
//! An actor of its own on loop 0, so that it works in virtual time as well. It looks at counts that all loops keep
//! ([`Draining`], the books about messages, the pool) and changes nothing but the phase; what a phase means to an actor
//! is said by [`Actor::draining`].
//!
//! # Telling everybody
//! The actors without a parent are told first, on their loops; each passes it on to its children and is itself told in
//! its next turn. `untold` counts those that were named and have not been told: it rises for the children before it
//! falls for the parent, so zero means everybody. In the same way, at the end, everybody is asked what is left.

use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::actor::{Actor, Outcome};
use crate::address::Address;
use crate::cell::CellRef;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::drain::{CutActor, Drain, DrainPhase, DrainReport, PhaseReport};
use crate::dying;
use crate::exit::ExitReason;
use crate::handle::RuntimeHandle;
use crate::ledger::Ledger;
use crate::local::Local;
use crate::own::flag;
use crate::parcel::{Control, Parcel};
use crate::pool::{self, JobStatus};
use crate::spawn::{Scope, Spawn};
use crate::world::World;

/// How often it looks.
const LOOK: Duration = Duration::from_millis(1);
/// How long loops may take to say what is left.
const ANSWER: Duration = Duration::from_millis(200);
/// So many actors are named.
const NAMED_MAX: usize = 1_000;
/// What a thread that waits allows beyond the phases, for the end itself.
const GRACE: Duration = Duration::from_secs(5);

/// How far the drain of a runtime is: what all its loops read and count.
#[derive(Default)]
pub(crate) struct Draining {
    /// 0: no drain. Else the phase, counted from 1.
    phase: AtomicU8,
    /// Actors, and loops, that were named and have not been told.
    untold: AtomicUsize,
    /// The same of being asked what is left.
    unasked: AtomicUsize,
    /// Actors that have something to finish.
    unfinished: AtomicUsize,
    left: Mutex<Left>,
    /// Loops that gave no answer at the end: nobody waits for what lives there.
    silent: Mutex<Vec<usize>>,
    drainer: Mutex<Option<Address<Message>>>,
    report: Mutex<Option<DrainReport>>,
}

/// What is left at the end.
#[derive(Default)]
struct Left {
    actors: Vec<CutActor>,
    more: usize,
    /// Timers were to be waited for, so those that are left are cut.
    timers: bool,
    /// Loops that were asked and have not answered.
    silent: Vec<usize>,
}

impl Draining {
    /// Whether an actor has something to finish.
    pub(crate) fn has_unfinished(&self) -> bool {
        self.unfinished.load(Ordering::SeqCst) > 0
    }

    /// The phase that was announced last.
    pub(crate) fn announced(&self) -> Option<DrainPhase> {
        match self.phase.load(Ordering::SeqCst) {
            0 => None,
            1 => Some(DrainPhase::Accept),
            _ => Some(DrainPhase::Read),
        }
    }

    /// What became of the last drain.
    pub(crate) fn last_report(&self) -> Option<DrainReport> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether the drain has come to its end without an answer from this loop.
    pub(crate) fn is_silent(&self, index: usize) -> bool {
        self.silent.lock().unwrap_or_else(PoisonError::into_inner).contains(&index)
    }

    /// How many of these have a thread of their own: not the first, which runs on that of `run`.
    pub(crate) fn silent_threads(&self) -> usize {
        let silent = self.silent.lock().unwrap_or_else(PoisonError::into_inner);
        silent.iter().filter(|index| **index != 0).count()
    }

    /// Whether a drain has waited for jobs in vain.
    pub(crate) fn has_cut_jobs(&self) -> bool {
        let report = self.report.lock().unwrap_or_else(PoisonError::into_inner);
        report.as_ref().is_some_and(|report| !report.jobs.is_empty())
    }

    /// The runtime has ended: nothing may hold its loops.
    pub(crate) fn clear(&self) {
        let drainer = self.drainer.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(drainer);
    }

    fn left(&self) -> std::sync::MutexGuard<'_, Left> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Asks every loop to do something for its actors without a parent, and counts those that have not done it.
fn ask_all_loops(world: &World, counter: &AtomicUsize, request: fn() -> Control) {
    let homes = world.homes();
    raise(counter, homes.len());
    for home in homes {
        if !home.request(request()) {
            // It has ended and has nobody to tell.
            lower(counter);
        }
    }
}

fn raise(counter: &AtomicUsize, by: usize) {
    counter.fetch_add(by, Ordering::SeqCst);
}

fn lower(counter: &AtomicUsize) {
    counter.fetch_sub(1, Ordering::SeqCst);
}

// On each loop.

/// A loop's actors without a parent are told that a phase has begun.
pub(crate) fn announce_here(local: &Local) {
    let untold = &local.home.world.draining.untold;
    let top = local.top.borrow().in_order();
    raise(untold, top.len());
    for cell in top {
        announce(local, &cell);
    }
    lower(untold);
}

/// An actor, already named, is told in its next turn; its children, too.
pub(crate) fn announce(local: &Local, cell: &CellRef) {
    let untold = &local.home.world.draining.untold;
    let own = cell.own(local);
    for child in children(local, cell) {
        raise(untold, 1);
        Parcel::Announce(child.clone()).post(&child);
    }
    if own.has(flag::STOPPING | flag::DEAD | flag::VACANT | flag::UNTOLD) {
        lower(untold);
        return;
    }
    own.set(flag::UNTOLD | flag::URGENT);
    local.schedule(cell);
}

/// An actor that was built during a drain hears of it like everybody.
pub(crate) fn announce_late(local: &Local, cell: &CellRef) {
    let draining = &local.home.world.draining;
    let own = cell.own(local);
    if draining.announced().is_some() && !own.has(flag::UNTOLD) {
        raise(&draining.untold, 1);
        own.set(flag::UNTOLD | flag::URGENT);
    }
}

/// The phase that an actor is told of now, each once.
pub(crate) fn next_phase_to_tell(local: &Local, cell: &CellRef) -> Option<DrainPhase> {
    let own = cell.own(local);
    let phase = local.home.world.draining.announced()?;
    let known = match phase {
        DrainPhase::Accept => flag::TOLD_ACCEPT,
        _ => flag::TOLD_READ,
    };
    let first = !own.has(known);
    own.set(known);
    first.then_some(phase)
}

/// The loop of an actor that was to be told has ended.
pub(crate) fn nobody_to_tell(cell: &CellRef) {
    lower(&cell.home().world.draining.untold);
}

/// The loop of an actor that was to be asked has ended.
pub(crate) fn nobody_to_ask(cell: &CellRef) {
    lower(&cell.home().world.draining.unasked);
}

/// An actor need not be told any more: it was, or it ends.
pub(crate) fn told(local: &Local, cell: &CellRef) {
    let own = cell.own(local);
    if own.has(flag::UNTOLD) {
        own.clear(flag::UNTOLD);
        lower(&local.home.world.draining.untold);
    }
}

/// An actor is unfinished, or no longer.
pub(crate) fn set_unfinished(local: &Local, cell: &CellRef, unfinished: bool) {
    let own = cell.own(local);
    let count = &local.home.world.draining.unfinished;
    if unfinished && !own.has(flag::UNFINISHED) {
        own.set(flag::UNFINISHED);
        count.fetch_add(1, Ordering::SeqCst);
    } else if !unfinished && own.has(flag::UNFINISHED) {
        own.clear(flag::UNFINISHED);
        count.fetch_sub(1, Ordering::SeqCst);
        local.home.world.unfinished.note(|| dying::path_of(cell));
    }
}

/// A loop says what its actors without a parent have left; they ask their children.
pub(crate) fn collect_here(local: &Local) {
    let draining = &local.home.world.draining;
    let drainer = draining.drainer.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let is_drainer = |cell: &CellRef| drainer.as_ref().is_some_and(|one| one.cell().same(cell));
    let mut top = local.top.borrow().in_order();
    top.retain(|cell| !is_drainer(cell));
    raise(&draining.unasked, top.len());
    for cell in top {
        collect(local, &cell);
    }
    draining.left().silent.retain(|index| *index != local.home.index);
    lower(&draining.unasked);
}

/// What an actor has left.
pub(crate) fn collect(local: &Local, cell: &CellRef) {
    let draining = &local.home.world.draining;
    for child in children(local, cell) {
        raise(&draining.unasked, 1);
        Parcel::Collect(child.clone()).post(&child);
    }
    let own = cell.own(local);
    let queued = (cell.ops().backlog)(cell, local);
    let unfinished = own.has(flag::UNFINISHED);
    let held = (cell.ops().held)(cell, local);
    let mut left = draining.left();
    let timers = if left.timers { held.oneshots } else { 0 };
    if !own.has(flag::DEAD) && (queued > 0 || unfinished || held.asks > 0 || timers > 0) {
        if left.actors.len() < NAMED_MAX {
            let (path, asks) = (dying::path_of(cell), held.asks);
            left.actors.push(CutActor { path, queued, unfinished, asks, timers });
        } else {
            left.more += 1;
        }
    }
    drop(left);
    lower(&draining.unasked);
}

fn children(local: &Local, cell: &CellRef) -> Vec<CellRef> {
    let extras = cell.own(local).extras_if_any();
    extras.map(|extras| extras.borrow().children.in_order()).unwrap_or_default()
}

// The plan.

/// Begins a drain, or shortens the one under way. On loop 0.
pub(crate) fn begin(local: &Local, plan: Drain, reply: Option<flume::Sender<DrainReport>>) {
    let draining = &local.home.world.draining;
    let drainer = draining.drainer.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if let Some(drainer) = drainer {
        // One that has ended answers by dropping the reply.
        let _ = drainer.send(Message::Again(plan, reply));
        return;
    }
    if local.home.world.is_ending() {
        return;
    }
    let drainer = Drainer {
        plan,
        replies: reply.into_iter().collect(),
        at: 0,
        began: local.now(),
        phase_began: local.now(),
        phases: Vec::new(),
        books: None,
        looks: 0,
        settled: false,
        collecting: false,
        reported: false,
    };
    let scope = Scope { local, parent: None };
    let address = scope.spawn_with(Spawn::named("drain").tireless(), drainer);
    *draining.drainer.lock().unwrap_or_else(PoisonError::into_inner) = Some(address);
}

/// Goes through the phases.
struct Drainer {
    plan: Drain,
    replies: Vec<flume::Sender<DrainReport>>,
    /// The phase, counted from 0.
    at: usize,
    began: Timestamp,
    phase_began: Timestamp,
    phases: Vec<PhaseReport>,
    /// The books at the last look, its own messages left out.
    books: Option<Ledger>,
    /// How often it has looked.
    looks: u64,
    /// It was done at the last look, too.
    settled: bool,
    collecting: bool,
    reported: bool,
}

pub(crate) enum Message {
    Look,
    Again(Drain, Option<flume::Sender<DrainReport>>),
}

impl Drainer {
    fn begin_phase(&mut self, ctx: &mut Context<'_, Self>) {
        let world = ctx.world();
        world.draining.phase.store(self.at as u8 + 1, Ordering::SeqCst);
        self.phase_began = ctx.now();
        if self.at <= DrainPhase::Read as usize {
            ask_all_loops(world, &world.draining.untold, || Control::Announce);
        }
    }

    /// Whether what was waited for so far is done. What ran out of time is not waited for any more.
    fn is_done(&mut self, world: &World) -> bool {
        let books = self.look_at_books(world);
        let waits = |phase: DrainPhase| {
            let before = self.phases.get(phase as usize);
            phase as usize <= self.at && before.is_none_or(|before| before.complete)
        };
        let open = |phase| match phase {
            DrainPhase::Accept | DrainPhase::Read => {
                world.draining.untold.load(Ordering::SeqCst) > 0
            }
            DrainPhase::Links => world.draining.unfinished.load(Ordering::SeqCst) > 0,
            DrainPhase::Mailboxes => !books || world.asks() > 0,
            DrainPhase::Jobs => !world.pool.jobs().is_empty(),
            DrainPhase::Timers => world.oneshots() > 0,
        };
        !DrainPhase::ALL.into_iter().any(|phase| waits(phase) && open(phase))
    }

    /// Whether no message is in flight and nobody is at work: the loops are idle, the books balance, and nothing has
    /// been entered since the last look. (Loops are read one after another; a message that travels meanwhile could be
    /// seen with its fate alone.)
    fn look_at_books(&mut self, world: &World) -> bool {
        let idle = world.homes().iter().all(|home| Local::is_current(home) || home.is_idle());
        let mut books: Ledger = world.metrics().iter().map(|one| one.ledger).sum();
        books.sent -= self.looks;
        books.handled -= self.looks;
        let still = self.books.replace(books) == Some(books);
        idle && still && books.is_balanced()
    }

    fn look(&mut self, ctx: &mut Context<'_, Self>) {
        if self.collecting {
            return self.report(ctx);
        }
        loop {
            let phase = DrainPhase::ALL[self.at];
            let took = ctx.now() - self.phase_began;
            let done = self.is_done(ctx.world());
            // Twice in a row, a while apart: between a turn and what it has begun nothing may be to be seen.
            let longest = self.plan.deadline(phase);
            let complete = done && (self.settled || phase <= DrainPhase::Read || longest.is_zero());
            self.settled = done;
            if !complete && took < longest {
                break;
            }
            self.settled = false;
            self.phases.push(PhaseReport { phase, took, longest, complete });
            self.at += 1;
            if self.at == DrainPhase::ALL.len() {
                return self.collect(ctx);
            }
            self.begin_phase(ctx);
        }
        ctx.send_after(LOOK, Message::Look);
    }

    /// Everything stops now: what is left?
    fn collect(&mut self, ctx: &mut Context<'_, Self>) {
        self.collecting = true;
        self.phase_began = ctx.now();
        let world = ctx.world();
        let timers = !self.plan.deadline(DrainPhase::Timers).is_zero();
        let matters = |phase: &PhaseReport| phase.phase != DrainPhase::Timers || timers;
        if self.phases.iter().all(|phase| phase.complete || !matters(phase)) {
            return self.report(ctx);
        }
        let homes = world.homes();
        {
            let mut left = world.draining.left();
            left.silent = homes.iter().map(|home| home.index).collect();
            left.timers = timers;
        }
        ask_all_loops(world, &world.draining.unasked, || Control::Collect);
        ctx.send_after(LOOK, Message::Look);
    }

    fn report(&mut self, ctx: &mut Context<'_, Self>) {
        let world = Arc::clone(ctx.world());
        let waiting = world.draining.unasked.load(Ordering::SeqCst) > 0;
        if waiting && ctx.now() - self.phase_began < ANSWER {
            ctx.send_after(LOOK, Message::Look);
            return;
        }
        self.tell(ctx);
        world.end();
    }

    fn tell(&mut self, ctx: &mut Context<'_, Self>) {
        if std::mem::replace(&mut self.reported, true) {
            return;
        }
        let world = ctx.world();
        let left = std::mem::take(&mut *world.draining.left());
        let silent: Vec<_> = left.silent.iter().map(|index| world.who_keeps(*index)).collect();
        *world.draining.silent.lock().unwrap_or_else(PoisonError::into_inner) = left.silent;
        let mut report = DrainReport {
            phases: std::mem::take(&mut self.phases),
            actors: left.actors,
            more_actors: left.more,
            // Of what nobody waits for nothing is cut.
            jobs: world.pool.jobs().into_iter().filter(JobStatus::is_awaited).collect(),
            silent,
            elapsed: ctx.now() - self.began,
        };
        report.actors.sort_by(|one, other| one.path.cmp(&other.path));
        tracing::info!(%report, "stopping");
        *world.draining.report.lock().unwrap_or_else(PoisonError::into_inner) = Some(report);
        self.answer(ctx);
    }

    fn answer(&mut self, ctx: &mut Context<'_, Self>) {
        let Some(report) = ctx.world().draining.last_report() else { return };
        for reply in self.replies.drain(..) {
            // The thread that asked may have stopped waiting.
            let _ = reply.try_send(report.clone());
        }
    }
}

impl Actor for Drainer {
    type Message = Message;

    fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        tracing::info!("draining");
        self.begin_phase(ctx);
        ctx.send_after(LOOK, Message::Look);
        Ok(())
    }

    fn receive(&mut self, message: Message, ctx: &mut Context<'_, Self>) -> Outcome {
        self.looks += 1;
        match message {
            Message::Look => self.look(ctx),
            Message::Again(plan, reply) => {
                self.plan = self.plan.shorter(&plan);
                self.replies.extend(reply);
                if self.reported {
                    // It has come to its end, and everything is stopping.
                    self.answer(ctx);
                }
            }
        }
        Ok(())
    }

    fn stopping(&mut self, _: &ExitReason, ctx: &mut Context<'_, Self>) {
        // Everything has ended before the drain did: nothing was cut by it.
        self.tell(ctx);
    }
}

impl RuntimeHandle {
    /// Stops the runtime as planned: accepts nothing any more, ends reads, lets links run dry, then mailboxes, jobs and
    /// timers, each for at most as long as `plan` says; then stops everything, and returns what was cut. `run` returns
    /// soon after.
    ///
    /// A drain that is under way already goes on with the shorter times of both plans.
    ///
    /// # Blocking
    /// Waits on a plain thread. An actor, or a job, must not wait, and of a runtime that is simulated nobody can: there it
    /// begins the drain and returns at once a report of which [`is_complete`](DrainReport::is_complete) says false.
    ///
    /// # Examples
    /// ```
    /// # use roundsman_runtime::{Actor, Context, Outcome, Runtime};
    /// use roundsman_runtime::Drain;
    /// # struct Service;
    /// # impl Actor for Service {
    /// #     type Message = ();
    /// #     fn receive(&mut self, (): (), _: &mut Context<Self>) -> Outcome { Ok(()) }
    /// # }
    ///
    /// let runtime = Runtime::builder().loops(1).build()?;
    /// let handle = runtime.handle();
    /// let stops = std::thread::spawn(move || handle.shutdown(Drain::default()));
    /// runtime.run(|| Service)?;
    /// let report = stops.join().expect("it does not panic");
    /// assert!(report.is_clean(), "{report}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn shutdown(&self, plan: Drain) -> DrainReport {
        let world = self.world();
        let is_plain = Local::with_any(|_| ()).is_none() && !pool::is_pool_thread();
        let may_wait = is_plain && !world.pool.is_simulated();
        let (sender, receiver) = flume::bounded(1);
        let asked = world.drain(plan, may_wait.then_some(sender));
        if is_plain && !asked {
            return world.draining.last_report().unwrap_or_default();
        }
        if !may_wait {
            return DrainReport::default();
        }
        let longest = plan.longest().saturating_add(GRACE);
        match receiver.recv_timeout(longest) {
            Ok(report) => report,
            // It has ended meanwhile.
            Err(flume::RecvTimeoutError::Disconnected) => {
                world.draining.last_report().unwrap_or_default()
            }
            Err(flume::RecvTimeoutError::Timeout) => {
                let silent = vec![world.who_keeps(0)];
                DrainReport { silent, elapsed: longest, ..DrainReport::default() }
            }
        }
    }
}

impl<A: Actor> Context<'_, A> {
    /// Begins to stop the runtime as planned; returns at once. See [`RuntimeHandle::shutdown`].
    pub fn shutdown(&mut self, plan: Drain) {
        self.world().drain(plan, None);
    }

    /// Says that this actor has something to finish before the runtime ends, or no longer: a drain waits for it in its
    /// phase [`Links`](DrainPhase::Links), and names it if it has to be cut. Pipelines say so by themselves.
    ///
    /// It does not keep the runtime alive: a run ends when nothing can happen any more, and then warns once, naming who
    /// was unfinished. [`why_alive`](Self::why_alive) lists them. What comes from outside is
    /// [expected](Self::set_expecting), and does keep it.
    pub fn set_unfinished(&mut self, unfinished: bool) {
        set_unfinished(self.local(), self.cell(), unfinished);
    }

    /// The phase of the drain that was announced last, if one is under way.
    #[must_use]
    pub fn drain_phase(&self) -> Option<DrainPhase> {
        self.world().draining.announced()
    }

    fn world(&self) -> &Arc<World> {
        &self.local().home.world
    }
}
