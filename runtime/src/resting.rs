//! A supervised actor between two lives: without its state, with its address and its mailbox.
//!
//! [`dying`](crate::dying) lets it rest instead of burying it; its supervisor decides
//! ([`supervising`](crate::supervising)) whether and when it is built anew, or that it ends for good.
//!
//! | survives | does not |
//! |---|---|
//! | address, mailbox, stash, names, watchers, who waits for it | state, children, timers, sources, asks, jobs, guards, links, waits, its own watches, who watches this life |
//!
//! The message in hand, if it was one that made it fail, has been handled.

use crate::actor::Actor;
use crate::cell::{CellRef, Handle};
use crate::dying;
use crate::exit::ExitReason;
use crate::extras::{Supervised, Then};
use crate::hooks;
use crate::local::Local;
use crate::own::flag;
use crate::parcel::Parcel;
use crate::supervision::Restart;
use crate::waiting;
use crate::watch;

/// Whether an actor that has stopped is to rest rather than end.
pub(crate) fn wants_rest(local: &Local, cell: &CellRef) -> bool {
    let Some(extras) = cell.own(local).extras_if_any() else { return false };
    let extras = extras.borrow();
    let Some(supervised) = &extras.supervised else { return false };
    match extras.then {
        Some(Then::Rest) => true,
        Some(Then::End) => false,
        None => match supervised.restart {
            Restart::Permanent => true,
            Restart::Transient => extras.reason.as_deref().is_some_and(ExitReason::is_failure),
            Restart::Temporary => false,
        },
    }
}

/// Takes the actor out of its cell; its supervisor is told.
pub(crate) fn rest<A: Actor>(actor: &Handle<'_, A>) {
    let Handle { cell, local, .. } = *actor;
    let own = actor.own();
    let state = actor.state().take();
    dying::carefully(cell, "dropping its state", || drop(state));
    for timer in hooks::clear(actor) {
        dying::carefully(cell, "dropping a timer", || drop(timer));
    }
    dying::settle(actor);
    watch::life_ends(own, cell, &dying::reason_of(actor));
    own.clear(flag::STOPPING | flag::STOPPED | flag::KILLED | flag::STARTED);
    own.clear(flag::URGENT | flag::DEFERRED | flag::TOLD_ACCEPT | flag::TOLD_READ);
    own.set(flag::VACANT);
    hooks::unstash(actor);
    waiting::refresh(local, cell);
    local.take_noted();
    own.extras().borrow_mut().then = None;
    if let Some(parent) = &cell.header().parent {
        let (child, slot) = (cell.clone(), own.child_slot.get());
        // Not from within this turn: the answer may be to build it anew at once.
        Parcel::ChildRests { child, slot, reason: dying::reason_of(actor) }.post(parent);
    }
}

/// Builds the actor anew, on its loop.
pub(crate) fn rebuild(local: &Local, cell: &CellRef) {
    let own = cell.own(local);
    if own.has(flag::DEAD) || !own.has(flag::VACANT) {
        return;
    }
    own.clear(flag::VACANT);
    own.set(flag::AWAITED);
    cell.set_winding_down(false);
    own.extras().borrow_mut().reason = None;
    build(local, cell);
}

/// Calls the function that builds it; its panic is a failure of the actor.
pub(crate) fn build(local: &Local, cell: &CellRef) {
    // Taken out while it runs: it is the user's.
    let Some(mut supervised) = take_build(local, cell) else { return };
    (supervised.build)(local, cell);
    cell.own(local).extras().borrow_mut().supervised = Some(supervised);
}

/// Takes out what builds the actor.
pub(crate) fn take_build(local: &Local, cell: &CellRef) -> Option<Box<Supervised>> {
    cell.own(local).extras_if_any()?.borrow_mut().supervised.take()
}

/// Somebody wants a resting actor to stop: for good, if it is its supervisor or if it would not be built anew for having
/// been stopped.
pub(crate) fn give_up(local: &Local, cell: &CellRef, then: Option<Then>) {
    let own = cell.own(local);
    let permanent = || {
        let extras = own.extras().borrow();
        extras.supervised.as_ref().is_some_and(|child| child.restart == Restart::Permanent)
    };
    match then {
        Some(Then::Rest) => return,
        None if permanent() => return,
        None | Some(Then::End) => {}
    }
    own.clear(flag::VACANT);
    own.set(flag::STOPPING);
    own.extras().borrow_mut().then = Some(Then::End);
    local.schedule(cell);
}
