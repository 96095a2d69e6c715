//! `step_by`: the first item, then every so manyth.

use crate::stream::stage::{Operator, Stage, Tail};
use crate::stream::{PipeError, Source};

/// The first item, then every `step`-th after it. (Rust: `Iterator::step_by`.)
///
/// - Demand: as many items are asked of the source as lead up to the last one asked for.
/// - End, failure and cancel pass through.
///
/// # Panics
/// If `step` is 0, when the stage is made.
///
/// # Examples
/// ```
/// use roundsman::stream::{Source, collect, step_by};
///
/// // Gives `Ok(vec![0, 3, 6, 9])` when started.
/// let thirds = Source::iter(0..10).through(step_by(3)).pipe(collect());
/// # drop(thirds);
/// ```
pub fn step_by<T: Send + 'static>(step: u64) -> Stage<T, T> {
    assert!(step > 0, "a step of 0 items leads nowhere: `step_by` takes 1 or more");
    Stage::pure("step_by", StepBy { step, skip: 0 })
}

impl<T: Send + 'static> Source<T> {
    /// The first item, then every `step`-th after it. See [`step_by`](super::step_by()).
    ///
    /// # Panics
    /// If `step` is 0.
    pub fn step_by(self, step: u64) -> Self {
        self.through(step_by(step))
    }
}

struct StepBy {
    step: u64,
    /// Items before the next that goes on.
    skip: u64,
}

impl StepBy {
    /// How many items come up to the last of so many that go on.
    fn up_to(&self, items: u64) -> u64 {
        match items.checked_sub(1) {
            None => 0,
            Some(others) => others.saturating_mul(self.step).saturating_add(self.skip + 1),
        }
    }
}

impl<T: Send + 'static> Operator<T> for StepBy {
    type Out = T;

    fn push(&mut self, item: T, next: &mut dyn Tail<T>) -> Result<(), PipeError> {
        if let Some(skip) = self.skip.checked_sub(1) {
            self.skip = skip;
            return Ok(());
        }
        self.skip = self.step - 1;
        next.push(item)
    }

    fn room(&self, next: &dyn Tail<T>) -> u64 {
        self.up_to(next.room())
    }

    fn remaining(&self, next: &dyn Tail<T>) -> u64 {
        self.up_to(next.remaining())
    }
}
