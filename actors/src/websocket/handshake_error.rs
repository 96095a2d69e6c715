//! Why there is no WebSocket.

use std::io;
use std::time::Duration;

use crate::net::Endpoint;
use crate::stream::PipeError;

/// Why a handshake has failed.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HandshakeError {
    /// The peer has not done its part in time.
    #[error("it was not done within {0:?}, as `timeout` says")]
    TimedOut(Duration),
    /// The peer's head is longer than is taken here. A request is answered by 431.
    #[error("the head has more bytes than the {max} that `head_max` allows")]
    HeadTooLarge {
        /// The limit.
        max: usize,
    },
    /// The peer's head has more headers than are taken here. A request is answered by 431.
    #[error("the head has more than 100 headers")]
    TooManyHeaders,
    /// The peer does not speak HTTP as it should. A request is answered by 400.
    #[error("the head is not as HTTP has it: {0}")]
    BadHead(&'static str),
    /// A request that is none for a WebSocket. It is answered by 426.
    #[error("the client asks for {path:?}, and for no WebSocket")]
    NotAnUpgrade {
        /// The path.
        path: String,
    },
    /// A request for a WebSocket where none is. It is answered by 404.
    #[error("there is no WebSocket at {path:?}")]
    NotFound {
        /// The path.
        path: String,
    },
    /// The client speaks another version of the protocol. It is answered by 426.
    #[error("the client speaks the version {version:?} of the protocol, not 13")]
    Version {
        /// What it has said.
        version: String,
    },
    /// The client has sent no key, or what is none. It is answered by 400.
    #[error("the client has sent no key as it should be")]
    BadKey,
    /// A page from elsewhere. It is answered by 403.
    #[error("a page from {origin:?} must not connect, as `origins` says")]
    Origin {
        /// Where it is from.
        origin: String,
    },
    /// The function that was given to [`admit`](super::Server::admit) has answered instead.
    #[error("the request was answered by {status}, as `admit` says")]
    Denied {
        /// The status of its answer.
        status: u16,
    },
    /// The server has answered with something else than a WebSocket.
    #[error("the server has answered by the status {status} instead of 101")]
    Refused {
        /// Its status.
        status: u16,
    },
    /// The server's answer does not belong to what was asked.
    #[error("the server's answer is not as it should be: {0}")]
    BadAnswer(&'static str),
    /// The peer has ended the connection in the middle of the handshake.
    #[error("the peer has hung up before it was done")]
    HungUp,
    /// The runtime is being stopped as planned, or whoever wanted the socket has ended.
    #[error("it was stopped before it was done")]
    Stopped,
    /// The connection has failed, or was in use.
    #[error("{0}")]
    Lost(#[source] PipeError),
}

impl HandshakeError {
    /// What kind of I/O error it is: the connection's; `TimedOut`; `UnexpectedEof` if the peer has hung up;
    /// `ConnectionAborted` if it was stopped here; `ConnectionRefused` if the server does not want to; else `InvalidData`.
    #[must_use]
    pub fn kind(&self) -> io::ErrorKind {
        match self {
            Self::Lost(error) => error.io_kind().unwrap_or(io::ErrorKind::ConnectionAborted),
            Self::TimedOut(_) => io::ErrorKind::TimedOut,
            Self::HungUp => io::ErrorKind::UnexpectedEof,
            Self::Stopped => io::ErrorKind::ConnectionAborted,
            Self::Refused { .. } => io::ErrorKind::ConnectionRefused,
            _ => io::ErrorKind::InvalidData,
        }
    }
}

/// A handshake of a server has failed: told to whoever listens to [happenings](crate::emitter#happenings).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HandshakeFailed {
    /// Who has connected.
    pub peer: Endpoint,
    /// Our end.
    pub local: Endpoint,
    /// Why.
    pub error: HandshakeError,
}

impl HandshakeFailed {
    pub(super) fn new(peer: &Endpoint, local: &Endpoint, error: &HandshakeError) -> Self {
        Self { peer: peer.clone(), local: local.clone(), error: error.clone() }
    }
}
