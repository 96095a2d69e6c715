//! What a loop says of its actors when it is asked: the answers that trees are put together from.
//!
//! Asked by [`tree`](crate::tree), through [`Control`](crate::parcel::Control) or directly on the loop's thread. It changes
//! nothing, runs no user code, and holds the loop for one [`PAGE`] at most.

use std::time::Duration;

use crate::actor::Actor;
use crate::cell::{CellRef, Handle};
use crate::extras::WaitsOn;
use crate::hooks;
use crate::ledger::Ledger;
use crate::local::Local;
use crate::own::flag;

/// Most questions of one request, and most places of children that are looked at for one.
pub(crate) const PAGE: usize = 1024;

/// What is asked of a loop.
pub(crate) struct Question {
    /// An actor of the loop; `None` for those without a parent.
    pub(crate) cell: Option<CellRef>,
    /// Its children, from this place on.
    pub(crate) from: usize,
}

/// What the loop says.
pub(crate) struct Answer {
    pub(crate) description: Option<Description>,
    pub(crate) children: Vec<CellRef>,
    /// Where to go on, if these are not all.
    pub(crate) more: Option<usize>,
}

/// An actor as its loop sees it.
pub(crate) struct Description {
    pub(crate) condition: Condition,
    pub(crate) queued: usize,
    pub(crate) ledger: Ledger,
    pub(crate) paused: Duration,
    pub(crate) held: Held,
}

/// What an actor is about.
pub(crate) enum Condition {
    Idle,
    Runnable,
    Running,
    Paused { on: WaitsOn, waited: Duration },
    Stopping,
    Resting,
    Ended,
}

/// What an actor holds beside its mailbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Held {
    /// Timers.
    pub timers: usize,
    /// Timers that keep the runtime alive.
    pub kept_timers: usize,
    /// Timers that keep the runtime alive and fire once.
    pub oneshots: usize,
    /// Questions that have no answer yet.
    pub asks: usize,
    /// I/O sources: sockets, signals.
    pub sources: usize,
    /// I/O sources that keep the runtime alive.
    pub kept_sources: usize,
    /// Pressure guards.
    pub guards: usize,
    /// Children that wait to be built anew.
    pub restarts: usize,
    /// Whether it is [expecting](crate::Context::set_expecting) something from outside of the runtime.
    pub expecting: bool,
    /// Whether it has something to finish, and so is [unfinished](crate::Context::set_unfinished).
    pub unfinished: bool,
}

/// Answers a request on the loop that it is for.
pub(crate) fn answer(local: &Local, questions: Vec<Question>) -> Vec<Answer> {
    let mut slots = PAGE;
    let mut answers = Vec::with_capacity(questions.len());
    for Question { cell, from } in questions {
        // Whoever asks for a later page has the description already.
        let description = cell.as_ref().filter(|_| from == 0).map(|cell| describe(local, cell));
        let mut children = Vec::new();
        let more = match &cell {
            None => local.top.borrow().page(from, &mut slots, &mut children),
            Some(cell) => cell
                .own(local)
                .extras_if_any()
                .and_then(|extras| extras.borrow().children.page(from, &mut slots, &mut children)),
        };
        answers.push(Answer { description, children, more });
    }
    answers
}

fn describe(local: &Local, cell: &CellRef) -> Description {
    let own = cell.own(local);
    let extras = own.extras_if_any().map(|extras| extras.borrow());
    let wait = extras.as_ref().and_then(|extras| extras.waits_on.as_ref());
    let waited = wait.map_or(Duration::ZERO, |wait| local.now() - wait.since);
    let condition = match wait {
        _ if own.has(flag::DEAD) => Condition::Ended,
        _ if local.is_in_turn(cell) => Condition::Running,
        _ if own.has(flag::STOPPING) => Condition::Stopping,
        _ if own.has(flag::VACANT) => Condition::Resting,
        Some(wait) => Condition::Paused { on: wait.on.clone(), waited },
        None if own.has(flag::SCHEDULED) => Condition::Runnable,
        None => Condition::Idle,
    };
    let paused = extras.as_ref().map_or(0, |extras| extras.paused_nanos);
    let mut held = (cell.ops().held)(cell, local);
    held.expecting = own.has(flag::EXPECTING);
    held.unfinished = own.has(flag::UNFINISHED);
    if let Some(extras) = &extras {
        held.guards = extras.guards.len();
        held.restarts = extras.restarts.len();
    }
    Description {
        condition,
        queued: (cell.ops().backlog)(cell, local),
        ledger: own.ledger(),
        paused: Duration::from_nanos(paused) + waited,
        held,
    }
}

/// What an actor's hooks hold.
pub(crate) fn held<A: Actor>(actor: &Handle<'_, A>) -> Held {
    let hooks = actor.front().hooks_if_any(actor.local);
    hooks.map_or_else(Held::default, |hooks| hooks::held(&hooks.borrow()))
}
