//! Framing: bytes cut into frames, and frames put back into bytes. Both ways in pairs:
//!
//! | from bytes | to bytes | a frame |
//! |---|---|---|
//! | [`lines`](super::lines()) | [`encode_lines`] | ends with LF |
//! | [`split`] | [`encode_split`] | ends with a delimiter of one or more bytes |
//! | [`length_delimited`] | [`encode_length_delimited`] | begins with its length: see [`Prefix`] |
//! | [`fixed`] | [`encode_fixed`] | has always the same length |
//!
//! A decoder cuts one frame off when one is asked for, and asks for more bytes only when no whole frame is left. It keeps
//! what it was given, and of a frame that spans blocks as much as the limit at most. It checks frames, and knows nothing of
//! what is in them.

mod decoder;
mod encode_lines;
mod encoder;
mod error;
mod fixed;
mod input;
mod length_delimited;
mod prefix;
mod split;

#[cfg(test)]
pub(super) use decoder::decoding;
pub(super) use decoder::{Decode, decoded};
pub use encode_lines::encode_lines;
pub use error::FrameError;
pub use fixed::{encode_fixed, fixed};
pub(super) use input::Input;
pub use length_delimited::{encode_length_delimited, length_delimited};
pub use prefix::Prefix;
pub use split::{encode_split, split};
