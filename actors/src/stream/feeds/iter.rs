//! An iterator as a feed.

use roundsman_runtime::Context;

use crate::stream::PipeError;
use crate::stream::runner::{Feed, Runner};
use crate::stream::stage::Tail;

/// Items that an iterator gives in one turn; then others have theirs.
const BATCH: u64 = 1024;

/// Pulls as many items as there is room for.
pub(crate) struct IterFeed<I> {
    items: Option<I>,
}

impl<I> IterFeed<I> {
    pub(crate) fn new(items: I) -> Self {
        Self { items: Some(items) }
    }
}

impl<I> Feed for IterFeed<I>
where
    I: Iterator + Send + 'static,
    I::Item: Send,
{
    type Item = I::Item;
    type Event = std::convert::Infallible;

    fn take(
        &mut self,
        event: Self::Event,
        _: &mut dyn Tail<I::Item>,
        _: &mut Context<'_, Runner<Self>>,
    ) -> Result<(), PipeError> {
        match event {}
    }

    fn advance(
        &mut self,
        tail: &mut dyn Tail<I::Item>,
        _: &mut Context<'_, Runner<Self>>,
    ) -> Result<bool, PipeError> {
        let Some(items) = &mut self.items else { return Ok(false) };
        let mut left = BATCH;
        loop {
            let room = tail.room().min(left);
            if room == 0 {
                break;
            }
            for _ in 0..room {
                let Some(item) = items.next() else {
                    self.items = None;
                    tail.end()?;
                    return Ok(false);
                };
                tail.push(item)?;
            }
            left -= room;
        }
        // It may say by itself that there is no more, and the end needs no demand (rule 5).
        if items.size_hint().1 == Some(0) {
            self.items = None;
            tail.end()?;
            return Ok(false);
        }
        Ok(left == 0 && tail.room() > 0)
    }

    fn let_go(&mut self) {
        self.items = None;
    }
}
