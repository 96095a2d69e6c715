//! A chat server for IRC clients and browsers: how a service is built from actors and links.
//!
//! `cargo run --release --example chat`, then `irssi -c 127.0.0.1`, or `nc 127.0.0.1 6667` for whoever types
//! `NICK ann` and `USER ann 0 * :Ann` by hand. Browsers go to `http://127.0.0.1:8080`.
//!
//! # Who is there
//!
//! | actor | one for each | knows |
//! |---|---|---|
//! | `server` | process | the listeners and every session: accepts, and ends in good order |
//! | `session` | connection | how much its client may say, and what it has not read |
//! | `hall` | process | every client, every nick and every channel: carries out all commands |
//!
//! # The way of a line
//!
//! Socket → `lines` → session → hall → outlets of all who are to know → their sockets. In the hall `wire` takes the
//! line apart, `commands` finds what carries it out, and `bundle` joins what one client is to be told. The
//! first arrows and the last are links: a client that sends faster than it is served is read from no further, and one
//! that does not read is cut off once `--sendq` bytes wait for it. Between session and hall are messages.
//!
//! # Order
//!
//! All that is said goes through one actor, PING as well, and takes effect there before the next line is looked at. So
//! whoever has a PONG knows that everything it said before stands in the queues of all whom it concerns. `hall/mod.rs`
//! says what that costs.
//!
//! # Where to read
//!
//! - `server.rs` and `session.rs` are about connections, and know no IRC; `listening.rs` says where they come from,
//!   `door.rs` who may come in, and `ending.rs` why they go; `mouth.rs` has the last word. A session runs over a
//!   `Transport`: lines in, lines out.
//! - `hall/mod.rs` and what it names is IRC, and knows no connection. `wire.rs`, `names.rs`, `mask.rs`, `caps.rs` and
//!   `numerics.rs` are its words.
//! - `options.rs`, `config.rs` and `settings.rs` are how the program is told what to do.
//! - `web.rs` has what a browser gets: the page in the folder `web`, which is a client like any other, over a
//!   WebSocket.

mod about;
mod allowance;
mod calendar;
mod caps;
mod config;
mod door;
mod ending;
mod hall;
mod listening;
mod mask;
mod mouth;
mod names;
mod numerics;
mod options;
mod server;
mod session;
mod settings;
mod transport;
mod web;
mod wire;

pub use about::{About, Notices};
pub use listening::Listening;
pub use options::{CommandLine, HELP, Options, OptionsError, VERSION};
pub use server::{Message, Server};
pub use settings::{Flood, LogLevel, SettingError, Settings};
pub use transport::{Goodbye, Transport};
