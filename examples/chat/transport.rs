//! What a session runs over: a source of lines in, a sink of lines out, and who is at the other end.
//!
//! Made by the server for every connection. A session knows no socket: whatever gives lines and takes lines, over TLS, a
//! WebSocket or a pipe, is a transport.

use std::sync::Arc;

use bytes::Bytes;
use roundsman::net::Connection;
use roundsman::stream::{LineTooLong, Sink, Source, lines};

use super::{names, wire};

/// Both directions of a connection, in lines.
pub struct Transport {
    /// What the client says, one line an item, without its end and with its tags.
    pub incoming: Source<Result<Bytes, LineTooLong>>,
    /// What the client is told, one line an item, with CR LF and with its tags. It must take no more than it can send.
    pub outgoing: Sink<Bytes>,
    /// Who is at the other end, for people: an address with its port.
    pub peer: String,
    /// The host part of `nick!user@host`.
    pub host: Arc<str>,
    /// Nobody in between can read it.
    pub secure: bool,
}

impl Transport {
    /// Over a socket, lines as RFC 1459 has them.
    pub fn over(connection: &Connection) -> Self {
        Self {
            incoming: connection.reader().through(lines(wire::FRAME_MAX)),
            outgoing: connection.writer(),
            peer: connection.peer().to_string(),
            host: names::host(connection.peer()),
            secure: connection.tls().is_some(),
        }
    }
}
