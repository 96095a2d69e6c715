//! `merge`: the items of several sources, as they come.

use crate::stream::Source;
use crate::stream::feeds::LineFeed;
use crate::stream::runner::{Runner, RunnerMessage};
use crate::stream::source::Outflow;

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
        let (address, to) = Runner::spawn(assembly, LineFeed::new(sources.len()), tail);
        for (number, source) in (0..).zip(sources) {
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
