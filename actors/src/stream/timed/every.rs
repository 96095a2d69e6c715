//! `Source::every`: a number each time that a period has passed.

use std::time::Duration;

use roundsman_runtime::{Context, Timestamp};

use super::alarm::Alarm;
use crate::stream::runner::{Feed, Runner};
use crate::stream::stage::Tail;
use crate::stream::{PipeError, Source};

impl Source<u64> {
    /// Ticks: the number n comes when `period` (at least 1 ms) has passed n times since the start; the first is 1. (Rx:
    /// `interval`; Pekko: `Source.tick`; Node: `setInterval` of `timers/promises`.)
    ///
    /// - Demand: a tick that nobody has asked for is skipped. At most one waits, the latest; whoever asks then gets it at
    ///   once, and the next ones when they are due. So the numbers have gaps where ticks were skipped, here or because
    ///   the loop was busy, and a number times `period` is always the time that has passed. A link asks for its window
    ///   ahead, 16 ticks.
    /// - It never ends, and nothing in it fails. A cancel stops it. While a tick is waited for, it keeps the runtime alive.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    ///
    /// use roundsman::prelude::*;
    /// use roundsman::stream::{Item, PipeError, Source, Summary};
    ///
    /// enum Msg {
    ///     Tick(Item<u64>),
    ///     Ended(Result<Summary, PipeError>),
    /// }
    ///
    /// struct Clock;
    ///
    /// impl Actor for Clock {
    ///     type Message = Msg;
    ///
    ///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
    ///         Source::every(Duration::from_secs(1)).pipe(ctx.inlet(Msg::Tick)).start(ctx, Msg::Ended);
    ///         Ok(())
    ///     }
    ///
    ///     fn receive(&mut self, message: Msg, ctx: &mut Context<Self>) -> Outcome {
    ///         match message {
    ///             Msg::Tick(n) if *n < 4 => {
    ///                 assert_eq!(ctx.now().since_start(), Duration::from_secs(*n));
    ///             }
    ///             Msg::Tick(_) | Msg::Ended(_) => ctx.stop(),
    ///         }
    ///         Ok(())
    ///     }
    /// }
    ///
    /// Runtime::builder().simulated(1).build()?.run(|| Clock)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn every(period: Duration) -> Self {
        let period = period.max(Duration::from_millis(1));
        Self::fed(
            "every",
            EveryFeed { period, begun: None, given: 0, alarm: Alarm::default(), over: false },
        )
    }
}

struct EveryFeed {
    period: Duration,
    begun: Option<Timestamp>,
    /// The number of the last tick that was given.
    given: u64,
    alarm: Alarm,
    /// The runtime is being stopped as planned.
    over: bool,
}

/// A tick may be due.
struct Due;

impl Feed for EveryFeed {
    type Item = u64;
    type Event = Due;

    fn take(
        &mut self,
        Due: Due,
        _: &mut dyn Tail<u64>,
        _: &mut Context<'_, Runner<Self>>,
    ) -> Result<(), PipeError> {
        self.alarm.went_off();
        Ok(())
    }

    fn advance(
        &mut self,
        tail: &mut dyn Tail<u64>,
        ctx: &mut Context<'_, Runner<Self>>,
    ) -> Result<bool, PipeError> {
        if self.over {
            tail.end()?;
            return Ok(false);
        }
        let begun = *self.begun.get_or_insert(ctx.now());
        let passed = (ctx.now() - begun).as_nanos() / self.period.as_nanos();
        let latest = u64::try_from(passed).unwrap_or(u64::MAX);
        if latest > self.given && tail.room() > 0 {
            self.given = latest;
            tail.push(latest)?;
        }
        if tail.room() > 0 {
            // Nothing is armed for ticks that nobody waits for.
            let into = (ctx.now() - begun).as_nanos() % self.period.as_nanos();
            let left = self.period - Duration::from_nanos(u64::try_from(into).unwrap_or(0));
            self.alarm.set(ctx.now() + left, Due, ctx);
        }
        Ok(false)
    }

    fn let_go(&mut self) {}

    fn drain(&mut self) {
        self.over = true;
    }
}
