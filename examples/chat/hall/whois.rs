//! WHOIS and WHOWAS: who somebody is, and who somebody was.

use super::Hall;
use super::client::ClientId;
use super::past::Gone;
use crate::chat::calendar;
use crate::chat::caps::Caps;
use crate::chat::numerics::{
    ERR_NONICKNAMEGIVEN, ERR_NOSUCHNICK, ERR_NOSUCHSERVER, ERR_WASNOSUCHNICK, RPL_AWAY,
    RPL_ENDOFWHOIS, RPL_ENDOFWHOWAS, RPL_WHOISBOT, RPL_WHOISCHANNELS, RPL_WHOISIDLE,
    RPL_WHOISOPERATOR, RPL_WHOISSECURE, RPL_WHOISSERVER, RPL_WHOISUSER, RPL_WHOWASUSER,
};
use crate::chat::wire::Line;

impl Hall {
    /// `WHOIS nick`, or `WHOIS server nick`, where the server may be the nick of somebody on it.
    pub(super) fn whois(&mut self, by: ClientId, line: &Line<'_>) {
        let (server, asked) = match *line.params() {
            [server, nick, ..] => (Some(server), nick),
            _ => (None, line.param(0)),
        };
        // One at a time: who wants to know of several asks several times.
        let asked = asked.split(',').next().unwrap_or_default();
        if asked.is_empty() {
            return self.refuse(by, ERR_NONICKNAMEGIVEN, &[]);
        }
        match (server, self.find(asked)) {
            (Some(server), _) if !self.is_this_server(server) => {
                self.refuse(by, ERR_NOSUCHSERVER, &[server]);
            }
            (_, Some((id, _))) => self.show_who_is(by, id),
            (_, None) => self.refuse(by, ERR_NOSUCHNICK, &[asked]),
        }
        self.answer(by, RPL_ENDOFWHOIS, &[asked]);
    }

    fn show_who_is(&self, to: ClientId, id: ClientId) {
        let client = self.client(id);
        let nick = client.nick();
        let params = [nick, client.user(), &client.host, "*"];
        self.reply(to, RPL_WHOISUSER, &params, &client.realname);
        let channels = self.channels_shown(to, id);
        if !channels.is_empty() {
            self.reply_list(to, RPL_WHOISCHANNELS, &[nick], channels);
        }
        let settings = &self.about.settings;
        self.reply(to, RPL_WHOISSERVER, &[nick, &settings.server_name], &settings.description);
        if let Some(away) = &client.rare().away {
            self.reply(to, RPL_AWAY, &[nick], away);
        }
        if client.modes.operator {
            self.answer(to, RPL_WHOISOPERATOR, &[nick]);
        }
        if client.modes.bot {
            self.answer(to, RPL_WHOISBOT, &[nick]);
        }
        if client.secure {
            self.answer(to, RPL_WHOISSECURE, &[nick]);
        }
        let idle_s = (self.now - client.spoke_at).as_secs().to_string();
        let params = [nick, &idle_s, &client.signed_on_unix_s.to_string()];
        self.answer(to, RPL_WHOISIDLE, &params);
    }

    /// Where somebody is, as far as whoever asks may know: of who is invisible only what they share.
    fn channels_shown(&self, to: ClientId, id: ClientId) -> Vec<String> {
        let client = self.client(id);
        let channels = client.channels.iter().filter_map(|name| self.channels.get(name));
        let shown = channels.filter(|channel| {
            let private = channel.modes.secret || client.modes.invisible;
            to == id || !private || channel.has(to)
        });
        let all = self.client(to).caps().has(Caps::MULTI_PREFIX);
        let prefixed = |channel: &super::Channel| {
            let prefix = channel.member(id).map_or("", |member| member.prefix(all));
            format!("{prefix}{}", channel.name)
        };
        shown.map(prefixed).collect()
    }

    /// `WHOWAS nick [count]`, the last first; a count of 0 or less is no limit.
    pub(super) fn whowas(&mut self, by: ClientId, line: &Line<'_>) {
        let asked = line.param(0);
        if asked.is_empty() {
            return self.refuse(by, ERR_NONICKNAMEGIVEN, &[]);
        }
        let limit = line.param(1).parse().ok().filter(|limit| *limit > 0).unwrap_or(usize::MAX);
        let mut found = false;
        for Gone { nick, user, host, realname, left } in self.past.of(asked).take(limit) {
            found = true;
            self.reply(by, RPL_WHOWASUSER, &[nick.as_str(), user, host, "*"], realname);
            let left = calendar::readable(*left);
            self.reply(by, RPL_WHOISSERVER, &[nick.as_str(), self.about.name()], &left);
        }
        if !found {
            self.refuse(by, ERR_WASNOSUCHNICK, &[asked]);
        }
        self.answer(by, RPL_ENDOFWHOWAS, &[asked]);
    }

    /// Notes a client who leaves, or takes another nick.
    pub(super) fn remember(&mut self, who: ClientId) {
        let client = self.client(who);
        let Some(nick) = client.nick.clone() else { return };
        let (user, host) = (client.user().to_owned(), client.host.clone());
        let realname = client.realname.clone();
        self.past.add(Gone { nick, user, host, realname, left: self.unix });
    }
}
