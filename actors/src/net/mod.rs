//! Network: connections and listeners, as ends of [`stream`](crate::stream)s.
//!
//! One engine serves every family of sockets: [`tcp`] holds options only. A [`Connection`] is a value that can be sent
//! to another actor, and another loop, before it is used; its halves are a source and a sink of bytes.
//!
//! It knows no names: `connect` takes an address. Names are looked up elsewhere.

mod block;
mod connect;
pub(crate) mod connection;
pub(crate) mod engine;
pub(crate) mod half;
mod happenings;
mod listener;
mod moving;
#[cfg_attr(not(unix), path = "no_pipe.rs")]
pub(crate) mod pipe;
mod reading;
mod splice;
mod splice_into_file;
pub mod tcp;
pub(crate) mod transport;
mod writing;

pub use connect::{Connect, ConnectError};
pub use connection::Connection;
pub use happenings::{ConnectionClosed, ConnectionDropped, ConnectionFailed, ConnectionOpened};
pub use listener::Listener;
