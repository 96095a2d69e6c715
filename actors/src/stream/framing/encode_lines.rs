//! `encode_lines`: lines of text, each with its end.

use bytes::Bytes;

use super::encoder::encoded;
use super::split::Delimiter;
use crate::stream::{Source, Stage};

/// Lines with LF after each, for [`lines`](super::super::lines()) to read. For CR LF, end each line with a CR before.
///
/// - Demand: one line gives one block, or two if it is long: then it is not copied.
/// - End, failure and cancel pass through.
///
/// # Errors
/// A line that holds an LF would be read as two: it fails the pipeline with
/// [`FrameError::HoldsDelimiter`](super::FrameError::HoldsDelimiter), after the lines before it have gone on.
///
/// # Examples
/// ```
/// use bytes::Bytes;
/// use roundsman::stream::{Source, collect, encode_lines};
///
/// // Gives `Ok(vec!["one\n", "two\n"])` when started.
/// let text = Source::iter(["one", "two"].map(Bytes::from)).through(encode_lines()).pipe(collect());
/// # drop(text);
/// ```
pub fn encode_lines() -> Stage<Bytes, Bytes> {
    encoded("encode_lines", Delimiter::new(Bytes::from_static(b"\n")))
}

impl Source<Bytes> {
    /// Lines with LF after each. See [`encode_lines`](super::encode_lines()).
    pub fn encode_lines(self) -> Self {
        self.through(encode_lines())
    }
}
