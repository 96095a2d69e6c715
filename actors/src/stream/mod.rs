//! Streams: chains of actors joined by links, with demand.
//!
//! A [`Source`] gives items, a [`Stage`] changes them, a [`Sink`] takes them; joined they are a [`Pipeline`], which runs
//! once it is started by an actor. All four are blueprints: values that cost nothing until then. Streams know no sockets.
//!
//! # The rules of a link
//! They are those of Reactive Streams 1.0.4, with the number that they have there. Each has a test for every kind of
//! link, in `tests/tests/streams.rs`.
//!
//! 1. **Never more than was asked** (§1.1, §3.17). Items flow only while demand is left. [`Bytes`](bytes::Bytes) are
//!    counted by length, and an item may begin while any is left, so they overshoot by less than one item. Both ends
//!    remember that: what is asked for next covers it first.
//! 2. **Begin first, once** (§1.9, §2.12). The first thing on a link says whom to ask.
//! 3. **Serial** (§1.3). What comes down a link comes one after another, also across loops.
//! 4. **Silent after the end** (§1.7). After the end or a failure nothing comes.
//! 5. **End and failure need no demand** (§1.5, §2.9).
//! 6. **Cancel is idempotent, and soon obeyed** (§3.7, §1.8). Items that were under way may still come.
//! 7. **Demand adds up and saturates** (§3.8, §3.17).
//! 8. **No recursion on the stack** (§3.3). What is asked for comes as a message, never from inside the call that asks.
//! 9. **A failure reaches both ends, once** (Node's `pipeline`). Upstream is cancelled, downstream fails.
//!
//! # Windows
//! A link lets 16 items be under way, or 64 KiB where items are [`Bytes`](bytes::Bytes), and asks again at half of that.
//! What one turn has to send travels in one message. Where what follows says how many items it will take in all, as
//! [`take`](take()) and [`first`](first()) do, no more are asked for.
//!
//! # Actors of a pipeline
//! Pure operators in a row share one actor; [`Source::boundary`] parts them. Each pipeline has one more actor, which
//! waits until every stage has closed and then tells the owner.

pub(crate) mod assembly;
mod channel;
mod context;
mod error;
mod fan;
mod feeds;
mod framing;
#[cfg(test)]
mod gathered;
pub(crate) mod holdback;
mod hub;
mod hub_actor;
mod inlet;
mod intake;
mod junction;
mod link;
pub(crate) mod link_tail;
mod map_on_pool;
mod meter;
mod nested;
mod operators;
mod outlet;
mod owed;
mod pipeline;
pub(crate) mod port;
mod progress;
#[cfg(any(feature = "tls", feature = "websocket"))]
pub(crate) mod reception;
mod recovery;
pub(crate) mod runner;
mod simple_sources;
pub(crate) mod sink;
pub(crate) mod source;
pub(crate) mod stage;
pub(crate) mod stage_name;
pub(crate) mod straight;
mod timed;
mod unpacked;

pub use channel::ReceiversGone;
pub(crate) use channel::{Wakeup, Woken};
pub use context::StreamContext;
pub use error::{Cut, PipeError};
pub(crate) use feeds::FailedFeed;
pub(crate) use feeds::{Goal, Transform, transform};
pub use framing::{FrameError, Prefix, encode_fixed, encode_length_delimited, encode_lines};
pub use framing::{encode_split, fixed, length_delimited, split};
pub use hub::{Hub, HubError, HubSubscriber, Refused};
pub use inlet::Item;
pub use link::{Demand, Flow, Upstream};
pub(crate) use link::{Subscriber, ToActor, is_bytes, weight, window};
pub use map_on_pool::{Jobs, map_on_pool, try_map_on_pool};
pub(crate) use meter::Downstream;
pub use operators::*;
pub use outlet::{Full, Outlet, Pusher, Wanted, outlet};
pub(crate) use owed::Owed;
pub use pipeline::{Pipeline, Running, Summary};
pub use progress::{LinkProgress, Progress};
pub use sink::Sink;
pub use source::Source;
pub use stage::Stage;
pub use timed::{
    Overdue, TimedOut, chunks_within, completion_timeout, debounce, delay, throttle,
    throttle_bytes, timeout,
};
