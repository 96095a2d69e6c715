//! A Close: the code and the reason with which an end of a WebSocket says that it is done. (RFC 6455, section 7.4.)

use std::fmt;

use bytes::{BufMut, Bytes, BytesMut};

use super::ProtocolError;

/// How long a reason may be, in bytes: a control frame has 125, and the code takes two.
const REASON_MAX: usize = 123;

/// Why an end of a WebSocket closes it, as it says itself.
///
/// # Examples
/// ```
/// use roundsman::websocket::Close;
///
/// let close = Close::new(4000, "the game is over");
/// assert_eq!(close.to_string(), "4000 (the game is over)");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close {
    code: u16,
    reason: String,
}

impl Close {
    /// It has done what it was for.
    pub const NORMAL: u16 = 1000;
    /// A server that stops, a page that is left.
    pub const GOING_AWAY: u16 = 1001;
    /// The peer breaks the protocol.
    pub const PROTOCOL: u16 = 1002;
    /// A message of a kind that is not taken: binary where only text is.
    pub const UNSUPPORTED: u16 = 1003;
    /// No code was said. It is told, and never sent.
    pub const NONE: u16 = 1005;
    /// A text that is no UTF-8.
    pub const NOT_UTF8: u16 = 1007;
    /// A message that is against what was agreed on, where no other code says it better.
    pub const POLICY: u16 = 1008;
    /// A message that is too large.
    pub const TOO_LARGE: u16 = 1009;
    /// Something has failed that is not the peer's doing.
    pub const FAILED: u16 = 1011;

    /// A code and a reason, for the peer's program rather than for people. Of the reason at most 123 bytes are kept.
    ///
    /// # Panics
    /// If the code is none that may be sent: 1000 to 1003, 1007 to 1014, and 3000 to 4999, of which those from 4000 on are free
    /// for whatever two programs agree on.
    #[must_use]
    pub fn new(code: u16, reason: impl Into<String>) -> Self {
        assert!(may_be_sent(code), "{code} may not be sent: use 1000, or one from 4000 to 4999");
        let mut reason = reason.into();
        let most = (0..=REASON_MAX).rev().find(|at| reason.is_char_boundary(*at));
        reason.truncate(most.unwrap_or(0));
        Self { code, reason }
    }

    /// A code of ours without a reason.
    pub(super) fn bare(code: u16) -> Self {
        Self { code, reason: String::new() }
    }

    /// The code; [`NONE`](Self::NONE) if none was said.
    #[must_use]
    pub fn code(&self) -> u16 {
        self.code
    }

    /// The reason; mostly empty.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Of the payload of a frame.
    pub(super) fn parse(payload: &[u8]) -> Result<Self, ProtocolError> {
        let (code, reason) = match payload {
            [] => return Ok(Self::bare(Self::NONE)),
            [_] => return Err(ProtocolError::ShortClose),
            [high, low, reason @ ..] => (u16::from_be_bytes([*high, *low]), reason),
        };
        if !may_be_sent(code) {
            return Err(ProtocolError::CloseCode(code));
        }
        let reason = std::str::from_utf8(reason).map_err(|_| ProtocolError::NotUtf8)?;
        Ok(Self { code, reason: reason.to_owned() })
    }

    /// As the payload of a frame.
    pub(super) fn payload(&self) -> Bytes {
        if self.code == Self::NONE {
            return Bytes::new();
        }
        let mut payload = BytesMut::with_capacity(2 + self.reason.len());
        payload.put_u16(self.code);
        payload.put_slice(self.reason.as_bytes());
        payload.freeze()
    }

    /// What answers it: the same code.
    pub(super) fn answer(&self) -> Self {
        Self::bare(self.code)
    }
}

/// The codes that RFC 6455 and the registry of IANA have, and those for libraries and applications.
fn may_be_sent(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

impl fmt::Display for Close {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.code, &*self.reason) {
            (Self::NONE, _) => f.write_str("no code"),
            (code, "") => write!(f, "{code}"),
            (code, reason) => write!(f, "{code} ({reason})"),
        }
    }
}
