//! `chunks_within`: items in groups, none older than it may be.

use std::time::Duration;

use roundsman_runtime::{Context, Timestamp};

use super::alarm::{Alarm, Event};
use crate::stream::holdback::Holdback;
use crate::stream::runner::{Feed, Runner};
use crate::stream::stage::{Stage, Tail};
use crate::stream::{PipeError, Source};

/// Items in groups: of `most`, or of what has come `within` so much time of a group's first item. (Pekko:
/// `groupedWithin`.)
///
/// - Demand: holds one group, and a window of items that are to be in the next. A group whose time has come, and that
///   nobody has asked for, grows until it is full.
/// - The end comes at once, after what is held. A failure comes at once, and what is held is lost with it, as it
///   is with a cancel, which passes through.
///
/// # Panics
/// If `most` is 0.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use roundsman::prelude::*;
/// use roundsman::stream::{PipeError, Source};
///
/// struct Batches;
///
/// impl Actor for Batches {
///     type Message = Result<Vec<Vec<u32>>, PipeError>;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         // Four at once, then one each 10 ms.
///         let numbers = Source::iter(1..=6).throttle(4, Duration::from_millis(40));
///         numbers.chunks_within(3, Duration::from_millis(15)).collect().start(ctx, |result| result);
///         Ok(())
///     }
///
///     fn receive(&mut self, groups: Self::Message, ctx: &mut Context<Self>) -> Outcome {
///         assert_eq!(groups?, [vec![1, 2, 3], vec![4, 5], vec![6]]);
///         ctx.stop();
///         Ok(())
///     }
/// }
///
/// Runtime::builder().simulated(1).build()?.run(|| Batches)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn chunks_within<T: Send + 'static>(most: usize, within: Duration) -> Stage<T, Vec<T>> {
    assert!(most > 0, "a group of no items would never be full: give at least 1");
    let (held, alarm) = (Holdback::new(), Alarm::default());
    Stage::waiting("chunks_within", ChunksFeed { held, most, within, group: None, alarm })
}

impl<T: Send + 'static> Source<T> {
    /// Items in groups of `most`, or of what came `within` so much time. See [`chunks_within`](super::chunks_within()).
    pub fn chunks_within(self, most: usize, within: Duration) -> Source<Vec<T>> {
        self.through(chunks_within(most, within))
    }
}

struct ChunksFeed<T> {
    held: Holdback<T>,
    most: usize,
    within: Duration,
    group: Option<Group<T>>,
    alarm: Alarm,
}

struct Group<T> {
    items: Vec<T>,
    /// When it goes on, full or not.
    due: Timestamp,
}

impl<T: Send + 'static> ChunksFeed<T> {
    fn fill(&mut self, now: Timestamp) {
        let due = now + self.within;
        while self.group.as_ref().is_none_or(|group| group.items.len() < self.most) {
            let Some(item) = self.held.pop() else { break };
            let group = self.group.get_or_insert_with(|| Group { items: Vec::new(), due });
            group.items.push(item);
        }
    }
}

impl<T: Send + 'static> Feed for ChunksFeed<T> {
    type Item = Vec<T>;
    type Event = Event<T>;

    fn take(
        &mut self,
        event: Event<T>,
        _: &mut dyn Tail<Vec<T>>,
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
        tail: &mut dyn Tail<Vec<T>>,
        ctx: &mut Context<'_, Runner<Self>>,
    ) -> Result<bool, PipeError> {
        let now = ctx.now();
        loop {
            self.fill(now);
            let Some(group) = &self.group else { break };
            let full = group.items.len() >= self.most;
            if !full && !self.held.is_dry() && group.due > now {
                self.alarm.set(group.due, Event::Due, ctx);
                break;
            }
            if tail.room() == 0 {
                break;
            }
            if let Some(group) = self.group.take() {
                tail.push(group.items)?;
            }
        }
        if self.group.is_none() && self.held.is_dry() {
            tail.end()?;
        } else if tail.room() > 0 || self.group.is_some() {
            self.held.ask();
        }
        Ok(false)
    }

    fn let_go(&mut self) {
        self.held.cancel();
        self.group = None;
    }
}
