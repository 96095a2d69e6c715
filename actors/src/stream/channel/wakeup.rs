//! How a channel wakes an actor: a waker that sends it a message.
//!
//! At most one such message is under way at any time. It never counts towards a mailbox, and never blocks who sends it: a
//! channel wakes while it holds its lock.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Wake, Waker};

use roundsman_runtime::Recipient;

/// What a channel's other end has caused: there may be an item, or room, or nobody any more.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Woken;

/// A place in the line of those who wait at a channel.
pub(crate) type Waiting<R> = Pin<Box<dyn Future<Output = R> + Send>>;

/// One for each stage.
pub(crate) struct Wakeup {
    to: Recipient<Woken>,
    under_way: AtomicBool,
}

impl Wakeup {
    pub(crate) fn new(to: Recipient<Woken>) -> Arc<Self> {
        Arc::new(Self { to, under_way: AtomicBool::new(false) })
    }

    /// The message has come. To be said before the channel is looked at: what happens from then on sends another.
    pub(crate) fn came(&self) {
        // Before the look at the channel, in one order with the swap in `wake`: who finds a message under way has changed
        // the channel before that look.
        self.under_way.store(false, Ordering::SeqCst);
    }

    pub(crate) fn waker(self: &Arc<Self>) -> Waker {
        Waker::from(Arc::clone(self))
    }
}

impl Wake for Wakeup {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.under_way.swap(true, Ordering::SeqCst) && !self.to.is_closed() {
            // As an answer to a question: bounded by the flag, it need not count, and must not block.
            self.to.complete(Woken);
        }
    }
}
