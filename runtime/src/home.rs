//! What everybody may know of a loop: its inbox and how to wake it.
//!
//! One per loop, held by its cells, so that an address stays valid after the loop has ended: a push then hands the
//! message back. The loop's own things are in [`local`](crate::local).

use std::collections::VecDeque;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, PoisonError};

use crate::actor::ActorId;
use crate::exit::ExitReason;
use crate::inbox::{Inbox, Refused};
use crate::metrics::Published;
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
    /// `None` under simulation: there the driver looks at every inbox itself.
    waker: Option<Waker>,
    /// Actors that live here, for [`Placement::LeastLoaded`](crate::Placement::LeastLoaded).
    pub(crate) load: AtomicUsize,
    pub(crate) published: Published,
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
    ) -> Arc<Self> {
        Arc::new(Self {
            index,
            dedicated,
            world,
            inbox: Inbox::new(),
            control,
            waker,
            load: AtomicUsize::new(0),
            published: Published::default(),
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

    /// The same, but refused when the inbox is over.
    ///
    /// # Errors
    /// The parcel is handed back.
    pub(crate) fn post_within(&self, parcel: Parcel) -> Result<usize, Refused<Parcel>> {
        let pushed = self.inbox.push_within(INBOX_HIGH, parcel, || self.world.revive())?;
        if pushed.wake {
            self.wake();
        }
        Ok(pushed.len)
    }

    /// Sends a request that is not for an actor. False if the loop has ended.
    pub(crate) fn request(&self, control: Control) -> bool {
        self.control.send(control).is_ok() && self.post(Parcel::Control).is_ok()
    }

    pub(crate) fn inbox(&self) -> &Inbox<Parcel> {
        &self.inbox
    }

    pub(crate) fn wake(&self) {
        if let Some(waker) = &self.waker {
            waker.wake();
        }
    }
}
