//! What travels to a loop through its inbox, and what the loop does with each.
//!
//! Sent with [`Home::post`](crate::home::Home::post), opened by [`event_loop`](crate::event_loop). Everything that
//! one loop or thread wants of another's actors comes this way, so that it keeps its order: a wait record comes after
//! the messages that made its sender wait.

use crate::cell::{CellRef, Grave};
use crate::describe::{Answer, Question};
use crate::dying;
use crate::envelope::Envelope;
use crate::exit::ExitReason;
use crate::extras::{Waiter, Watcher};
use crate::local::Local;
use crate::metrics::Pause;
use crate::waiting;
use crate::watch;

/// What travels through an inbox.
pub(crate) enum Parcel {
    /// A message, or the answer to an ask.
    Message(Envelope),
    /// Work that must be done on this loop: mostly, build an actor.
    Run(Box<dyn FnOnce(&Local) + Send>),
    /// Somebody waits until `on`, which lives here, is no longer over.
    Wait { who: Waiter, on: CellRef },
    /// The wait of an actor that lives here is over.
    Resume(CellRef),
    /// Somebody wants an actor that lives here to stop.
    Stop(CellRef, ExitReason),
    /// A child of an actor that lives here has ended.
    ChildGone { parent: CellRef, slot: u32 },
    /// Somebody wants to be told when `cell` ends.
    Watch { cell: CellRef, watcher: Watcher },
    /// Or no longer.
    Unwatch { cell: CellRef, id: u64 },
    /// The last reference to a cell that lives here has gone; everything sent to it came before.
    Orphan(Grave),
    /// A request waits in the loop's control channel.
    Control,
}

impl Parcel {
    /// Does what the parcel asks for, on the loop that it was sent to.
    #[inline]
    pub(crate) fn open(self, local: &Local) {
        match self {
            Self::Message(envelope) => envelope.open(local),
            Self::Run(work) => work(local),
            Self::Wait { who, on } => waiting::wait_requested(local, who, &on),
            Self::Resume(cell) => waiting::resumed(local, &cell),
            Self::Stop(cell, reason) => dying::stop(local, &cell, reason),
            Self::ChildGone { parent, slot } => dying::child_gone(local, &parent, slot),
            Self::Watch { cell, watcher } => watch::watch(local, &cell, watcher),
            Self::Unwatch { cell, id } => watch::unwatch(local, &cell, id),
            Self::Orphan(grave) => drop(grave),
            Self::Control => {}
        }
    }

    /// Sends it to the loop of `cell`, or opens it at once if that is this one. Lost if that loop has ended.
    pub(crate) fn send(self, cell: &CellRef) {
        match Local::current(cell.home()) {
            Some(local) => self.open(&local),
            // An ended loop has no actors left to wait, resume, stop or be told. Whoever watches one is told from here.
            None => {
                if let Err(Self::Watch { watcher, .. }) = cell.header().home.post(self) {
                    watch::tell(&watcher, cell, ExitReason::Shutdown);
                }
            }
        }
    }
}

/// A request to a loop that is not for an actor.
pub(crate) enum Control {
    /// Stop every actor, then return.
    End,
    /// Who waits on whom here?
    Pauses(flume::Sender<Vec<Pause>>),
    /// How are these actors?
    Describe(Vec<Question>, flume::Sender<Vec<Answer>>),
}
