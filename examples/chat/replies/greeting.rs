//! The lines that welcome a client that has registered: 001 to 005, the census, the message of the day.
//!
//! What 004 and 005 name is what works. A letter or token is added here by the change that makes it true.

use bytes::Bytes;

use super::{Replies, VERSION};
use crate::chat::names::{CHANNEL_MAX, NICK_MAX, TOPIC_MAX, USER_MAX};

/// The modes of users: `i`, not shown to those who share no channel.
const USER_MODES: &str = "i";
/// The modes of channels: `o`, which whoever creates a channel has.
const CHANNEL_MODES: &str = "o";
/// The most tokens in one 005 line: with nick and text, 15 parameters.
const TOKENS_MAX: usize = 13;

/// How many are here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Census {
    /// Registered clients.
    pub users: usize,
    /// Those of them that are invisible.
    pub invisible: usize,
    /// Connections that have not registered.
    pub unregistered: usize,
    /// Channels with a member.
    pub channels: usize,
    /// The most registered clients there were at once.
    pub users_max: usize,
}

impl Replies<'_> {
    /// 001 to 005; `source` is the client's own `nick!user@host`.
    pub fn welcome(self, source: &str, server_started_unix_s: u64) -> Vec<Bytes> {
        let welcome = format!("Welcome to the roundsman chat, {source}");
        let host = format!("Your host is {}, running version {VERSION}", self.server);
        let started = format!("This server was started at Unix time {server_started_unix_s}");
        let mut lines = vec![
            self.numeric("001", &[], Some(&welcome)),
            self.numeric("002", &[], Some(&host)),
            self.numeric("003", &[], Some(&started)),
            self.numeric("004", &[self.server, VERSION, USER_MODES, CHANNEL_MODES], None),
        ];
        lines.extend(self.features());
        lines
    }

    /// 005 RPL_ISUPPORT: what a client can rely on.
    fn features(self) -> Vec<Bytes> {
        let tokens = [
            "CASEMAPPING=ascii".to_owned(),
            "CHANTYPES=#".to_owned(),
            "PREFIX=(o)@".to_owned(),
            "CHANMODES=,,,".to_owned(),
            format!("NICKLEN={NICK_MAX}"),
            format!("CHANNELLEN={CHANNEL_MAX}"),
            format!("TOPICLEN={TOPIC_MAX}"),
            format!("USERLEN={USER_MAX}"),
            "NETWORK=roundsman".to_owned(),
        ];
        let tokens: Vec<&str> = tokens.iter().map(String::as_str).collect();
        let text = Some("are supported by this server");
        tokens.chunks(TOKENS_MAX).map(|tokens| self.numeric("005", tokens, text)).collect()
    }

    /// 251, 253 to 255, 265 and 266, in answer to LUSERS; 253 only if someone has not registered.
    pub fn census(self, census: Census) -> Vec<Bytes> {
        let Census { users, invisible, unregistered, channels, users_max } = census;
        let visible = users.saturating_sub(invisible);
        let text = format!("There are {visible} users and {invisible} invisible on 1 servers");
        let mut lines = vec![self.numeric("251", &[], Some(&text))];
        if unregistered > 0 {
            let count = unregistered.to_string();
            lines.push(self.numeric("253", &[&count], Some("unknown connection(s)")));
        }
        let text = format!("I have {users} clients and 1 servers");
        lines.push(self.numeric("254", &[&channels.to_string()], Some("channels formed")));
        lines.push(self.numeric("255", &[], Some(&text)));
        let (now, max) = (users.to_string(), users_max.to_string());
        for (code, whose) in [("265", "local"), ("266", "global")] {
            let text = format!("Current {whose} users {now}, max {max}");
            lines.push(self.numeric(code, &[&now, &max], Some(&text)));
        }
        lines
    }

    /// 375, 372 for each line and 376; without a message of the day, 422.
    pub fn message_of_the_day(self, text: Option<&str>) -> Vec<Bytes> {
        let Some(text) = text else {
            return vec![self.numeric("422", &[], Some("MOTD File is missing"))];
        };
        let begin = format!("- {} Message of the day - ", self.server);
        let mut lines = vec![self.numeric("375", &[], Some(&begin))];
        lines.extend(text.lines().map(|line| self.numeric("372", &[], Some(&format!("- {line}")))));
        lines.push(self.numeric("376", &[], Some("End of /MOTD command")));
        lines
    }
}
