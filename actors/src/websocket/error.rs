//! Why a WebSocket does not end as it should.

use std::time::Duration;

use super::Close;
use crate::stream::PipeError;

/// What is wrong with the frames of a peer. It is answered by a Close with the [code](Self::code) that RFC 6455 has for it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProtocolError {
    /// A frame of a client without a mask. (Section 5.1.)
    #[error("a frame of the client has no mask")]
    NotMasked,
    /// A frame of a server with a mask. (Section 5.1.)
    #[error("a frame of the server has a mask")]
    Masked,
    /// A reserved bit is set: it would belong to an extension, and none was agreed on. (Section 5.2.)
    #[error("a reserved bit is set, and no extension was agreed on")]
    ReservedBits,
    /// An opcode that means nothing. (Section 5.2.)
    #[error("the opcode {0} is reserved")]
    ReservedOpcode(u8),
    /// A control frame that is not the last of its message. (Section 5.5.)
    #[error("a control frame is fragmented")]
    FragmentedControl,
    /// A control frame with more than 125 bytes. (Section 5.5.)
    #[error("a control frame has more than 125 bytes")]
    LongControl,
    /// A length that takes more bytes than it needs, or has its highest bit set. (Section 5.2.)
    #[error("the length of a frame is not written as it should be")]
    BadLength,
    /// A continuation without a beginning. (Section 5.4.)
    #[error("a continuation comes with no message to continue")]
    NothingToContinue,
    /// A message within another. (Section 5.4.)
    #[error("a message begins before the last has ended")]
    MessageWithin,
    /// A Close with one byte: half a code. (Section 5.5.1.)
    #[error("a Close has half a code")]
    ShortClose,
    /// A code that must not be sent. (Section 7.4.)
    #[error("a Close has the code {0}, which must not be sent")]
    CloseCode(u16),
    /// A text, or the reason of a Close, that is not UTF-8. (Section 8.1.)
    #[error("a text is not UTF-8")]
    NotUtf8,
    /// A frame longer than is taken here.
    #[error("a frame has {len} bytes, more than the {max} that `frame_max` allows")]
    FrameTooLarge {
        /// What its head says.
        len: u64,
        /// The limit.
        max: u64,
    },
    /// A message longer than is taken here.
    #[error("a message has more bytes than the {max} that `message_max` allows")]
    MessageTooLarge {
        /// The limit.
        max: usize,
    },
}

impl ProtocolError {
    /// The code of the Close that answers it: 1007 for what is no UTF-8, 1009 for what is too large, else 1002.
    #[must_use]
    pub fn code(&self) -> u16 {
        match self {
            Self::NotUtf8 => Close::NOT_UTF8,
            Self::FrameTooLarge { .. } | Self::MessageTooLarge { .. } => Close::TOO_LARGE,
            _ => Close::PROTOCOL,
        }
    }
}

/// Why the reader or the writer of a WebSocket has failed.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SocketError {
    /// The peer breaks the protocol, or a limit.
    #[error("the peer breaks the protocol of WebSockets: {0}")]
    Protocol(#[source] ProtocolError),
    /// The peer's connection has ended without a Close: what came may not be all. (RFC 6455: 1006.)
    #[error("the peer's connection has ended without a Close, so what came may not be all")]
    Abnormal,
    /// Nothing has come from the peer since it was pinged.
    #[error("the peer has not answered a ping within {patience:?}, as `ping` says")]
    NoPong {
        /// How long it had.
        patience: Duration,
    },
    /// The peer does not answer our Close.
    #[error("the peer has not answered our Close within {after:?}, as `close_timeout` says")]
    CloseTimedOut {
        /// How long it had.
        after: Duration,
    },
    /// The socket is closed, by the peer or by [`close`](super::Socket::close), and what was still to be written is not.
    #[error("the WebSocket is closed: {0}")]
    Closed(Close),
    /// It was cut by [`abort`](super::Socket::abort), or is over in a way that is not known here.
    #[error("the WebSocket is over")]
    Over,
    /// The connection has failed.
    #[error("{0}")]
    Lost(#[source] PipeError),
}
