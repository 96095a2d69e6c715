//! `take`: the first so many items.

use crate::stream::stage::{Operator, Stage, Tail};
use crate::stream::{PipeError, Source};

/// The first `n` items; then the stream ends. (Rust: `Iterator::take`; Node: `readable.take`.)
///
/// - Demand: `n` items are asked of the source and not one more, also over a link right before it. A
///   [`boundary`](super::boundary()) further up reads ahead, and what it has read is dropped. Blocks of
///   [`Bytes`](bytes::Bytes) are asked for by length, so over a link a window of them may be.
/// - End: as soon as the `n`-th has gone on, or with the source. With an `n` of 0 at once. What is above is cancelled.
/// - Failure and cancel pass through.
///
/// # Examples
/// ```
/// use roundsman::prelude::*;
/// use roundsman::stream::{PipeError, Source, collect, take};
///
/// struct Doubling;
///
/// impl Actor for Doubling {
///     type Message = Result<Vec<u32>, PipeError>;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         let powers = Source::iter((0..).map(|n| 1 << n));
///         powers.through(take(4)).pipe(collect()).start(ctx, |result| result);
///         Ok(())
///     }
///
///     fn receive(&mut self, powers: Self::Message, ctx: &mut Context<Self>) -> Outcome {
///         assert_eq!(powers?, [1, 2, 4, 8]);
///         ctx.stop();
///         Ok(())
///     }
/// }
///
/// Runtime::builder().loops(1).build()?.run(|| Doubling)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn take<T: Send + 'static>(n: u64) -> Stage<T, T> {
    Stage::pure("take", Take { left: n, ended: false })
}

impl<T: Send + 'static> Source<T> {
    /// The first `n` items. See [`take`](super::take()).
    pub fn take(self, n: u64) -> Self {
        self.through(take(n))
    }
}

struct Take {
    left: u64,
    /// The end was said.
    ended: bool,
}

impl<T: Send + 'static> Operator<T> for Take {
    type Out = T;

    fn push(&mut self, item: T, next: &mut dyn Tail<T>) -> Result<(), PipeError> {
        // What was under way when it had enough is not wanted.
        let Some(left) = self.left.checked_sub(1) else { return Ok(()) };
        self.left = left;
        next.push(item)?;
        if left == 0 { Operator::<T>::end(self, next) } else { Ok(()) }
    }

    fn end(&mut self, next: &mut dyn Tail<T>) -> Result<(), PipeError> {
        self.ended = true;
        next.end()
    }

    fn resume(&mut self, next: &mut dyn Tail<T>) -> Result<bool, PipeError> {
        if Operator::<T>::is_behind(self, next) {
            Operator::<T>::end(self, next)?;
        }
        Ok(false)
    }

    fn is_behind(&self, _: &dyn Tail<T>) -> bool {
        // Only if it had enough from the beginning.
        self.left == 0 && !self.ended
    }

    fn room(&self, next: &dyn Tail<T>) -> u64 {
        next.room().min(self.left)
    }

    fn remaining(&self, next: &dyn Tail<T>) -> u64 {
        next.remaining().min(self.left)
    }
}
