//! How an actor ends: children first, then `stopping`, then its state, then what waits for it.
//!
//! Called by [`turn`](crate::turn) and by whatever wants an actor to stop. All user code (`stopping`, `Drop`) runs
//! inside the dying actor's own turn, with panics caught.
//!
//! | state | flags | next |
//! |---|---|---|
//! | told | `STOPPING` | its turn: the youngest child is told, and so on, one at a time |
//! | alone | `STOPPING`, no children | `stopping` |
//! | rests | `VACANT` | supervised, and to be built anew: see [`resting`](crate::resting) |
//! | buried | `DEAD` | sends fail; mailbox, timers, sources, names, waits and watchers are settled; the parent is told |
//!
//! An actor that did not stop in time is `KILLED`: it is buried in its next turn, whatever it was waiting for.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::actor::{Actor, Failure};
use crate::cell::{CellRef, Handle};
use crate::context::Context;
use crate::dead_letter;
use crate::drainer;
use crate::exit::ExitReason;
use crate::extras::Then;
use crate::happening;
use crate::hooks;
use crate::ledger::DeadLetterReason;
use crate::linking;
use crate::local::Local;
use crate::own::flag;
use crate::panics;
use crate::parcel::Parcel;
use crate::reply::AskError;
use crate::resting;
use crate::supervising;
use crate::waiting;
use crate::watch;

/// Tells an actor of this loop to stop. Its parent says what becomes of it `then`; without a word, its kind of restart.
pub(crate) fn stop(local: &Local, cell: &CellRef, reason: ExitReason, then: Option<Then>) {
    let own = cell.own(local);
    if own.has(flag::DEAD) {
        return;
    }
    if own.has(flag::VACANT) {
        return resting::give_up(local, cell, then);
    }
    if !own.has(flag::STOPPING) && reason != ExitReason::Normal {
        own.extras().borrow_mut().reason = Some(Box::new(reason));
    }
    if then.is_some() {
        let mut extras = own.extras().borrow_mut();
        // What ends for good stays so.
        if extras.then != Some(Then::End) {
            extras.then = then;
        }
    }
    begin_to_stop(local, cell);
}

/// An actor of this loop did not stop in time, or is not to be told: it ends without further ado, or rests.
pub(crate) fn kill(local: &Local, cell: &CellRef, then: Then) {
    let own = cell.own(local);
    if own.has(flag::DEAD) || (then == Then::Rest && own.has(flag::VACANT)) {
        return;
    }
    {
        let mut extras = own.extras().borrow_mut();
        extras.reason = Some(Box::new(ExitReason::Killed));
        if extras.then != Some(Then::End) {
            extras.then = Some(then);
        }
    }
    own.clear(flag::VACANT);
    own.set(flag::KILLED);
    begin_to_stop(local, cell);
}

fn begin_to_stop(local: &Local, cell: &CellRef) {
    let own = cell.own(local);
    own.set(flag::STOPPING);
    if own.has(flag::PAUSED) {
        waiting::stand_up(local, cell);
    }
    local.call_attention();
    local.schedule(cell);
}

/// A handler returned an error.
#[cold]
#[inline(never)]
pub(crate) fn failed<A: Actor>(actor: &Handle<'_, A>, failure: Failure) {
    let Handle { cell, local, .. } = *actor;
    fail(actor, ExitReason::Failed(Arc::from(failure.to_string())));
    if local.root.get() == Some(cell.header().id) {
        // Whoever has started the run is told the error itself.
        *local.root_failure.borrow_mut() = Some(failure);
    }
}

/// A handler panicked.
pub(crate) fn panicked<A: Actor>(actor: &Handle<'_, A>, panic: &(dyn Any + Send)) {
    note_panic(actor.local, actor.cell, panic);
    fail(actor, ExitReason::Panicked(Arc::from(panic_text(panic))));
}

/// A simulation is told of every panic, whatever becomes of it.
fn note_panic(local: &Local, cell: &CellRef, panic: &(dyn Any + Send)) {
    if let Some((course, host)) = local.driver.course() {
        course.note_panic(host, || path_of(cell), panic_text(panic));
    }
}

fn fail<A: Actor>(actor: &Handle<'_, A>, reason: ExitReason) {
    let Handle { cell, local, .. } = *actor;
    // Noted by this actor, if it is the one in turn: an asker may fail in another's.
    local.counters().failures.add(1);
    if local.is_in_turn(cell) {
        local.take_noted();
        local.answer_dropped(AskError::Failed);
    }
    set_failed(local, cell, reason);
}

/// An actor of this loop fails for a reason that is not of its own code: its children's, or one it is linked with.
pub(crate) fn fail_from_outside(local: &Local, cell: &CellRef, reason: ExitReason) {
    if cell.own(local).has(flag::DEAD | flag::STOPPING | flag::VACANT) {
        return;
    }
    set_failed(local, cell, reason);
    local.schedule(cell);
}

fn set_failed(local: &Local, cell: &CellRef, reason: ExitReason) {
    let own = cell.own(local);
    if local.root.get() == Some(cell.header().id) {
        // It is returned to whoever runs the root.
        tracing::debug!(path = %path_of(cell), %reason, "the root failed");
    } else {
        tracing::error!(path = %path_of(cell), %reason, "an actor failed");
    }
    local.call_attention();
    own.extras().borrow_mut().reason = Some(Box::new(reason));
    own.set(flag::STOPPING);
    if own.has(flag::PAUSED) {
        waiting::stand_up(local, cell);
    }
}

pub(crate) use crate::panics::text_of as panic_text;

/// Runs a function of an actor of this loop that is not part of a turn; its panic is a failure of the actor.
pub(crate) fn on_behalf<A: Actor, R>(actor: &Handle<'_, A>, code: impl FnOnce() -> R) -> Option<R> {
    match actor.local.on_errand(actor.cell, || catch_unwind(AssertUnwindSafe(code))) {
        Ok(result) => Some(result),
        Err(panic) => {
            panicked(actor, &*panic);
            panics::let_go(panic);
            actor.local.schedule(actor.cell);
            None
        }
    }
}

/// One step of an ending actor's way, in its turn.
pub(crate) fn proceed<A: Actor>(actor: &Handle<'_, A>) {
    let own = actor.own();
    if own.has(flag::DEAD) {
        return;
    }
    if own.has(flag::KILLED) {
        supervising::kill_children(actor.local, actor.cell);
        return end(actor);
    }
    if supervising::end_youngest(actor.local, actor.cell) {
        return;
    }
    if !own.has(flag::STOPPED) {
        own.set(flag::STOPPED);
        say_stopping(actor);
        if supervising::end_youngest(actor.local, actor.cell) {
            return;
        }
    }
    end(actor);
}

fn end<A: Actor>(actor: &Handle<'_, A>) {
    if resting::wants_rest(actor.local, actor.cell) {
        resting::rest(actor);
    } else {
        bury(actor);
    }
}

pub(crate) fn reason_of<A: Actor>(actor: &Handle<'_, A>) -> ExitReason {
    let extras = actor.own().extras_if_any();
    extras
        .and_then(|extras| extras.borrow().reason.as_deref().cloned())
        .unwrap_or(ExitReason::Normal)
}

fn say_stopping<A: Actor>(actor: &Handle<'_, A>) {
    if !actor.own().has(flag::STARTED) {
        return;
    }
    let mut state = actor.state();
    let Some(state) = &mut *state else { return };
    let why = reason_of(actor);
    carefully(actor.cell, "stopping", || state.stopping(&why, &mut Context::new(*actor)));
    actor.local.take_noted();
    actor.local.answer_dropped(if why.is_failure() { AskError::Failed } else { AskError::Dropped });
}

/// Runs user code of an ending actor: a panic is logged and changes nothing.
pub(crate) fn carefully(cell: &CellRef, doing: &str, code: impl FnOnce()) {
    let code = || catch_unwind(AssertUnwindSafe(code));
    let result = match Local::current(cell.home()) {
        Some(local) => local.on_errand(cell, code),
        None => code(),
    };
    if let Err(panic) = result {
        let text = panic_text(&*panic);
        tracing::error!(path = %path_of(cell), doing, text, "an ending actor panicked");
        if let Some(local) = Local::current(cell.home()) {
            note_panic(&local, cell, &*panic);
        }
        panics::let_go(panic);
    }
}

fn bury<A: Actor>(actor: &Handle<'_, A>) {
    let Handle { cell, local, .. } = *actor;
    let own = actor.own();
    // Dead first, so that a send from a `Drop` below fails instead of being accepted.
    own.set(flag::DEAD);
    cell.set_dead();
    let state = actor.state().take();
    carefully(cell, "dropping its state", || drop(state));
    if let Some(build) = resting::take_build(local, cell) {
        carefully(cell, "dropping what builds it", || drop(build));
    }
    for message in actor.front().take_stashed(local) {
        dead_letter::dead_letter(local, cell, message, DeadLetterReason::ReceiverEnded);
    }
    while let Some(message) = actor.mailbox(|mailbox| mailbox.pop()) {
        dead_letter::dead_letter(local, cell, message, DeadLetterReason::ReceiverEnded);
    }
    dead_letter::close_books(local, cell);
    for timer in hooks::clear(actor) {
        carefully(cell, "dropping a timer", || drop(timer));
    }
    own.clear(flag::URGENT | flag::FULL);
    local.needs_no_room(cell);
    settle(actor);
    if let Some(extras) = own.extras_if_any() {
        let names = extras.borrow_mut().rare_if_any().map(|rare| std::mem::take(&mut rare.names));
        for name in names.unwrap_or_default() {
            local.home.world.registry.forget(&name, cell.header().id);
        }
    }
    waiting::refresh(local, cell);
    local.take_noted();
    tell(actor);
}

/// Takes back what the actor has asked of others: its waits and its guards; answers what it has left unanswered; and
/// tells those that are linked with it.
pub(crate) fn settle<A: Actor>(actor: &Handle<'_, A>) {
    let Handle { cell, local, .. } = *actor;
    let own = actor.own();
    if own.has(flag::PAUSED) {
        waiting::stand_up(local, cell);
    }
    watch::end_all(own);
    drainer::told(local, cell);
    drainer::set_unfinished(local, cell, false);
    local.set_expecting(cell, false);
    let reason = reason_of(actor);
    local.answer_dropped(if reason.is_failure() { AskError::Failed } else { AskError::Dropped });
    let Some(extras) = own.extras_if_any() else { return };
    let (timers, targets, links) = {
        let mut extras = extras.borrow_mut();
        let Some(rare) = extras.rare_if_any() else { return };
        if let Some(wards) = &mut rare.wards {
            wards.reset();
        }
        let mut timers: Vec<_> = rare.guards.drain().collect();
        timers.extend(std::mem::take(&mut rare.restarts).into_values());
        rare.failed_children.clear();
        (timers, std::mem::take(&mut rare.targets), std::mem::take(&mut rare.links))
    };
    drop(targets);
    for key in timers {
        local.disarm(key);
        local.unkeep();
    }
    linking::tell(cell, links, &reason);
}

/// Tells watchers and the parent, last.
fn tell<A: Actor>(actor: &Handle<'_, A>) {
    let Handle { cell, local, .. } = *actor;
    let own = actor.own();
    let id = cell.header().id;
    if local.home.dedicated {
        local.home.bury(id, reason_of(actor));
    }
    let watchers = own
        .extras_if_any()
        .map(|extras| std::mem::take(&mut extras.borrow_mut().watchers))
        .unwrap_or_default();
    for watcher in watchers {
        watch::tell(watcher, cell, reason_of(actor));
    }
    local.take_noted();
    local.population.set(local.population.get() - 1);
    local.home.load.fetch_sub(1, Ordering::Relaxed);
    let slot = own.child_slot.get();
    match &cell.header().parent {
        Some(parent) => {
            let (child, reason) = (cell.clone(), reason_of(actor));
            Parcel::ChildGone { child, slot, reason }.send(parent);
        }
        None => {
            let top = local.top.borrow_mut().remove(slot);
            drop(top);
            happening::child_failed(cell, &reason_of(actor));
            if local.root.get() == Some(id) {
                *local.root_exit.borrow_mut() = Some(reason_of(actor));
                local.home.world.end();
            }
        }
    }
}

/// Where an actor stands in the tree: the names from the top to it.
pub(crate) fn path_of(cell: &CellRef) -> String {
    let mut names = Vec::new();
    let mut at = Some(cell);
    while let Some(cell) = at {
        names.push(name_of(cell));
        at = cell.header().parent.as_ref();
    }
    names.iter().rev().fold(String::new(), |path, name| path + "/" + name)
}

/// The last part of an actor's path.
pub(crate) fn name_of(cell: &CellRef) -> String {
    let header = cell.header();
    match &header.name {
        Some(name) => name.to_string(),
        None => default_name((cell.ops().actor_name)(), header.id.0 & 0xffff_ffff_ffff),
    }
}

/// `my_crate::session::Session<Tcp>`, 17 → `session-17`.
fn default_name(type_name: &str, number: u64) -> String {
    let plain = type_name.split('<').next().unwrap_or(type_name);
    let short = plain.rsplit("::").next().unwrap_or(plain);
    format!("{}-{number}", short.to_lowercase())
}
