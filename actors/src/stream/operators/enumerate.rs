//! `enumerate`: each item with its number.

use crate::stream::stage::{Operator, Stage, Tail};
use crate::stream::{PipeError, Source};

/// Each item with its number, from 0. (Rust: `Iterator::enumerate`; Pekko: `zipWithIndex`.)
///
/// - Demand: one item asked for is one item asked of the source.
/// - End, failure and cancel pass through.
///
/// # Examples
/// ```
/// use roundsman::stream::{Source, collect, enumerate};
///
/// // Gives `Ok(vec![(0, "a"), (1, "b")])` when started.
/// let numbered = Source::iter(["a", "b"]).through(enumerate()).pipe(collect());
/// # drop(numbered);
/// ```
pub fn enumerate<T: Send + 'static>() -> Stage<T, (u64, T)> {
    Stage::pure("enumerate", Enumerate { number: 0 })
}

impl<T: Send + 'static> Source<T> {
    /// Each item with its number, from 0. See [`enumerate`](super::enumerate()).
    pub fn enumerate(self) -> Source<(u64, T)> {
        self.through(enumerate())
    }
}

struct Enumerate {
    number: u64,
}

impl<T: Send + 'static> Operator<T> for Enumerate {
    type Out = (u64, T);

    #[inline]
    fn push(&mut self, item: T, next: &mut dyn Tail<(u64, T)>) -> Result<(), PipeError> {
        let number = self.number;
        // A stream of 2^64 items takes longer than any machine lasts.
        self.number = number.wrapping_add(1);
        next.push((number, item))
    }
}
