//! Network: connections, listeners and sockets for datagrams, as ends of [`stream`](crate::stream)s.
//!
//! One engine serves every family of stream sockets: [`tcp`] and [`unix`] hold options only. A [`Connection`] is a value
//! that can be sent to another actor, and another loop, before it is used and while it is; its halves are a source and a sink
//! of bytes. Datagrams have an engine of their own: [`udp`], and [`UdpSocket`]. Names are looked up by
//! [`dns`](crate::dns), not here.

mod block;
mod block_list;
mod connect;
pub(crate) mod connection;
mod credentials;
mod datagram;
mod datagram_happenings;
mod datagram_message;
mod endpoint;
mod ends;
pub(crate) mod engine;
mod eyeballs;
pub(crate) mod farewell;
pub(crate) mod half;
mod happenings;
mod idle;
mod lingering;
mod listen;
mod listener;
mod moving;
mod multicast;
mod options;
mod outgoing;
#[cfg_attr(not(unix), path = "no_pipe.rs")]
pub(crate) mod pipe;
mod reading;
mod seat;
mod send_queue;
#[cfg_attr(feature = "tls", path = "tls/session.rs")]
#[cfg_attr(not(feature = "tls"), path = "no_tls.rs")]
pub(crate) mod session;
mod splice;
mod splice_into_file;
pub(crate) mod station;
pub mod tcp;
#[cfg(feature = "tls")]
pub mod tls;
pub(crate) mod transport;
pub mod udp;
mod udp_socket;
pub mod unix;
mod unwanted;
mod writing;

pub use block_list::{BlockList, BlockListError};
pub use connect::{Connect, ConnectError, FailedAttempt, Target};
pub use connection::Connection;
pub use credentials::Credentials;
pub use datagram_happenings::{DatagramDropped, DatagramFailed};
pub use endpoint::Endpoint;
pub use ends::{Closed, Traffic};
pub use happenings::{ConnectionClosed, ConnectionDropped, ConnectionFailed, ConnectionOpened};
pub use idle::Idle;
pub use listen::{Listen, ListenError};
pub use listener::Listener;
pub use udp_socket::UdpSocket;
