//! `timeout` and `completion_timeout`: streams that take too long fail.

use std::marker::PhantomData;
use std::time::Duration;

use roundsman_runtime::{Context, Timestamp};

use super::alarm::{Alarm, Event};
use crate::stream::link::Flow;
use crate::stream::port::Port;
use crate::stream::runner::{Feed, Runner, RunnerMessage};
use crate::stream::stage::{Stage, Tail};
use crate::stream::{PipeError, Source};

/// Fails the pipeline with [`TimedOut`] if no item comes for `limit` although one is asked for. (Pekko:
/// `idleTimeout`, but a stream that nobody asks is not idle here; Rx: `timeout`.)
///
/// - Demand: passes through. The time counts from the moment that something is asked for, anew after each item. A
///   stream that nobody asks does not time out, nor one that is [paused](crate::stream::Running::pause).
/// - End, failure and cancel pass through. Items that wait in the mailbox when the time is over count as come.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use roundsman::prelude::*;
/// use roundsman::stream::{PipeError, Source, Summary, TimedOut};
///
/// struct Impatient;
///
/// impl Actor for Impatient {
///     type Message = Result<Summary, PipeError>;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         let ticks = Source::every(Duration::from_secs(10)).timeout(Duration::from_secs(3));
///         ticks.for_each(drop).start(ctx, |result| result);
///         Ok(())
///     }
///
///     fn receive(&mut self, result: Self::Message, ctx: &mut Context<Self>) -> Outcome {
///         let error = result.expect_err("no tick within 3 s");
///         let limit = Duration::from_secs(3);
///         assert_eq!(error.cause_as(), Some(&TimedOut { limit }));
///         ctx.stop();
///         Ok(())
///     }
/// }
///
/// Runtime::builder().simulated(1).build()?.run(|| Impatient)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn timeout<T: Send + 'static>(limit: Duration) -> Stage<T, T> {
    let (port, alarm) = (Port::new(), Alarm::default());
    let clock = Clock::Runs;
    let feed = TimeoutFeed { port, limit, waits: None, clock, alarm, items: PhantomData };
    Stage::waiting("timeout", feed)
}

/// Fails the pipeline with [`Overdue`] if the end has not come through here when `limit` has passed since the start.
/// (Pekko: `completionTimeout`.)
///
/// - Demand, end, failure and cancel pass through. The time goes on while the pipeline is paused.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use roundsman::prelude::*;
/// use roundsman::stream::{Overdue, PipeError, Source, Summary};
///
/// struct Impatient;
///
/// impl Actor for Impatient {
///     type Message = Result<Summary, PipeError>;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         let ticks = Source::every(Duration::from_secs(1));
///         ticks.completion_timeout(Duration::from_secs(60)).for_each(drop).start(ctx, |result| result);
///         Ok(())
///     }
///
///     fn receive(&mut self, result: Self::Message, ctx: &mut Context<Self>) -> Outcome {
///         let error = result.expect_err("it never ends");
///         let limit = Duration::from_secs(60);
///         assert_eq!(error.cause_as(), Some(&Overdue { limit }));
///         ctx.stop();
///         Ok(())
///     }
/// }
///
/// Runtime::builder().simulated(1).build()?.run(|| Impatient)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn completion_timeout<T: Send + 'static>(limit: Duration) -> Stage<T, T> {
    Stage::waiting(
        "completion_timeout",
        CompletionFeed { port: Port::new(), limit, items: PhantomData },
    )
}

impl<T: Send + 'static> Source<T> {
    /// Fails if no item comes for `limit` although one is asked for. See [`timeout`](super::timeout()).
    pub fn timeout(self, limit: Duration) -> Self {
        self.through(timeout(limit))
    }

    /// Fails if it has not ended after `limit`. See [`completion_timeout`](super::completion_timeout()).
    pub fn completion_timeout(self, limit: Duration) -> Self {
        self.through(completion_timeout(limit))
    }
}

/// No item came in time; see [`timeout`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no item came for {limit:?} although one was asked for; raise the limit of `timeout` if the source may be so slow"
)]
pub struct TimedOut {
    /// How long an item might have taken.
    pub limit: Duration,
}

/// The end did not come in time; see [`completion_timeout`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the end had not come {limit:?} after the start; raise the limit of `completion_timeout` if it may take so long"
)]
pub struct Overdue {
    /// How long the stream might have taken.
    pub limit: Duration,
}

struct TimeoutFeed<T> {
    port: Port,
    limit: Duration,
    /// Since when an item is waited for.
    waits: Option<Timestamp>,
    clock: Clock,
    alarm: Alarm,
    items: PhantomData<fn() -> T>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Clock {
    Runs,
    /// The time is over; what was in the mailbox by then is handled first.
    Looks,
    /// It has been.
    Over,
}

/// What [`timeout`] waits for.
enum Waited<T> {
    Flow(Flow<T>),
    Due,
    /// What was in the mailbox when the time was over has been handled.
    Seen,
}

impl<T> From<Flow<T>> for Waited<T> {
    fn from(flow: Flow<T>) -> Self {
        Self::Flow(flow)
    }
}

impl<T: Send + 'static> Feed for TimeoutFeed<T> {
    type Item = T;
    type Event = Waited<T>;

    fn take(
        &mut self,
        event: Waited<T>,
        tail: &mut dyn Tail<T>,
        ctx: &mut Context<'_, Runner<Self>>,
    ) -> Result<(), PipeError> {
        match event {
            Waited::Flow(flow) => {
                if matches!(flow, Flow::Item(_) | Flow::Items(_)) {
                    self.waits = None;
                }
                self.port.pass(flow, tail)?;
            }
            Waited::Due => {
                self.alarm.went_off();
                if self.waits.is_some_and(|since| since + self.limit <= ctx.now()) {
                    self.clock = Clock::Looks;
                    // Its own address takes messages for as long as it runs.
                    let _ = ctx.address().send(RunnerMessage::Event(Waited::Seen));
                }
            }
            Waited::Seen => self.clock = Clock::Over,
        }
        Ok(())
    }

    fn advance(
        &mut self,
        tail: &mut dyn Tail<T>,
        ctx: &mut Context<'_, Runner<Self>>,
    ) -> Result<bool, PipeError> {
        let over = self.clock == Clock::Over;
        if over {
            self.clock = Clock::Runs;
        }
        if self.port.is_over() || tail.room() == 0 {
            self.waits = None;
            return Ok(false);
        }
        self.port.ask::<T>();
        let due = *self.waits.get_or_insert(ctx.now()) + self.limit;
        if over && due <= ctx.now() {
            return Err(PipeError::new("timeout", TimedOut { limit: self.limit }));
        }
        if self.clock == Clock::Runs {
            self.alarm.set(due, Waited::Due, ctx);
        }
        Ok(false)
    }

    fn paused(&mut self, _: bool) {
        // A stream that is paused is not late.
        self.waits = None;
    }

    fn let_go(&mut self) {
        self.port.cancel();
    }
}

struct CompletionFeed<T> {
    port: Port,
    limit: Duration,
    items: PhantomData<fn() -> T>,
}

impl<T: Send + 'static> Feed for CompletionFeed<T> {
    type Item = T;
    type Event = Event<T>;

    fn begin(&mut self, ctx: &mut Context<'_, Runner<Self>>) -> Result<(), PipeError> {
        ctx.send_after(self.limit, RunnerMessage::Event(Event::Due));
        Ok(())
    }

    fn take(
        &mut self,
        event: Event<T>,
        tail: &mut dyn Tail<T>,
        _: &mut Context<'_, Runner<Self>>,
    ) -> Result<(), PipeError> {
        match event {
            Event::Flow(flow) => self.port.pass(flow, tail),
            // What has ended here, and waits to be asked for, is not late.
            Event::Due if self.port.is_over() => Ok(()),
            Event::Due => Err(PipeError::new("completion_timeout", Overdue { limit: self.limit })),
        }
    }

    fn advance(
        &mut self,
        tail: &mut dyn Tail<T>,
        _: &mut Context<'_, Runner<Self>>,
    ) -> Result<bool, PipeError> {
        if tail.room() > 0 {
            self.port.ask::<T>();
        }
        Ok(false)
    }

    fn let_go(&mut self) {
        self.port.cancel();
    }
}
