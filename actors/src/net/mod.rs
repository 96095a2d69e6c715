//! Network: connections and listeners, as ends of [`stream`](crate::stream)s.
//!
//! One engine serves every family of sockets: [`tcp`] holds options only. A [`Connection`] is a value that can be sent
//! to another actor, and another loop, before it is used; its halves are a source and a sink of bytes.
//!
//! It knows no names: `connect` takes an address. Names are looked up elsewhere.

mod block;
mod connect;
mod connection;
mod engine;
mod happenings;
mod listener;
pub mod tcp;
mod transport;
mod write_queue;

pub use connect::{Connect, ConnectError};
pub use connection::Connection;
pub use happenings::{ConnectionClosed, ConnectionDropped, ConnectionFailed, ConnectionOpened};
pub use listener::Listener;
