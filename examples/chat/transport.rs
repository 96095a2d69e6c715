//! What a session runs over: a source of lines in, a sink of lines out, and who is at the other end.
//!
//! Made by the server for every connection. A session knows no socket: whatever gives lines and takes lines, over TLS,
//! a WebSocket or a pipe, is a transport.

use std::sync::Arc;

use bytes::Bytes;
use roundsman::net::Connection;
use roundsman::stream::{LineTooLong, PipeError, Sink, Source, ended_lines, flat_map};
use roundsman::websocket::{ByteString, Close, Message, ProtocolError, Socket, SocketError};

use super::ending::{Ending, Kind};
use super::{names, web, wire};

/// Both directions of a connection, in lines.
pub struct Transport {
    /// What the client says, one line an item, without its end and with its tags.
    pub incoming: Source<Result<Bytes, LineTooLong>>,
    /// What the client is told, whole lines, with CR LF and with their tags. It must take no more than it can send.
    pub outgoing: Sink<Bytes>,
    /// Who is at the other end, for people: an address with its port.
    pub peer: String,
    /// The host part of `nick!user@host`.
    pub host: Arc<str>,
    /// Nobody in between can read it.
    pub secure: bool,
    /// How it says by itself why it ends.
    pub goodbye: Goodbye,
}

/// What a transport says of an end, beside the lines: a WebSocket its code and a reason, a socket nothing.
#[derive(Default)]
pub struct Goodbye(Option<Socket>);

impl Goodbye {
    /// Why the lines are about to end.
    pub fn say(&self, ending: &Ending) {
        let Some(socket) = &self.0 else { return };
        let code = match ending.kind {
            Kind::Left => Close::NORMAL,
            Kind::CutOff => Close::POLICY,
            Kind::Closing => Close::GOING_AWAY,
            Kind::Failed => Close::FAILED,
        };
        socket.close_at_end(code, &*ending.why);
    }
}

/// Which rule a client has broken, if its lines have ended with this error for that.
pub fn broken_rule(error: &PipeError) -> Option<&'static str> {
    use ProtocolError::{FrameTooLarge, MessageTooLarge};
    match error.cause_as()? {
        SocketError::Protocol(FrameTooLarge { .. } | MessageTooLarge { .. }) => {
            Some("Message too long")
        }
        _ => None,
    }
}

/// What a session has of what comes: the way back is the server's, see [`Mouth`](super::mouth::Mouth).
pub struct Arrival {
    /// What the client says, one line an item, without its end and with its tags.
    pub incoming: Source<Result<Bytes, LineTooLong>>,
    /// The host part of `nick!user@host`.
    pub host: Arc<str>,
    /// Nobody in between can read it.
    pub secure: bool,
    /// Why nobody is to be served here: the first thing that is said, and the last.
    pub refusal: Option<&'static str>,
}

impl Transport {
    /// Over a socket, lines as RFC 1459 has them: each has an end.
    pub fn over(connection: &Connection) -> Self {
        Self {
            incoming: connection.reader().through(ended_lines(wire::FRAME_MAX)),
            outgoing: connection.writer(),
            peer: connection.peer().to_string(),
            host: names::host(connection.peer()),
            secure: connection.tls().is_some(),
            goodbye: Goodbye::default(),
        }
    }

    /// Over a WebSocket, one line a message and without its end, as IRCv3 has it. A client that has agreed on binary
    /// messages gets such, every other gets text; what it sends is taken as either.
    pub fn over_web(socket: &Socket) -> Self {
        let binary = socket.protocol() == Some(web::BINARY);
        let mut read = 0;
        let incoming = socket.reader().map(move |message| {
            let at = read;
            read += message.len() as u64;
            let mut line = message.into_bytes();
            // Some end it all the same.
            let ended =
                line.strip_suffix(b"\n").map(|line| line.strip_suffix(b"\r").unwrap_or(line));
            line.truncate(ended.map_or(line.len(), <[u8]>::len));
            let is_line = line.len() <= wire::FRAME_MAX
                && !line.iter().any(|byte| matches!(byte, b'\r' | b'\n'));
            // Two lines in one message are refused as one that is too long: neither is carried out.
            if is_line { Ok(line) } else { Err(LineTooLong { at, max: wire::FRAME_MAX }) }
        });
        let outgoing = flat_map(move |lines: Bytes| {
            let lines = wire::split(&lines).map(|line| lines.slice_ref(line));
            let message = |line: Bytes| match ByteString::try_from(line.clone()) {
                Ok(text) if !binary => Message::Text(text),
                _ => Message::Binary(line),
            };
            lines.map(message).collect::<Vec<_>>()
        });
        Self {
            incoming,
            outgoing: outgoing.pipe(socket.writer()),
            peer: socket.peer().to_string(),
            host: names::host(socket.peer()),
            secure: socket.connection().tls().is_some(),
            goodbye: Goodbye(Some(socket.clone())),
        }
    }
}
