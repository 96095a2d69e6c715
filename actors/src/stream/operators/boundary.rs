//! `boundary` and `on`: what follows runs in an actor of its own.

use roundsman_runtime::Placement;

use crate::stream::Source;
use crate::stream::assembly::Assembly;
use crate::stream::feeds::LinkFeed;
use crate::stream::link::{Link, ToActor};
use crate::stream::runner::{Runner, RunnerMessage};
use crate::stream::source::Outflow;
use crate::stream::stage::{Stage, Tail};
use crate::stream::stage_name::StageName;

/// What follows runs in an actor of its own, joined by a link. (Pekko: `async`.)
///
/// - Demand: the link lets a window be under way, and what follows asks for it as it has room.
/// - End, failure and cancel pass through.
///
/// # Examples
/// ```
/// use roundsman::stream::Source;
///
/// // Two actors: the first runs the iterator, the second the sum.
/// let sum = Source::iter(1..=100_u32).boundary().fold(0, |sum, n| sum + n);
/// # drop(sum);
/// ```
pub fn boundary<T: Send + 'static>() -> Stage<T, T> {
    Stage::made("boundary", |assembly, outflow| placed(assembly, Placement::Here, outflow))
}

/// What follows runs in an actor on the loop that `placement` names, up to the next boundary. (Rx: `observeOn`.)
///
/// - Demand, end, failure and cancel as in [`boundary`]. Order is kept across loops.
///
/// # Examples
/// ```
/// use roundsman::Placement;
/// use roundsman::stream::Source;
///
/// // The squares are computed on loop 1, if there is one.
/// let squares = Source::iter(1..=100_u64).on(Placement::Loop(1)).map(|n| n * n);
/// # drop(squares);
/// ```
pub fn on<T: Send + 'static>(placement: Placement) -> Stage<T, T> {
    Stage::made("on", move |assembly, outflow| placed(assembly, placement, outflow))
}

impl<T: Send + 'static> Source<T> {
    /// What follows runs in an actor of its own, joined by a link. See [`boundary`](super::boundary()).
    pub fn boundary(self) -> Self {
        self.through(boundary())
    }

    /// What follows runs on the loop that `placement` names. See [`on`](super::on()).
    pub fn on(self, placement: Placement) -> Self {
        self.through(on(placement))
    }
}

fn placed<T: Send + 'static>(
    assembly: &mut Assembly<'_>,
    placement: Placement,
    outflow: Outflow<T>,
) -> Outflow<T> {
    let tail = outflow.into_tail(assembly);
    let (link, to) = spawn_linked(assembly, placement, tail);
    Outflow::Link { link, to }
}

/// Spawns an actor that runs `tail`, and returns the link to it and its name.
pub(crate) fn spawn_linked<T: Send + 'static>(
    assembly: &mut Assembly<'_>,
    placement: Placement,
    tail: Box<dyn Tail<T>>,
) -> (Link<T>, StageName) {
    if assembly.run.is_empty() {
        assembly.run.push("boundary");
    }
    let (address, name) = Runner::spawn_on(assembly, placement, LinkFeed::new(), tail);
    (Box::new(ToActor { address, map: RunnerMessage::Event }), name)
}
