//! What travels to a loop through its inbox, and what the loop does with each.
//!
//! Sent with [`Home::post`](crate::home::Home::post), opened by [`event_loop`](crate::event_loop). Everything that
//! one loop or thread wants of another's actors comes this way, so that it keeps its order: a wait record comes after
//! the messages that made its sender wait.

use std::sync::Arc;

use crate::cell::{CellRef, Grave};
use crate::describe::{Answer, Question};
use crate::drain::{Drain, DrainReport};
use crate::drainer;
use crate::dying;
use crate::envelope::Envelope;
use crate::exit::ExitReason;
use crate::extras::{Then, Waiter, Watcher};
use crate::hooks::SourceId;
use crate::job::Homing;
use crate::linking;
use crate::local::Local;
use crate::metrics::Pause;
use crate::panics::Duty;
use crate::poller::Readiness;
use crate::resting;
use crate::supervising;
use crate::waiting;
use crate::watch;

/// What travels through an inbox.
pub(crate) enum Parcel {
    /// A message, or the answer to an ask.
    Message(Envelope),
    /// A job of the pool has come home.
    Job(Arc<dyn Homing>),
    /// Work that must be done on this loop: mostly, build an actor.
    Run(Duty),
    /// Somebody waits until `on`, which lives here, is no longer over.
    Wait { who: Waiter, on: CellRef },
    /// The wait of an actor that lives here is over.
    Resume(CellRef),
    /// Somebody wants an actor that lives here to stop.
    Stop(CellRef, ExitReason),
    /// The parent of an actor that lives here wants it to stop, and says what becomes of it.
    End(CellRef, Then),
    /// An actor that lives here did not stop in time.
    Kill(CellRef, Then),
    /// A supervised actor that lives here may be built anew.
    Rebuild(CellRef),
    /// A child of an actor that lives here has ended.
    ChildGone { child: CellRef, slot: u32, reason: ExitReason },
    /// A supervised child has stopped and waits to be built anew, or to be ended.
    ChildRests { child: CellRef, slot: u32, reason: ExitReason },
    /// A supervised child has started.
    ChildUp(CellRef),
    /// An actor that lives here is to die with `with`.
    Link { cell: CellRef, with: CellRef },
    /// Or no longer.
    Unlink { cell: CellRef, from: CellRef },
    /// `from`, which was linked with an actor that lives here, has ended.
    LinkEnded { cell: CellRef, from: CellRef, reason: ExitReason },
    /// Somebody wants to be told when `cell` ends.
    Watch { cell: CellRef, watcher: Watcher },
    /// Or no longer.
    Unwatch { cell: CellRef, id: u64 },
    /// The last reference to a cell that lives here has gone; everything sent to it came before.
    Orphan(Grave),
    /// A phase of a drain has begun: an actor that lives here is told, and its children.
    Announce(CellRef),
    /// What has an actor that lives here left, and its children?
    Collect(CellRef),
    /// Somebody rings a bell of an actor that lives here.
    Ring { entry: usize, id: SourceId, readiness: Readiness },
    /// A request waits in the loop's control channel.
    Control,
}

impl Parcel {
    /// Does what the parcel asks for, on the loop that it was sent to.
    #[inline]
    pub(crate) fn open(self, local: &Local) {
        match self {
            Self::Message(envelope) => envelope.open(local),
            Self::Job(job) => job.arrive(local),
            Self::Run(errand) => errand.run(local),
            Self::Wait { who, on } => waiting::wait_requested(local, who, &on),
            Self::Resume(cell) => waiting::resumed(local, &cell),
            Self::Stop(cell, reason) => dying::stop(local, &cell, reason, None),
            Self::End(cell, then) => dying::stop(local, &cell, ExitReason::Shutdown, Some(then)),
            Self::Kill(cell, then) => dying::kill(local, &cell, then),
            Self::Rebuild(cell) => resting::rebuild(local, &cell),
            Self::ChildGone { child, slot, reason } => {
                supervising::child_gone(local, &child, slot, reason);
            }
            Self::ChildRests { child, slot, reason } => {
                supervising::child_rests(local, &child, slot, &reason);
            }
            Self::ChildUp(child) => supervising::child_up(local, &child),
            Self::Link { cell, with } => linking::link(local, &cell, with),
            Self::Unlink { cell, from } => linking::unlink(local, &cell, &from),
            Self::LinkEnded { cell, from, reason } => {
                linking::ended(local, &cell, &from, &reason);
            }
            Self::Watch { cell, watcher } => watch::watch(local, &cell, watcher),
            Self::Unwatch { cell, id } => watch::unwatch(local, &cell, id),
            Self::Orphan(grave) => drop(grave),
            Self::Announce(cell) => drainer::announce(local, &cell),
            Self::Collect(cell) => drainer::collect(local, &cell),
            Self::Ring { entry, id, readiness } => local.rung(entry, id, readiness),
            Self::Control => {}
        }
    }

    /// Sends it to the loop of `cell`, or opens it at once if that is this one. Lost if that loop has ended.
    pub(crate) fn send(self, cell: &CellRef) {
        match Local::current(cell.home()) {
            Some(local) => self.open(&local),
            None => self.post(cell),
        }
    }

    /// Sends it to the loop of `cell` through its inbox, also if that is this one: behind everything that was sent to
    /// it before, and outside of any turn.
    pub(crate) fn post(self, cell: &CellRef) {
        if let Err(refused) = cell.home().post(self) {
            refused.refused(cell);
        }
    }

    /// An ended loop has no actors left to wait, resume, stop or be told. What others expect of it comes from here: through
    /// their own inbox, for what it has sent may wait there.
    fn refused(self, cell: &CellRef) {
        match self {
            Self::Watch { watcher, .. } => {
                let (whom, watched) = (watcher.tell.cell().clone(), cell.clone());
                let reason = epitaph(cell);
                let tell = move |_: &Local| watch::tell(watcher, &watched, reason);
                Self::Run(Duty::new(tell)).post(&whom);
            }
            Self::ChildRests { child, .. } => Self::End(child.clone(), Then::End).post(&child),
            Self::Link { cell, with } => {
                let reason = epitaph(&cell);
                Self::LinkEnded { cell: with.clone(), from: cell, reason }.post(&with);
            }
            // Nobody is there to be told, or asked.
            Self::Announce(cell) => drainer::nobody_to_tell(&cell),
            Self::Collect(cell) => drainer::nobody_to_ask(&cell),
            _ => {}
        }
    }
}

fn epitaph(cell: &CellRef) -> ExitReason {
    cell.home().epitaph(cell.header().id)
}

/// A request to a loop that is not for an actor.
pub(crate) enum Control {
    /// Stop as planned.
    Drain(Drain, Option<flume::Sender<DrainReport>>),
    /// Tell every actor of the phase.
    Announce,
    /// Ask every actor what it has left.
    Collect,
    /// Stop every actor, then return.
    End,
    /// Who waits on whom here?
    Pauses(flume::Sender<Vec<Pause>>),
    /// How are these actors?
    Describe(Vec<Question>, flume::Sender<Vec<Answer>>),
}
