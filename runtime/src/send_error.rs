//! What a failed send answers: why, and the message.
//!
//! Made by [`address`](crate::address) and [`recipient`](crate::recipient). It decides nothing.

use std::fmt;

/// A message that was not accepted; it is handed back.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError<M> {
    /// The actor has ended.
    #[error("the actor has ended")]
    Closed(M),
    /// The actor is over, and it was spawned to reject what comes then, or a job of the pool has sent it: those never
    /// wait for an actor.
    #[error(
        "the actor is over, and rejects what comes or must not be waited for: raise `Spawn::high`, or send later"
    )]
    Rejected(M),
}

impl<M> SendError<M> {
    /// The message.
    pub fn into_message(self) -> M {
        match self {
            Self::Closed(message) | Self::Rejected(message) => message,
        }
    }
}

impl<M> fmt::Debug for SendError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed(_) => "Closed(..)",
            Self::Rejected(_) => "Rejected(..)",
        })
    }
}

/// A message that was not accepted by [`Address::try_send`](crate::Address::try_send) or
/// [`Address::send_timeout`](crate::Address::send_timeout); it is handed back.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TrySendError<M> {
    /// The actor has ended.
    #[error("the actor has ended")]
    Closed(M),
    /// The actor is over: more waits for it than it should have.
    #[error("the actor is over: send later, or let `send` pause the sender")]
    Over(M),
}

impl<M> TrySendError<M> {
    /// The message.
    pub fn into_message(self) -> M {
        match self {
            Self::Closed(message) | Self::Over(message) => message,
        }
    }
}

impl<M> fmt::Debug for TrySendError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed(_) => "Closed(..)",
            Self::Over(_) => "Over(..)",
        })
    }
}
