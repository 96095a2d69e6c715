//! Futures on the loop: each is run by an actor of its own, and its outcome is a message.
//!
//! For libraries that offer futures and nothing else: `ctx.run_future(future, Msg::Done)`. A future is polled on its
//! owner's loop, so it needs not be `Send`; what wakes it may be anywhere. roundsman itself runs
//! [`dns::Resolver`](crate::dns::Resolver) so.
//!
//! It is no async runtime: it has one timer ([`sleep`]) and no sockets. What waits for sockets, files or processes is an
//! actor or a stream.

mod alarm;
mod context;
mod desk;
mod error;
mod executor;
mod outcome;
mod ready;
mod sleep;
mod task;

pub use context::FutureContext;
pub use error::FutureError;
pub use outcome::FutureHandle;
pub use sleep::{Sleep, sleep};

pub(crate) use desk::{Attached, attach, detach, spawn};
pub(crate) use executor::{Executor, Message};
pub(crate) use task::{Task, TaskHandle};
