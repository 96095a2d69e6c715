//! Being told of an actor's end.
//!
//! [`Context::watch`](crate::Context::watch) enters a watcher; [`dying`](crate::dying) tells it, exactly once, after
//! everything that the actor sent. Watching an actor that is gone tells at once.

use crate::cell::CellRef;
use crate::dying;
use crate::exit::{ExitReason, Terminated};
use crate::extras::Watcher;
use crate::local::Local;
use crate::own::Own;
use crate::own::flag;
use crate::parcel::Parcel;

/// Names a watch, for [`Context::unwatch`](crate::Context::unwatch).
#[derive(Clone, Debug)]
pub struct Watch {
    pub(crate) cell: CellRef,
    pub(crate) id: u64,
}

/// The actor watches another. Only one that is supervised has to know: see [`end_all`].
pub(crate) fn note(own: &Own, watch: &Watch) {
    let Some(extras) = own.extras_if_any() else { return };
    let mut extras = extras.borrow_mut();
    if extras.supervised.is_none() {
        return;
    }
    let watching = &mut extras.watching;
    if watching.len() == watching.capacity() {
        // Those that have ended have been told of, or will be.
        watching.retain(|watch| !watch.cell.is_dead());
        let room = watching.len().max(8);
        watching.reserve(room);
    }
    watching.push(watch.clone());
}

/// The actor takes a watch back.
pub(crate) fn forget(own: &Own, id: u64) {
    let Some(extras) = own.extras_if_any() else { return };
    let mut extras = extras.borrow_mut();
    if let Some(at) = extras.watching.iter().position(|watch| watch.id == id) {
        let watch = extras.watching.swap_remove(at);
        drop(extras);
        drop(watch);
    }
}

/// The actor's life ends, and with it its watches. (OTP: monitors go with their process.)
pub(crate) fn end_all(own: &Own) {
    let Some(extras) = own.extras_if_any() else { return };
    let watching = extras.borrow_mut().rare_if_any().map(|rare| std::mem::take(&mut rare.watching));
    for Watch { cell, id } in watching.into_iter().flatten() {
        Parcel::Unwatch { cell: cell.clone(), id }.send(&cell);
    }
}

/// Enters a watcher, on the watched actor's loop.
pub(crate) fn watch(local: &Local, cell: &CellRef, watcher: Watcher) {
    let own = cell.own(local);
    let lives = own.extras_if_any().map_or(0, |extras| extras.borrow().lives);
    if own.has(flag::DEAD) || watcher.life.is_some_and(|life| life != lives) {
        let reason = own
            .extras_if_any()
            .and_then(|extras| extras.borrow().reason.as_deref().cloned())
            .unwrap_or(ExitReason::Normal);
        tell(watcher, cell, reason);
    } else {
        let watchers = &mut own.extras().borrow_mut().watchers;
        if watchers.len() < 2 {
            // Mostly it is a parent, or one more.
            watchers.reserve_exact(1);
        }
        watchers.push(watcher);
    }
}

/// A life of the actor has ended, and another may begin: tells those who watch that life only.
pub(crate) fn life_ends(own: &Own, cell: &CellRef, reason: &ExitReason) {
    let Some(extras) = own.extras_if_any() else { return };
    let watchers = {
        let mut extras = extras.borrow_mut();
        extras.lives = extras.lives.wrapping_add(1);
        let mut staying = Vec::new();
        let mut told = Vec::new();
        for watcher in std::mem::take(&mut extras.watchers) {
            if watcher.life.is_some() { &mut told } else { &mut staying }.push(watcher);
        }
        extras.watchers = staying;
        told
    };
    for watcher in watchers {
        tell(watcher, cell, reason.clone());
    }
}

/// Tells a watcher. The function that makes its message is its own: a panic there, or in the drop of what it has
/// captured, harms nobody else.
pub(crate) fn tell(watcher: Watcher, cell: &CellRef, reason: ExitReason) {
    let (id, path) = (cell.header().id, dying::path_of(cell));
    dying::carefully(cell, "telling a watcher", || {
        watcher.tell.complete(Terminated { id, path, reason });
    });
    let_go(watcher, cell);
}

fn let_go(watcher: Watcher, cell: &CellRef) {
    dying::carefully(cell, "dropping a watch", move || drop(watcher));
}

/// Removes a watcher, on the watched actor's loop.
pub(crate) fn unwatch(local: &Local, cell: &CellRef, id: u64) {
    if let Some(extras) = cell.own(local).extras_if_any() {
        let mut extras = extras.borrow_mut();
        if let Some(at) = extras.watchers.iter().position(|watcher| watcher.id == id) {
            let watcher = extras.watchers.remove(at);
            drop(extras);
            let_go(watcher, cell);
        }
    }
}
