//! `chunks`: so many items as one.

use crate::stream::stage::{Operator, Stage, Tail};
use crate::stream::{PipeError, Source};

/// So many items as one list; the last may be shorter. (Rust: `slice::chunks`; Pekko: `grouped`.)
///
/// - Demand: one list asked for is `n` items asked of the source. A list waits until it is full, or the source has ended.
/// - End: what there is of the last list goes first, if it is not empty.
/// - A failure or a cancel drops what there is of the list in hand. `n` items are in hand at most.
///
/// # Panics
/// If `n` is 0, when the stage is made.
///
/// # Examples
/// ```
/// use roundsman::stream::{Source, chunks, collect};
///
/// // Gives `Ok(vec![vec![1, 2], vec![3]])` when started.
/// let pairs = Source::iter([1, 2, 3]).through(chunks(2)).pipe(collect());
/// # drop(pairs);
/// ```
pub fn chunks<T: Send + 'static>(n: usize) -> Stage<T, Vec<T>> {
    assert!(n > 0, "chunks of 0 items would never be full: `chunks` takes 1 or more");
    Stage::pure("chunks", Chunks { n, chunk: Vec::new() })
}

impl<T: Send + 'static> Source<T> {
    /// So many items as one list; the last may be shorter. See [`chunks`](super::chunks()).
    ///
    /// # Panics
    /// If `n` is 0.
    pub fn chunks(self, n: usize) -> Source<Vec<T>> {
        self.through(chunks(n))
    }
}

struct Chunks<T> {
    n: usize,
    chunk: Vec<T>,
}

impl<T> Chunks<T> {
    /// How many items so many chunks take yet.
    fn up_to(&self, chunks: u64) -> u64 {
        match chunks.checked_sub(1) {
            None => 0,
            Some(others) => {
                let missing = (self.n - self.chunk.len()) as u64;
                others.saturating_mul(self.n as u64).saturating_add(missing)
            }
        }
    }
}

impl<T: Send + 'static> Operator<T> for Chunks<T> {
    type Out = Vec<T>;

    fn push(&mut self, item: T, next: &mut dyn Tail<Vec<T>>) -> Result<(), PipeError> {
        if self.chunk.is_empty() {
            // It will be as long, unless `n` is just a large number.
            self.chunk.reserve_exact(self.n.min(1024));
        }
        self.chunk.push(item);
        if self.chunk.len() < self.n {
            return Ok(());
        }
        next.push(std::mem::take(&mut self.chunk))
    }

    fn end(&mut self, next: &mut dyn Tail<Vec<T>>) -> Result<(), PipeError> {
        if !self.chunk.is_empty() {
            next.push(std::mem::take(&mut self.chunk))?;
        }
        next.end()
    }

    fn room(&self, next: &dyn Tail<Vec<T>>) -> u64 {
        self.up_to(next.room())
    }

    fn remaining(&self, next: &dyn Tail<Vec<T>>) -> u64 {
        self.up_to(next.remaining())
    }
}
