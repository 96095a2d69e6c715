//! A chat server for IRC clients: how a service is built from actors and links.
//!
//! `cargo run --release --example chat`, then `irssi -c 127.0.0.1`, or `nc 127.0.0.1 6667` for whoever types
//! `NICK ann` and `USER ann 0 * :Ann` by hand.
//!
//! # Who is there
//!
//! | actor | one for each | knows |
//! |---|---|---|
//! | `server` | process | the listener and every session: accepts, and ends in good order |
//! | `session` | connection | its client: what it has said and not been answered, what it has not read |
//! | `directory` | process | every nick, and every channel by its name |
//! | `channel` | channel | its members, its topic |
//!
//! # The way of a line
//!
//! Socket → `lines` → session (`wire` takes the line apart, `command` makes commands of it) → directory or channel
//! → sessions of all who are to know → their sockets. The first arrow and the last are links: a client that sends
//! faster than it is served is read from no further, and one that does not read is cut off once 1 MiB waits for it.
//! In between are messages.
//!
//! # Order
//!
//! A session has one command in hand. The command travels with a `Caller`, which the last actor on its
//! way gives back when all that the command causes has been sent; only then does the session turn to the next line. So
//! whoever has a PONG knows that everything it said before stands in the queues of all whom it concerns.
//!
//! # Where to read
//!
//! `session.rs` first, then `channel.rs` and `directory.rs`; `circular.rs` is how a new nick gets around.

mod channel;
mod circular;
mod client;
mod command;
mod directory;
mod names;
mod options;
mod replies;
mod server;
mod session;
mod wire;

pub use options::{HELP, Options, OptionsError, Settings};
pub use server::{About, Message, Server};
