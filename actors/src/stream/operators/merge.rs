//! `merge`: the items of several sources, as they come.

use roundsman_runtime::Context;

use crate::stream::intake::Intake;
use crate::stream::link::Flow;
use crate::stream::runner::{Feed, Runner, RunnerMessage};
use crate::stream::source::Outflow;
use crate::stream::stage::Tail;
use crate::stream::{PipeError, Source};

/// Items passed on in one turn; then others have theirs.
const BATCH: u64 = 1024;

/// The items of several sources, as they come. (Pekko: `Merge`; Rx: `merge`.)
///
/// - Order: that of each source is kept; among them it is that of arrival. No source can starve another: each has at most one
///   window waiting here, and what came first goes first.
/// - Demand: each source is asked for a window at once, and again as its items are passed on. So at most one window for each
///   source waits here: 16 items, or 64 KiB of bytes.
/// - End: when all have ended; at once if there are none. A failure of one fails all, and what waits here is lost with it. A
///   cancel reaches all.
///
/// # Examples
/// ```
/// use roundsman::prelude::*;
/// use roundsman::stream::{PipeError, Source, merge};
///
/// struct Sum;
///
/// impl Actor for Sum {
///     type Message = Result<u32, PipeError>;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         let sources = (0..10).map(|n| Source::iter(n * 10..n * 10 + 10));
///         merge(sources).fold(0, |sum, n| sum + n).start(ctx, |sum| sum);
///         Ok(())
///     }
///
///     fn receive(&mut self, sum: Self::Message, ctx: &mut Context<Self>) -> Outcome {
///         assert_eq!(sum?, 4950);
///         ctx.stop();
///         Ok(())
///     }
/// }
///
/// Runtime::builder().loops(1).build()?.run(|| Sum)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn merge<T: Send + 'static>(sources: impl IntoIterator<Item = Source<T>>) -> Source<T> {
    let sources: Vec<_> = sources.into_iter().collect();
    Source::new(move |assembly, outflow| {
        let tail = outflow.into_tail(assembly);
        assembly.run.push("merge");
        let mut intake = Intake::new();
        let links: Vec<_> = sources.iter().map(|_| intake.enter()).collect();
        let (address, to) = Runner::spawn(assembly, MergeFeed { intake }, tail);
        for (source, number) in sources.into_iter().zip(links) {
            let link = address.recipient(move |flow| RunnerMessage::Event((number, flow)));
            source.start(assembly, Outflow::Link { link: Box::new(link), to: to.clone() });
        }
    })
}

impl<T: Send + 'static> Source<T> {
    /// The items of this source and of another, as they come. See [`merge`](super::merge()).
    pub fn merge(self, other: Self) -> Self {
        merge([self, other])
    }
}

struct MergeFeed<T> {
    intake: Intake<T>,
}

impl<T: Send + 'static> Feed for MergeFeed<T> {
    type Item = T;
    /// Which link, and what has come down it.
    type Event = (u64, Flow<T>);

    fn take(
        &mut self,
        (link, flow): Self::Event,
        _: &mut dyn Tail<T>,
        _: &mut Context<'_, Runner<Self>>,
    ) -> Result<(), PipeError> {
        self.intake.take(link, flow).map(drop)
    }

    fn advance(
        &mut self,
        tail: &mut dyn Tail<T>,
        _: &mut Context<'_, Runner<Self>>,
    ) -> Result<bool, PipeError> {
        let more = pass_on(&mut self.intake, tail)?;
        if self.intake.is_over() {
            tail.end()?;
        }
        Ok(more)
    }

    fn let_go(&mut self) {
        self.intake.let_go();
    }

    fn is_let_go(&self) -> bool {
        self.intake.is_over()
    }
}

/// Pushes what waits, as far as there is room. True if there is more of both.
pub(super) fn pass_on<T: Send + 'static>(
    intake: &mut Intake<T>,
    tail: &mut dyn Tail<T>,
) -> Result<bool, PipeError> {
    for _ in 0..BATCH {
        if tail.room() == 0 {
            return Ok(false);
        }
        let Some(item) = intake.pop() else { return Ok(false) };
        tail.push(item)?;
    }
    Ok(!intake.is_empty() && tail.room() > 0)
}
