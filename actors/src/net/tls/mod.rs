//! TLS 1.2 and 1.3, for clients and servers, under the same [`Connection`](super::Connection): whatever takes a connection
//! takes one with TLS. By [`rustls`] with its `ring` provider; feature `tls`. (Node: `tls`.)
//!
//! | who | how |
//! |---|---|
//! | a client | [`connect`]`("example.org:443").start(ctx, Msg::Connected)`; with settings of its own [`client`] |
//! | a server | [`server`]`("cert.pem", "key.pem").build()?`, and `listener.incoming().through(`[`accept`]`(&server))` |
//!
//! The handshake comes before the connection: a [`Connection`](super::Connection) that is given out has its peer's identity
//! checked, and [`Connection::tls`](super::Connection::tls) says what was agreed on.
//!
//! - **`close_notify` is the end.** The reader of a connection ends with the peer's `close_notify`. If the peer's FIN, or a
//!   reset, comes without, it fails, with [`UnexpectedEof`](std::io::ErrorKind::UnexpectedEof): what came may not be all that
//!   was sent. The end of what is piped into the writer says `close_notify`, then FIN. Each half ends for itself, as without
//!   TLS; peers of TLS 1.2 may end both with one (RFC 5246, 7.2.1).
//! - **Whoever has only written** and lets go keeps the socket for up to 5 s, until the peer has ended, too: the peer's TLS says
//!   things of its own, and a socket that is closed over those would be reset, with what the peer has not read yet.
//! - **Pressure** goes through. What nobody asks for is not read, but for a record of 16 KiB; what the peer does not take waits
//!   in 64 KiB of ciphertext at most, beside the 64 KiB that wait in every connection.
//! - **Traffic** is plaintext: what [`Connection::traffic`](super::Connection::traffic) counts is what was read and written,
//!   not what TLS has made of it.
//! - The kernel moves none of it ([straight pipes](crate::stream)): what comes from a file or another socket is copied.
//! - Reading certificates blocks. [`build`](ClientBuilder::build) does it, so it belongs before the runtime, or into a
//!   [job](crate::job). Whether a certificate is valid now is told by the clock of the OS.
//! - 0-RTT data (early data) is neither sent nor taken: it could be replayed.

mod accept;
mod attempt;
mod certificates;
mod client;
mod error;
mod handshake;
mod info;
mod server;

pub use accept::{HandshakeFailed, accept};
pub use attempt::{TlsConnect, connect};
pub use client::{Client, ClientBuilder, client};
pub use error::{ConfigError, HandshakeError, TlsError};
pub use info::{TlsInfo, Version};
/// The library that does the work, for configurations of one's own: [`Client::from`], [`Server::from`].
pub use rustls;
pub use server::{Server, ServerBuilder, server};
