//! `dedup`: items that equal the one before them are dropped.

use crate::stream::stage::{Operator, Stage, Tail};
use crate::stream::{PipeError, Source};

/// The items that differ from the one right before them. (Rust: `Vec::dedup`; Rx: `distinctUntilChanged`.)
///
/// A copy of the last item is kept, and of no other, so equal items that are not neighbours all go on.
///
/// - Demand: goes on asking the source until as many items as were asked for have come through.
/// - End, failure and cancel pass through.
///
/// # Examples
/// ```
/// use roundsman::stream::{Source, collect, dedup};
///
/// // Gives `Ok(vec!["up", "down", "up"])` when started.
/// let changes = Source::iter(["up", "up", "down", "up", "up"]).through(dedup()).pipe(collect());
/// # drop(changes);
/// ```
pub fn dedup<T: PartialEq + Clone + Send + 'static>() -> Stage<T, T> {
    Stage::pure("dedup", Dedup { last: None })
}

impl<T: PartialEq + Clone + Send + 'static> Source<T> {
    /// The items that differ from the one right before them. See [`dedup`](super::dedup()).
    pub fn dedup(self) -> Self {
        self.through(dedup())
    }
}

struct Dedup<T> {
    last: Option<T>,
}

impl<T: PartialEq + Clone + Send + 'static> Operator<T> for Dedup<T> {
    type Out = T;

    fn push(&mut self, item: T, next: &mut dyn Tail<T>) -> Result<(), PipeError> {
        if self.last.as_ref() == Some(&item) {
            return Ok(());
        }
        self.last = Some(item.clone());
        next.push(item)
    }
}
