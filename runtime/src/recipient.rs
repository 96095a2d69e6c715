//! An address seen as "takes `E`": how one actor sends to another without knowing its messages.
//!
//! Made with [`Address::recipient`]. The function inside makes the receiver's own message of an `E`.

use std::fmt;
use std::sync::Arc;

use crate::actor::ActorId;
use crate::address::Address;
use crate::send_error::SendError;

/// Where values of type `E` can be sent: an address and the function that makes the actor's message of an `E`.
///
/// Two words, cheap to copy, usable from any thread. It sends as [`Address::send`] does, with the same order and
/// pressure.
pub struct Recipient<E>(Arc<dyn Takes<E>>);

trait Takes<E>: Send + Sync {
    fn take(&self, value: E) -> Result<(), SendError<E>>;
    fn complete(&self, value: E);
    fn notify(&self, value: E) -> bool;
    fn listen(&self);
    fn id(&self) -> ActorId;
    fn is_closed(&self) -> bool;
    fn path(&self) -> String;
}

struct Via<M, F> {
    address: Address<M>,
    map: F,
}

impl<E, M, F> Takes<E> for Via<M, F>
where
    M: Send + 'static,
    F: Fn(E) -> M + Send + Sync,
{
    fn take(&self, value: E) -> Result<(), SendError<E>> {
        if self.address.is_closed() {
            return Err(SendError::Closed(value));
        }
        if self.address.rejects() {
            return Err(SendError::Rejected(value));
        }
        // Past this point the value is the actor's message and cannot be handed back: what is refused now, by a race
        // that the sender lost by a hair, is a dead letter.
        self.address.send_or_lose((self.map)(value));
        Ok(())
    }

    fn complete(&self, value: E) {
        self.address.send_exempt((self.map)(value));
    }

    fn notify(&self, value: E) -> bool {
        self.address.notify((self.map)(value))
    }

    fn listen(&self) {
        self.address.cell().header().listen();
    }

    fn id(&self) -> ActorId {
        self.address.id()
    }

    fn is_closed(&self) -> bool {
        self.address.is_closed()
    }

    fn path(&self) -> String {
        self.address.path()
    }
}

impl<E: Send + 'static> Recipient<E> {
    pub(crate) fn new<M, F>(address: Address<M>, map: F) -> Self
    where
        M: Send + 'static,
        F: Fn(E) -> M + Send + Sync + 'static,
    {
        Self(Arc::new(Via { address, map }))
    }

    /// Sends a value.
    ///
    /// # Errors
    /// [`SendError::Closed`] if the actor has ended, [`SendError::Rejected`] if it rejects what comes while it is over;
    /// both hand the value back.
    pub fn send(&self, value: E) -> Result<(), SendError<E>> {
        self.0.take(value)
    }

    /// Sends news of dead letters; false if the actor is over or has ended.
    pub(crate) fn notify(&self, value: E) -> bool {
        self.0.notify(value)
    }

    /// Marks its actor as one that listens to dead letters.
    pub(crate) fn listen(&self) {
        self.0.listen();
    }

    /// Sends the one message that says that something is done: a pipeline, an attempt, another actor's life.
    ///
    /// As a reply, it never counts towards the actor's marks, never pauses the sender, and no mailbox drops or rejects
    /// it. If the actor has ended it is a dead letter. Not for what comes again and again: nothing would bound it.
    pub fn complete(&self, value: E) {
        self.0.complete(value);
    }
}

impl<E> Recipient<E> {
    /// Whose it is.
    #[must_use]
    pub fn id(&self) -> ActorId {
        self.0.id()
    }

    /// Whether the actor is known to have ended.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.0.is_closed()
    }
}

impl<E> Clone for Recipient<E> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<E> fmt::Debug for Recipient<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recipient({})", self.0.path())
    }
}
