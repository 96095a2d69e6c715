//! Saying something: PRIVMSG, NOTICE and TAGMSG, to a channel or to somebody; and AWAY, for who does not listen.

use super::Hall;
use super::channel::Channel;
use super::client::ClientId;
use super::event::Event;
use crate::chat::caps::Caps;
use crate::chat::names::{AWAY_MAX, ChannelName};
use crate::chat::numerics::{
    ERR_CANNOTSENDTOCHAN, ERR_NORECIPIENT, ERR_NOSUCHCHANNEL, ERR_NOSUCHNICK, ERR_NOTEXTTOSEND,
    ERR_TOOMANYTARGETS, ERR_UNKNOWNCOMMAND, Numeric, RPL_AWAY, RPL_NOWAWAY, RPL_UNAWAY,
};
use crate::chat::wire::{self, Line};

/// The most that one PRIVMSG is said to.
pub const TARGETS_MAX: usize = 4;

/// What is said, and how.
#[derive(Clone, Copy)]
struct Speech<'a> {
    kind: Kind,
    line: &'a Line<'a>,
    /// Nothing, where there are only tags.
    text: Option<&'a str>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Message,
    /// Never answered, whatever becomes of it: so that two programs cannot talk to each other for ever.
    Notice,
    /// Nothing but tags, for whoever takes them.
    Tags,
}

/// A channel in which somebody may speak.
struct Floor<'a> {
    channel: &'a Channel,
    is_member: bool,
}

/// Whether somebody with these capabilities is told what is said by `by`: everybody is, but who has said it has to want
/// that.
fn hears(by: ClientId, who: ClientId, caps: Caps) -> bool {
    who != by || caps.has(Caps::ECHO_MESSAGE)
}

impl Kind {
    fn command(self) -> &'static str {
        match self {
            Self::Message => "PRIVMSG",
            Self::Notice => "NOTICE",
            Self::Tags => "TAGMSG",
        }
    }
}

impl Hall {
    pub(super) fn message(&mut self, by: ClientId, line: &Line<'_>) {
        self.say(by, Speech { kind: Kind::Message, line, text: Some(line.param(1)) });
    }

    pub(super) fn notice(&mut self, by: ClientId, line: &Line<'_>) {
        self.say(by, Speech { kind: Kind::Notice, line, text: Some(line.param(1)) });
    }

    pub(super) fn tag_message(&mut self, by: ClientId, line: &Line<'_>) {
        if !self.client(by).caps().has(Caps::MESSAGE_TAGS) {
            return self.refuse(by, ERR_UNKNOWNCOMMAND, &[line.command()]);
        }
        self.say(by, Speech { kind: Kind::Tags, line, text: None });
    }

    fn say(&mut self, by: ClientId, speech: Speech<'_>) {
        if speech.line.list(0).next().is_none() {
            if speech.kind != Kind::Notice {
                let text = format!("No recipient given ({})", speech.line.command());
                self.reply(by, ERR_NORECIPIENT, &[], &text);
            }
            return;
        }
        if speech.text == Some("") {
            return self.object(by, speech, ERR_NOTEXTTOSEND, &[]);
        }
        let now = self.now;
        self.client_mut(by).spoke_at = now;
        for (at, target) in speech.line.list(0).enumerate() {
            if at == TARGETS_MAX {
                return self.object(by, speech, ERR_TOOMANYTARGETS, &[target]);
            }
            // Whoever is named twice hears it once.
            if speech.line.list(0).take(at).any(|earlier| earlier.eq_ignore_ascii_case(target)) {
                continue;
            }
            if ChannelName::is_meant(target) {
                self.say_in_channel(by, target, speech);
            } else {
                self.say_to(by, target, speech);
            }
        }
    }

    /// Refuses what is said; a notice in silence.
    fn object(&self, by: ClientId, speech: Speech<'_>, why: Numeric, params: &[&str]) {
        if speech.kind != Kind::Notice {
            self.refuse(by, why, params);
        }
    }

    fn say_in_channel(&mut self, by: ClientId, target: &str, speech: Speech<'_>) {
        let Floor { channel, is_member } = match self.floor(by, target) {
            Ok(floor) => floor,
            Err(why) => return self.object(by, speech, why, &[target]),
        };
        let event = self.speech_event(by, channel.name.as_str(), speech);
        let name = channel.name.clone();
        let only_tags = speech.kind == Kind::Tags;
        self.show_some(channel, &event, |id, caps| {
            hears(by, id, caps) && (!only_tags || caps.has(Caps::MESSAGE_TAGS))
        });
        if !is_member && hears(by, by, self.client(by).caps()) {
            self.show(by, &event);
        }
        if !only_tags && let Some(channel) = self.channel_mut(&name) {
            channel.history.add(event);
        }
    }

    /// The channel in which somebody may speak.
    fn floor(&self, by: ClientId, target: &str) -> Result<Floor<'_>, Numeric> {
        let channel = self.channel(target).ok_or(ERR_NOSUCHCHANNEL)?;
        let member = channel.member(by);
        let may_speak = match member {
            Some(member) if member.operator || member.voiced => true,
            None if channel.modes.no_outsiders => false,
            _ => !channel.modes.moderated && !channel.bans(&self.client(by).source),
        };
        let floor = Floor { channel, is_member: member.is_some() };
        if may_speak { Ok(floor) } else { Err(ERR_CANNOTSENDTOCHAN) }
    }

    fn say_to(&self, by: ClientId, target: &str, speech: Speech<'_>) {
        let Some((id, client)) = self.find(target) else {
            return self.object(by, speech, ERR_NOSUCHNICK, &[target]);
        };
        let event = self.speech_event(by, client.nick(), speech);
        let takes = speech.kind != Kind::Tags || client.caps().has(Caps::MESSAGE_TAGS);
        if hears(by, by, self.client(by).caps()) {
            self.show(by, &event);
        }
        if takes && id == by {
            // Said to oneself: what is heard is no answer, so it has no label.
            self.out.borrow_mut().bundles.add_own(&client.ear, event.form(client.caps()));
        } else if takes {
            self.show(id, &event);
        }
        if let (Kind::Message, Some(away)) = (speech.kind, &client.rare().away) {
            self.reply(by, RPL_AWAY, &[client.nick()], away);
        }
    }

    fn speech_event(&self, by: ClientId, to: &str, speech: Speech<'_>) -> Event {
        let msgid = self.out.borrow_mut().next_message(self.about.started());
        // What the server says stands in front of what its client says (IRCv3 message-tags).
        let bot = self.client(by).modes.bot.then(|| "bot".to_owned()).into_iter();
        let tags = bot.chain(speech.line.client_tags().into_iter().map(str::to_owned));
        self.event(by, speech.kind.command(), &[to], speech.text).tagged(msgid, tags)
    }

    pub(super) fn away(&mut self, by: ClientId, line: &Line<'_>) {
        let text = wire::cut(line.param(0), AWAY_MAX);
        let away: Option<Box<str>> = (!text.is_empty()).then(|| text.into());
        let answer = if away.is_some() { RPL_NOWAWAY } else { RPL_UNAWAY };
        self.answer(by, answer, &[]);
        if self.client(by).rare().away != away {
            let event = self.news(by, "AWAY", &[], away.as_deref());
            self.show_each(&self.neighbours(by), &event, Caps::AWAY_NOTIFY);
            self.client_mut(by).rare_mut().away = away;
        }
    }
}
