//! What everybody may know of a loop: its inbox and how to wake it.
//!
//! One per loop, held by its cells, so that an address stays valid after the loop has ended: a push then hands the
//! message back. The loop's own things are in [`local`](crate::local).

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

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
    pub(crate) world: Arc<World>,
    inbox: Inbox<Parcel>,
    control: flume::Sender<Control>,
    /// `None` under simulation: there the driver looks at every inbox itself.
    waker: Option<Waker>,
    /// Actors that live here, for [`Placement::LeastLoaded`](crate::Placement::LeastLoaded).
    pub(crate) load: AtomicUsize,
    pub(crate) published: Published,
}

impl Home {
    pub(crate) fn new(
        world: Arc<World>,
        index: usize,
        waker: Option<Waker>,
        control: flume::Sender<Control>,
    ) -> Arc<Self> {
        Arc::new(Self {
            index,
            world,
            inbox: Inbox::new(),
            control,
            waker,
            load: AtomicUsize::new(0),
            published: Published::default(),
        })
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
