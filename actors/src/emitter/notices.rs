//! The events that an emitter emits about itself, and the one that must be listened to.
//!
//! Emitted by [`Emitter`](super::Emitter); [`Error`] by anybody. Plain values.

use std::any::TypeId;
use std::fmt;
use std::sync::Arc;

use roundsman_runtime::ActorId;

/// Something went wrong. If nobody listens to this event, emitting it is a failure of the emitter: its supervisor decides.
/// (Node: `'error'`, which ends the process there.)
///
/// # Examples
/// ```
/// use roundsman::emitter::Error;
///
/// let error = Error::new("the disk is full");
/// assert_eq!(error.to_string(), "the disk is full");
/// ```
#[derive(Clone)]
pub struct Error(Arc<dyn std::error::Error + Send + Sync>);

impl Error {
    /// An event made of an error, or of a text.
    pub fn new(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(Arc::from(error.into()))
    }

    /// The error behind it.
    #[must_use]
    pub fn cause(&self) -> &(dyn std::error::Error + Send + Sync + 'static) {
        &*self.0
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// Somebody is about to listen to an event: emitted before the listener is added, so not to that listener itself.
/// (Node: `'newListener'`.)
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NewListener {
    /// The type of the event, for people.
    pub event: &'static str,
    /// The type of the event: `TypeId::of::<Joined>()`.
    pub event_id: TypeId,
    /// Who is going to listen; `None` for a source and for [`Events::next`](super::Events::next).
    pub owner: Option<ActorId>,
}

/// Somebody no longer listens to an event: emitted after the listener was removed, so not to that listener itself.
/// (Node: `'removeListener'`.)
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RemoveListener {
    /// The type of the event, for people.
    pub event: &'static str,
    /// The type of the event.
    pub event_id: TypeId,
    /// Who listened; `None` for a source and for [`Events::next`](super::Events::next).
    pub owner: Option<ActorId>,
    /// Why it does so no longer.
    pub why: Removal,
}

/// Why a listener was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Removal {
    /// It was asked for: [`off`](super::Events::off), [`remove_all`](super::Events::remove_all).
    Off,
    /// It was to be called once, and is now.
    Once,
    /// Its owner has ended, or that life of it.
    OwnerEnded,
    /// It did not keep up, and was subscribed with [`SlowPolicy::Disconnect`](crate::SlowPolicy::Disconnect).
    Slow,
    /// It asked for the next event, and none came in time.
    Expired,
}
