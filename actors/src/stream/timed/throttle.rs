//! `throttle` and `throttle_bytes`: no more than so much in so much time.

use std::time::Duration;

use bytes::Bytes;
use roundsman_runtime::{Context, Timestamp};

use super::alarm::{Alarm, Event};
use crate::stream::holdback::Holdback;
use crate::stream::link::weight;
use crate::stream::runner::{Feed, Runner};
use crate::stream::stage::{Stage, Tail};
use crate::stream::{PipeError, Source};

/// No more than `items` items in each `per`: what comes too early is held back, nothing is lost. (Pekko: `throttle`, in
/// the mode `Shaping`.)
///
/// After a quiet time `items` items pass at once, then one each `per / items`; so in any time t no more than
/// `items + items * t / per` pass. Where timers are late it is a little less, never more.
///
/// - Demand: at most a window waits here, so the source is held back too.
/// - The end comes after the last item. A failure comes at once, and what waits here is lost with it,
///   as it is with a cancel, which passes through.
///
/// # Panics
/// If `items` is 0.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use roundsman::prelude::*;
/// use roundsman::stream::{PipeError, Source, Summary};
///
/// struct Polite;
///
/// impl Actor for Polite {
///     type Message = Result<Summary, PipeError>;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         // Ten at once, the other twenty in the two seconds that follow.
///         let requests = Source::iter(0..30_u32).throttle(10, Duration::from_secs(1));
///         requests.for_each(drop).start(ctx, |result| result);
///         Ok(())
///     }
///
///     fn receive(&mut self, result: Self::Message, ctx: &mut Context<Self>) -> Outcome {
///         let summary = result?;
///         assert_eq!((summary.items, summary.elapsed), (30, Duration::from_secs(2)));
///         ctx.stop();
///         Ok(())
///     }
/// }
///
/// Runtime::builder().simulated(1).build()?.run(|| Polite)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn throttle<T: Send + 'static>(items: u64, per: Duration) -> Stage<T, T> {
    assert!(items > 0, "with no items in any time nothing would ever pass: give at least 1");
    let mut rate = Rate { units: items, per, ahead: Duration::ZERO };
    rate.ahead = rate.cost(items - 1);
    Stage::waiting("throttle", ThrottleFeed::new(rate, |_| 1))
}

/// No more than so many bytes a second: each block passes whole, and the next one waits until its time has come. (Pekko:
/// `throttle` with a cost for each element.)
///
/// A block is never split. Blocks may be up to 10 ms early against an even flow, so that late timers do not add up; so
/// in any time t no more than `bytes_per_second * (t + 10 ms)` pass, and one block.
///
/// - Demand: at most a window waits here, so the source is held back too.
/// - The end comes after the last block, at once. A failure comes at once, and what waits here is lost with it,
///   as it is with a cancel, which passes through.
///
/// # Panics
/// If `bytes_per_second` is 0.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use bytes::Bytes;
/// use roundsman::prelude::*;
/// use roundsman::stream::{PipeError, Source, Summary};
///
/// struct Upload;
///
/// impl Actor for Upload {
///     type Message = Result<Summary, PipeError>;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         let blocks = Source::iter(vec![Bytes::from_static(&[0; 1000]); 5]);
///         blocks.throttle_bytes(2000).for_each(drop).start(ctx, |result| result);
///         Ok(())
///     }
///
///     fn receive(&mut self, result: Self::Message, ctx: &mut Context<Self>) -> Outcome {
///         // Four times half a second between five blocks, less 10 ms.
///         assert_eq!(result?.elapsed, Duration::from_millis(1990));
///         ctx.stop();
///         Ok(())
///     }
/// }
///
/// Runtime::builder().simulated(1).build()?.run(|| Upload)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn throttle_bytes(bytes_per_second: u64) -> Stage<Bytes, Bytes> {
    assert!(bytes_per_second > 0, "with 0 bytes a second nothing would ever pass: give at least 1");
    let rate = Rate { units: bytes_per_second, per: Duration::from_secs(1), ahead: SLACK };
    Stage::waiting("throttle_bytes", ThrottleFeed::new(rate, weight))
}

impl<T: Send + 'static> Source<T> {
    /// No more than `items` items in each `per`. See [`throttle`](super::throttle()).
    pub fn throttle(self, items: u64, per: Duration) -> Self {
        self.through(throttle(items, per))
    }
}

impl Source<Bytes> {
    /// No more than so many bytes a second. See [`throttle_bytes`](super::throttle_bytes()).
    pub fn throttle_bytes(self, bytes_per_second: u64) -> Self {
        self.through(throttle_bytes(bytes_per_second))
    }
}

/// How early a block of bytes may be: some ticks of the loop's timers, each of which may be late by one.
const SLACK: Duration = Duration::from_millis(10);

/// So many units in so much time.
struct Rate {
    units: u64,
    per: Duration,
    /// How early an item may pass against an even flow.
    ahead: Duration,
}

impl Rate {
    /// How long so many units take; rounded up, so that it is never too fast.
    fn cost(&self, units: u64) -> Duration {
        // For sums that overflow, which are centuries, the longest time there is.
        let nanos = self.per.as_nanos().saturating_mul(units.into()).div_ceil(self.units.into());
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// Lets items through when their time has come.
struct ThrottleFeed<T> {
    held: Holdback<T>,
    rate: Rate,
    weigh: fn(&T) -> u64,
    /// When everything that has passed would have passed in an even flow.
    even: Timestamp,
    alarm: Alarm,
}

impl<T: 'static> ThrottleFeed<T> {
    fn new(rate: Rate, weigh: fn(&T) -> u64) -> Self {
        let (held, alarm) = (Holdback::new(), Alarm::default());
        Self { held, rate, weigh, even: Timestamp::default(), alarm }
    }
}

impl<T: Send + 'static> Feed for ThrottleFeed<T> {
    type Item = T;
    type Event = Event<T>;

    fn take(
        &mut self,
        event: Event<T>,
        _: &mut dyn Tail<T>,
        _: &mut Context<'_, Runner<Self>>,
    ) -> Result<(), PipeError> {
        match event {
            Event::Flow(flow) => self.held.take(flow)?,
            Event::Due => self.alarm.went_off(),
        }
        Ok(())
    }

    fn advance(
        &mut self,
        tail: &mut dyn Tail<T>,
        ctx: &mut Context<'_, Runner<Self>>,
    ) -> Result<bool, PipeError> {
        let now = ctx.now();
        while tail.room() > 0
            && let Some(item) = self.held.first()
        {
            let early = self.even - now;
            if early > self.rate.ahead {
                self.alarm.set(now + (early - self.rate.ahead), Event::Due, ctx);
                break;
            }
            self.even = self.even.max(now) + self.rate.cost((self.weigh)(item));
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
