//! `balance`: one source that becomes several, which share its items.

use std::array;
use std::collections::VecDeque;

use crate::stream::Source;
use crate::stream::fan::{Arm, Deal};
use crate::stream::junction::{Junction, Taking};

impl<T: Send + 'static> Source<T> {
    /// Several sources that share the items of this one: each item goes to one branch that has asked for it. (Pekko:
    /// `Balance`; Node: a worker queue.)
    ///
    /// The branches may be piped by different actors, into different pipelines, on different loops. As with
    /// [`broadcast`](Self::broadcast), this source is asked for nothing until each branch has been started or dropped, and
    /// runs in a pipeline that belongs to the actor that has started the first.
    ///
    /// - Order: the branches that have asked take turns, first come first served, an item each. Each branch gets its items in
    ///   order; nothing is said of what becomes of them later.
    /// - Demand: a branch asks for what it has room for, at most a window: a worker that is busy with as many items as it takes
    ///   at once is given none that others could have.
    /// - End, and a failure of this source, reach every branch once.
    /// - A branch that is cancelled, fails, or is dropped before it is started, drops out; what is dealt from then on goes to
    ///   the others. What was on its way to it is lost with it: at most what it had asked for. When the last has gone, this
    ///   source is cancelled.
    ///
    /// # Examples
    /// ```
    /// use roundsman::prelude::*;
    /// use roundsman::stream::{PipeError, Source, merge};
    ///
    /// struct Workers;
    ///
    /// impl Actor for Workers {
    ///     type Message = Result<u64, PipeError>;
    ///
    ///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
    ///         let branches = Source::iter(1..=100_u64).balance::<4>();
    ///         // Each squares its share on a loop of its own, if there are as many.
    ///         let squares = branches.into_iter().enumerate().map(|(place, branch)| {
    ///             branch.on(Placement::Loop(place)).map(|n| n * n)
    ///         });
    ///         merge(squares).fold(0, |sum, n| sum + n).start(ctx, |sum| sum);
    ///         Ok(())
    ///     }
    ///
    ///     fn receive(&mut self, sum: Self::Message, ctx: &mut Context<Self>) -> Outcome {
    ///         assert_eq!(sum?, 338_350);
    ///         ctx.stop();
    ///         Ok(())
    ///     }
    /// }
    ///
    /// Runtime::builder().loops(2).build()?.run(|| Workers)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use = "the branches wait for each other: start or drop each"]
    pub fn balance<const N: usize>(self) -> [Self; N] {
        let junction = Junction::new("balance", self, N, Taking::AsRoom, InTurn::default());
        array::from_fn(|number| junction.arm(number))
    }

    /// The same, for a number of branches that is known only as the program runs. See [`balance`](Self::balance).
    ///
    /// # Examples
    /// ```
    /// use roundsman::stream::Source;
    ///
    /// let workers = Source::iter(0..10_u32).balance_vec(3);
    /// assert_eq!(workers.len(), 3);
    /// ```
    #[must_use = "the branches wait for each other: start or drop each"]
    pub fn balance_vec(self, branches: usize) -> Vec<Self> {
        let deal = InTurn::default();
        let junction = Junction::new("balance", self, branches, Taking::AsRoom, deal);
        (0..branches).map(|number| junction.arm(number)).collect()
    }
}

/// Each item to one of those that have asked, in turn.
#[derive(Default)]
struct InTurn {
    /// Those that have asked, each once. Some may have gone.
    asking: VecDeque<usize>,
    /// Who stands there, by number.
    listed: Vec<bool>,
}

impl InTurn {
    fn list(&mut self, number: usize) {
        if self.listed.len() <= number {
            self.listed.resize(number + 1, false);
        }
        if !std::mem::replace(&mut self.listed[number], true) {
            self.asking.push_back(number);
        }
    }

    fn next(&mut self) -> Option<usize> {
        let number = self.asking.pop_front()?;
        self.listed[number] = false;
        Some(number)
    }
}

impl<T: Send + 'static> Deal<T> for InTurn {
    fn room(&self, arms: &[Arm<T>]) -> u64 {
        // What the next has asked for will do: there may be thousands, and this is asked for each item.
        let open = |number: &usize| arms.get(*number).filter(|arm| arm.is_open());
        self.asking
            .iter()
            .filter_map(open)
            .map(|arm| arm.owed.left())
            .find(|left| *left > 0)
            .unwrap_or(0)
    }

    fn deal(&mut self, item: T, arms: &mut [Arm<T>]) {
        while let Some(number) = self.next() {
            let Some(arm) = arms.get_mut(number).filter(|arm| arm.is_open()) else { continue };
            if !arm.owed.is_due() {
                continue;
            }
            arm.give(item);
            if arm.owed.is_due() {
                self.list(number);
            }
            return;
        }
    }

    fn asked(&mut self, arm: usize) {
        self.list(arm);
    }
}
