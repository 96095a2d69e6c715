//! One visit to one actor: a batch of its messages, and what comes after.
//!
//! Called by [`event_loop`](crate::event_loop) through the actor's table, which catches panics around many visits at
//! once. It does not choose whom to visit.
//!
//! A turn handles what is urgent, then at most `budget` messages and at most what was queued when it began, so that
//! an actor that sends to itself does not hold the loop; a large budget ends with the time of the round. It ends early when the handler has filled a target (the
//! actor pauses) or when the actor is to stop.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::actor::{Actor, Failure, Outcome};
use crate::cell::Handle;
use crate::context::Context;
use crate::drainer;
use crate::dying;
use crate::exit::Terminated;
use crate::hooks;
use crate::mailbox::Mailbox;
use crate::own::flag;
use crate::panics;
use crate::parcel::Parcel;
use crate::reply::AskError;
use crate::sighting;
use crate::spans;
use crate::waiting;

/// A turn that is longer than this, for there is a budget for it, ends with its round: others have theirs.
const MESSAGES_PER_LOOK: usize = 128;

/// One visit. A panic of the actor goes up to the loop, which calls [`panicked`].
#[inline]
pub(crate) fn turn<A: Actor>(actor: &Handle<'_, A>) {
    spans::in_turn(actor, || visit(actor));
}

#[inline]
fn visit<A: Actor>(actor: &Handle<'_, A>) {
    let (own, local) = (actor.own(), actor.local);
    local.counters().turns.add(1);
    local.begin_turn(actor.cell);
    if !own.has(flag::STOPPING | flag::PAUSED)
        && let Some(state) = &mut *actor.state()
        && let Err(failure) = batch(state, actor)
    {
        dying::failed(actor, failure);
    }
    if own.has(UNUSUAL | flag::GROWN) {
        after_unusual_turn(actor);
    } else {
        after_turn(actor);
    }
    local.end_turn();
}

/// An actor that has handled fewer messages than this keeps no room for others: most of a crowd, such as the stages of a
/// connection, are told a few things as they begin and then nothing for long.
const NEW: u64 = 16;

/// What keeps an actor from its mailbox after its turn.
const UNUSUAL: u32 = flag::STOPPING | flag::PAUSED | flag::URGENT | flag::DEAD | flag::VACANT;

/// The common case: back into the queue, or idle.
#[inline]
fn after_turn<A: Actor>(actor: &Handle<'_, A>) {
    if actor.mailbox(|mailbox| mailbox.len()) > 0 {
        actor.local.enqueue(actor.cell);
    } else {
        actor.own().clear(flag::SCHEDULED);
    }
}

/// The actor in turn has panicked. Its state may be left half changed: nobody sees it again but `stopping` and `Drop`.
pub(crate) fn panicked<A: Actor>(actor: &Handle<'_, A>, panic: &(dyn Any + Send)) {
    dying::panicked(actor, panic);
    after_unusual_turn(actor);
    actor.local.end_turn();
}

/// The actor stops, pauses, is dead, or has something urgent left; or its mailbox has grown.
#[cold]
#[inline(never)]
fn after_unusual_turn<A: Actor>(actor: &Handle<'_, A>) {
    let own = actor.own();
    if own.has(flag::GROWN) && !own.has(flag::STOPPING | flag::DEAD) {
        own.clear(flag::GROWN);
        let is_new = own.handled.get() < NEW;
        if !(is_new && actor.mailbox(Mailbox::give_back)) {
            actor.local.has_room(actor.cell);
        }
        if !own.has(UNUSUAL) {
            return after_turn(actor);
        }
    }
    if own.has(flag::STOPPING) {
        dying::proceed(actor);
        // What user code that ran as it ended has dropped.
        actor.local.answer_dropped(AskError::Dropped);
    }
    if own.has(flag::URGENT) && !own.has(flag::DEAD | flag::PAUSED | flag::STOPPING | flag::VACANT)
    {
        actor.local.enqueue(actor.cell);
        return;
    }
    own.clear(flag::SCHEDULED);
    if own.has(flag::DEAD) {
        actor.cell.release_life(actor.local);
    }
}

/// The call at the end of a round.
pub(crate) fn deferred<A: Actor>(actor: &Handle<'_, A>) {
    let own = actor.own();
    let is_killed = || actor.local.driver.course().is_some_and(|(course, _)| course.kills.get());
    if own.has(flag::STOPPING | flag::DEAD | flag::VACANT) || is_killed() {
        return;
    }
    actor.local.counters().deferred.add(1);
    actor.local.begin_turn(actor.cell);
    spans::in_turn(actor, || {
        guarded(actor, |state, actor| {
            let outcome = state.deferred(&mut Context::new(*actor));
            waiting::settle(actor.local, actor.cell);
            if outcome.is_ok() {
                actor.local.answer_dropped(AskError::Dropped);
            }
            outcome
        });
    });
    actor.local.end_turn();
    if own.has(flag::STOPPING) {
        if own.has(flag::PAUSED) {
            waiting::stand_up(actor.local, actor.cell);
        }
        actor.local.schedule(actor.cell);
    }
}

/// Runs user code; an error or a panic is a failure of the actor.
fn guarded<A: Actor>(actor: &Handle<'_, A>, code: impl FnOnce(&mut A, &Handle<'_, A>) -> Outcome) {
    let mut state = actor.state();
    let Some(state) = &mut *state else { return };
    // The state may be left half changed by a panic. Nobody sees it again but `stopping` and `Drop`.
    match catch_unwind(AssertUnwindSafe(|| code(state, actor))) {
        Ok(Ok(())) => {}
        Ok(Err(failure)) => dying::failed(actor, failure),
        Err(panic) => {
            dying::panicked(actor, &*panic);
            panics::let_go(panic);
        }
    }
}

/// What is urgent, then a batch of messages.
#[inline]
fn batch<A: Actor>(state: &mut A, actor: &Handle<'_, A>) -> Outcome {
    let (own, local) = (actor.own(), actor.local);
    let mut ctx = Context::new(*actor);
    if local.watched {
        return watched(state, actor, &mut ctx);
    }
    if own.flags.get() & (flag::STARTED | flag::URGENT) != flag::STARTED
        && opening(state, actor, &mut ctx)?
    {
        return Ok(());
    }
    let mut left = actor.mailbox(|mailbox| mailbox.len()).min(local.budget);
    while left > 0 {
        let some = left.min(MESSAGES_PER_LOOK);
        for _ in 0..some {
            let Some(message) = actor.mailbox(|mailbox| mailbox.pop()) else { return Ok(()) };
            if own.has(flag::FULL) {
                fell(actor);
            }
            local.counters().handled.add(1);
            own.count_handled();
            state.receive(message, &mut ctx)?;
            if local.has_attention() && interrupted(actor) {
                return Ok(());
            }
        }
        left -= some;
        if left > 0 && local.round_is_over() {
            break;
        }
    }
    Ok(())
}

/// The same under simulation, where each message is shown before it is handled.
#[cold]
#[inline(never)]
fn watched<A: Actor>(state: &mut A, actor: &Handle<'_, A>, ctx: &mut Context<'_, A>) -> Outcome {
    let (own, local) = (actor.own(), actor.local);
    let Some((course, _)) = local.driver.course() else { return Ok(()) };
    if course.kills.get() {
        return Ok(());
    }
    if !own.has(flag::STARTED) {
        sighting::show_start(actor);
    }
    if own.flags.get() & (flag::STARTED | flag::URGENT) != flag::STARTED
        && opening(state, actor, ctx)?
    {
        return Ok(());
    }
    let queued = actor.mailbox(|mailbox| mailbox.len());
    for _ in 0..queued.min(local.budget).min(course.batch()) {
        let Some(message) = actor.mailbox(|mailbox| mailbox.pop()) else { break };
        if own.has(flag::FULL) {
            fell(actor);
        }
        local.counters().handled.add(1);
        own.count_handled();
        sighting::show_message(actor, &message);
        state.receive(message, ctx)?;
        if is_over(actor) {
            break;
        }
    }
    Ok(())
}

/// What comes before the mailbox: the start, and what is urgent. True if the turn is over.
#[cold]
#[inline(never)]
fn opening<A: Actor>(
    state: &mut A,
    actor: &Handle<'_, A>,
    ctx: &mut Context<'_, A>,
) -> Result<bool, Failure> {
    let own = actor.own();
    if !own.has(flag::STARTED) {
        own.set(flag::STARTED);
        state.started(ctx)?;
        say_started(actor);
        if is_over(actor) {
            return Ok(true);
        }
    }
    if own.has(flag::URGENT) { urgent(state, actor, ctx) } else { Ok(false) }
}

/// Timers that are due and sources that are ready, as many as there were. True if the turn is over.
fn urgent<A: Actor>(
    state: &mut A,
    actor: &Handle<'_, A>,
    ctx: &mut Context<'_, A>,
) -> Result<bool, Failure> {
    let local = actor.local;
    if actor.own().has(flag::UNTOLD) {
        if let Some(phase) = drainer::next_phase_to_tell(local, actor.cell) {
            state.draining(phase, ctx)?;
        }
        drainer::told(local, actor.cell);
        if local.has_attention() && interrupted(actor) {
            return Ok(true);
        }
    }
    while let Some(gone) = next_failed_child(actor) {
        state.child_failed(&gone, ctx)?;
        if local.has_attention() && interrupted(actor) {
            return Ok(true);
        }
    }
    let Some(hooks) = actor.front().hooks_if_any(local) else {
        actor.own().clear(flag::URGENT);
        return Ok(false);
    };
    let waiting = hooks.borrow().urgent_len();
    let mut over = false;
    for _ in 0..waiting {
        let Some(message) = hooks::next_urgent(actor) else { break };
        // Only now is it a message.
        local.counters().sent.add(1);
        actor.own().count_sent();
        local.counters().handled.add(1);
        actor.own().count_handled();
        if local.watched {
            sighting::show_message(actor, &message);
        }
        state.receive(message, ctx)?;
        if is_over(actor) {
            over = true;
            break;
        }
    }
    // What comes out of the stash comes before the mailbox: as long as there is some, the mailbox waits.
    let unstashed = hooks.borrow().unstashed_len();
    for _ in 0..unstashed.min(local.budget) {
        if over {
            break;
        }
        let Some(message) = hooks.borrow_mut().next_unstashed() else { break };
        local.counters().handled.add(1);
        actor.own().count_handled();
        if local.watched {
            sighting::show_message(actor, &message);
        }
        state.receive(message, ctx)?;
        over = is_over(actor);
    }
    let hooks = hooks.borrow();
    if !hooks.is_urgent() && !has_failed_child(actor) {
        actor.own().clear(flag::URGENT);
    }
    Ok(over || hooks.unstashed_len() > 0)
}

/// Whether messages came out of the stash: they go before the rest of the mailbox.
fn has_unstashed<A: Actor>(actor: &Handle<'_, A>) -> bool {
    let hooks = actor.front().hooks_if_any(actor.local);
    hooks.is_some_and(|hooks| hooks.borrow().unstashed_len() > 0)
}

/// A child that failed and that the actor has not been told of.
fn next_failed_child<A: Actor>(actor: &Handle<'_, A>) -> Option<Terminated> {
    let mut extras = actor.own().extras_if_any()?.borrow_mut();
    extras.rare_if_any()?.failed_children.pop_front()
}

fn has_failed_child<A: Actor>(actor: &Handle<'_, A>) -> bool {
    let extras = actor.own().extras_if_any();
    extras.is_some_and(|extras| !extras.borrow().failed_children.is_empty())
}

/// The actor has started: its supervisor may be waiting for that.
fn say_started<A: Actor>(actor: &Handle<'_, A>) {
    let own = actor.own();
    if own.has(flag::AWAITED)
        && let Some(parent) = &actor.cell.header().parent
    {
        own.clear(flag::AWAITED);
        // Not from within this turn: the next child may be built at once.
        Parcel::ChildUp(actor.cell.clone()).post(parent);
    }
}

/// Whether the turn is over after what was just handled: something wants attention, or a simulation has the loop stand still.
fn is_over<A: Actor>(actor: &Handle<'_, A>) -> bool {
    let local = actor.local;
    let is_stalled = || local.driver.course().is_some_and(|(course, _)| course.is_stalled());
    (local.has_attention() && interrupted(actor)) || (local.watched && is_stalled())
}

/// Something wants attention between two messages. True if the turn is over.
#[cold]
#[inline(never)]
fn interrupted<A: Actor>(actor: &Handle<'_, A>) -> bool {
    let paused = waiting::settle(actor.local, actor.cell);
    let own = actor.own();
    let failed = own.has(flag::STOPPING) && dying::reason_of(actor).is_failure();
    actor.local.answer_dropped(if failed { AskError::Failed } else { AskError::Dropped });
    paused || own.has(flag::STOPPING) || (own.has(flag::URGENT) && has_unstashed(actor))
}

/// A message was taken from a full mailbox: at the low mark its senders go on.
#[cold]
#[inline(never)]
fn fell<A: Actor>(actor: &Handle<'_, A>) {
    let low = actor.cell.header().low;
    if actor.mailbox(|mailbox| mailbox.at_low(low)) {
        actor.own().clear(flag::FULL);
        waiting::refresh(actor.local, actor.cell);
    }
}
