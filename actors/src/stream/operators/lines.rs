//! `lines`: bytes cut into lines, none longer than a limit.

use bytes::{Bytes, BytesMut};

use crate::stream::stage::{Operator, Stage, Tail};
use crate::stream::{PipeError, Source};

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
    let lines = Lines { max, partial: BytesMut::new(), skipping: false, at: 0, begun: 0 };
    Stage::pure("lines", lines)
}

impl Source<Bytes> {
    /// Bytes cut into lines of at most `max` bytes. See [`lines`](super::lines()).
    pub fn lines(self, max: usize) -> Source<Result<Bytes, LineTooLong>> {
        self.through(lines(max))
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
    /// The beginning of a line whose end has not come.
    partial: BytesMut,
    /// The line in hand is too long: everything up to its end is dropped.
    skipping: bool,
    /// Bytes before the block in hand.
    at: u64,
    /// Where the line in hand began.
    begun: u64,
}

type Next<'a> = &'a mut dyn Tail<Result<Bytes, LineTooLong>>;

impl Lines {
    /// A whole line: what was kept of it, and its rest.
    fn whole(&mut self, rest: Bytes, next: Next<'_>) -> Result<(), PipeError> {
        if std::mem::take(&mut self.skipping) {
            return Ok(());
        }
        let line = if self.partial.is_empty() {
            rest
        } else {
            self.partial.extend_from_slice(&rest);
            self.partial.split().freeze()
        };
        let line = if line.last() == Some(&b'\r') { line.slice(..line.len() - 1) } else { line };
        if line.len() > self.max { self.too_long(next) } else { next.push(Ok(line)) }
    }

    fn too_long(&self, next: Next<'_>) -> Result<(), PipeError> {
        next.push(Err(LineTooLong { at: self.begun, max: self.max }))
    }
}

impl Operator<Bytes> for Lines {
    type Out = Result<Bytes, LineTooLong>;

    fn push(&mut self, mut block: Bytes, next: Next<'_>) -> Result<(), PipeError> {
        while let Some(end) = memchr::memchr(b'\n', &block) {
            let line = block.split_to(end + 1);
            self.whole(line.slice(..end), next)?;
            self.at += line.len() as u64;
            self.begun = self.at;
        }
        self.at += block.len() as u64;
        // One byte more than `max` may be the CR of a line that is just not too long.
        if !self.skipping && self.partial.len() + block.len() > self.max + 1 {
            self.skipping = true;
            self.partial = BytesMut::new();
            return self.too_long(next);
        }
        if !self.skipping && !block.is_empty() {
            self.partial.extend_from_slice(&block);
        }
        Ok(())
    }

    fn end(&mut self, next: Next<'_>) -> Result<(), PipeError> {
        if !self.partial.is_empty() {
            self.whole(Bytes::new(), next)?;
        }
        next.end()
    }
}

#[cfg(test)]
mod tests;
