//! The end of a pipeline whose items leave through the feed itself: a tail that only counts them.

use crate::stream::PipeError;
use crate::stream::assembly::Counts;
use crate::stream::link::{Demand, Upstream};
use crate::stream::stage::Tail;

/// Counts what a sink's feed has sent on, and closes when it is told of the end.
#[derive(Default)]
pub(crate) struct Tally {
    counts: Counts,
    closed: bool,
}

impl Tail<Counts> for Tally {
    fn begin(&mut self, _: Upstream) {}

    fn push(&mut self, sent: Counts) -> Result<(), PipeError> {
        self.counts.items += sent.items;
        self.counts.bytes += sent.bytes;
        Ok(())
    }

    fn end(&mut self) -> Result<(), PipeError> {
        self.closed = true;
        Ok(())
    }

    fn fail(&mut self, _: PipeError) {
        self.closed = true;
    }

    fn demand(&mut self, _: Demand) {}

    fn resume(&mut self) -> Result<bool, PipeError> {
        Ok(false)
    }

    fn flush(&mut self) {}

    fn room(&self) -> u64 {
        if self.closed { 0 } else { u64::MAX }
    }

    fn is_closed(&self) -> bool {
        self.closed
    }

    fn counts(&self) -> Counts {
        self.counts
    }
}
