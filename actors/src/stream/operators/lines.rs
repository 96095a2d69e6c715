//! `lines`: bytes cut into lines, none longer than a limit.

use bytes::Bytes;

use crate::stream::framing::{Decode, FrameError, Input, decoded};
use crate::stream::{Source, Stage};

/// Bytes cut into lines, without their LF or CR LF. What follows the last LF is a line too, if it is not empty.
///
/// A line of more than `max` bytes (its end not counted) is not kept: it gives one [`LineTooLong`] when it passes the
/// limit, and the rest of it, up to its LF, is skipped. So memory is bounded by `max`, whatever the peer sends.
///
/// - Demand: one line asked for is answered from what has been read; only then more is asked of the source.
/// - A line within one block of input is cut off without copying; one that spans blocks is copied once.
/// - Failure and cancel pass through.
///
/// # Examples
/// ```
/// use bytes::Bytes;
/// use roundsman::stream::{Source, collect, lines};
///
/// // Gives `Ok(vec![Ok("ab"), Err(LineTooLong { .. }), Ok("c")])` when started.
/// let text = Source::iter([Bytes::from("ab\r\nfar too "), Bytes::from("long\nc")]);
/// let parsed = text.through(lines(4)).pipe(collect());
/// # drop(parsed);
/// ```
pub fn lines(max: usize) -> Stage<Bytes, Result<Bytes, LineTooLong>> {
    decoded("lines", Lines::new(max))
}

/// The same, of lines that have an end: what follows the last LF is dropped. That is for protocols, where half a command may
/// mean something else than the whole, as when a peer dies while it writes. (RFC 1459, 2.3: a message ends with CR LF.)
///
/// # Examples
/// ```
/// use bytes::Bytes;
/// use roundsman::stream::{Source, collect, ended_lines};
///
/// // Gives `Ok(vec![Ok("DELE 1")])` when started.
/// let text = Source::iter([Bytes::from("DELE 1\r\nDELE 2")]);
/// let parsed = text.through(ended_lines(80)).pipe(collect());
/// # drop(parsed);
/// ```
pub fn ended_lines(max: usize) -> Stage<Bytes, Result<Bytes, LineTooLong>> {
    decoded("ended_lines", Lines { drops_rest: true, ..Lines::new(max) })
}

impl Source<Bytes> {
    /// Bytes cut into lines of at most `max` bytes. See [`lines`](super::lines()).
    pub fn lines(self, max: usize) -> Source<Result<Bytes, LineTooLong>> {
        self.through(lines(max))
    }

    /// Bytes cut into lines that have an end, of at most `max` bytes. See [`ended_lines`](super::ended_lines()).
    pub fn ended_lines(self, max: usize) -> Source<Result<Bytes, LineTooLong>> {
        self.through(ended_lines(max))
    }
}

/// A line was longer than allowed; it was skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the line that begins at byte {at} has more than {max} bytes; it was skipped")]
pub struct LineTooLong {
    /// Where the line began, in bytes from the start of the stream.
    pub at: u64,
    /// How long it might have been.
    pub max: usize,
}

struct Lines {
    max: usize,
    /// The line in hand is too long: everything up to its end is dropped.
    skipping: bool,
    /// What is left at the end is no line.
    drops_rest: bool,
}

impl Lines {
    fn new(max: usize) -> Self {
        Self { max, skipping: false, drops_rest: false }
    }

    /// A line that began at byte `at`, without its LF.
    fn line(&self, line: Bytes, at: u64) -> Result<Bytes, LineTooLong> {
        let line = if line.last() == Some(&b'\r') { line.slice(..line.len() - 1) } else { line };
        if line.len() > self.max { Err(LineTooLong { at, max: self.max }) } else { Ok(line) }
    }
}

impl Decode for Lines {
    type Frame = Result<Bytes, LineTooLong>;

    fn decode(&mut self, input: &mut Input) -> Result<Option<Self::Frame>, FrameError> {
        while let Some(end) = memchr::memchr(b'\n', input.block()) {
            let at = input.at();
            let line = input.take(input.partial().len() + end + 1);
            if !std::mem::take(&mut self.skipping) {
                return Ok(Some(self.line(line.slice(..line.len() - 1), at)));
            }
        }
        // One byte more than `max` may be the CR of a line that is just not too long.
        if !self.skipping && input.len() <= self.max.saturating_add(1) {
            input.keep(0);
            return Ok(None);
        }
        let too_long = LineTooLong { at: input.at(), max: self.max };
        input.skip_all();
        let reported = std::mem::replace(&mut self.skipping, true);
        Ok(if reported { None } else { Some(Err(too_long)) })
    }

    fn finish(&mut self, input: &mut Input) -> Result<Option<Self::Frame>, FrameError> {
        let (at, len) = (input.at(), input.len());
        let rest = input.take(len);
        Ok(if len == 0 || self.drops_rest { None } else { Some(self.line(rest, at)) })
    }
}

#[cfg(test)]
mod tests;
