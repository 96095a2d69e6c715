//! Network: connections and listeners, as ends of [`stream`](crate::stream)s.
//!
//! One engine serves every family of sockets: [`tcp`] holds options only. A [`Connection`] is a value that can be sent
//! to another actor, and another loop, before it is used; its halves are a source and a sink of bytes.
//!
//! It knows no names: `connect` takes an address. Names are looked up elsewhere.

mod block;
mod block_list;
mod connect;
pub(crate) mod connection;
mod credentials;
mod endpoint;
mod ends;
pub(crate) mod engine;
mod eyeballs;
pub(crate) mod half;
mod happenings;
mod listen;
mod listener;
mod moving;
mod options;
#[cfg_attr(not(unix), path = "no_pipe.rs")]
pub(crate) mod pipe;
mod reading;
mod seat;
#[cfg_attr(feature = "tls", path = "tls/session.rs")]
#[cfg_attr(not(feature = "tls"), path = "no_tls.rs")]
pub(crate) mod session;
mod splice;
mod splice_into_file;
pub mod tcp;
#[cfg(feature = "tls")]
pub mod tls;
pub(crate) mod transport;
pub mod unix;
mod writing;

pub use block_list::{BlockList, BlockListError};
pub use connect::{Connect, ConnectError, FailedAttempt, Target};
pub use connection::Connection;
pub use credentials::Credentials;
pub use endpoint::Endpoint;
pub use ends::{Closed, Traffic};
pub use happenings::{ConnectionClosed, ConnectionDropped, ConnectionFailed, ConnectionOpened};
pub use listen::{Listen, ListenError};
pub use listener::Listener;
