//! WebSockets (RFC 6455), for servers and clients: messages over any [`Connection`](crate::net::Connection), TCP, TLS or Unix.
//! Feature `websocket`. (Browsers: `WebSocket`; Node: `ws`.)
//!
//! | who | how |
//! |---|---|
//! | a server | `listener.incoming().through(`[`accept`]`(&`[`server`]`()))`, behind TLS or not, gives [`Socket`]s |
//! | a server of pages, too | [`accept_with_http`] gives requests that are none for a WebSocket to whoever answers them |
//! | a client | [`connect`]`(&connection, "host", "/path").start(ctx, Msg::Opened)` |
//!
//! A [`Socket`] is a value, as a connection is: [`reader`](Socket::reader) is a source of [`Message`]s and
//! [`writer`](Socket::writer) a sink. It answers pings by itself, and Closes.
//!
//! - **Pressure** goes through: what nobody asks for is not read, but for one message, and what the peer does not take waits in
//!   64 KiB here and in the connection. Of the pings that a peer sends faster than it reads, the last 16 are answered.
//! - **Limits**: a message, a frame, the head of a request, the time that a handshake takes: see [`Options`].
//! - **Failing fast**: a frame that is not allowed fails as soon as its head has come, a text as soon as it is no UTF-8. Our Close
//!   says why: 1002, 1007, 1009.
//! - **No extensions**: permessage-deflate is not offered and not taken. Compress what is large before it is a message.
//! - **Fragments** are put together, and none are made: a message is one frame.
//! - HTTP/1.1 only: WebSockets over HTTP/2 and 3 (RFC 8441, 9220) are not spoken.

mod accept;
mod attending;
mod calling;
mod close;
mod connect;
mod conversation;
mod decoder;
mod error;
mod exchange;
mod fate;
mod frame;
mod handshake;
mod handshake_error;
mod head;
mod headers;
mod host;
mod line;
mod mask;
mod message;
mod options;
mod outgoing;
mod request;
mod response;
mod server;
mod socket;
mod text;

pub use accept::{Arrival, accept, accept_with_http};
/// Text that is shared, as [`Bytes`](bytes::Bytes) are.
pub use bytestring::ByteString;
pub use close::Close;
pub use connect::{Connect, connect};
pub use decoder::{Decoder, Event};
pub use error::{ProtocolError, SocketError};
pub use exchange::Exchange;
pub use fate::Closed;
pub use handshake_error::{HandshakeError, HandshakeFailed};
pub use headers::Headers;
pub use message::Message;
pub use options::Options;
pub use request::Request;
pub use response::Response;
pub use server::{Server, server};
pub use socket::Socket;
