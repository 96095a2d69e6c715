//! What there is: NAMES and LIST.

use super::Hall;
use super::channel::{Channel, Member};
use super::client::ClientId;
use crate::chat::caps::Caps;
use crate::chat::mask;
use crate::chat::numerics::{RPL_ENDOFNAMES, RPL_LIST, RPL_LISTEND, RPL_LISTSTART, RPL_NAMREPLY};
use crate::chat::wire::Line;

impl Hall {
    /// Of these channels, or of all that the client may see; one end for all of them, with the names as they were
    /// asked.
    pub(super) fn names(&mut self, by: ClientId, line: &Line<'_>) {
        let asked = line.param(0);
        if asked.is_empty() {
            self.channels.values().for_each(|channel| self.show_members_of(by, channel));
            return self.answer(by, RPL_ENDOFNAMES, &["*"]);
        }
        for channel in line.list(0).filter_map(|name| self.channel(name)) {
            self.show_members_of(by, channel);
        }
        self.answer(by, RPL_ENDOFNAMES, &[asked]);
    }

    /// 353 as often as it needs, of what the client may see of a channel.
    pub(super) fn show_members_of(&self, to: ClientId, channel: &Channel) {
        if !self.may_see(to, channel) {
            return;
        }
        let inside = channel.has(to);
        let shown = channel.members.iter();
        let shown = shown.filter(|member| inside || !self.client(member.id).modes.invisible);
        let mut shown = shown.map(|member| self.shown_name(to, member)).peekable();
        if shown.peek().is_some() {
            let params = [channel.symbol(), channel.name.as_str()];
            self.reply_list(to, RPL_NAMREPLY, &params, shown);
        }
    }

    fn shown_name(&self, to: ClientId, member: &Member) -> String {
        let (client, caps) = (self.client(member.id), self.client(to).caps());
        let prefix = member.prefix(caps.has(Caps::MULTI_PREFIX));
        let whole = caps.has(Caps::USERHOST_IN_NAMES);
        format!("{prefix}{}", if whole { &client.source } else { client.nick() })
    }

    /// Whether a client may know that a channel is there.
    pub(super) fn may_see(&self, who: ClientId, channel: &Channel) -> bool {
        !channel.modes.secret || channel.has(who)
    }

    /// `LIST [names] [conditions]`: all channels, or those of these names, or masks of names, that fit all conditions.
    pub(super) fn list(&mut self, by: ClientId, line: &Line<'_>) {
        // `LIST server` asks a server, which here is always this one. A mask is meant for names, even if it fits the
        // server's.
        let is_server =
            |item: &str| item.eq_ignore_ascii_case(self.about.name()) || self.find(item).is_some();
        let asked = line.list(0).chain(line.list(1)).filter(|item| !is_server(item));
        let (conditions, names): (Vec<_>, Vec<_>) =
            asked.partition(|item| Condition::is_meant(item));
        let conditions: Vec<Condition<'_>> =
            conditions.into_iter().filter_map(Condition::parse).collect();
        self.answer(by, RPL_LISTSTART, &["Channel"]);
        for channel in self.channels.values().filter(|channel| self.may_see(by, channel)) {
            let named = |name: &&str| mask::matches(name, channel.name.as_str());
            let fits = |condition: &Condition<'_>| condition.fits(channel, self.unix.as_secs());
            if (names.is_empty() || names.iter().any(named)) && conditions.iter().all(fits) {
                let topic = channel.topic.as_ref().map_or("", |topic| &topic.text);
                let members = channel.members.len().to_string();
                self.reply(by, RPL_LIST, &[channel.name.as_str(), &members], topic);
            }
        }
        self.answer(by, RPL_LISTEND, &[]);
    }
}

/// What a channel has to be to be listed: `ELIST=CMNTU` in 005 (modern.ircdocs.horse).
enum Condition<'a> {
    /// `>3`, `<10`: so many members.
    Members { more: bool, count: usize },
    /// `C>60`, `C<60`: made more, or less, than so many minutes ago.
    Age { more: bool, minutes: u64 },
    /// `T>60`, `T<60`: the topic was set more, or less, than so many minutes ago.
    TopicAge { more: bool, minutes: u64 },
    /// `!*mask*`: the name does not fit.
    Not(&'a str),
}

impl<'a> Condition<'a> {
    fn is_meant(text: &str) -> bool {
        text.trim_start_matches(['C', 'T']).starts_with(['<', '>']) || text.starts_with('!')
    }

    /// What cannot be meant is no condition.
    fn parse(text: &'a str) -> Option<Self> {
        if let Some(mask) = text.strip_prefix('!') {
            return Some(Self::Not(mask));
        }
        let (kind, rest) = text.split_at(text.find(['<', '>'])?);
        let more = rest.starts_with('>');
        let number = rest[1..].parse().ok()?;
        match kind {
            "" => Some(Self::Members { more, count: usize::try_from(number).ok()? }),
            "C" => Some(Self::Age { more, minutes: number }),
            "T" => Some(Self::TopicAge { more, minutes: number }),
            _ => None,
        }
    }

    fn fits(&self, channel: &Channel, unix_s: u64) -> bool {
        let compare = |more: bool, is: u64, than: u64| if more { is > than } else { is < than };
        let minutes_since = |at: u64| unix_s.saturating_sub(at) / 60;
        match *self {
            Self::Members { more, count } => {
                let members = channel.members.len();
                if more { members > count } else { members < count }
            }
            Self::Age { more, minutes } => {
                compare(more, minutes_since(channel.created_unix_s), minutes)
            }
            Self::TopicAge { more, minutes } => {
                let topic = channel.topic.as_ref();
                topic
                    .is_some_and(|topic| compare(more, minutes_since(topic.set_at_unix_s), minutes))
            }
            Self::Not(mask) => !mask::matches(mask, channel.name.as_str()),
        }
    }
}
