//! What the server says of itself: the greeting, and LUSERS, MOTD, VERSION, TIME, INFO and LINKS.
//!
//! What 004 and 005 name is what works. A letter or token is added here by the change that makes it true.

use super::census::Census;
use super::client::{ClientId, UserModes};
use super::joining::KICKS_MAX;
use super::speaking::TARGETS_MAX;
use super::{CHANNELS_MAX, Hall, MONITORED_MAX, channel_modes, chathistory};
use crate::chat::calendar;
use crate::chat::names::{
    AWAY_MAX, CHANNEL_MAX, KEY_MAX, KICK_MAX, NICK_MAX, REALNAME_MAX, TOPIC_MAX, USER_MAX,
};
use crate::chat::numerics::{
    ERR_NOMOTD, ERR_NOSUCHSERVER, RPL_CREATED, RPL_ENDOFINFO, RPL_ENDOFLINKS, RPL_ENDOFMOTD,
    RPL_GLOBALUSERS, RPL_INFO, RPL_ISUPPORT, RPL_LINKS, RPL_LOCALUSERS, RPL_LUSERCHANNELS,
    RPL_LUSERCLIENT, RPL_LUSERME, RPL_LUSEROP, RPL_LUSERUNKNOWN, RPL_MOTD, RPL_MOTDSTART,
    RPL_MYINFO, RPL_TIME, RPL_VERSION, RPL_WELCOME, RPL_YOURHOST,
};
use crate::chat::wire::Line;

/// The version in 002, 004 and 351.
const VERSION: &str = concat!("roundsman-chat-", env!("CARGO_PKG_VERSION"));
/// The most tokens in one 005 line: with nick and text, 15 parameters.
const TOKENS_MAX: usize = 13;

impl Hall {
    /// 001 to 005, the census and the message of the day.
    pub(super) fn greet(&self, to: ClientId) {
        let (client, settings) = (self.client(to), &self.about.settings);
        let server = settings.server_name.as_str();
        let text = format!("Welcome to the {} network, {}", settings.network, client.source);
        self.reply(to, RPL_WELCOME, &[], &text);
        let text = format!("Your host is {server}, running version {VERSION}");
        self.reply(to, RPL_YOURHOST, &[], &text);
        let text = format!("This server was started {}", calendar::readable(self.about.started()));
        self.reply(to, RPL_CREATED, &[], &text);
        let (letters, with_param) = (channel_modes::LETTERS, channel_modes::LETTERS_WITH_PARAM);
        let params = [server, VERSION, UserModes::LETTERS, letters, with_param];
        self.reply_bare(to, RPL_MYINFO, &params);
        self.show_features(to);
        self.show_census(to);
        self.show_motd(to);
        if client.modes != UserModes::default() {
            self.show_own_modes(to, &client.modes.shown());
        }
    }

    fn show_features(&self, to: ClientId) {
        let tokens = [
            format!("AWAYLEN={AWAY_MAX}"),
            "BOT=B".to_owned(),
            "CASEMAPPING=ascii".to_owned(),
            format!("CHANLIMIT=#:{CHANNELS_MAX}"),
            "CHANMODES=b,k,l,imnst".to_owned(),
            format!("CHANNELLEN={CHANNEL_MAX}"),
            "CHANTYPES=#".to_owned(),
            format!("CHATHISTORY={}", chathistory::LIMIT_MAX),
            "ELIST=CMNTU".to_owned(),
            format!("KEYLEN={KEY_MAX}"),
            format!("KICKLEN={KICK_MAX}"),
            format!("MAXLIST=b:{}", channel_modes::BANS_MAX),
            format!("MODES={}", channel_modes::MODES_MAX),
            format!("MONITOR={MONITORED_MAX}"),
            "MSGREFTYPES=msgid,timestamp".to_owned(),
            format!("NAMELEN={REALNAME_MAX}"),
            format!("NETWORK={}", self.about.settings.network),
            format!("NICKLEN={NICK_MAX}"),
            "PREFIX=(ov)@+".to_owned(),
            format!(
                "TARGMAX=JOIN:,KICK:{KICKS_MAX},LIST:,NAMES:,NOTICE:{TARGETS_MAX},PART:,PRIVMSG:{TARGETS_MAX}"
            ),
            format!("TOPICLEN={TOPIC_MAX}"),
            format!("USERLEN={USER_MAX}"),
            "UTF8ONLY".to_owned(),
            "WHOX".to_owned(),
        ];
        let tokens: Vec<&str> = tokens.iter().map(String::as_str).collect();
        tokens.chunks(TOKENS_MAX).for_each(|tokens| self.answer(to, RPL_ISUPPORT, tokens));
    }

    pub(super) fn lusers(&mut self, by: ClientId, _: &Line<'_>) {
        self.show_census(by);
    }

    fn show_census(&self, to: ClientId) {
        let users = self.nicks.len();
        let Census { invisible, operators } = self.census;
        let visible = users - invisible;
        let unregistered = self.clients.len() - users;
        let text = format!("There are {visible} users and {invisible} invisible on 1 servers");
        self.reply(to, RPL_LUSERCLIENT, &[], &text);
        self.answer(to, RPL_LUSEROP, &[&operators.to_string()]);
        self.answer(to, RPL_LUSERUNKNOWN, &[&unregistered.to_string()]);
        self.answer(to, RPL_LUSERCHANNELS, &[&self.channels.len().to_string()]);
        self.reply(to, RPL_LUSERME, &[], &format!("I have {users} clients and 1 servers"));
        let (now, max) = (users.to_string(), self.users_max.to_string());
        for (numeric, whose) in [(RPL_LOCALUSERS, "local"), (RPL_GLOBALUSERS, "global")] {
            let text = format!("Current {whose} users {now}, max {max}");
            self.reply(to, numeric, &[&now, &max], &text);
        }
    }

    pub(super) fn motd(&mut self, by: ClientId, line: &Line<'_>) {
        if self.is_asked(by, line.param(0)) {
            self.show_motd(by);
        }
    }

    fn show_motd(&self, to: ClientId) {
        let Some(text) = &self.notices.motd else { return self.refuse(to, ERR_NOMOTD, &[]) };
        let begin = format!("- {} Message of the day - ", self.about.name());
        self.reply(to, RPL_MOTDSTART, &[], &begin);
        for line in text.lines() {
            self.reply(to, RPL_MOTD, &[], &format!("- {line}"));
        }
        self.answer(to, RPL_ENDOFMOTD, &[]);
    }

    pub(super) fn version(&mut self, by: ClientId, line: &Line<'_>) {
        if self.is_asked(by, line.param(0)) {
            self.reply(by, RPL_VERSION, &[VERSION, self.about.name()], "an example of roundsman");
            self.show_features(by);
        }
    }

    pub(super) fn time(&mut self, by: ClientId, line: &Line<'_>) {
        if self.is_asked(by, line.param(0)) {
            let params = [self.about.name(), &self.unix.as_secs().to_string(), "0"];
            self.reply(by, RPL_TIME, &params, &calendar::readable(self.unix));
        }
    }

    pub(super) fn info(&mut self, by: ClientId, line: &Line<'_>) {
        if !self.is_asked(by, line.param(0)) {
            return;
        }
        let started = calendar::readable(self.about.started());
        for text in [VERSION, &self.about.settings.description, &format!("On since {started}")] {
            self.reply(by, RPL_INFO, &[], text);
        }
        self.answer(by, RPL_ENDOFINFO, &[]);
    }

    pub(super) fn links(&mut self, by: ClientId, _: &Line<'_>) {
        let (server, description) = (self.about.name(), &self.about.settings.description);
        self.reply(by, RPL_LINKS, &[server, server], &format!("0 {description}"));
        self.answer(by, RPL_ENDOFLINKS, &["*"]);
    }

    /// Whether a command is meant for this server, as it is if it names none; if not, says so.
    fn is_asked(&self, by: ClientId, server: &str) -> bool {
        let here = server.is_empty() || self.is_this_server(server);
        if !here {
            self.refuse(by, ERR_NOSUCHSERVER, &[server]);
        }
        here
    }
}
