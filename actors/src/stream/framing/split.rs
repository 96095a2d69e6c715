//! `split`: frames that end with a delimiter.

use bytes::Bytes;
use memchr::memmem::Finder;

use super::encoder::{Encode, With, encoded};
use super::{Decode, FrameError, Input, decoded};
use crate::stream::{Source, Stage};

/// Bytes cut into frames of up to `max` bytes, each of which ends with `delimiter`; the delimiter, of one or more bytes,
/// is cut off. (Rust: `str::split_terminator`; Pekko: `Framing.delimiter`.)
///
/// For lines of text there is [`lines`](super::super::lines()), which takes two kinds of ends, skips a line that is too
/// long, and does not insist on the last end.
///
/// - Demand: one frame asked for is answered from what has been read; only then more is asked of the source.
/// - A frame within one block of input is cut off without copying; one that spans blocks is copied together, also when
///   its delimiter does. `max` bytes, a delimiter and one block are kept at most.
/// - Failure and cancel pass through.
///
/// # Errors
/// The pipeline fails with a [`FrameError`], after the frames before it have gone on: [`Endless`](FrameError::Endless)
/// once a frame has more than `max` bytes, [`Truncated`](FrameError::Truncated) if the stream ends without a delimiter.
///
/// # Panics
/// If `delimiter` is empty, when the stage is made.
///
/// # Examples
/// ```
/// use bytes::Bytes;
/// use roundsman::prelude::*;
/// use roundsman::stream::{PipeError, Source, collect, split};
///
/// struct Reader;
///
/// impl Actor for Reader {
///     type Message = Result<Vec<Bytes>, PipeError>;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         let blocks = ["one, t", "wo,", " , "].map(Bytes::from);
///         Source::iter(blocks).through(split(", ", 64)).pipe(collect()).start(ctx, |words| words);
///         Ok(())
///     }
///
///     fn receive(&mut self, words: Self::Message, ctx: &mut Context<Self>) -> Outcome {
///         assert_eq!(words?, ["one", "two", ""]);
///         ctx.stop();
///         Ok(())
///     }
/// }
///
/// Runtime::builder().loops(1).build()?.run(|| Reader)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn split(delimiter: impl Into<Bytes>, max: usize) -> Stage<Bytes, Bytes> {
    decoded("split", Split { delimiter: Delimiter::new(delimiter.into()), max })
}

/// Frames with `delimiter` after each, for [`split`] to read.
///
/// - Demand: one frame gives one block, or two if it is long: then it is not copied.
/// - End, failure and cancel pass through.
///
/// # Errors
/// A frame in which the delimiter would be read too early fails the pipeline with [`FrameError::HoldsDelimiter`], after
/// the frames before it have gone on.
///
/// # Panics
/// If `delimiter` is empty, when the stage is made.
///
/// # Examples
/// ```
/// use bytes::Bytes;
/// use roundsman::stream::{Source, collect, encode_split};
///
/// // Gives `Ok(vec!["one;", "two;"])` when started.
/// let bytes = Source::iter(["one", "two"].map(Bytes::from)).through(encode_split(";")).pipe(collect());
/// # drop(bytes);
/// ```
pub fn encode_split(delimiter: impl Into<Bytes>) -> Stage<Bytes, Bytes> {
    encoded("encode_split", Delimiter::new(delimiter.into()))
}

impl Source<Bytes> {
    /// Bytes cut into frames that end with `delimiter`. See [`split`](super::split()).
    ///
    /// # Panics
    /// If `delimiter` is empty.
    pub fn split(self, delimiter: impl Into<Bytes>, max: usize) -> Self {
        self.through(split(delimiter, max))
    }

    /// Frames with `delimiter` after each. See [`encode_split`](super::encode_split()).
    ///
    /// # Panics
    /// If `delimiter` is empty.
    pub fn encode_split(self, delimiter: impl Into<Bytes>) -> Self {
        self.through(encode_split(delimiter))
    }
}

/// What ends a frame.
pub(super) struct Delimiter {
    bytes: Bytes,
    finder: Finder<'static>,
}

impl Delimiter {
    pub(super) fn new(bytes: Bytes) -> Self {
        assert!(!bytes.is_empty(), "a delimiter of 0 bytes would be everywhere: give it 1 or more");
        let finder = Finder::new(&bytes).into_owned();
        Self { bytes, finder }
    }

    fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Where it begins in what a decoder has read.
    ///
    /// It is not within what was kept of earlier blocks: it would have been found.
    fn find(&self, input: &Input) -> Option<usize> {
        let (partial, block) = (input.partial(), input.block());
        let beside = self.len() - 1;
        let tail = partial.len().saturating_sub(beside);
        if beside > 0 && !partial.is_empty() {
            let seam = [&partial[tail..], &block[..block.len().min(beside)]].concat();
            if let Some(at) = self.finder.find(&seam) {
                return Some(tail + at);
            }
        }
        self.finder.find(block).map(|at| partial.len() + at)
    }

    /// With how many of its bytes `bytes` end.
    fn begun_in(&self, bytes: &[u8]) -> usize {
        (1..self.len()).rev().find(|len| bytes.ends_with(&self.bytes[..*len])).unwrap_or(0)
    }
}

struct Split {
    delimiter: Delimiter,
    max: usize,
}

impl Decode for Split {
    type Frame = Bytes;

    fn decode(&mut self, input: &mut Input) -> Result<Option<Bytes>, FrameError> {
        let endless = FrameError::Endless { at: input.at(), max: self.max as u64 };
        if let Some(len) = self.delimiter.find(input) {
            if len > self.max {
                return Err(endless);
            }
            let mut frame = input.take(len + self.delimiter.len());
            frame.truncate(len);
            return Ok(Some(frame));
        }
        // The delimiter may have begun just in time.
        if input.len() >= self.max.saturating_add(self.delimiter.len()) {
            return Err(endless);
        }
        input.keep(0);
        Ok(None)
    }

    fn finish(&mut self, input: &mut Input) -> Result<Option<Bytes>, FrameError> {
        let got = input.len() as u64;
        if got == 0 {
            return Ok(None);
        }
        let missing = self.delimiter.len() - self.delimiter.begun_in(input.partial());
        Err(FrameError::Truncated { at: input.at(), got, missing: missing as u64 })
    }
}

impl Encode for Delimiter {
    fn encode(&mut self, at: u64, frame: &Bytes) -> Result<With, FrameError> {
        // It may also be in the frame's last bytes together with the first of its own end: "a;" before ";;".
        let from = frame.len().saturating_sub(self.len() - 1);
        let seam = || [&frame[from..], &self.bytes[..]].concat();
        let early = self.finder.find(frame).or_else(|| {
            let at = from + self.finder.find(&seam())?;
            (at < frame.len()).then_some(at)
        });
        match early {
            None => Ok(With::After(self.bytes.clone())),
            Some(offset) => {
                let delimiter = self.bytes.clone();
                Err(FrameError::HoldsDelimiter { at, offset: offset as u64, delimiter })
            }
        }
    }
}
