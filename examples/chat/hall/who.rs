//! WHO and its extension WHOX: who is in a channel, or fits a mask.

use super::Hall;
use super::channel::{Channel, Member};
use super::client::{Client, ClientId};
use crate::chat::caps::Caps;
use crate::chat::mask;
use crate::chat::names::ChannelName;
use crate::chat::numerics::{RPL_ENDOFWHO, RPL_ISON, RPL_USERHOST, RPL_WHOREPLY, RPL_WHOSPCRPL};
use crate::chat::wire::Line;

/// How an answer is to look.
struct Form<'a> {
    /// `%tcuhsnfdlar,token`: the fields that are asked for, if any are.
    fields: Option<(&'a str, &'a str)>,
    /// `o`: only operators.
    operators: bool,
}

impl<'a> Form<'a> {
    fn parse(text: &'a str) -> Self {
        let (flags, fields) = match text.split_once('%') {
            Some((flags, fields)) => (flags, Some(fields.split_once(',').unwrap_or((fields, "")))),
            None => (text, None),
        };
        Self { fields, operators: flags.contains('o') }
    }
}

impl Hall {
    pub(super) fn who(&mut self, by: ClientId, line: &Line<'_>) {
        let (mask, form) = (line.param(0), Form::parse(line.param(1)));
        if ChannelName::is_meant(mask) {
            if let Some(channel) = self.channel(mask).filter(|channel| self.may_see(by, channel)) {
                self.who_is_in(by, channel, &form);
            }
        } else {
            self.who_fits(by, mask, &form);
        }
        self.answer(by, RPL_ENDOFWHO, &[if mask.is_empty() { "*" } else { mask }]);
    }

    fn who_is_in(&self, by: ClientId, channel: &Channel, form: &Form<'_>) {
        let inside = channel.has(by);
        for member in &channel.members {
            let client = self.client(member.id);
            if inside || !client.modes.invisible {
                self.show_person(by, client, Some((channel, member)), form);
            }
        }
    }

    /// A nick that is spelt out is shown whoever asks; a mask finds those who are not invisible, or share a channel.
    fn who_fits(&self, by: ClientId, mask: &str, form: &Form<'_>) {
        if let Some((_, client)) = self.find(mask) {
            return self.show_person(by, client, None, form);
        }
        let all = matches!(mask, "" | "0" | "*");
        for id in self.nicks.values() {
            let client = self.client(*id);
            let seen = *id == by || !client.modes.invisible || self.share_channel(by, *id);
            let texts = [client.nick(), client.user(), &client.host, self.about.name()];
            let fits = |text: &str| mask::matches(mask, text);
            if seen && (all || texts.into_iter().any(fits) || fits(&client.realname)) {
                self.show_person(by, client, None, form);
            }
        }
    }

    fn show_person(
        &self,
        to: ClientId,
        client: &Client,
        place: Option<(&Channel, &Member)>,
        form: &Form<'_>,
    ) {
        if form.operators && !client.modes.operator {
            return;
        }
        let channel = place.map_or("*", |(channel, _)| channel.name.as_str());
        let mut flags = client.flags();
        if let Some((_, member)) = place {
            flags.push_str(member.prefix(self.client(to).caps().has(Caps::MULTI_PREFIX)));
        }
        if client.modes.bot {
            flags.push('B');
        }
        let (user, nick, server) = (client.user(), client.nick(), self.about.name());
        let Some((fields, token)) = form.fields else {
            let params = [channel, user, &client.host, server, nick, &flags];
            return self.reply(to, RPL_WHOREPLY, &params, &format!("0 {}", client.realname));
        };
        let idle_s = (self.now - client.spoke_at).as_secs().to_string();
        let mut params = Vec::new();
        // The order is that of WHOX, whatever the order in which they are asked for.
        for field in "tcuihsnfdlao".chars().filter(|field| fields.contains(*field)) {
            params.push(match field {
                't' => token,
                'c' => channel,
                'u' => user,
                // Which IP somebody has is what its host says.
                'i' | 'h' => &client.host,
                's' => server,
                'n' => nick,
                'f' => &flags,
                'l' => &idle_s,
                // No hops, no accounts.
                'd' | 'a' => "0",
                // How much of an operator one is, is not said.
                _ => "n/a",
            });
        }
        if fields.contains('r') {
            return self.reply(to, RPL_WHOSPCRPL, &params, &client.realname);
        }
        self.reply_bare(to, RPL_WHOSPCRPL, &params);
    }

    /// Whether a client means this server by a name, a mask, or the nick of somebody on it.
    pub(super) fn is_this_server(&self, text: &str) -> bool {
        mask::matches(text, self.about.name()) || self.find(text).is_some()
    }

    pub(super) fn is_on(&mut self, by: ClientId, line: &Line<'_>) {
        let here = words(line).filter_map(|word| Some(self.find(word)?.1.nick()));
        self.reply_list(by, RPL_ISON, &[], here);
    }

    /// Of five at most, as RFC 2812 has it.
    pub(super) fn user_host(&mut self, by: ClientId, line: &Line<'_>) {
        let here = words(line).take(5).filter_map(|word| {
            let client = self.find(word)?.1;
            let operator = if client.modes.operator { "*" } else { "" };
            let here = if client.rare().away.is_some() { '-' } else { '+' };
            Some(format!("{}{operator}={here}{}@{}", client.nick(), client.user(), client.host))
        });
        self.reply_list(by, RPL_USERHOST, &[], here);
    }
}

/// All words of the parameters.
fn words<'a>(line: &'a Line<'a>) -> impl Iterator<Item = &'a str> {
    line.params().iter().flat_map(|param| param.split(' ')).filter(|word| !word.is_empty())
}
