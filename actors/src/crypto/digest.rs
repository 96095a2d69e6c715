//! What comes of hashing, as a value.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use bytes::Bytes;

use super::constant_time_eq;

/// What a hash function makes of bytes. Written in hexadecimal, lower case; read in either case.
///
/// Digests are compared by all of their bytes, whatever differs first, so that the time of a comparison does not tell how
/// much of a digest somebody has guessed. Cheap to clone.
///
/// # Examples
/// ```
/// use roundsman::crypto::{Algorithm, Digest};
///
/// let digest = Algorithm::Shake128 { len: 4 }.digest(b"");
/// assert_eq!(digest.as_bytes(), [0x7f, 0x9c, 0x2b, 0xa4]);
/// assert_eq!(digest.to_string(), "7f9c2ba4");
/// assert_eq!("7F9C2BA4".parse::<Digest>(), Ok(digest));
/// ```
#[derive(Clone, Eq)]
pub struct Digest(Bytes);

impl Digest {
    pub(super) fn new(bytes: Bytes) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether these are its bytes: for what comes from outside. Compared in [constant time](constant_time_eq).
    #[must_use]
    pub fn matches(&self, bytes: &[u8]) -> bool {
        constant_time_eq(&self.0, bytes)
    }

    /// Its bytes, to send on.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.0
    }
}

impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        self.matches(&other.0)
    }
}

impl Hash for Digest {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl AsRef<[u8]> for Digest {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::LowerHex for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::LowerHex::fmt(self, f)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

/// Why a text is no digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseDigestError {
    /// Two digits make a byte.
    #[error("a digest has two digits for each byte, and this text has {digits}")]
    Odd {
        /// How many bytes the text has.
        digits: usize,
    },
    /// Something else than a hexadecimal digit.
    #[error("a digest has hexadecimal digits only, and byte {at} of this text is something else")]
    NotHex {
        /// Where it stands, in bytes from the start of the text.
        at: usize,
    },
}

impl FromStr for Digest {
    type Err = ParseDigestError;

    fn from_str(text: &str) -> Result<Self, ParseDigestError> {
        let digits = text.len();
        if !digits.is_multiple_of(2) {
            return Err(ParseDigestError::Odd { digits });
        }
        let digit = |at: usize| {
            let digit = char::from(text.as_bytes()[at]).to_digit(16);
            digit.map(|digit| digit as u8).ok_or(ParseDigestError::NotHex { at })
        };
        let byte = |at| Ok(digit(at)? << 4 | digit(at + 1)?);
        (0..digits).step_by(2).map(byte).collect::<Result<Bytes, _>>().map(Self)
    }
}
