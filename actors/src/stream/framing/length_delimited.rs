//! `length_delimited`: frames that begin with their length.

use bytes::Bytes;

use super::encoder::{Encode, With, encoded};
use super::{Decode, FrameError, Input, Prefix, decoded};
use crate::stream::{Source, Stage};

/// Bytes cut into frames of up to `max` bytes, each of which begins with its length; the length is cut off. (Pekko:
/// `Framing.lengthField`.)
///
/// - Demand: one frame asked for is answered from what has been read; only then more is asked of the source.
/// - A frame within one block of input is cut off without copying; one that spans blocks is copied together. `max` bytes
///   and one block are kept at most, and the mere word of a peer that a frame is long takes 64 KiB.
/// - Failure and cancel pass through.
///
/// # Errors
/// The pipeline fails with a [`FrameError`], after the frames before it have gone on:
/// [`TooLong`](FrameError::TooLong) for a length of more than `max`, as soon as it is read;
/// [`Truncated`](FrameError::Truncated) if the stream ends in the middle of a frame.
///
/// # Examples
/// ```
/// use bytes::Bytes;
/// use roundsman::prelude::*;
/// use roundsman::stream::{PipeError, Prefix, Source, collect, length_delimited};
///
/// struct Reader;
///
/// impl Actor for Reader {
///     type Message = Result<Vec<Bytes>, PipeError>;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         let blocks = ["\x05he", "llo\x00\x04abc"].map(Bytes::from);
///         let frames = Source::iter(blocks).through(length_delimited(Prefix::U8, 64));
///         frames.pipe(collect()).start(ctx, |frames| frames);
///         Ok(())
///     }
///
///     fn receive(&mut self, frames: Self::Message, ctx: &mut Context<Self>) -> Outcome {
///         // "hello", then an empty frame, then one that is not there.
///         assert_eq!(
///             frames.unwrap_err().to_string(),
///             "length_delimited: the stream ends in the middle of the frame that begins at byte 7: \
///              4 of its bytes are there, 1 are missing",
///         );
///         ctx.stop();
///         Ok(())
///     }
/// }
///
/// Runtime::builder().loops(1).build()?.run(|| Reader)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn length_delimited(prefix: Prefix, max: usize) -> Stage<Bytes, Bytes> {
    decoded("length_delimited", LengthDelimited { prefix, max, len: None })
}

/// Frames of up to `max` bytes, each with its length before it, for [`length_delimited`] to read.
///
/// - Demand: one frame gives one block, or two if it is long: then it is not copied.
/// - End, failure and cancel pass through.
///
/// # Errors
/// The pipeline fails with a [`FrameError`], after the frames before it have gone on: [`TooLong`](FrameError::TooLong) for a
/// frame of more than `max`, [`PrefixTooNarrow`](FrameError::PrefixTooNarrow) for one whose length the prefix cannot say.
///
/// # Examples
/// ```
/// use bytes::Bytes;
/// use roundsman::stream::{Prefix, Source, collect, encode_length_delimited};
///
/// // Gives `Ok(vec!["\x05\x00hello", "\x00\x00"])` when started.
/// let frames = Source::iter(["hello", ""].map(Bytes::from));
/// let prefix = Prefix::U16.little_endian();
/// let bytes = frames.through(encode_length_delimited(prefix, 1024)).pipe(collect());
/// # drop(bytes);
/// ```
pub fn encode_length_delimited(prefix: Prefix, max: usize) -> Stage<Bytes, Bytes> {
    encoded("encode_length_delimited", Prefixing { prefix, max })
}

impl Source<Bytes> {
    /// Bytes cut into frames that begin with their length. See [`length_delimited`](super::length_delimited()).
    pub fn length_delimited(self, prefix: Prefix, max: usize) -> Self {
        self.through(length_delimited(prefix, max))
    }

    /// Frames with their lengths before them. See [`encode_length_delimited`](super::encode_length_delimited()).
    pub fn encode_length_delimited(self, prefix: Prefix, max: usize) -> Self {
        self.through(encode_length_delimited(prefix, max))
    }
}

struct LengthDelimited {
    prefix: Prefix,
    max: usize,
    /// The length of the frame in hand, once its prefix is there and cut off.
    len: Option<usize>,
}

impl LengthDelimited {
    /// Where the frame in hand begins, with its prefix.
    fn begun(&self, input: &Input) -> u64 {
        let prefix = self.len.map_or(0, |_| self.prefix.width());
        input.at() - prefix as u64
    }
}

impl Decode for LengthDelimited {
    type Frame = Bytes;

    fn decode(&mut self, input: &mut Input) -> Result<Option<Bytes>, FrameError> {
        let len = match self.len {
            Some(len) => len,
            None if input.len() < self.prefix.width() => {
                input.keep(self.prefix.width());
                return Ok(None);
            }
            None => {
                let at = input.at();
                let len = self.prefix.read(&input.take(self.prefix.width()));
                let max = self.max as u64;
                if len > max {
                    return Err(FrameError::TooLong { at, len, max });
                }
                // No more than `max`, which is a `usize`.
                len as usize
            }
        };
        if input.len() < len {
            self.len = Some(len);
            input.keep(len);
            return Ok(None);
        }
        self.len = None;
        Ok(Some(input.take(len)))
    }

    fn finish(&mut self, input: &mut Input) -> Result<Option<Bytes>, FrameError> {
        let (there, at) = (input.len() as u64, self.begun(input));
        let width = self.prefix.width() as u64;
        let (got, missing) = match self.len {
            None if there == 0 => return Ok(None),
            None => (there, width - there),
            Some(len) => (width + there, len as u64 - there),
        };
        Err(FrameError::Truncated { at, got, missing })
    }
}

struct Prefixing {
    prefix: Prefix,
    max: usize,
}

impl Encode for Prefixing {
    fn encode(&mut self, at: u64, frame: &Bytes) -> Result<With, FrameError> {
        let len = frame.len() as u64;
        if frame.len() > self.max {
            return Err(FrameError::TooLong { at, len, max: self.max as u64 });
        }
        let max = self.prefix.len_max();
        if len > max {
            return Err(FrameError::PrefixTooNarrow { at, len, width: self.prefix.width(), max });
        }
        Ok(With::Before(self.prefix.write(len)))
    }
}
