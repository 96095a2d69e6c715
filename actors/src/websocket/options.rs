//! What is agreed with oneself about a WebSocket: limits and times, of servers and clients alike.

use std::time::Duration;

/// Limits and times of a WebSocket. The defaults suit a chat; what moves files wants larger messages.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use roundsman::websocket::{self, Options};
///
/// let options = Options::new()
///     .message_max(64 * 1024)
///     .ping(Duration::from_secs(30), Duration::from_secs(10));
/// let server = websocket::server().options(options);
/// # drop(server);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "options do nothing until they are given to a server or a client"]
pub struct Options {
    pub(super) frame_max: u64,
    pub(super) message_max: usize,
    pub(super) head_max: usize,
    pub(super) timeout: Duration,
    pub(super) close_timeout: Duration,
    pub(super) ping: Option<Ping>,
}

/// When a silent peer is pinged, and how long it has to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ping {
    pub(super) every: Duration,
    pub(super) patience: Duration,
}

impl Options {
    /// The defaults, as each method names them.
    pub fn new() -> Self {
        Self {
            frame_max: u64::MAX,
            message_max: 1024 * 1024,
            head_max: 16 * 1024,
            timeout: Duration::from_secs(10),
            close_timeout: Duration::from_secs(5),
            ping: None,
        }
    }

    /// How many bytes one frame of the peer may have; a larger one is answered by 1009. Default: as many as a message.
    pub fn frame_max(mut self, bytes: u64) -> Self {
        self.frame_max = bytes;
        self
    }

    /// How many bytes one message of the peer may have, all its frames together; a larger one is answered by 1009. Default
    /// 1 MiB. Up to 17 of them are held for one peer: one here, and 16 on the link to whoever reads. (Node's `ws`:
    /// `maxPayload`, 100 MiB.)
    pub fn message_max(mut self, bytes: usize) -> Self {
        self.message_max = bytes;
        self
    }

    /// How many bytes the head of a request, or of an answer, may have; a request with more is answered by 431. Default 16 KiB,
    /// with 100 headers at most. (Node: `maxHeaderSize`.)
    pub fn head_max(mut self, bytes: usize) -> Self {
        self.head_max = bytes;
        self
    }

    /// How long the peer may take for its part of the handshake: until the head of its request, or its answer, is there.
    /// Default 10 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How long the ends wait for each other as they close; default 5 s: the peer's Close that answers ours, what is still on
    /// its way to the writer when the peer closes, and the end of the peer's connection.
    pub fn close_timeout(mut self, timeout: Duration) -> Self {
        self.close_timeout = timeout;
        self
    }

    /// Pings a peer from which nothing has come for `every`; if nothing has come after `patience` more, the socket fails with
    /// [`NoPong`](super::SocketError::NoPong). Default: no peer is pinged.
    ///
    /// While nobody takes what has come, nothing is read, and the peer's silence is not held against it.
    pub fn ping(mut self, every: Duration, patience: Duration) -> Self {
        self.ping = Some(Ping { every, patience });
        self
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::new()
    }
}
