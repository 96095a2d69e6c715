//! Several links into one actor: what comes down them stands in one line, and each has its share of it.
//!
//! Held by the feeds of `merge` and `flat_merge`, and by the hub. It decides nothing about ends.

use std::collections::{BTreeMap, VecDeque};

use super::PipeError;
use super::link::{Flow, weight, window};
use super::port::Port;

/// Where an item comes from that came down no link.
pub(crate) const NO_LINK: u64 = u64::MAX;

/// The lower ends of several links, and what has come down them, in order of arrival.
///
/// What an item counts returns to its link when it leaves the line, not when it comes. So no link has more than its
/// window in the line, and each that has something there is served before any other is served a second window.
pub(crate) struct Intake<T> {
    /// The links that have not ended, or of which something waits.
    links: BTreeMap<u64, Lower>,
    line: VecDeque<(u64, T)>,
    entered: u64,
}

/// The lower end of one link.
struct Lower {
    port: Port,
    /// How many items of it stand in line, and how much they count.
    waiting: usize,
    weight: u64,
    /// What feeds it is a pipeline of its own, which has not closed.
    running: bool,
}

impl Lower {
    fn new(running: bool) -> Self {
        Self { port: Port::new(), waiting: 0, weight: 0, running }
    }

    /// Asks for a window, less what stands in line, once half of it is free. An item that is larger than what was asked
    /// for takes more of it.
    fn ask<T: 'static>(&mut self) {
        self.port.ask_beside(self.weight, window::<T>());
    }

    fn is_done(&self) -> bool {
        self.port.is_over() && self.waiting == 0 && !self.running
    }
}

impl<T: Send + 'static> Intake<T> {
    pub(crate) fn new() -> Self {
        Self { links: BTreeMap::new(), line: VecDeque::new(), entered: 0 }
    }

    /// A place for one more link. Returns its number.
    pub(crate) fn enter(&mut self) -> u64 {
        self.place(Lower::new(false))
    }

    /// A place for the link of a pipeline, kept until that is said to have [closed](Self::closed), too.
    pub(crate) fn enter_running(&mut self) -> u64 {
        self.place(Lower::new(true))
    }

    fn place(&mut self, lower: Lower) -> u64 {
        let link = self.entered;
        self.entered += 1;
        self.links.insert(link, lower);
        link
    }

    /// A place for a link that has a number already.
    pub(crate) fn admit(&mut self, link: u64) {
        self.links.insert(link, Lower::new(false));
    }

    /// The pipeline that feeds a link has closed.
    pub(crate) fn closed(&mut self, link: u64) {
        if let Some(lower) = self.links.get_mut(&link) {
            lower.running = false;
        }
        self.forget(link);
    }

    /// An item that comes from no link stands in line, too.
    pub(crate) fn stand_alone(&mut self, item: T) {
        self.line.push_back((NO_LINK, item));
    }

    /// Takes what comes down a link. Asks it for its share when it begins.
    pub(crate) fn take(&mut self, link: u64, flow: Flow<T>) -> Result<(), PipeError> {
        let Some(lower) = self.links.get_mut(&link) else {
            // What was under way when the link was let go.
            return Ok(());
        };
        match flow {
            Flow::Begin(upstream) => {
                lower.port.begin(upstream);
                lower.ask::<T>();
            }
            Flow::Item(item) => self.stand(link, [item]),
            Flow::Items(items) => self.stand(link, items),
            Flow::End => lower.port.end(),
            Flow::Failed(error) => {
                lower.port.end();
                return Err(error);
            }
        }
        self.forget(link);
        Ok(())
    }

    fn stand(&mut self, link: u64, items: impl IntoIterator<Item = T>) {
        let Some(lower) = self.links.get_mut(&link).filter(|lower| !lower.port.is_over()) else {
            return;
        };
        for item in items {
            lower.port.arrived(&item);
            lower.waiting += 1;
            lower.weight += weight(&item);
            self.line.push_back((link, item));
        }
    }

    /// Forgets a link of which nothing more will come, and nothing waits.
    fn forget(&mut self, link: u64) {
        if self.links.get(&link).is_some_and(Lower::is_done) {
            self.links.remove(&link);
        }
    }

    /// The first in line. Its link may send another.
    pub(crate) fn pop(&mut self) -> Option<T> {
        self.pop_from().map(|(_, item)| item)
    }

    /// The same, with the link that it has come by, or [`NO_LINK`].
    pub(crate) fn pop_from(&mut self) -> Option<(u64, T)> {
        let (link, item) = self.line.pop_front()?;
        if let Some(lower) = self.links.get_mut(&link) {
            lower.waiting -= 1;
            lower.weight -= weight(&item);
            lower.ask::<T>();
        }
        self.forget(link);
        Some((link, item))
    }

    /// Whether nothing waits here.
    pub(crate) fn is_empty(&self) -> bool {
        self.line.is_empty()
    }

    /// How many links are not done with: they have not ended, or closed, or something of them waits.
    pub(crate) fn busy(&self) -> usize {
        self.links.len()
    }

    /// Whether all links have ended, and nothing waits.
    pub(crate) fn is_over(&self) -> bool {
        self.links.is_empty()
    }

    /// Nothing more is wanted. What waits stays.
    pub(crate) fn close(&mut self) {
        self.links.retain(|_, lower| {
            lower.port.cancel();
            !lower.is_done()
        });
    }

    /// Nothing more is wanted, and what waits is dropped.
    pub(crate) fn let_go(&mut self) {
        self.line.clear();
        self.links.retain(|_, lower| {
            lower.waiting = 0;
            lower.weight = 0;
            lower.port.cancel();
            !lower.is_done()
        });
    }
}
