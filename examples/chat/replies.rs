//! What the server answers: the numerics of IRC by name, with their texts.
//!
//! A [`Replies`] is two borrowed words and is made where it is used; every method makes finished lines. Who gets them,
//! and when, is decided elsewhere. What every client is told after it registered is in `greeting`, what goes wrong in
//! `refusals`, and what this file holds is what was asked for.

use bytes::Bytes;

use crate::chat::names::Nick;
use crate::chat::wire;

mod greeting;
mod refusals;
#[cfg(test)]
mod tests;

pub use greeting::Census;

/// The version in 002, 004 and 351.
pub const VERSION: &str = concat!("roundsman-chat-", env!("CARGO_PKG_VERSION"));

/// Makes the answers of the server called `server` to the client called `nick`.
#[derive(Debug, Clone, Copy)]
pub struct Replies<'a> {
    server: &'a str,
    nick: &'a str,
}

/// What others may know of a client.
#[derive(Debug, Clone, Copy)]
pub struct Person<'a> {
    pub nick: &'a Nick,
    pub user: &'a str,
    pub host: &'a str,
    pub realname: &'a str,
}

/// `ERROR`: the last line of every connection, saying why it ends. It goes to clients with and without a nick.
pub fn closing_link(reason: &str) -> Bytes {
    wire::bare("ERROR", &format!("Closing link ({reason})"))
}

impl<'a> Replies<'a> {
    /// Answers to `nick`, or to a client that has none yet.
    pub fn new(server: &'a str, nick: Option<&'a Nick>) -> Self {
        Self { server, nick: nick.map_or("*", Nick::as_str) }
    }

    /// `PONG`, with the token of the PING.
    pub fn pong(self, token: &str) -> Bytes {
        wire::relay(self.server, "PONG", &[self.server], Some(token))
    }

    /// `CAP nick SUBCOMMAND :list`, the answer to `CAP LS`, `CAP LIST` and, with `NAK`, to `CAP REQ`.
    pub fn cap(self, subcommand: &str, list: &str) -> Bytes {
        wire::relay(self.server, "CAP", &[self.nick, subcommand], Some(list))
    }

    /// 221 RPL_UMODEIS; `modes` starts with `+`.
    pub fn user_modes(self, modes: &str) -> Bytes {
        self.numeric("221", &[modes], None)
    }

    /// 302 RPL_USERHOST, an item `nick=+user@host` for each of the asked that is here.
    pub fn userhost<I: IntoIterator<Item: AsRef<str>>>(self, people: I) -> Vec<Bytes> {
        self.list("302", &[], people)
    }

    /// 303 RPL_ISON, those of the asked that are here.
    pub fn is_on<I: IntoIterator<Item: AsRef<str>>>(self, nicks: I) -> Vec<Bytes> {
        self.list("303", &[], nicks)
    }

    /// 311 RPL_WHOISUSER.
    pub fn whois_user(self, person: Person<'_>) -> Bytes {
        let Person { nick, user, host, realname } = person;
        self.numeric("311", &[nick.as_str(), user, host, "*"], Some(realname))
    }

    /// 312 RPL_WHOISSERVER.
    pub fn whois_server(self, nick: &Nick) -> Bytes {
        self.numeric("312", &[nick.as_str(), self.server], Some("A chat of actors"))
    }

    /// 315 RPL_ENDOFWHO, with the mask as it was asked.
    pub fn end_of_who(self, mask: &str) -> Bytes {
        self.numeric("315", &[mask], Some("End of WHO list"))
    }

    /// 317 RPL_WHOISIDLE.
    pub fn whois_idle(self, nick: &Nick, idle_s: u64, signed_on_unix_s: u64) -> Bytes {
        let times = [idle_s.to_string(), signed_on_unix_s.to_string()];
        let text = "seconds idle, signon time";
        self.numeric("317", &[nick.as_str(), &times[0], &times[1]], Some(text))
    }

    /// 318 RPL_ENDOFWHOIS, with the nick as it was asked.
    pub fn end_of_whois(self, nick: &str) -> Bytes {
        self.numeric("318", &[nick], Some("End of /WHOIS list"))
    }

    /// 319 RPL_WHOISCHANNELS, each channel with the member's prefix; none make no line.
    pub fn whois_channels(self, nick: &Nick, channels: &[String]) -> Vec<Bytes> {
        if channels.is_empty() { vec![] } else { self.list("319", &[nick.as_str()], channels) }
    }

    /// 321 RPL_LISTSTART.
    pub fn list_start(self) -> Bytes {
        self.numeric("321", &["Channel"], Some("Users  Name"))
    }

    /// 322 RPL_LIST.
    pub fn list_item(self, channel: &str, members: usize, topic: &str) -> Bytes {
        self.numeric("322", &[channel, &members.to_string()], Some(topic))
    }

    /// 323 RPL_LISTEND.
    pub fn list_end(self) -> Bytes {
        self.numeric("323", &[], Some("End of /LIST"))
    }

    /// 324 RPL_CHANNELMODEIS; `modes` starts with `+` and is just that where no mode is set.
    pub fn channel_modes(self, channel: &str, modes: &str) -> Bytes {
        self.numeric("324", &[channel, modes], None)
    }

    /// 329 RPL_CREATIONTIME.
    pub fn channel_created(self, channel: &str, at_unix_s: u64) -> Bytes {
        self.numeric("329", &[channel, &at_unix_s.to_string()], None)
    }

    /// 331 RPL_NOTOPIC, only ever an answer to TOPIC.
    pub fn no_topic(self, channel: &str) -> Bytes {
        self.numeric("331", &[channel], Some("No topic is set"))
    }

    /// 332 RPL_TOPIC.
    pub fn topic(self, channel: &str, topic: &str) -> Bytes {
        self.numeric("332", &[channel], Some(topic))
    }

    /// 333 RPL_TOPICWHOTIME; `setter` is a nick or a whole `nick!user@host`.
    pub fn topic_set_by(self, channel: &str, setter: &str, at_unix_s: u64) -> Bytes {
        self.numeric("333", &[channel, setter, &at_unix_s.to_string()], None)
    }

    /// 351 RPL_VERSION.
    pub fn version(self) -> Bytes {
        self.numeric("351", &[VERSION, self.server], Some("an example of roundsman"))
    }

    /// 352 RPL_WHOREPLY; `flags` is `H` or `G`, then the prefix. Without a channel, `*` stands for it.
    pub fn who(self, channel: Option<&str>, person: Person<'_>, flags: &str) -> Bytes {
        let Person { nick, user, host, realname } = person;
        let channel = channel.unwrap_or("*");
        let params = [channel, user, host, self.server, nick.as_str(), flags];
        self.numeric("352", &params, Some(&format!("0 {realname}")))
    }

    /// 353 RPL_NAMREPLY, as often as the members need it, each with the highest of its prefixes.
    pub fn names<I: IntoIterator<Item: AsRef<str>>>(self, channel: &str, members: I) -> Vec<Bytes> {
        self.list("353", &["=", channel], members)
    }

    /// 366 RPL_ENDOFNAMES, with the channel as it was asked.
    pub fn end_of_names(self, channel: &str) -> Bytes {
        self.numeric("366", &[channel], Some("End of /NAMES list"))
    }

    /// 368 RPL_ENDOFBANLIST: irssi asks for the list on every JOIN.
    pub fn end_of_bans(self, channel: &str) -> Bytes {
        self.numeric("368", &[channel], Some("End of channel ban list"))
    }

    fn numeric(self, code: &str, params: &[&str], text: Option<&str>) -> Bytes {
        wire::numeric(self.server, code, self.nick, params, text)
    }

    fn list<I>(self, code: &str, params: &[&str], items: I) -> Vec<Bytes>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        wire::numeric_list(self.server, code, self.nick, params, items)
    }
}
