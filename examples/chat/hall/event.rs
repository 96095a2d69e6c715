//! An event: a line that several are told, in each form that some of them want.
//!
//! Made by whoever does something that others see; given out by `outbox` and `bundle`. The bytes of each form are made
//! once and shared.

use std::cell::OnceCell;
use std::time::Duration;

use bytes::Bytes;

use super::bundle::Urgency;
use super::client::ClientId;
use super::ear::Ear;
use crate::chat::caps::Caps;
use crate::chat::{calendar, wire};

/// The longest tags that only the server adds, a time and a batch, with what stands around them; in bytes.
const SERVER_TAGS_MAX: usize = 64;

/// A line and its tags.
pub struct Event {
    line: Bytes,
    /// When it happened, since 1970.
    pub at: Duration,
    /// Its name, for CHATHISTORY; empty of what has none.
    pub msgid: String,
    /// The tags for those who take tags, finished.
    tags: String,
    /// Whose coming or going it tells, if that is what it does.
    news_of: Option<ClientId>,
    /// The first is the line itself.
    forms: [OnceCell<Bytes>; Self::FORMS],
}

impl Event {
    /// How many forms an event has: with the time or without, with the tags or without.
    pub const FORMS: usize = 4;

    /// A line without tags of its own.
    pub fn new(line: Bytes, at: Duration) -> Self {
        Self {
            line,
            at,
            msgid: String::new(),
            tags: String::new(),
            news_of: None,
            forms: Default::default(),
        }
    }

    /// Done by a program (IRCv3 bot-mode).
    pub fn by_bot(mut self) -> Self {
        "bot".clone_into(&mut self.tags);
        self
    }

    /// Tells that this client comes or goes.
    pub fn news_of(mut self, who: ClientId) -> Self {
        self.news_of = Some(who);
        self
    }

    /// What it is to this client: whoever comes or goes waits to hear so.
    pub fn urgency(&self, to: &Ear) -> Urgency {
        if self.news_of.is_some_and(|who| who != to.id()) {
            Urgency::News
        } else {
            Urgency::Awaited
        }
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

    /// As it is kept: its forms can be made again.
    pub fn without_forms(mut self) -> Self {
        self.forms = Default::default();
        self
    }

    /// How long it is in bytes, at most, for somebody with these capabilities.
    pub fn length(&self, caps: Caps) -> usize {
        let tags = if caps.has(Caps::MESSAGE_TAGS) { self.tags.len() } else { 0 };
        SERVER_TAGS_MAX + tags + self.line.len()
    }

    /// The line without tags.
    pub fn line(&self) -> &Bytes {
        &self.line
    }

    /// What somebody with these capabilities gets.
    pub fn form(&self, caps: Caps) -> &Bytes {
        let make = || wire::tagged(&self.tags(caps), self.line.clone());
        let form = usize::from(caps.has(Caps::SERVER_TIME))
            + 2 * usize::from(caps.has(Caps::MESSAGE_TAGS));
        self.forms[form].get_or_init(make)
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
