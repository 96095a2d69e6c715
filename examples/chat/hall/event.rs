//! An event: a line that several are told, in each form that some of them want.
//!
//! Made by whoever does something that others see; given out by `outbox`. The bytes of each form are made once and
//! shared.

use std::cell::OnceCell;
use std::time::Duration;

use bytes::Bytes;

use crate::chat::caps::Caps;
use crate::chat::{calendar, wire};

/// A line and its tags.
pub struct Event {
    line: Bytes,
    /// When it happened, since 1970.
    pub at: Duration,
    /// Its name, for CHATHISTORY; empty of what has none.
    pub msgid: String,
    /// The tags for those who take tags, finished.
    tags: String,
    /// By [`Event::form_of`]. The first is the line itself.
    forms: [OnceCell<Bytes>; Self::FORMS],
}

impl Event {
    /// How many forms an event has: with the time or without, with the tags or without.
    pub const FORMS: usize = 4;

    /// Which of them somebody with these capabilities gets.
    pub fn form_of(caps: Caps) -> usize {
        usize::from(caps.has(Caps::SERVER_TIME)) + 2 * usize::from(caps.has(Caps::MESSAGE_TAGS))
    }

    /// A line without tags of its own.
    pub fn new(line: Bytes, at: Duration) -> Self {
        Self { line, at, msgid: String::new(), tags: String::new(), forms: Default::default() }
    }

    /// Done by a program (IRCv3 bot-mode).
    pub fn by_bot(mut self) -> Self {
        "bot".clone_into(&mut self.tags);
        self
    }

    /// With a name and with these tags and no others, for those who take them.
    pub fn tagged(mut self, msgid: String, tags: impl IntoIterator<Item = String>) -> Self {
        self.tags = format!("msgid={msgid}");
        for tag in tags {
            self.tags.push(';');
            self.tags.push_str(&tag);
        }
        self.msgid = msgid;
        self
    }

    /// The line without tags.
    pub fn line(&self) -> &Bytes {
        &self.line
    }

    /// What somebody with these capabilities gets.
    pub fn form(&self, caps: Caps) -> Bytes {
        let make = || wire::tagged(&self.tags(caps), self.line.clone());
        self.forms[Self::form_of(caps)].get_or_init(make).clone()
    }

    /// How long the line and the tags of its own are, in bytes.
    pub fn length(&self) -> usize {
        self.line.len() + self.tags.len()
    }

    /// The tags that somebody with these capabilities gets, finished.
    pub fn tags(&self, caps: Caps) -> String {
        let mut tags = String::new();
        if caps.has(Caps::SERVER_TIME) {
            tags = time_tag(self.at);
        }
        if caps.has(Caps::MESSAGE_TAGS) && !self.tags.is_empty() {
            if !tags.is_empty() {
                tags.push(';');
            }
            tags.push_str(&self.tags);
        }
        tags
    }
}

/// `time=2026-11-26T01:46:28.620Z`.
pub fn time_tag(at: Duration) -> String {
    format!("time={}", calendar::iso_8601(at))
}
