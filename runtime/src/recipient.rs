//! An address seen as "takes `E`": how one actor sends to another without knowing its messages.
//!
//! Made with [`Address::recipient`]. The function inside makes the receiver's own message of an `E`.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Weak};

use crate::actor::ActorId;
use crate::address::Address;
use crate::cell::CellRef;
use crate::dying;
use crate::extras::Waiter;
use crate::parcel::Parcel;
use crate::send_error::{SendError, TrySendError};

/// Where values of type `E` can be sent: an address and the function that makes the actor's message of an `E`.
///
/// Two words, cheap to copy, usable from any thread. It sends as [`Address::send`] does, with the same order and
/// pressure. Clones of one are equal; two that were made by two calls are not, as two closures are not.
pub struct Recipient<E>(Arc<dyn Takes<E>>);

trait Takes<E>: Send + Sync {
    fn take(&self, value: E) -> Result<(), SendError<E>>;
    fn take_all(&self, values: Vec<E>) -> Result<(), SendError<Vec<E>>>;
    fn try_take(&self, value: E) -> Result<(), TrySendError<E>>;
    fn complete(&self, value: E);
    fn notify(&self, value: E) -> bool;
    fn cell(&self) -> &CellRef;
    fn life(&self) -> Option<u32>;
    fn anonymous(self: Arc<Self>) -> Weak<dyn Send + Sync>;
}

/// A server has a dozen for each client, so it keeps nothing that its type can say: whether it belongs to the first life of
/// its actor, for a context has made it, or to all of them.
struct Via<M, F, const FIRST: bool> {
    address: Address<M>,
    map: F,
}

/// One that belongs to a later life, of an actor that was built anew.
struct Later<E> {
    all: Recipient<E>,
    life: u32,
}

impl<E, M, F, const FIRST: bool> Takes<E> for Via<M, F, FIRST>
where
    M: Send + 'static,
    F: Fn(E) -> M + Send + Sync + 'static,
{
    #[inline]
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

    fn take_all(&self, values: Vec<E>) -> Result<(), SendError<Vec<E>>> {
        if self.address.is_closed() {
            return Err(SendError::Closed(values));
        }
        if self.address.rejects() {
            return Err(SendError::Rejected(values));
        }
        // As above.
        if !values.is_empty() {
            self.address.send_all_or_lose(values.into_iter().map(&self.map).collect());
        }
        Ok(())
    }

    fn try_take(&self, value: E) -> Result<(), TrySendError<E>> {
        if self.address.is_closed() {
            return Err(TrySendError::Closed(value));
        }
        if !self.address.has_room() {
            return Err(TrySendError::Over(value));
        }
        // As above.
        self.address.try_send_or_lose((self.map)(value));
        Ok(())
    }

    fn complete(&self, value: E) {
        self.address.send_exempt((self.map)(value));
    }

    fn notify(&self, value: E) -> bool {
        self.address.notify((self.map)(value))
    }

    fn cell(&self) -> &CellRef {
        self.address.cell()
    }

    fn life(&self) -> Option<u32> {
        FIRST.then_some(0)
    }

    fn anonymous(self: Arc<Self>) -> Weak<dyn Send + Sync> {
        let anonymous: Arc<dyn Send + Sync> = self;
        Arc::downgrade(&anonymous)
    }
}

impl<E: Send + 'static> Takes<E> for Later<E> {
    fn take(&self, value: E) -> Result<(), SendError<E>> {
        self.all.send(value)
    }

    fn take_all(&self, values: Vec<E>) -> Result<(), SendError<Vec<E>>> {
        self.all.send_all(values)
    }

    fn try_take(&self, value: E) -> Result<(), TrySendError<E>> {
        self.all.try_send(value)
    }

    fn complete(&self, value: E) {
        self.all.complete(value);
    }

    fn notify(&self, value: E) -> bool {
        self.all.notify(value)
    }

    fn cell(&self) -> &CellRef {
        self.all.cell()
    }

    fn life(&self) -> Option<u32> {
        Some(self.life)
    }

    fn anonymous(self: Arc<Self>) -> Weak<dyn Send + Sync> {
        let anonymous: Arc<dyn Send + Sync> = self;
        Arc::downgrade(&anonymous)
    }
}

impl<E: Send + 'static> Recipient<E> {
    pub(crate) fn new<M, F>(address: Address<M>, map: F) -> Self
    where
        M: Send + 'static,
        F: Fn(E) -> M + Send + Sync + 'static,
    {
        Self(Arc::new(Via::<_, _, false> { address, map }))
    }

    /// One that belongs to the life of a supervised actor that made it.
    pub(crate) fn of_life<M, F>(address: Address<M>, life: u32, map: F) -> Self
    where
        M: Send + 'static,
        F: Fn(E) -> M + Send + Sync + 'static,
    {
        let first = Self(Arc::new(Via::<_, _, true> { address, map }));
        if life == 0 { first } else { Self(Arc::new(Later { all: first, life })) }
    }

    /// Sends a value.
    ///
    /// # Errors
    /// [`SendError::Closed`] if the actor has ended, [`SendError::Rejected`] if it rejects what comes while it is over;
    /// both hand the value back.
    #[inline]
    pub fn send(&self, value: E) -> Result<(), SendError<E>> {
        self.0.take(value)
    }

    /// Sends several values, one after another, at the price of one on the same loop. An actor pauses after all of them, if it
    /// has to: send few at a time.
    ///
    /// # Errors
    /// As [`send`](Self::send); all values are handed back.
    pub fn send_all(&self, values: Vec<E>) -> Result<(), SendError<Vec<E>>> {
        self.0.take_all(values)
    }

    /// Sends a value unless the actor is over; as [`Address::try_send`].
    ///
    /// # Errors
    /// [`TrySendError::Over`] or [`TrySendError::Closed`]; both hand the value back. From another loop, or from a
    /// plain thread, what others have sent at the same moment may make it one too many: it is taken all the same, and
    /// nobody waits.
    pub fn try_send(&self, value: E) -> Result<(), TrySendError<E>> {
        self.0.try_take(value)
    }

    /// Sends news of dead letters; false if the actor is over or has ended.
    pub(crate) fn notify(&self, value: E) -> bool {
        self.0.notify(value)
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
        self.cell().header().id
    }

    /// Whose it is, and in which of its lives.
    #[must_use]
    pub fn owner(&self) -> Owner {
        Owner { id: self.id(), life: self.0.life() }
    }

    /// Where its actor stands in the tree, for people: `/server/session-17`.
    #[must_use]
    pub fn path(&self) -> String {
        dying::path_of(self.cell())
    }

    /// Whether the actor is known to have ended.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.cell().is_dead()
    }

    /// Whether more waits for the actor than should; as [`Address::is_over`].
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.cell().is_over()
    }

    /// Tells `tell`, once, when the actor is no longer over: at once if it is not, and also when it has ended. For whoever
    /// was refused by [`try_send`](Self::try_send) and keeps what was refused. (Node: `drain`.)
    ///
    /// The actor may be over again when the news arrive. They count as a reply does: ask again only once told.
    pub fn when_ready(&self, tell: Recipient<Ready>) {
        let on = self.cell().clone();
        Parcel::Wait { who: Waiter::News(tell), on: on.clone() }.send(&on);
    }

    /// Says which recipient this is, without keeping it.
    #[must_use]
    pub fn identity(&self) -> RecipientIdentity
    where
        E: 'static,
    {
        RecipientIdentity(Arc::clone(&self.0).anonymous())
    }

    pub(crate) fn cell(&self) -> &CellRef {
        self.0.cell()
    }
}

impl Recipient<crate::dead_letter::DeadLetter> {
    /// Says that somebody passes dead letters on to this actor: what it loses from now on is told to no actor, for it may
    /// itself be news of a dead letter. [`Context::on_dead_letter`](crate::Context::on_dead_letter) says so by itself.
    pub fn listens(&self) {
        self.cell().header().marks.listen();
    }
}

/// An actor that was over is so no longer, or has ended: see [`Recipient::when_ready`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ready;

/// Whose a [`Recipient`] is. One that a context has made belongs to that life of its actor and ends with it, if the actor is
/// supervised and built anew; one that an address has made belongs to all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Owner {
    pub(crate) id: ActorId,
    pub(crate) life: Option<u32>,
}

impl Owner {
    /// The actor.
    #[must_use]
    pub fn id(&self) -> ActorId {
        self.id
    }
}

/// Which recipient it was: equal for clones of one, and never again for another. See [`Recipient::identity`].
#[derive(Clone)]
pub struct RecipientIdentity(Weak<dyn Send + Sync>);

impl RecipientIdentity {
    fn place(&self) -> *const () {
        // What is weakly held keeps its place, so no other has it.
        self.0.as_ptr().cast()
    }

    /// Whether it is that of `recipient`.
    #[must_use]
    pub fn is_of<E>(&self, recipient: &Recipient<E>) -> bool {
        self.place() == Arc::as_ptr(&recipient.0).cast()
    }
}

impl PartialEq for RecipientIdentity {
    fn eq(&self, other: &Self) -> bool {
        self.place() == other.place()
    }
}

impl Eq for RecipientIdentity {}

impl Hash for RecipientIdentity {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.place().hash(state);
    }
}

impl fmt::Debug for RecipientIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecipientIdentity")
    }
}

impl<E> Clone for Recipient<E> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<E> PartialEq for Recipient<E> {
    fn eq(&self, other: &Self) -> bool {
        Arc::as_ptr(&self.0).cast::<()>() == Arc::as_ptr(&other.0).cast()
    }
}

impl<E> Eq for Recipient<E> {}

impl<E> fmt::Debug for Recipient<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recipient({})", self.path())
    }
}
