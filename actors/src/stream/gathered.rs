//! A tail that gathers what comes, for unit tests of operators.

use super::PipeError;
use super::assembly::Counts;
use super::link::{Demand, Upstream};
use super::stage::Tail;

/// Gathers what comes.
pub(crate) struct Gathered<T>(pub(crate) Vec<T>);

impl<T: Send> Tail<T> for Gathered<T> {
    fn begin(&mut self, _: Upstream) {}

    fn push(&mut self, item: T) -> Result<(), PipeError> {
        self.0.push(item);
        Ok(())
    }

    fn end(&mut self) -> Result<(), PipeError> {
        Ok(())
    }

    fn fail(&mut self, _: PipeError) {}

    fn demand(&mut self, _: Demand) {}

    fn resume(&mut self) -> Result<bool, PipeError> {
        Ok(false)
    }

    fn flush(&mut self) {}

    fn room(&self) -> u64 {
        u64::MAX
    }

    fn is_closed(&self) -> bool {
        false
    }

    fn counts(&self) -> Counts {
        Counts::default()
    }
}
