//! `also_to`: each item passed on, and into a sink.

use super::boundary::spawn_linked;
use super::broadcast::Everyone;
use crate::stream::assembly::Assembly;
use crate::stream::fan::{Fan, Notes};
use crate::stream::link::Link;
use crate::stream::source::Outflow;
use crate::stream::stage::Stage;
use crate::stream::stage_name::StageName;
use crate::stream::{Sink, Source};
use roundsman_runtime::Placement;

/// Each item passed on, and a clone of it into `sink`, in the same pipeline. (Pekko: `alsoTo`.)
///
/// What the sink produces is dropped, and what arrives there does not count in the pipeline's summary.
///
/// - Demand: an item is asked for when both have asked, so the slower sets the pace.
/// - End reaches both, and the pipeline ends when both have closed. A failure of either fails the pipeline.
/// - A cancel of the pipeline reaches both. When what follows wants no more, the sink ends as if the source had. When the sink wants no more, the items pass on without
///   it.
///
/// # Examples
/// ```
/// use roundsman::prelude::*;
/// use roundsman::stream::{Item, PipeError, Source, Summary, also_to};
///
/// enum Msg {
///     Seen(Item<u32>),
///     Sum(Result<u32, PipeError>),
/// }
///
/// struct Watching(u32);
///
/// impl Actor for Watching {
///     type Message = Msg;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         let watched = Source::iter(1..=10).through(also_to(ctx.inlet(Msg::Seen)));
///         watched.fold(0, |sum, n| sum + n).start(ctx, Msg::Sum);
///         Ok(())
///     }
///
///     fn receive(&mut self, message: Msg, ctx: &mut Context<Self>) -> Outcome {
///         match message {
///             Msg::Seen(number) => self.0 += *number,
///             Msg::Sum(sum) => {
///                 assert_eq!(sum?, self.0);
///                 ctx.stop();
///             }
///         }
///         Ok(())
///     }
/// }
///
/// Runtime::builder().loops(1).build()?.run(|| Watching(0))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn also_to<T: Clone + Send + 'static, R: Send + 'static>(sink: Sink<T, R>) -> Stage<T, T> {
    Stage::made("also_to", move |assembly, outflow| {
        // What follows first, for it may be in the middle of a run.
        let below = linked(assembly, outflow);
        let before = std::mem::replace(&mut assembly.aside, true);
        let side = (sink.open)(assembly);
        let side = linked(assembly, side);
        assembly.aside = before;
        let notes = Notes::new(2);
        for (arm, (link, to)) in [below, side].into_iter().enumerate() {
            let link = Outflow::Link { link, to }.into_link(assembly);
            notes.attach(arm, notes.upstream(arm), link, None);
        }
        assembly.run.push("also_to");
        Outflow::Tail(Box::new(Fan::new(notes, Everyone).led_by(0)))
    })
}

impl<T: Clone + Send + 'static> Source<T> {
    /// Each item passed on, and into a sink. See [`also_to`](super::also_to()).
    pub fn also_to<R: Send + 'static>(self, sink: Sink<T, R>) -> Self {
        self.through(also_to(sink))
    }
}

/// The link that an outflow is, or that leads to an actor for it.
fn linked<T: Send + 'static>(
    assembly: &mut Assembly<'_>,
    outflow: Outflow<T>,
) -> (Link<T>, StageName) {
    match outflow {
        Outflow::Link { link, to } => (link, to),
        Outflow::Tail(tail) => spawn_linked(assembly, Placement::Here, tail),
    }
}
