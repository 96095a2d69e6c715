//! What is wrong with a frame.

use bytes::Bytes;

/// What is wrong with a frame: the cause of the [`PipeError`](super::super::PipeError) with which a decoder or an encoder
/// fails its pipeline. The frames before it have gone on.
///
/// `at` is where the frame begins, its prefix included, in bytes from the start of the stream; for an encoder, where it
/// would begin in what is sent.
///
/// # Examples
/// ```
/// use roundsman::stream::FrameError;
///
/// let error = FrameError::TooLong { at: 12, len: 70_000, max: 65_536 };
/// assert_eq!(
///     error.to_string(),
///     "the frame that begins at byte 12 has 70000 bytes, and 65536 are allowed: raise the limit, or send shorter frames"
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// It is longer than allowed.
    #[error(
        "the frame that begins at byte {at} has {len} bytes, and {max} are allowed: raise the limit, or send shorter \
         frames"
    )]
    TooLong {
        /// Where it begins.
        at: u64,
        /// How long it is, without its prefix.
        len: u64,
        /// How long it may be.
        max: u64,
    },
    /// No delimiter comes where it would have to be at the latest.
    #[error(
        "the frame that begins at byte {at} has no end within {max} bytes: raise the limit, or send shorter frames"
    )]
    Endless {
        /// Where it begins.
        at: u64,
        /// How long it may be, without its delimiter.
        max: u64,
    },
    /// The stream ends in the middle of it.
    #[error(
        "the stream ends in the middle of the frame that begins at byte {at}: {got} of its bytes are there, {missing} \
         are missing"
    )]
    Truncated {
        /// Where it begins.
        at: u64,
        /// How many bytes of it are there, its prefix and what there is of its delimiter included.
        got: u64,
        /// How many are not: of the prefix, if the length was not known yet; of the delimiter, if frames have one.
        missing: u64,
    },
    /// Its length cannot be said in its prefix.
    #[error(
        "the frame for byte {at} has {len} bytes, and a prefix of {width} bytes can say {max}: take a wider prefix, or \
         send shorter frames"
    )]
    PrefixTooNarrow {
        /// Where it would begin.
        at: u64,
        /// How long it is.
        len: u64,
        /// How wide the prefix is, in bytes.
        width: usize,
        /// The largest number that fits.
        max: u64,
    },
    /// It holds what ends a frame: who reads it would see two.
    #[error(
        "the frame for byte {at} holds the delimiter \"{}\" after {offset} bytes, and would be read as two: escape it, \
         or send the length first",
        delimiter.escape_ascii()
    )]
    HoldsDelimiter {
        /// Where it would begin.
        at: u64,
        /// How many bytes of it are before the delimiter.
        offset: u64,
        /// The delimiter.
        delimiter: Bytes,
    },
    /// It has another length than all frames have.
    #[error(
        "the frame for byte {at} has {len} bytes, and every frame has {size}: fill it up, or cut it"
    )]
    WrongSize {
        /// Where it would begin.
        at: u64,
        /// How long it is.
        len: u64,
        /// How long frames are.
        size: u64,
    },
}
