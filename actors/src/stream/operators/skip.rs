//! `skip`: all but the first so many items.

use crate::stream::stage::{Operator, Stage, Tail};
use crate::stream::{PipeError, Source};

/// All items but the first `n`. (Rust: `Iterator::skip`; Pekko and Node: `drop`.)
///
/// - Demand: the first time that items are asked for, `n` more are asked of the source; nothing is skipped before.
/// - End, failure and cancel pass through.
///
/// # Examples
/// ```
/// use roundsman::stream::{Source, collect, skip};
///
/// // Gives `Ok(vec!["a,1", "b,2"])` when started.
/// let rows = Source::iter(["name,size", "a,1", "b,2"]).through(skip(1)).pipe(collect());
/// # drop(rows);
/// ```
pub fn skip<T: Send + 'static>(n: u64) -> Stage<T, T> {
    Stage::pure("skip", Skip { left: n })
}

impl<T: Send + 'static> Source<T> {
    /// All items but the first `n`. See [`skip`](super::skip()).
    pub fn skip(self, n: u64) -> Self {
        self.through(skip(n))
    }
}

struct Skip {
    left: u64,
}

impl<T: Send + 'static> Operator<T> for Skip {
    type Out = T;

    fn push(&mut self, item: T, next: &mut dyn Tail<T>) -> Result<(), PipeError> {
        if let Some(left) = self.left.checked_sub(1) {
            self.left = left;
            return Ok(());
        }
        next.push(item)
    }

    fn room(&self, next: &dyn Tail<T>) -> u64 {
        match next.room() {
            0 => 0,
            room => room.saturating_add(self.left),
        }
    }

    fn remaining(&self, next: &dyn Tail<T>) -> u64 {
        next.remaining().saturating_add(self.left)
    }
}
