//! The tail of an actor that sends its items on over a link: it keeps what was not asked for yet.

use std::collections::VecDeque;

use super::PipeError;
use super::assembly::Counts;
use super::link::{Demand, Downstream, Flow, Upstream, weight};
use super::stage::Tail;

/// Sends on what is asked for, and keeps the rest: at most what one push of an operator gives (rule 1).
pub(crate) struct LinkTail<T> {
    link: Downstream<T>,
    /// Asked for and not sent yet.
    demand: u64,
    kept: VecDeque<T>,
    ended: bool,
    closed: bool,
}

impl<T: Send + 'static> LinkTail<T> {
    pub(crate) fn new(link: Downstream<T>) -> Self {
        Self { link, demand: 0, kept: VecDeque::new(), ended: false, closed: false }
    }

    fn send(&mut self, item: T) {
        self.demand = self.demand.saturating_sub(weight(&item));
        if !self.link.take(Flow::Item(item)) {
            self.close();
        }
    }

    fn close(&mut self) {
        self.closed = true;
        self.kept.clear();
    }

    fn flush(&mut self) {
        while self.demand > 0 && !self.closed {
            let Some(item) = self.kept.pop_front() else { break };
            self.send(item);
        }
        if self.ended && self.kept.is_empty() && !self.closed {
            self.link.take(Flow::End);
            self.close();
        }
    }
}

impl<T: Send + 'static> Tail<T> for LinkTail<T> {
    fn begin(&mut self, upstream: Upstream) {
        if !self.link.take(Flow::Begin(upstream)) {
            self.close();
        }
    }

    fn push(&mut self, item: T) -> Result<(), PipeError> {
        if self.closed {
            return Ok(());
        }
        if self.demand > 0 && self.kept.is_empty() {
            self.send(item);
        } else {
            self.kept.push_back(item);
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), PipeError> {
        self.ended = true;
        self.flush();
        Ok(())
    }

    fn fail(&mut self, error: PipeError) {
        if !self.closed {
            self.link.take(Flow::Failed(error));
            self.close();
        }
    }

    fn demand(&mut self, demand: Demand) {
        match demand {
            Demand::More(amount) => {
                self.demand = self.demand.saturating_add(amount);
                self.flush();
            }
            Demand::Cancel => self.close(),
        }
    }

    fn wants(&self) -> bool {
        self.demand > 0 && self.kept.is_empty() && !self.closed
    }

    fn is_closed(&self) -> bool {
        self.closed
    }

    fn counts(&self) -> Counts {
        Counts::default()
    }
}
