//! Several links as a feed: what comes down them stands in one line.

use roundsman_runtime::Context;

use crate::stream::PipeError;
use crate::stream::intake::Intake;
use crate::stream::link::Flow;
use crate::stream::runner::{Feed, Runner};
use crate::stream::stage::Tail;

/// Items passed on in one turn; then others have theirs.
const BATCH: u64 = 1024;

/// Passes on what comes down several links, as it comes. What is not asked for yet waits here: a window of each link.
pub(crate) struct LineFeed<T> {
    intake: Intake<T>,
}

impl<T: Send + 'static> LineFeed<T> {
    /// Of so many links, numbered from 0. It ends when all have ended.
    pub(crate) fn new(links: usize) -> Self {
        let mut intake = Intake::new();
        for _ in 0..links {
            intake.enter();
        }
        Self { intake }
    }
}

impl<T: Send + 'static> Feed for LineFeed<T> {
    type Item = T;
    /// Which link, and what has come down it.
    type Event = (u64, Flow<T>);

    fn take(
        &mut self,
        (link, flow): Self::Event,
        _: &mut dyn Tail<T>,
        _: &mut Context<'_, Runner<Self>>,
    ) -> Result<(), PipeError> {
        self.intake.take(link, flow).map(drop)
    }

    fn advance(
        &mut self,
        tail: &mut dyn Tail<T>,
        _: &mut Context<'_, Runner<Self>>,
    ) -> Result<bool, PipeError> {
        let more = pass_on(&mut self.intake, tail)?;
        if self.intake.is_over() {
            tail.end()?;
        }
        Ok(more)
    }

    fn let_go(&mut self) {
        self.intake.let_go();
    }
}

/// Pushes what waits, as far as there is room. True if there is more of both.
pub(crate) fn pass_on<T: Send + 'static>(
    intake: &mut Intake<T>,
    tail: &mut dyn Tail<T>,
) -> Result<bool, PipeError> {
    for _ in 0..BATCH {
        if tail.room() == 0 {
            return Ok(false);
        }
        let Some(item) = intake.pop() else { return Ok(false) };
        tail.push(item)?;
    }
    Ok(!intake.is_empty() && tail.room() > 0)
}
