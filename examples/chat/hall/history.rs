//! What was said in a channel lately, for who has not been there: the store behind CHATHISTORY.
//!
//! Kept by a channel, and gone with it. It holds the last [`KEPT_MAX`] messages, whoever said them.

use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use super::event::Event;

#[cfg(test)]
mod tests;

/// How many messages a channel keeps.
pub const KEPT_MAX: usize = 500;

/// The last messages of a channel, oldest first.
#[derive(Default)]
pub struct History(VecDeque<Rc<Event>>);

/// A place among the messages: one of them, or a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    Message(String),
    Moment(Duration),
}

/// Which messages are asked for. Each leaves out the message of its place, but for `Around`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// The newest, but none that is not after this.
    Latest(Option<Place>),
    Before(Place),
    After(Place),
    /// Those before and after, as evenly as it goes, and the message itself.
    Around(Place),
    /// Those from the first place on, toward the second.
    Between(Place, Place),
}

impl History {
    /// Adds a message; the oldest goes if there are too many.
    pub fn add(&mut self, event: Rc<Event>) {
        if self.0.len() == KEPT_MAX {
            self.0.pop_front();
        }
        self.0.push_back(event);
    }

    /// When the last message was said.
    pub fn last_at(&self) -> Option<Duration> {
        self.0.back().map(|event| event.at)
    }

    /// At most `limit` of the messages that are wanted, oldest first. A place that is not here any more gives none.
    pub fn find(&self, wanted: &Wanted, limit: usize) -> Vec<Rc<Event>> {
        let all = self.0.len();
        let range = match wanted {
            Wanted::Latest(None) => Some((all.saturating_sub(limit), all)),
            Wanted::Latest(Some(place)) => {
                self.after(place).map(|from| (from.max(all.saturating_sub(limit)), all))
            }
            Wanted::Before(place) => self.before(place).map(|to| (to.saturating_sub(limit), to)),
            Wanted::After(place) => self.after(place).map(|from| (from, from + limit)),
            Wanted::Around(place) => self.before(place).map(|at| {
                let from = at.saturating_sub(limit / 2);
                (from, from + limit)
            }),
            Wanted::Between(one, other) => self.between(one, other, limit),
        };
        let Some((from, to)) = range else { return Vec::new() };
        let to = to.min(all);
        self.0.range(from.min(to)..to).cloned().collect()
    }

    fn between(&self, one: &Place, other: &Place, limit: usize) -> Option<(usize, usize)> {
        let (start, end) = (self.after(one)?, self.before(other)?);
        if start <= end {
            return Some((start, end.min(start + limit)));
        }
        // Backwards: from the later place toward the earlier.
        let (start, end) = (self.after(other)?, self.before(one)?);
        (start <= end).then(|| (start.max(end.saturating_sub(limit)), end))
    }

    /// How many messages stand before a place.
    fn before(&self, place: &Place) -> Option<usize> {
        match place {
            Place::Message(msgid) => self.0.iter().position(|event| event.msgid == *msgid),
            Place::Moment(at) => {
                Some(self.0.partition_point(|event| millis(event.at) < millis(*at)))
            }
        }
    }

    /// The first message after a place.
    fn after(&self, place: &Place) -> Option<usize> {
        match place {
            Place::Message(_) => self.before(place).map(|at| at + 1),
            Place::Moment(at) => {
                Some(self.0.partition_point(|event| millis(event.at) <= millis(*at)))
            }
        }
    }
}

/// Clients know a moment to the millisecond.
fn millis(at: Duration) -> u128 {
    at.as_millis()
}
