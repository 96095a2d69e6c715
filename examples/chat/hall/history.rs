//! What was said in a channel lately, for who has not been there: the store behind CHATHISTORY.
//!
//! Kept by a channel, and gone with it. It holds the last [`KEPT_MAX`] messages, whoever said them, or fewer if these are
//! more than [`KEPT_BYTES_MAX`]: what one client can have kept here has a bound.

use std::collections::VecDeque;
use std::ops::Range;
use std::time::Duration;

use super::event::Event;
use crate::chat::caps::Caps;

#[cfg(test)]
mod tests;

/// How many messages a channel keeps.
pub const KEPT_MAX: usize = 500;
/// How many bytes these may have, with their tags.
pub const KEPT_BYTES_MAX: usize = 256 * 1024;

/// The last messages of a channel, oldest first.
#[derive(Default)]
pub struct History {
    kept: VecDeque<Event>,
    bytes: usize,
}

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

/// How much is given at most.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    pub messages: usize,
    /// As they are for somebody with these capabilities. One message is given however long it is.
    pub bytes: usize,
    pub caps: Caps,
}

impl History {
    /// Adds a message; the oldest go if there is too much.
    pub fn add(&mut self, event: Event) {
        self.bytes += event.length(Caps::ALL);
        self.kept.push_back(event.without_forms());
        while self.kept.len() > KEPT_MAX || self.bytes > KEPT_BYTES_MAX {
            let Some(oldest) = self.kept.pop_front() else { return };
            self.bytes -= oldest.length(Caps::ALL);
        }
    }

    /// When the last message was said.
    pub fn last_at(&self) -> Option<Duration> {
        self.kept.back().map(|event| event.at)
    }

    /// The messages that are wanted, as many as may be, oldest first. A place that is not here any more gives none.
    pub fn find(&self, wanted: &Wanted, bounds: Bounds) -> impl Iterator<Item = &Event> {
        let all = self.kept.len();
        // Which may be given, and from where on: if they are too many, those are that stand next to it.
        let found = match wanted {
            Wanted::Latest(None) => Some((0..all, all)),
            Wanted::Latest(Some(place)) => self.after(place).map(|start| (start..all, all)),
            Wanted::Before(place) => self.before(place).map(|end| (0..end, end)),
            Wanted::After(place) => self.after(place).map(|start| (start..all, start)),
            Wanted::Around(place) => self.before(place).map(|at| (0..all, at)),
            Wanted::Between(one, other) => self.between(one, other),
        };
        let given = found.map_or(0..0, |(range, from)| self.next_to(from, range, bounds));
        self.kept.range(given)
    }

    /// As much of a range as may be given, from one place in it on, in turns after and before it.
    fn next_to(&self, from: usize, range: Range<usize>, bounds: Bounds) -> Range<usize> {
        let Bounds { messages, bytes: mut room, caps } = bounds;
        let mut given = from..from;
        while given.len() < messages {
            let (before, after) = (given.start > range.start, given.end < range.end);
            let is_even = given.end - from <= from - given.start;
            let at = match (before, after) {
                (false, false) => break,
                (true, true) if is_even => given.end,
                (false, true) => given.end,
                (true, _) => given.start - 1,
            };
            let length = self.kept[at].length(caps);
            if length > room && !given.is_empty() {
                break;
            }
            room = room.saturating_sub(length);
            given = given.start.min(at)..given.end.max(at + 1);
        }
        given
    }

    /// What stands between two places, and at which end the first of them is.
    fn between(&self, one: &Place, other: &Place) -> Option<(Range<usize>, usize)> {
        let (start, end) = (self.after(one)?, self.before(other)?);
        if start <= end {
            return Some((start..end, start));
        }
        // Backwards: from the later place toward the earlier.
        let (start, end) = (self.after(other)?, self.before(one)?);
        (start <= end).then_some((start..end, end))
    }

    /// How many messages stand before a place.
    fn before(&self, place: &Place) -> Option<usize> {
        match place {
            Place::Message(msgid) => self.kept.iter().position(|event| event.msgid == *msgid),
            Place::Moment(at) => {
                Some(self.kept.partition_point(|event| millis(event.at) < millis(*at)))
            }
        }
    }

    /// The first message after a place.
    fn after(&self, place: &Place) -> Option<usize> {
        match place {
            Place::Message(_) => self.before(place).map(|at| at + 1),
            Place::Moment(at) => {
                Some(self.kept.partition_point(|event| millis(event.at) <= millis(*at)))
            }
        }
    }
}

/// Clients know a moment to the millisecond.
fn millis(at: Duration) -> u128 {
    at.as_millis()
}
