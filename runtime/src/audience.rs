//! Who is told of something that happens in a runtime, again and again, and whom nobody waits for.
//!
//! Used by [`dead_letter`](crate::dead_letter) and [`happening`](crate::happening). One that is over is passed over, so
//! news are bounded by its mailbox.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use crate::cell::CellRef;
use crate::dead_letter::Origin;
use crate::dying;
use crate::local::Local;
use crate::recipient::Recipient;

/// Everybody who is told of a `T`.
pub(crate) struct Audience<T> {
    recipients: RwLock<Arc<Vec<Recipient<T>>>>,
    /// There are recipients. A hint (Relaxed): one that has just subscribed may miss what happens meanwhile.
    any: AtomicBool,
}

impl<T> Default for Audience<T> {
    fn default() -> Self {
        Self { recipients: RwLock::default(), any: AtomicBool::new(false) }
    }
}

impl<T: Clone + Send + 'static> Audience<T> {
    /// Whether there is anybody.
    #[inline]
    pub(crate) fn is_there(&self) -> bool {
        self.any.load(Ordering::Relaxed)
    }

    /// Tells everybody. Nothing is borrowed or locked meanwhile: the functions that make the messages are user code.
    pub(crate) fn tell(&self, doing: &str, news: &T) {
        let recipients =
            Arc::clone(&self.recipients.read().unwrap_or_else(PoisonError::into_inner));
        for recipient in recipients.iter().filter(|recipient| !recipient.is_closed()) {
            let cell = recipient.cell();
            let tell = || {
                if !recipient.notify(news.clone()) {
                    untold(cell);
                }
            };
            Local::aside(|| dying::carefully(cell, doing, tell));
        }
    }

    /// Adds a recipient, in the place of an earlier one of the same actor. Those whose actors have ended leave.
    pub(crate) fn subscribe(&self, recipient: Recipient<T>) {
        let mut recipients = self.recipients.write().unwrap_or_else(PoisonError::into_inner);
        let id = recipient.id();
        let living = recipients.iter().filter(|one| !one.is_closed() && one.id() != id).cloned();
        let renewed = Arc::new(living.chain([recipient]).collect());
        let before = std::mem::replace(&mut *recipients, renewed);
        drop(recipients);
        // The user's functions: what they capture may send as it drops, and find a dead letter.
        drop(before);
        self.any.store(true, Ordering::Relaxed);
    }

    /// Forgets all recipients, who hold their loops: the runtime has ended.
    pub(crate) fn clear(&self) {
        self.any.store(false, Ordering::Relaxed);
        let mut recipients = self.recipients.write().unwrap_or_else(PoisonError::into_inner);
        let gone = std::mem::take(&mut *recipients);
        drop(recipients);
        drop(gone);
    }
}

/// A recipient was not told.
fn untold(cell: &CellRef) {
    match Origin::of(cell) {
        Origin::Loop => _ = Local::with_any(|local| local.counters().untold.add(1)),
        Origin::Outside => cell.home().count_untold(),
    }
}
