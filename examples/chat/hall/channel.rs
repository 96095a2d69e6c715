//! A channel: who is in it, what holds there, and what was said.
//!
//! Kept by the hall from the first who joins to the last who leaves. It tells nobody anything.

use std::rc::Rc;

use super::client::ClientId;
use super::ear::Ear;
use super::history::History;
use crate::chat::mask;
use crate::chat::names::ChannelName;

/// One channel.
pub struct Channel {
    /// As whoever made it spelt it.
    pub name: ChannelName,
    /// No other channel of this server has it, nor had: one of the same name that came before is another one.
    pub serial: u64,
    pub created_unix_s: u64,
    /// In the order in which they have joined. Walked for every line that is said, so it is a plain list.
    pub members: Vec<Member>,
    pub topic: Option<Topic>,
    pub modes: Modes,
    pub bans: Vec<Ban>,
    pub history: History,
}

/// Somebody in a channel.
pub struct Member {
    pub id: ClientId,
    pub ear: Rc<Ear>,
    pub operator: bool,
    pub voiced: bool,
}

pub struct Topic {
    pub text: String,
    /// The nick of whoever has set it.
    pub setter: String,
    pub set_at_unix_s: u64,
}

/// Who may not join, and not speak either.
pub struct Ban {
    /// As it was given.
    pub mask: String,
    pub setter: String,
    pub set_at_unix_s: u64,
}

/// What `MODE #channel` shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Modes {
    /// `i`: only who is invited may join.
    pub invite_only: bool,
    /// `m`: only operators and who has a voice may speak.
    pub moderated: bool,
    /// `n`: only members may speak.
    pub no_outsiders: bool,
    /// `s`: nobody outside is shown that it is there.
    pub secret: bool,
    /// `t`: only operators set the topic.
    pub topic_locked: bool,
    /// `k`: what to know to join.
    pub key: Option<String>,
    /// `l`: how many may be in it.
    pub limit: Option<u32>,
}

impl Modes {
    /// The mode of a letter that takes no parameter.
    pub fn flag(&mut self, letter: char) -> Option<&mut bool> {
        match letter {
            'i' => Some(&mut self.invite_only),
            'm' => Some(&mut self.moderated),
            'n' => Some(&mut self.no_outsiders),
            's' => Some(&mut self.secret),
            't' => Some(&mut self.topic_locked),
            _ => None,
        }
    }

    /// `+ikl` and what stands behind it; the key only for members.
    pub fn shown(&self, to_member: bool) -> Vec<String> {
        let (mut letters, mut params) = ("+".to_owned(), Vec::new());
        let mut copy = self.clone();
        for letter in "imnst".chars() {
            if copy.flag(letter).is_some_and(|on| *on) {
                letters.push(letter);
            }
        }
        if let Some(key) = &self.key {
            letters.push('k');
            params.push(if to_member { key.clone() } else { "*".to_owned() });
        }
        if let Some(limit) = self.limit {
            letters.push('l');
            params.push(limit.to_string());
        }
        params.insert(0, letters);
        params
    }
}

impl Member {
    /// What stands before its nick: the highest prefix, or `all` of them.
    pub fn prefix(&self, all: bool) -> &'static str {
        match (self.operator, self.voiced, all) {
            (true, true, true) => "@+",
            (true, _, _) => "@",
            (false, true, _) => "+",
            (false, false, _) => "",
        }
    }
}

impl Channel {
    /// A channel with nobody in it yet.
    pub fn new(name: ChannelName, serial: u64, created_unix_s: u64) -> Self {
        Self {
            name,
            serial,
            created_unix_s,
            members: Vec::new(),
            topic: None,
            modes: Modes::default(),
            bans: Vec::new(),
            history: History::default(),
        }
    }

    pub fn member(&self, id: ClientId) -> Option<&Member> {
        self.members.iter().find(|member| member.id == id)
    }

    pub fn member_mut(&mut self, id: ClientId) -> Option<&mut Member> {
        self.members.iter_mut().find(|member| member.id == id)
    }

    pub fn has(&self, id: ClientId) -> bool {
        self.member(id).is_some()
    }

    /// Whether whoever signs so is banned.
    pub fn bans(&self, source: &str) -> bool {
        self.bans.iter().any(|ban| mask::matches(&mask::complete(&ban.mask), source))
    }

    /// `=` or `@`, as 353 shows it.
    pub fn symbol(&self) -> &'static str {
        if self.modes.secret { "@" } else { "=" }
    }
}
