//! What everybody may know of a loop: its inbox and how to wake it.
//!
//! One per loop, held by its cells, so that an address stays valid after the loop has ended: a push then hands the
//! message back. The loop's own things are in [`local`](crate::local).

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crate::actor::ActorId;
use crate::cell::{CellRef, Header, Uncounted};
use crate::clock::Clock;
use crate::counters::Counters;
use crate::dead_letter::Origin;
use crate::exit::ExitReason;
use crate::in_turn::InTurn;
use crate::inbox::{Inbox, Refused};
use crate::ledger::Ledger;
use crate::metrics::LoopMetrics;
use crate::parcel::{Control, Parcel};
use crate::poller::Waker;
use crate::world::World;

/// An inbox longer than this counts as over for whoever sends to it.
pub(crate) const INBOX_HIGH: usize = 1024;

/// What everybody may know of a loop.
pub(crate) struct Home {
    /// Its place among the loops of its runtime.
    pub(crate) index: usize,
    /// Ends when its last actor does: the loop of one actor with a thread of its own.
    pub(crate) dedicated: bool,
    pub(crate) world: Arc<World>,
    inbox: Inbox<Parcel>,
    control: flume::Sender<Control>,
    /// Somebody who looks on has asked it, and it has not answered.
    asked: AtomicBool,
    /// `None` under simulation: there the driver looks at every inbox itself.
    waker: Option<Waker>,
    /// Actors that live here, for [`Placement::LeastLoaded`](crate::Placement::LeastLoaded).
    pub(crate) load: AtomicUsize,
    /// What the loop counts.
    pub(crate) counters: Counters,
    /// What others count for it: refused and lost messages that no loop has sent.
    outside: Mutex<Ledger>,
    untold: AtomicU64,
    pub(crate) in_turn: InTurn<Header>,
    /// The real time since which its clock counts; `None` under simulation.
    origin: Option<Instant>,
    /// Why the last actors ended, for those who ask when the loop has ended, too. The end of a loop of one actor is
    /// nothing unusual.
    epitaphs: Mutex<VecDeque<(ActorId, ExitReason)>>,
}

/// So many epitaphs are kept.
const EPITAPHS: usize = 16;

impl Home {
    pub(crate) fn new(
        world: Arc<World>,
        index: usize,
        dedicated: bool,
        waker: Option<Waker>,
        control: flume::Sender<Control>,
        origin: Option<Instant>,
    ) -> Arc<Self> {
        Arc::new(Self {
            index,
            dedicated,
            world,
            inbox: Inbox::new(),
            control,
            asked: AtomicBool::new(false),
            waker,
            load: AtomicUsize::new(0),
            counters: Counters::default(),
            outside: Mutex::default(),
            untold: AtomicU64::new(0),
            in_turn: InTurn::new(),
            origin,
            epitaphs: Mutex::default(),
        })
    }

    /// An actor has ended.
    pub(crate) fn bury(&self, id: ActorId, reason: ExitReason) {
        let mut epitaphs = self.epitaphs.lock().unwrap_or_else(PoisonError::into_inner);
        if epitaphs.len() == EPITAPHS {
            epitaphs.pop_front();
        }
        epitaphs.push_back((id, reason));
    }

    /// Why an actor of a loop that has ended did.
    pub(crate) fn epitaph(&self, id: ActorId) -> ExitReason {
        let epitaphs = self.epitaphs.lock().unwrap_or_else(PoisonError::into_inner);
        let known = epitaphs.iter().rev().find(|(other, _)| *other == id);
        known.map_or(ExitReason::Shutdown, |(_, reason)| reason.clone())
    }

    /// Sends a parcel and returns how many wait now.
    ///
    /// # Errors
    /// The loop has ended; the parcel is handed back.
    #[inline]
    pub(crate) fn post(&self, parcel: Parcel) -> Result<usize, Parcel> {
        let pushed = self.inbox.push(parcel, || self.world.revive())?;
        if pushed.wake {
            self.wake();
        }
        Ok(pushed.len)
    }

    /// The same for a message of this origin, refused when the inbox holds `limit` parcels.
    ///
    /// # Errors
    /// The parcel is handed back.
    #[inline]
    pub(crate) fn post_message(
        &self,
        parcel: Parcel,
        limit: usize,
        origin: Origin,
    ) -> Result<usize, Refused<Parcel>> {
        let counted = origin == Origin::Outside;
        let pushed = self.inbox.push_within(limit, parcel, counted, || self.world.revive())?;
        if pushed.wake {
            self.wake();
        }
        Ok(pushed.len)
    }

    /// Sends a request that is not for an actor. False if the loop has ended.
    pub(crate) fn request(&self, control: Control) -> bool {
        if self.control.send(control).is_err() {
            return false;
        }
        // Senders do not see it: it is no message, and must not make them wait.
        let pushed = self.inbox.push_aside(Parcel::Control, || self.world.revive());
        if pushed.as_ref().is_ok_and(|pushed| pushed.wake) {
            self.wake();
        }
        pushed.is_ok()
    }

    /// Sends something that is no message, and makes no sender wait. Nobody hears of it if the loop has ended.
    pub(crate) fn ring(&self, parcel: Parcel) {
        if let Ok(pushed) = self.inbox.push_aside(parcel, || self.world.revive())
            && pushed.wake
        {
            self.wake();
        }
    }

    /// Asks the loop for those who look on. False if it has ended, or has not answered the last question yet: one that
    /// blocks for ever is asked once. To be called under [`World::asking`] only, so no other asker waits for an answer.
    pub(crate) fn ask(&self, control: Control) -> bool {
        if self.asked.swap(true, Ordering::SeqCst) {
            return false;
        }
        let sent = self.request(control);
        if !sent {
            self.answered();
        }
        sent
    }

    /// The loop is about to answer, and may be asked again.
    pub(crate) fn answered(&self) {
        self.asked.store(false, Ordering::SeqCst);
    }

    /// Calls `f` with the actor in turn, from any thread.
    pub(crate) fn with_in_turn<R>(&self, f: impl FnOnce(&CellRef) -> R) -> Option<R> {
        self.in_turn.look(|place| Uncounted::at(place).with(f))
    }

    /// Whether the loop has nothing to do now. As seen from another one: a moment ago.
    pub(crate) fn is_idle(&self) -> bool {
        let counters = &self.counters;
        self.in_turn.get().is_none()
            && counters.turns.get() >= counters.scheduled.get()
            && !self.inbox.looks_filled()
    }

    pub(crate) fn inbox(&self) -> &Inbox<Parcel> {
        &self.inbox
    }

    // Books and metrics.

    /// Makes an entry that is not the loop's own, whole: who reads sees all of it or nothing.
    pub(crate) fn enter(&self, entry: impl FnOnce(&mut Ledger)) {
        entry(&mut self.outside.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub(crate) fn count_untold(&self) {
        self.untold.fetch_add(1, Ordering::Relaxed);
    }

    /// What the loop has done, and what others have counted for it.
    pub(crate) fn metrics(&self) -> LoopMetrics {
        let now = self.origin.map(|origin| Clock::origin().duration_since(origin));
        let mut metrics = LoopMetrics::read(&self.counters, now);
        let mut outside = *self.outside.lock().unwrap_or_else(PoisonError::into_inner);
        let (inbox, counted) = self.inbox.depth();
        outside.sent += counted;
        metrics.loop_index = self.index;
        metrics.own_thread = self.dedicated;
        metrics.inbox = inbox as u64;
        metrics.untold += self.untold.load(Ordering::Relaxed);
        metrics.enter(outside);
        metrics
    }

    pub(crate) fn wake(&self) {
        if let Some(waker) = &self.waker {
            waker.wake();
        }
    }
}
