//! `partition`: one source that becomes two, by what its items are.

use crate::stream::Source;
use crate::stream::fan::{Arm, Deal};
use crate::stream::junction::{Junction, Taking};

use super::broadcast::common_room;

impl<T: Send + 'static> Source<T> {
    /// Two sources: the items for which `belongs` says true, and the others. (Rust: `Iterator::partition`; Pekko:
    /// `Partition`.)
    ///
    /// The branches are piped as those of [`broadcast`](Self::broadcast) are.
    ///
    /// - Order: each branch gets its items in order.
    /// - Demand: an item is asked for when both branches have asked, for nobody knows whose it will be. So a branch that takes
    ///   nothing holds the other up.
    /// - End, and a failure of this source, reach both. A panic of `belongs` is such a failure.
    /// - When one branch is cancelled, fails or is dropped, the other goes on; items of the one that has gone are dropped. When
    ///   both have gone, this source is cancelled.
    ///
    /// # Examples
    /// ```
    /// use roundsman::stream::Source;
    ///
    /// let [even, odd] = Source::iter(0..10_u32).partition(|n| n % 2 == 0);
    /// // Each is given 5 when started.
    /// let (even, odd) = (even.collect(), odd.collect());
    /// # drop((even, odd));
    /// ```
    #[must_use = "the branches wait for each other: start or drop each"]
    pub fn partition(self, belongs: impl FnMut(&T) -> bool + Send + 'static) -> [Self; 2] {
        let junction = Junction::new("partition", self, 2, Taking::Ahead, ByKind { belongs });
        [junction.arm(0), junction.arm(1)]
    }
}

/// Each item to one of two arms.
struct ByKind<F> {
    belongs: F,
}

impl<T: Send + 'static, F: FnMut(&T) -> bool + Send + 'static> Deal<T> for ByKind<F> {
    fn room(&self, arms: &[Arm<T>]) -> u64 {
        common_room(arms)
    }

    fn deal(&mut self, item: T, arms: &mut [Arm<T>]) {
        let number = usize::from(!(self.belongs)(&item));
        if let Some(arm) = arms.get_mut(number) {
            arm.give(item);
        }
    }
}
