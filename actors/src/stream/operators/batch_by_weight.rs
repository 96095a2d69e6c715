//! `batch_by_weight`: as many items as weigh so much, as one.

use crate::stream::stage::{Operator, Stage, Tail};
use crate::stream::{PipeError, Source};

/// Lists of items that weigh `max` together at most, by what `weigh` says of each; one that is heavier goes alone.
/// (Pekko: `groupedWeighted`, whose groups weigh at least as much.)
///
/// An item counts 1 at least, so that a list of weightless items is not without an end.
///
/// - Demand: goes on asking the source until as many lists as were asked for have come together. A list waits until it
///   weighs `max`, the next item would be too much, or the source has ended.
/// - End: what there is of the last list goes first, if it is not empty.
/// - A failure or a cancel drops what there is of the list in hand. A panic of `weigh` fails the pipeline, and nothing
///   else.
///
/// # Examples
/// ```
/// use roundsman::stream::{Source, batch_by_weight, collect};
///
/// // Gives `Ok(vec![vec!["ab", "c"], vec!["defgh"], vec!["i"]])` when started.
/// let words = Source::iter(["ab", "c", "defgh", "i"]);
/// let batches = words.through(batch_by_weight(4, |word: &&str| word.len() as u64)).pipe(collect());
/// # drop(batches);
/// ```
pub fn batch_by_weight<T: Send + 'static>(
    max: u64,
    weigh: impl FnMut(&T) -> u64 + Send + 'static,
) -> Stage<T, Vec<T>> {
    Stage::pure("batch_by_weight", Batch { max, weigh, items: Vec::new(), weight: 0 })
}

impl<T: Send + 'static> Source<T> {
    /// Lists of items that weigh `max` together at most. See [`batch_by_weight`](super::batch_by_weight()).
    pub fn batch_by_weight(
        self,
        max: u64,
        weigh: impl FnMut(&T) -> u64 + Send + 'static,
    ) -> Source<Vec<T>> {
        self.through(batch_by_weight(max, weigh))
    }
}

struct Batch<T, F> {
    max: u64,
    weigh: F,
    items: Vec<T>,
    weight: u64,
}

impl<T: Send + 'static, F> Batch<T, F> {
    fn give(&mut self, next: &mut dyn Tail<Vec<T>>) -> Result<(), PipeError> {
        self.weight = 0;
        let items = std::mem::take(&mut self.items);
        if items.is_empty() { Ok(()) } else { next.push(items) }
    }
}

impl<T, F> Operator<T> for Batch<T, F>
where
    T: Send + 'static,
    F: FnMut(&T) -> u64 + Send + 'static,
{
    type Out = Vec<T>;

    fn push(&mut self, item: T, next: &mut dyn Tail<Vec<T>>) -> Result<(), PipeError> {
        let weight = (self.weigh)(&item).max(1);
        if self.weight.saturating_add(weight) > self.max {
            self.give(next)?;
        }
        self.items.push(item);
        self.weight = self.weight.saturating_add(weight);
        // Nothing fits beside it: it need not wait for the next.
        if self.weight >= self.max { self.give(next) } else { Ok(()) }
    }

    fn end(&mut self, next: &mut dyn Tail<Vec<T>>) -> Result<(), PipeError> {
        self.give(next)?;
        next.end()
    }

    fn remaining(&self, next: &dyn Tail<Vec<T>>) -> u64 {
        // A list takes any number.
        if next.remaining() == 0 { 0 } else { u64::MAX }
    }
}
