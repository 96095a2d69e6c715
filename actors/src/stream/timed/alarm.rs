//! The one timer of a stage, and what such a stage waits for.
//!
//! It knows no stage: what is due is decided by whoever set it.

use roundsman_runtime::{Context, TimerId, Timestamp};

use crate::stream::link::Flow;
use crate::stream::runner::{Feed, Runner, RunnerMessage};

/// What a stage between two links waits for.
pub(crate) enum Event<T> {
    Flow(Flow<T>),
    /// The alarm has gone off.
    Due,
}

impl<T> From<Flow<T>> for Event<T> {
    fn from(flow: Flow<T>) -> Self {
        Self::Flow(flow)
    }
}

/// One timer, armed for the earliest moment that it was set to.
///
/// A moment that moves on costs nothing: the timer goes off at the old one, and is set anew then.
#[derive(Default)]
pub(crate) struct Alarm {
    armed: Option<(Timestamp, TimerId)>,
}

impl Alarm {
    /// Has `event` sent at `at`, if no earlier moment is set.
    pub(crate) fn set<F: Feed>(
        &mut self,
        at: Timestamp,
        event: F::Event,
        ctx: &mut Context<'_, Runner<F>>,
    ) {
        if let Some((earlier, timer)) = self.armed {
            if earlier <= at {
                return;
            }
            ctx.cancel(timer);
        }
        let delay = at - ctx.now();
        self.armed = Some((at, ctx.send_after(delay, RunnerMessage::Event(event))));
    }

    /// It has gone off.
    pub(crate) fn went_off(&mut self) {
        self.armed = None;
    }
}
