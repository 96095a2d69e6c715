//! Being told of an actor's end.
//!
//! [`Context::watch`](crate::Context::watch) enters a watcher; [`dying`](crate::dying) tells it, exactly once, after
//! everything that the actor sent. Watching an actor that is gone tells at once.

use crate::cell::CellRef;
use crate::dying;
use crate::exit::{ExitReason, Terminated};
use crate::extras::Watcher;
use crate::local::Local;
use crate::own::flag;

/// Names a watch, for [`Context::unwatch`](crate::Context::unwatch).
#[derive(Clone, Debug)]
pub struct Watch {
    pub(crate) cell: CellRef,
    pub(crate) id: u64,
}

/// Enters a watcher, on the watched actor's loop.
pub(crate) fn watch(local: &Local, cell: &CellRef, watcher: Watcher) {
    let own = cell.own(local);
    if own.has(flag::DEAD) {
        let reason = own
            .extras_if_any()
            .and_then(|extras| extras.borrow().reason.clone())
            .unwrap_or(ExitReason::Normal);
        tell(&watcher, cell, reason);
    } else {
        own.extras().borrow_mut().watchers.push(watcher);
    }
}

/// Tells a watcher. The function that makes its message is its own: a panic there harms nobody else.
pub(crate) fn tell(watcher: &Watcher, cell: &CellRef, reason: ExitReason) {
    let (id, path) = (cell.header().id, dying::path_of(cell));
    dying::carefully(cell, "telling a watcher", || {
        watcher.tell.complete(Terminated { id, path, reason });
    });
}

/// Removes a watcher, on the watched actor's loop.
pub(crate) fn unwatch(local: &Local, cell: &CellRef, id: u64) {
    if let Some(extras) = cell.own(local).extras_if_any() {
        let mut extras = extras.borrow_mut();
        if let Some(at) = extras.watchers.iter().position(|watcher| watcher.id == id) {
            let watcher = extras.watchers.remove(at);
            drop(extras);
            drop(watcher);
        }
    }
}
