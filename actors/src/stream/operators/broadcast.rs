//! `broadcast`: one source that becomes several, each of which gives every item.

use std::array;

use crate::stream::Source;
use crate::stream::fan::{Arm, Deal};
use crate::stream::junction::{Junction, Taking};

impl<T: Clone + Send + 'static> Source<T> {
    /// Several sources, each of which gives every item of this one. (Pekko: `Broadcast`; Rx: `publish`.)
    ///
    /// The branches may be piped by different actors, into different pipelines, on different loops, or joined again in one.
    /// This source is started with the first branch, and asked for nothing until each branch has been started or dropped: a
    /// branch that is kept and never started holds the others up for ever. It runs in a pipeline of its own, which belongs to
    /// the actor that has started the first branch. Items are cloned, so let them be cheap to clone: `Bytes`, or an `Arc`.
    ///
    /// - Order: every branch gets all items in order.
    /// - Demand: an item is asked for when all branches have asked for it, so the slowest sets the pace. What a branch cannot
    ///   pass on yet waits in it: at least half a window, 8 items or 32 KiB of bytes, at most a window. So much a branch may
    ///   get ahead of another.
    /// - End, and a failure of this source, reach every branch once. The pipelines of the branches end only when all that feeds
    ///   them has closed.
    /// - A branch that is cancelled, fails, or is dropped before it is started, drops out; the others go on. When the last has
    ///   gone, this source is cancelled.
    ///
    /// # Diamonds
    /// Branches that are joined again flow as long as none has needed more than half a window of items more than another to
    /// give as many. `a.map(f).zip(b.map(g))` always flows. `a.filter(f).zip(b)` comes to a halt once `f` has refused a
    /// window of items in all: `b` can take no more, so `a` is given no more. Filter the pairs instead: `a.zip(b).filter(f)`.
    ///
    /// # Examples
    /// ```
    /// use roundsman::prelude::*;
    /// use roundsman::stream::{PipeError, Source};
    ///
    /// struct Diamond;
    ///
    /// impl Actor for Diamond {
    ///     type Message = Result<Vec<(u32, String)>, PipeError>;
    ///
    ///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
    ///         let [numbers, texts] = Source::iter(1..=3).broadcast();
    ///         let squares = numbers.map(|n: u32| n * n);
    ///         squares.zip(texts.map(|n| format!("{n} squared"))).collect().start(ctx, |pairs| pairs);
    ///         Ok(())
    ///     }
    ///
    ///     fn receive(&mut self, pairs: Self::Message, ctx: &mut Context<Self>) -> Outcome {
    ///         assert_eq!(pairs?[2], (9, "3 squared".to_owned()));
    ///         ctx.stop();
    ///         Ok(())
    ///     }
    /// }
    ///
    /// Runtime::builder().loops(1).build()?.run(|| Diamond)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use = "the branches wait for each other: start or drop each"]
    pub fn broadcast<const N: usize>(self) -> [Self; N] {
        let junction = Junction::new("broadcast", self, N, Taking::Ahead, Everyone);
        array::from_fn(|number| junction.arm(number))
    }

    /// The same, for a number of branches that is known only as the program runs. See [`broadcast`](Self::broadcast).
    ///
    /// # Examples
    /// ```
    /// use roundsman::stream::Source;
    ///
    /// let branches = Source::iter(0..10_u32).broadcast_vec(3);
    /// assert_eq!(branches.len(), 3);
    /// ```
    #[must_use = "the branches wait for each other: start or drop each"]
    pub fn broadcast_vec(self, branches: usize) -> Vec<Self> {
        let junction = Junction::new("broadcast", self, branches, Taking::Ahead, Everyone);
        (0..branches).map(|number| junction.arm(number)).collect()
    }
}

/// Each item to every arm.
pub(crate) struct Everyone;

impl<T: Clone + Send + 'static> Deal<T> for Everyone {
    fn room(&self, arms: &[Arm<T>]) -> u64 {
        common_room(arms)
    }

    fn deal(&mut self, item: T, arms: &mut [Arm<T>]) {
        let mut open = arms.iter_mut().filter(|arm| arm.is_open()).peekable();
        while let Some(arm) = open.next() {
            if open.peek().is_none() {
                return arm.give(item);
            }
            arm.give(item.clone());
        }
    }
}

/// What all have asked for.
pub(super) fn common_room<T: Send + 'static>(arms: &[Arm<T>]) -> u64 {
    arms.iter().filter(|arm| arm.is_open()).map(|arm| arm.owed.left()).min().unwrap_or(0)
}
