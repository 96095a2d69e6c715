//! roundsman: Node.js and libuv, recast as actors.
//!
//! Everything that runs is an actor with a mailbox. Everything that happens is a message: a socket became ready, a timer
//! fired, a neighbour wrote. Pressure flows backwards by itself, in the end to the peer's TCP window. An actor handles
//! one message at a time with `&mut self`; there is no `async`, no `Arc<Mutex>`, no callback pyramid.
//!
//! This crate re-exports the runtime (`roundsman-runtime`: [`Actor`], [`Address`], [`Context`], [`Runtime`]) and adds what is
//! ready-made: [`stream`]s and [`emitter`]s; sockets ([`net`]) and names ([`dns`]); files ([`fs`]), [`process`]es, hashing
//! ([`crypto`]) and packing ([`codec`]); [`futures`] on the loop. Start with the [`prelude`].
#![forbid(unsafe_code)]

pub mod codec;
pub mod crypto;
pub mod dns;
pub mod emitter;
pub mod fs;
pub mod futures;
#[cfg_attr(not(target_os = "linux"), path = "no_kernel.rs")]
mod kernel;
pub mod net;
pub mod prelude;
pub mod process;
#[cfg(feature = "sim")]
pub mod sim;
mod slow;
pub mod stream;
mod write_queue;

pub use roundsman_runtime::*;
pub use slow::SlowPolicy;
