//! `fixed`: frames that all have the same length.

use bytes::Bytes;

use super::encoder::{Encode, With, encoded};
use super::{Decode, FrameError, Input, decoded};
use crate::stream::{Source, Stage};

/// Bytes cut into frames of `size` bytes. (Rust: `slice::chunks_exact`.)
///
/// - Demand: one frame asked for is answered from what has been read; only then more is asked of the source.
/// - A frame within one block of input is cut off without copying; one that spans blocks is copied together. Less than
///   `size` bytes and one block are kept.
/// - Failure and cancel pass through.
///
/// # Errors
/// If the stream ends in the middle of a frame, the pipeline fails with [`FrameError::Truncated`], after the frames before it
/// have gone on.
///
/// # Panics
/// If `size` is 0, when the stage is made.
///
/// # Examples
/// ```
/// use bytes::Bytes;
/// use roundsman::stream::{Source, collect, fixed};
///
/// // Gives `Ok(vec!["abcd", "efgh"])` when started.
/// let frames = Source::iter(["abc", "defgh"].map(Bytes::from)).through(fixed(4)).pipe(collect());
/// # drop(frames);
/// ```
pub fn fixed(size: usize) -> Stage<Bytes, Bytes> {
    decoded("fixed", Fixed { size: at_least_1(size) })
}

/// Frames that must have `size` bytes, one after another, for [`fixed`] to read.
///
/// - Demand: one frame gives one block: itself.
/// - End, failure and cancel pass through.
///
/// # Errors
/// A frame of another length fails the pipeline with [`FrameError::WrongSize`], after the frames before it have gone on.
///
/// # Panics
/// If `size` is 0, when the stage is made.
///
/// # Examples
/// ```
/// use bytes::Bytes;
/// use roundsman::stream::{Source, collect, encode_fixed};
///
/// // Fails when started: the second frame has 3 bytes.
/// let bytes = Source::iter(["abcd", "efg"].map(Bytes::from)).through(encode_fixed(4)).pipe(collect());
/// # drop(bytes);
/// ```
pub fn encode_fixed(size: usize) -> Stage<Bytes, Bytes> {
    encoded("encode_fixed", Fixed { size: at_least_1(size) })
}

impl Source<Bytes> {
    /// Bytes cut into frames of `size` bytes. See [`fixed`](super::fixed()).
    ///
    /// # Panics
    /// If `size` is 0.
    pub fn fixed(self, size: usize) -> Self {
        self.through(fixed(size))
    }

    /// Frames that must have `size` bytes. See [`encode_fixed`](super::encode_fixed()).
    ///
    /// # Panics
    /// If `size` is 0.
    pub fn encode_fixed(self, size: usize) -> Self {
        self.through(encode_fixed(size))
    }
}

fn at_least_1(size: usize) -> usize {
    assert!(size > 0, "frames of 0 bytes would never end: a fixed size is 1 or more");
    size
}

struct Fixed {
    size: usize,
}

impl Decode for Fixed {
    type Frame = Bytes;

    fn decode(&mut self, input: &mut Input) -> Result<Option<Bytes>, FrameError> {
        if input.len() < self.size {
            input.keep(self.size);
            return Ok(None);
        }
        Ok(Some(input.take(self.size)))
    }

    fn finish(&mut self, input: &mut Input) -> Result<Option<Bytes>, FrameError> {
        let got = input.len() as u64;
        if got == 0 {
            return Ok(None);
        }
        Err(FrameError::Truncated { at: input.at(), got, missing: self.size as u64 - got })
    }
}

impl Encode for Fixed {
    fn encode(&mut self, at: u64, frame: &Bytes) -> Result<With, FrameError> {
        if frame.len() == self.size {
            return Ok(With::Nothing);
        }
        Err(FrameError::WrongSize { at, len: frame.len() as u64, size: self.size as u64 })
    }
}
