//! `debounce`: the last item, once nothing has come for a while.

use std::time::Duration;

use roundsman_runtime::{Context, Timestamp};

use super::alarm::{Alarm, Event};
use crate::stream::link::Flow;
use crate::stream::port::Port;
use crate::stream::runner::{Feed, Runner};
use crate::stream::stage::{Stage, Tail};
use crate::stream::{PipeError, Source};

/// The last item that has come, once nothing else has come for `quiet`; those before it are dropped. (Rx: `debounce`.)
///
/// - Demand: takes what comes, whether or not anything is asked for below, and holds one item at most. One whose time
///   has come waits to be asked for; a later item takes its place, and waits for quiet anew.
/// - The end comes at once, after the item that is held. A failure comes at once, and that item is lost with it,
///   as it is with a cancel, which passes through.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use roundsman::prelude::*;
/// use roundsman::stream::{PipeError, Source};
///
/// struct Typing;
///
/// impl Actor for Typing {
///     type Message = Result<Vec<&'static str>, PipeError>;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         let keys = Source::iter(["h", "he", "hel", "hell", "hello"]);
///         let pauses = keys.throttle(1, Duration::from_millis(50));
///         pauses.debounce(Duration::from_millis(200)).collect().start(ctx, |result| result);
///         Ok(())
///     }
///
///     fn receive(&mut self, searched: Self::Message, ctx: &mut Context<Self>) -> Outcome {
///         assert_eq!(searched?, ["hello"]);
///         ctx.stop();
///         Ok(())
///     }
/// }
///
/// Runtime::builder().simulated(1).build()?.run(|| Typing)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn debounce<T: Send + 'static>(quiet: Duration) -> Stage<T, T> {
    let (port, alarm) = (Port::new(), Alarm::default());
    Stage::waiting("debounce", DebounceFeed { port, quiet, held: None, alarm })
}

impl<T: Send + 'static> Source<T> {
    /// The last item, once nothing has come for `quiet`. See [`debounce`](super::debounce()).
    pub fn debounce(self, quiet: Duration) -> Self {
        self.through(debounce(quiet))
    }
}

struct DebounceFeed<T> {
    port: Port,
    quiet: Duration,
    /// The last item, and when its time comes if no other does.
    held: Option<(T, Timestamp)>,
    alarm: Alarm,
}

impl<T: Send + 'static> Feed for DebounceFeed<T> {
    type Item = T;
    type Event = Event<T>;

    fn take(
        &mut self,
        event: Event<T>,
        _: &mut dyn Tail<T>,
        ctx: &mut Context<'_, Runner<Self>>,
    ) -> Result<(), PipeError> {
        let due = ctx.now() + self.quiet;
        match event {
            Event::Flow(Flow::Begin(upstream)) => self.port.begin(upstream),
            Event::Flow(Flow::Item(item)) => {
                self.port.arrived(&item);
                self.held = Some((item, due));
            }
            Event::Flow(Flow::Items(items)) => {
                for item in items {
                    self.port.arrived(&item);
                    self.held = Some((item, due));
                }
            }
            Event::Flow(Flow::End) => self.port.end(),
            Event::Flow(Flow::Failed(error)) => {
                self.port.end();
                return Err(error);
            }
            Event::Due => self.alarm.went_off(),
        }
        Ok(())
    }

    fn advance(
        &mut self,
        tail: &mut dyn Tail<T>,
        ctx: &mut Context<'_, Runner<Self>>,
    ) -> Result<bool, PipeError> {
        let over = self.port.is_over();
        match self.held.take() {
            Some((item, due)) if (over || due <= ctx.now()) && tail.room() > 0 => {
                tail.push(item)?;
            }
            Some((item, due)) => {
                if due > ctx.now() {
                    self.alarm.set(due, Event::Due, ctx);
                }
                self.held = Some((item, due));
            }
            None => {}
        }
        if over && self.held.is_none() {
            tail.end()?;
        }
        self.port.ask::<T>();
        Ok(false)
    }

    fn let_go(&mut self) {
        self.port.cancel();
        self.held = None;
    }
}
