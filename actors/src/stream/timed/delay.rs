//! `delay`: everything a while later.

use std::collections::VecDeque;
use std::time::Duration;

use roundsman_runtime::{Context, Timestamp};

use super::alarm::{Alarm, Event};
use crate::stream::holdback::Holdback;
use crate::stream::runner::{Feed, Runner};
use crate::stream::stage::{Stage, Tail};
use crate::stream::{PipeError, Source};

/// Each item `by` later than it came. (Pekko: `delay`, with backpressure when its buffer is full.)
///
/// - Demand: at most a window waits here, 16 items or 64 KiB. A source that gives more than that within `by` is held
///   back: so much passes in each `by`, and no more.
/// - The end comes after the last item. A failure comes at once, and what waits here is lost with it,
///   as it is with a cancel, which passes through.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use roundsman::prelude::*;
/// use roundsman::stream::{PipeError, Source, Summary};
///
/// struct FarAway;
///
/// impl Actor for FarAway {
///     type Message = Result<Summary, PipeError>;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         let light = Source::iter(["sun"]).delay(Duration::from_secs(499));
///         light.for_each(drop).start(ctx, |result| result);
///         Ok(())
///     }
///
///     fn receive(&mut self, result: Self::Message, ctx: &mut Context<Self>) -> Outcome {
///         assert_eq!(result?.elapsed, Duration::from_secs(499));
///         ctx.stop();
///         Ok(())
///     }
/// }
///
/// Runtime::builder().simulated(1).build()?.run(|| FarAway)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn delay<T: Send + 'static>(by: Duration) -> Stage<T, T> {
    let (held, alarm) = (Holdback::new(), Alarm::default());
    Stage::waiting("delay", DelayFeed { held, due: VecDeque::new(), by, alarm })
}

impl<T: Send + 'static> Source<T> {
    /// Each item `by` later than it came. See [`delay`](super::delay()).
    pub fn delay(self, by: Duration) -> Self {
        self.through(delay(by))
    }
}

struct DelayFeed<T> {
    held: Holdback<T>,
    /// When the time of each item in the held comes.
    due: VecDeque<Timestamp>,
    by: Duration,
    alarm: Alarm,
}

impl<T: Send + 'static> Feed for DelayFeed<T> {
    type Item = T;
    type Event = Event<T>;

    fn take(
        &mut self,
        event: Event<T>,
        _: &mut dyn Tail<T>,
        ctx: &mut Context<'_, Runner<Self>>,
    ) -> Result<(), PipeError> {
        match event {
            Event::Flow(flow) => {
                self.held.take(flow)?;
                self.due.resize(self.held.len(), ctx.now() + self.by);
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
        while tail.room() > 0
            && let Some(due) = self.due.front().copied()
        {
            if due > ctx.now() {
                self.alarm.set(due, Event::Due, ctx);
                break;
            }
            self.due.pop_front();
            if let Some(item) = self.held.pop() {
                tail.push(item)?;
            }
        }
        if self.held.is_dry() {
            tail.end()?;
        } else if tail.room() > 0 {
            self.held.ask();
        }
        Ok(false)
    }

    fn let_go(&mut self) {
        self.held.cancel();
    }
}
