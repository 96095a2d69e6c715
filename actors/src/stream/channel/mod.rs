//! Channels as sources and sinks: `flume`'s, the other end of which may be in any thread.
//!
//! Nobody blocks: a channel that has nothing, or no room, wakes the stage by a message ([`wakeup`]). No executor runs
//! anywhere; the channel's futures are polled by the stage's actor.

mod receiver;
mod sender;
mod tally;
mod wakeup;

pub use sender::ReceiversGone;
pub(crate) use wakeup::{Wakeup, Woken};
