//! What reaches an actor ahead of its mailbox: timers, readiness of sockets, deadlines of asks.
//!
//! The loop says "due" or "ready"; the actor's next turn makes the message of it. Until that moment nothing is a
//! message yet, which is why a cancelled timer never delivers even when it was due, why a timer never has two ticks
//! queued, and why readiness that comes twice is one message.

use std::collections::VecDeque;
use std::time::Duration;

use slab::Slab;

use crate::actor::Actor;
use crate::cell::Handle;
use crate::clock::Timestamp;
use crate::describe::Held;
use crate::dying;
use crate::extras::make_room;
use crate::few::Few;
use crate::jobs::{self, Jobs};
use crate::local::Local;
use crate::own::flag;
use crate::poller::Readiness;
use crate::reply::{AskError, Asked};
use crate::slots::Slots;
use crate::timer_wheel::TimerKey;

/// Names a timer of one actor, for [`Context::cancel`](crate::Context::cancel). Each actor has its own count: given to
/// another actor, it may name a timer of that one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TimerId {
    index: u32,
    generation: u32,
}

/// Names a registered I/O source of one actor. Each actor has its own count: given to another actor, it may name a source
/// of that one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SourceId {
    index: u32,
    generation: u32,
}

/// What [`Context::send_every`](crate::Context::send_every) does about ticks that it could not deliver in time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum MissedTicks {
    /// Skips them: the next tick is the next multiple of the period. Nothing bursts after a long stall.
    #[default]
    Skip,
    /// Shifts the rhythm: the next tick comes one period after the late one was handled.
    Delay,
    /// Catches up: every tick is delivered, one after another, never two queued at once.
    Burst,
}

/// What waits ahead of one actor's mailbox, or will.
pub(crate) struct Hooks<M> {
    timers: Slab<Timer<M>>,
    sources: Slots<Source<M>>,
    /// What is due: mostly there is one timer, or one source.
    urgent: Few<Urgent>,
    /// Of the few that put messages aside.
    aside: Option<Box<Aside<M>>>,
    generation: u32,
    pub(crate) jobs: Jobs,
}

/// Messages that an actor has put aside.
struct Aside<M> {
    stash: VecDeque<M>,
    /// Taken out of the stash: they come ahead of the mailbox.
    unstashed: VecDeque<M>,
}

impl<M> Default for Aside<M> {
    fn default() -> Self {
        Self { stash: VecDeque::new(), unstashed: VecDeque::new() }
    }
}

impl<M> Default for Hooks<M> {
    fn default() -> Self {
        Self {
            timers: Slab::new(),
            sources: Slots::default(),
            urgent: Few::default(),
            aside: None,
            generation: 0,
            jobs: Jobs::default(),
        }
    }
}

enum Urgent {
    Timer(TimerId),
    Ready(SourceId),
}

struct Timer<M> {
    generation: u32,
    key: TimerKey,
    /// Counts among what keeps the runtime alive.
    kept: bool,
    due: bool,
    what: What<M>,
}

/// What a timer does when it is due.
pub(crate) enum What<M> {
    Once(M),
    Every(Box<Every<M>>),
    Ask(Box<dyn Asked<M>>),
    /// Its message is being made.
    Busy,
}

/// A timer that comes again.
pub(crate) struct Every<M> {
    pub(crate) make: Box<dyn FnMut() -> M>,
    pub(crate) period: Duration,
    pub(crate) missed: MissedTicks,
    pub(crate) at: Timestamp,
}

impl<M> Timer<M> {
    /// Counts it among what a drain waits for, or no longer.
    fn count(&self, local: &Local, more: bool) {
        let count = match self.what {
            What::Ask(_) => &local.counters().asks,
            What::Once(_) if self.kept => &local.counters().oneshots,
            _ => return,
        };
        if more { count.add(1) } else { count.take(1) }
    }
}

struct Source<M> {
    generation: u32,
    /// Its place in the loop's table.
    entry: usize,
    kept: bool,
    queued: bool,
    pending: Readiness,
    map: Option<MapReadiness<M>>,
}

impl<M> Hooks<M> {
    fn next_generation(&mut self) -> u32 {
        self.generation = self.generation.wrapping_add(1);
        self.generation
    }

    fn timer(&mut self, id: TimerId) -> Option<&mut Timer<M>> {
        self.timers.get_mut(id.index as usize).filter(|timer| timer.generation == id.generation)
    }

    fn source(&mut self, id: SourceId) -> Option<&mut Source<M>> {
        self.sources.get_mut(id.index as usize).filter(|source| source.generation == id.generation)
    }

    /// Whether anything waits ahead of the mailbox.
    pub(crate) fn is_urgent(&self) -> bool {
        !self.urgent.is_empty() || self.unstashed_len() > 0
    }

    pub(crate) fn urgent_len(&self) -> usize {
        self.urgent.len()
    }

    /// How many are in the stash.
    fn stashed_len(&self) -> usize {
        self.aside.as_ref().map_or(0, |aside| aside.stash.len())
    }

    /// How many that were taken out of the stash wait.
    pub(crate) fn unstashed_len(&self) -> usize {
        self.aside.as_ref().map_or(0, |aside| aside.unstashed.len())
    }

    /// The oldest of them.
    pub(crate) fn next_unstashed(&mut self) -> Option<M> {
        self.aside.as_mut()?.unstashed.pop_front()
    }

    /// Everything that was put aside, in order: the actor ends.
    pub(crate) fn take_stashed(&mut self) -> VecDeque<M> {
        let Aside { mut stash, mut unstashed } = *self.aside.take().unwrap_or_default();
        unstashed.append(&mut stash);
        unstashed
    }
}

/// Arms a timer of the actor.
pub(crate) fn arm<A: Actor>(
    actor: &Handle<'_, A>,
    at: Timestamp,
    what: What<A::Message>,
) -> TimerId {
    let local = actor.local;
    let mut hooks = actor.front().hooks(local).borrow_mut();
    let generation = hooks.next_generation();
    make_room(&mut hooks.timers);
    let entry = hooks.timers.vacant_entry();
    let id = TimerId { index: entry.key() as u32, generation };
    let key = local.arm(at, actor.cell.clone(), id);
    let timer = Timer { generation, key, kept: true, due: false, what };
    timer.count(local, true);
    entry.insert(timer);
    local.keep();
    id
}

/// Takes a timer back, due or not. `None` if its message was handled or it was cancelled.
pub(crate) fn disarm<M>(
    hooks: &std::cell::RefCell<Hooks<M>>,
    local: &Local,
    id: TimerId,
) -> Option<What<M>> {
    let mut hooks = hooks.borrow_mut();
    hooks.timer(id)?;
    let timer = hooks.timers.remove(id.index as usize);
    if !timer.due {
        local.disarm(timer.key);
    }
    timer.count(local, false);
    if timer.kept {
        local.unkeep();
    }
    Some(timer.what)
}

/// Says whether a timer keeps the runtime alive.
pub(crate) fn keep_timer<M>(hooks: &mut Hooks<M>, local: &Local, id: TimerId, keep: bool) {
    if let Some(timer) = hooks.timer(id) {
        timer.count(local, false);
        set_kept(&mut timer.kept, keep, local);
        timer.count(local, true);
    }
}

/// Says whether an I/O source keeps the runtime alive.
pub(crate) fn keep_source<M>(hooks: &mut Hooks<M>, local: &Local, id: SourceId, keep: bool) {
    if let Some(source) = hooks.source(id) {
        set_kept(&mut source.kept, keep, local);
    }
}

fn set_kept(kept: &mut bool, keep: bool, local: &Local) {
    match (*kept, keep) {
        (false, true) => local.keep(),
        (true, false) => local.unkeep(),
        _ => {}
    }
    *kept = keep;
}

/// The loop says that a timer is due.
pub(crate) fn timer_due<A: Actor>(actor: &Handle<'_, A>, id: TimerId) {
    let mut hooks = actor.front().hooks(actor.local).borrow_mut();
    let Some(timer) = hooks.timer(id) else { return };
    timer.due = true;
    hooks.urgent.push(Urgent::Timer(id));
    drop(hooks);
    raise(actor);
}

/// Enters an I/O source; `entry` is its place in the loop's table.
pub(crate) fn add_source<A: Actor>(
    actor: &Handle<'_, A>,
    map: Box<dyn FnMut(Readiness) -> A::Message>,
    entry: impl FnOnce(SourceId) -> usize,
) -> SourceId {
    let mut hooks = actor.front().hooks(actor.local).borrow_mut();
    let generation = hooks.next_generation();
    let id = SourceId { index: hooks.sources.vacant() as u32, generation };
    hooks.sources.insert(Source {
        generation,
        entry: entry(id),
        kept: true,
        queued: false,
        pending: Readiness::NONE,
        map: Some(map),
    });
    actor.local.keep();
    id
}

/// A source's place in the loop's table.
pub(crate) fn source_entry<M>(hooks: &mut Hooks<M>, id: SourceId) -> Option<usize> {
    hooks.source(id).map(|source| source.entry)
}

/// Removes an I/O source. Returns its place in the loop's table and the function that makes its messages, which is the
/// user's to be dropped when nothing is borrowed.
pub(crate) fn remove_source<M>(
    hooks: &mut Hooks<M>,
    local: &Local,
    id: SourceId,
) -> Option<(usize, Option<MapReadiness<M>>)> {
    hooks.source(id)?;
    let source = hooks.sources.remove(id.index as usize)?;
    if source.kept {
        local.unkeep();
    }
    Some((source.entry, source.map))
}

/// Makes an actor's message of a readiness.
pub(crate) type MapReadiness<M> = Box<dyn FnMut(Readiness) -> M>;

/// The loop, or the actor itself, says that a source is ready.
pub(crate) fn ready<A: Actor>(actor: &Handle<'_, A>, id: SourceId, readiness: Readiness) {
    let mut hooks = actor.front().hooks(actor.local).borrow_mut();
    let Some(source) = hooks.source(id) else { return };
    source.pending |= readiness;
    if source.queued {
        return;
    }
    source.queued = true;
    hooks.urgent.push(Urgent::Ready(id));
    drop(hooks);
    raise(actor);
}

/// Puts a message aside, unless `limit` are put aside already.
pub(crate) fn stash<A: Actor>(
    actor: &Handle<'_, A>,
    message: A::Message,
    limit: usize,
) -> Result<(), A::Message> {
    let mut hooks = actor.front().hooks(actor.local).borrow_mut();
    if hooks.stashed_len() >= limit {
        return Err(message);
    }
    hooks.aside.get_or_insert_default().stash.push_back(message);
    Ok(())
}

/// All messages that wait for an actor, those that it has put aside included.
pub(crate) fn backlog<A: Actor>(actor: &Handle<'_, A>) -> usize {
    let aside = actor.front().hooks_if_any(actor.local).map_or(0, |hooks| {
        let hooks = hooks.borrow();
        hooks.stashed_len() + hooks.unstashed_len()
    });
    aside + actor.mailbox(|mailbox| mailbox.len())
}

/// How many messages are put aside.
pub(crate) fn stashed<A: Actor>(actor: &Handle<'_, A>) -> usize {
    let hooks = actor.front().hooks_if_any(actor.local);
    hooks.map_or(0, |hooks| hooks.borrow().stashed_len())
}

/// Puts what was put aside ahead of the mailbox.
pub(crate) fn unstash<A: Actor>(actor: &Handle<'_, A>) {
    let Some(hooks) = actor.front().hooks_if_any(actor.local) else { return };
    let mut hooks = hooks.borrow_mut();
    let Some(aside) = &mut hooks.aside else { return };
    aside.unstashed.append(&mut aside.stash);
    if !aside.unstashed.is_empty() {
        raise(actor);
        actor.local.call_attention();
    }
}

fn raise<A: Actor>(actor: &Handle<'_, A>) {
    actor.own().set(flag::URGENT);
    actor.local.schedule(actor.cell);
}

/// The next urgent message, if any. User functions that make messages run with nothing borrowed.
pub(crate) fn next_urgent<A: Actor>(actor: &Handle<'_, A>) -> Option<A::Message> {
    let cell = actor.front().hooks(actor.local);
    loop {
        let urgent = cell.borrow_mut().urgent.pop()?;
        let message = match urgent {
            Urgent::Timer(id) => timer_message(actor, id),
            Urgent::Ready(id) => ready_message(actor, id),
        };
        if message.is_some() {
            return message;
        }
    }
}

fn timer_message<A: Actor>(actor: &Handle<'_, A>, id: TimerId) -> Option<A::Message> {
    let cell = actor.front().hooks(actor.local);
    let again = matches!(cell.borrow_mut().timer(id)?.what, What::Every(_));
    if again {
        let what = std::mem::replace(&mut cell.borrow_mut().timer(id)?.what, What::Busy);
        let What::Every(mut every) = what else { return None };
        let message = (every.make)();
        rearm(actor, id, every);
        return Some(message);
    }
    match disarm(cell, actor.local, id)? {
        What::Once(message) => Some(message),
        What::Ask(asked) => Some(asked.failed(AskError::Timeout)),
        What::Every(_) | What::Busy => None,
    }
}

fn rearm<A: Actor>(actor: &Handle<'_, A>, id: TimerId, mut every: Box<Every<A::Message>>) {
    let now = actor.local.now();
    every.at = match every.missed {
        MissedTicks::Burst => every.at + every.period,
        MissedTicks::Delay => now + every.period,
        MissedTicks::Skip => every.at.next_multiple(every.period, now),
    };
    let mut hooks = actor.front().hooks(actor.local).borrow_mut();
    let Some(timer) = hooks.timer(id) else { return };
    timer.key = actor.local.arm(every.at, actor.cell.clone(), id);
    timer.due = false;
    timer.what = What::Every(every);
}

fn ready_message<A: Actor>(actor: &Handle<'_, A>, id: SourceId) -> Option<A::Message> {
    let cell = actor.front().hooks(actor.local);
    let (mut map, readiness) = {
        let mut hooks = cell.borrow_mut();
        let source = hooks.source(id)?;
        source.queued = false;
        (source.map.take()?, std::mem::replace(&mut source.pending, Readiness::NONE))
    };
    let message = map(readiness);
    if let Some(source) = cell.borrow_mut().source(id) {
        source.map = Some(map);
    }
    Some(message)
}

/// What these hooks hold, for whoever asks.
pub(crate) fn held<M>(hooks: &Hooks<M>) -> Held {
    let mut held = Held { sources: hooks.sources.len(), ..Held::default() };
    for (_, timer) in &hooks.timers {
        if let What::Ask(_) = timer.what {
            held.asks += 1;
        } else {
            held.timers += 1;
            held.kept_timers += usize::from(timer.kept);
            let once = matches!(timer.what, What::Once(_));
            held.oneshots += usize::from(once && timer.kept);
        }
    }
    held.kept_sources = hooks.sources.iter().filter(|source| source.kept).count();
    held
}

/// Takes everything back when the actor dies. Returns what timers held, to be dropped with care.
pub(crate) fn clear<A: Actor>(actor: &Handle<'_, A>) -> Vec<What<A::Message>> {
    let Some(cell) = actor.front().hooks_if_any(actor.local) else { return Vec::new() };
    let local = actor.local;
    let mut hooks = cell.borrow_mut();
    hooks.urgent = Few::default();
    let sources = std::mem::take(&mut hooks.sources);
    let timers: Vec<_> = hooks
        .timers
        .iter()
        .map(|(index, timer)| TimerId { index: index as u32, generation: timer.generation })
        .collect();
    drop(hooks);
    for Source { entry, kept, map, .. } in sources {
        if kept {
            local.unkeep();
        }
        local.forget_source(entry);
        dying::carefully(actor.cell, "dropping a source's function", move || drop(map));
    }
    jobs::abandon(cell, actor.cell, local);
    timers.into_iter().filter_map(|id| disarm(cell, local, id)).collect()
}
