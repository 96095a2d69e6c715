//! How a frame says its length.

use bytes::Bytes;

/// How a frame says its length: in so many bytes, the most significant first, or [last](Self::little_endian).
///
/// The length is that of the frame alone, without the prefix.
///
/// # Examples
/// ```
/// use roundsman::stream::Prefix;
///
/// assert_eq!(Prefix::default(), Prefix::U32);
/// assert_eq!(Prefix::U16.width(), 2);
/// assert_eq!(Prefix::U16.little_endian().len_max(), 65_535);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefix {
    /// In bytes, 1 to 8.
    width: u8,
    little_endian: bool,
}

impl Prefix {
    /// One byte: frames of up to 255 bytes.
    pub const U8: Self = Self::big_endian(1);
    /// Two bytes: up to 64 KiB - 1.
    pub const U16: Self = Self::big_endian(2);
    /// Three bytes, as in HTTP/2 and TLS: up to 16 MiB - 1.
    pub const U24: Self = Self::big_endian(3);
    /// Four bytes: up to 4 GiB - 1. The default.
    pub const U32: Self = Self::big_endian(4);
    /// Eight bytes.
    pub const U64: Self = Self::big_endian(8);

    const fn big_endian(width: u8) -> Self {
        Self { width, little_endian: false }
    }

    /// The same with the least significant byte first.
    #[must_use]
    pub const fn little_endian(self) -> Self {
        Self { little_endian: true, ..self }
    }

    /// How long it is, in bytes.
    #[must_use]
    pub const fn width(self) -> usize {
        self.width as usize
    }

    /// The largest length that it can say, in bytes.
    #[must_use]
    pub const fn len_max(self) -> u64 {
        u64::MAX >> (64 - 8 * self.width as u32)
    }

    /// The length that `bytes` say.
    pub(super) fn read(self, bytes: &[u8]) -> u64 {
        let add = |len: u64, byte: &u8| len << 8 | u64::from(*byte);
        if self.little_endian { bytes.iter().rev().fold(0, add) } else { bytes.iter().fold(0, add) }
    }

    /// The bytes that say `len`, which must not be more than they can say.
    pub(super) fn write(self, len: u64) -> Bytes {
        if self.little_endian {
            Bytes::copy_from_slice(&len.to_le_bytes()[..self.width()])
        } else {
            Bytes::copy_from_slice(&len.to_be_bytes()[8 - self.width()..])
        }
    }
}

impl Default for Prefix {
    fn default() -> Self {
        Self::U32
    }
}
