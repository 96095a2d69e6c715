//! The tail of an actor that sends its items on over a link: it keeps what was not asked for yet.

use std::collections::VecDeque;

use super::PipeError;
use super::assembly::Counts;
use super::link::{Demand, Flow, Upstream, is_bytes, weight};
use super::meter::Downstream;
use super::owed::Owed;
use super::stage::Tail;

/// Room for so many items is made at once.
const BATCH: u64 = 128;

/// Sends on what is asked for, and keeps the rest: at most what one push of an operator gives (rule 1).
///
/// What one turn has pushed travels together.
pub(crate) struct LinkTail<T> {
    link: Downstream<T>,
    /// Asked for and not pushed yet.
    owed: Owed,
    /// Asked for, and sent when the turn is over: one alone, so that a link over which little goes keeps no room for more.
    first: Option<T>,
    /// Or several.
    batch: Vec<T>,
    /// Not asked for yet.
    kept: VecDeque<T>,
    ended: bool,
    closed: bool,
}

impl<T: Send + 'static> LinkTail<T> {
    pub(crate) fn new(link: Downstream<T>) -> Self {
        let (batch, kept) = (Vec::new(), VecDeque::new());
        Self { link, owed: Owed::default(), first: None, batch, kept, ended: false, closed: false }
    }

    fn enter(&mut self, item: T) {
        let weight = weight(&item);
        if !self.batch.is_empty() {
            self.batch.push(item);
        } else if let Some(first) = self.first.take() {
            // One allocation, mostly: a window is asked for by halves. It goes with the batch.
            self.batch.reserve(usize::try_from(self.owed.left().min(BATCH)).unwrap_or(1) + 1);
            self.batch.extend([first, item]);
        } else {
            self.first = Some(item);
        }
        self.owed.give(weight);
    }

    fn send_batch(&mut self) {
        let flow = match self.first.take() {
            Some(first) => Flow::Item(first),
            None if self.batch.is_empty() => return,
            None => Flow::Items(std::mem::take(&mut self.batch)),
        };
        if !self.link.take(flow) {
            self.close();
        }
    }

    fn close(&mut self) {
        self.closed = true;
        self.first = None;
        self.batch = Vec::new();
        self.kept.clear();
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
        if self.owed.is_due() && self.kept.is_empty() {
            self.enter(item);
        } else {
            self.kept.push_back(item);
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), PipeError> {
        self.ended = true;
        Ok(())
    }

    fn fail(&mut self, error: PipeError) {
        if !self.closed {
            self.send_batch();
        }
        if !self.closed {
            self.link.take(Flow::Failed(error));
            self.close();
        }
    }

    fn demand(&mut self, demand: Demand) {
        match demand {
            Demand::More(amount) => {
                self.owed.ask(amount);
                while self.owed.is_due() {
                    let Some(item) = self.kept.pop_front() else { break };
                    self.enter(item);
                }
            }
            Demand::Cancel => self.close(),
        }
    }

    fn resume(&mut self) -> Result<bool, PipeError> {
        Ok(false)
    }

    fn flush(&mut self) {
        self.send_batch();
        if self.ended && self.kept.is_empty() && !self.closed {
            self.link.take(Flow::End);
            self.close();
        }
    }

    fn room(&self) -> u64 {
        if self.closed || self.ended || !self.kept.is_empty() {
            return 0;
        }
        // What bytes will count is not known before they are there.
        let left = self.owed.left();
        if is_bytes::<T>() { left.min(1) } else { left }
    }

    fn is_closed(&self) -> bool {
        self.closed
    }

    fn counts(&self) -> Counts {
        Counts::default()
    }
}
