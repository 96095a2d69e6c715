//! MODE of a channel: what holds in it, who is its operator, and who is banned.

use super::Hall;
use super::channel::{Ban, Channel};
use super::client::ClientId;
use crate::chat::names::{ChannelName, KEY_MAX};
use crate::chat::numerics::{
    ERR_BANLISTFULL, ERR_CHANOPRIVSNEEDED, ERR_INVALIDMODEPARAM, ERR_NEEDMOREPARAMS,
    ERR_NOSUCHCHANNEL, ERR_NOSUCHNICK, ERR_NOTONCHANNEL, ERR_UNKNOWNMODE, ERR_USERNOTINCHANNEL,
    RPL_BANLIST, RPL_CHANNELMODEIS, RPL_CREATIONTIME, RPL_ENDOFBANLIST,
};
use crate::chat::wire::{BODY_MAX, Line};

/// The letters of 004, and those of them that take a parameter.
pub const LETTERS: &str = "biklmnostv";
pub const LETTERS_WITH_PARAM: &str = "bklov";
/// The most modes with a parameter in one MODE.
pub const MODES_MAX: usize = 6;
/// The most bans of a channel.
pub const BANS_MAX: usize = 100;
/// The longest mask of a ban, in bytes.
const MASK_MAX: usize = 200;

/// One letter of a request.
#[derive(Clone, Copy)]
struct Change<'a> {
    on: bool,
    letter: char,
    param: Option<&'a str>,
}

/// Who asks for a change, and where.
#[derive(Clone, Copy)]
struct Request<'a> {
    by: ClientId,
    channel: &'a ChannelName,
    change: Change<'a>,
}

/// What has changed, as all members are told: `+o-v ann bob`. It is one line, unless masks are so long that they would
/// be cut.
struct Changes {
    lines: Vec<Told>,
    /// How many bytes the letters and parameters of one line may have.
    room: usize,
}

#[derive(Default)]
struct Told {
    letters: String,
    params: Vec<String>,
    on: Option<bool>,
    length: usize,
}

impl Changes {
    /// A change that was made, with this as its parameter.
    fn add(&mut self, Change { on, letter, .. }: Change<'_>, param: Option<&str>) {
        // With a sign in front, if it takes one or not.
        let length = 2 + param.map_or(0, |param| 1 + param.len());
        let begun = self.lines.pop_if(|last| last.length + length <= self.room);
        self.lines.push(begun.unwrap_or_default().with(on, letter, param, length));
    }
}

impl Told {
    fn with(mut self, on: bool, letter: char, param: Option<&str>, length: usize) -> Self {
        if self.on != Some(on) {
            self.on = Some(on);
            self.letters.push(if on { '+' } else { '-' });
        }
        self.letters.push(letter);
        self.params.extend(param.map(str::to_owned));
        self.length += length;
        self
    }
}

impl Hall {
    pub(super) fn channel_mode(&mut self, by: ClientId, line: &Line<'_>) {
        let asked = line.param(0);
        let Some(channel) = self.channel(asked) else {
            return self.refuse(by, ERR_NOSUCHCHANNEL, &[asked]);
        };
        let Some(letters) = line.params().get(1) else { return self.show_modes(by, channel) };
        let name = channel.name.clone();
        let changes = parse(letters, &line.params()[2..]);
        // Everybody may look at the bans; clients do.
        let (lists, changes): (Vec<_>, Vec<_>) =
            changes.into_iter().partition(|change| change.letter == 'b' && change.param.is_none());
        if !lists.is_empty() {
            self.show_bans(by, channel);
        }
        if changes.is_empty() {
            return;
        }
        match channel.member(by) {
            Some(member) if member.operator => self.change_modes(by, &name, changes),
            Some(_) => self.refuse(by, ERR_CHANOPRIVSNEEDED, &[name.as_str()]),
            None => self.refuse(by, ERR_NOTONCHANNEL, &[name.as_str()]),
        }
    }

    /// Does what it can, says what it cannot, and tells all members what has changed.
    fn change_modes(&mut self, by: ClientId, name: &ChannelName, requested: Vec<Change<'_>>) {
        let around = ": MODE  ".len() + self.client(by).source.len() + name.as_str().len();
        let mut done = Changes { lines: Vec::new(), room: BODY_MAX.saturating_sub(around) };
        let mut with_param = 0;
        for change in requested {
            with_param += usize::from(change.param.is_some());
            if with_param > MODES_MAX {
                break;
            }
            let request = Request { by, channel: name, change };
            match change.letter {
                'o' | 'v' => self.give_prefix(request, &mut done),
                'b' => self.ban(request, &mut done),
                'k' => self.set_key(request, &mut done),
                'l' => self.set_limit(request, &mut done),
                _ => self.set_flag(request, &mut done),
            }
        }
        let Some(channel) = self.channels.get(name) else { return };
        for Told { letters, params, .. } in &done.lines {
            let words = [name.as_str(), letters].into_iter();
            let params: Vec<&str> = words.chain(params.iter().map(String::as_str)).collect();
            self.show_members(channel, &self.event(by, "MODE", &params, None));
        }
    }

    fn give_prefix(&mut self, request: Request<'_>, done: &mut Changes) {
        let Request { by, channel: name, change } = request;
        let Some(nick) = change.param else {
            return self.refuse(by, ERR_NEEDMOREPARAMS, &["MODE"]);
        };
        let Some((target, client)) = self.find(nick) else {
            return self.refuse(by, ERR_NOSUCHNICK, &[nick]);
        };
        let shown = client.nick().to_owned();
        let member = self.channel_mut(name).and_then(|channel| channel.member_mut(target));
        let Some(member) = member else {
            return self.refuse(by, ERR_USERNOTINCHANNEL, &[&shown, name.as_str()]);
        };
        let is_operator = change.letter == 'o';
        let prefix = if is_operator { &mut member.operator } else { &mut member.voiced };
        if *prefix != change.on {
            *prefix = change.on;
            done.add(change, Some(&shown));
        }
    }

    fn ban(&mut self, request: Request<'_>, done: &mut Changes) {
        let Request { by, channel: name, change } = request;
        let setter = self.client(by).nick().to_owned();
        let set_at_unix_s = self.unix.as_secs();
        let (Some(mask), Some(channel)) = (change.param, self.channel_mut(name)) else { return };
        let same = |ban: &Ban| ban.mask.eq_ignore_ascii_case(mask);
        match (change.on, channel.bans.iter().position(same)) {
            (true, None) if channel.bans.len() >= BANS_MAX => {
                self.refuse(by, ERR_BANLISTFULL, &[name.as_str(), mask]);
            }
            (true, None) if mask.is_empty() || mask.len() > MASK_MAX || mask.contains(' ') => {
                self.refuse_param(request, mask, "A mask is one word of at most 200 bytes");
            }
            (true, None) => {
                channel.bans.push(Ban { mask: mask.to_owned(), setter, set_at_unix_s });
                done.add(change, Some(mask));
            }
            (false, Some(at)) => {
                channel.bans.remove(at);
                done.add(change, Some(mask));
            }
            (true, Some(_)) | (false, None) => {}
        }
    }

    fn set_key(&mut self, request: Request<'_>, done: &mut Changes) {
        let Request { by, channel: name, change: change @ Change { on, param, .. } } = request;
        let key = match param {
            None if on => return self.refuse(by, ERR_NEEDMOREPARAMS, &["MODE"]),
            // Whoever takes a key away need not know it, and many leave it out.
            None => "*",
            Some(key) => key,
        };
        let is_good = |c: char| !c.is_control() && !matches!(c, ' ' | ',' | ':');
        if on && (key.is_empty() || key.len() > KEY_MAX || !key.chars().all(is_good)) {
            let why = "A key is one word of at most 32 bytes without commas and colons";
            return self.refuse_param(request, "*", why);
        }
        let Some(channel) = self.channel_mut(name) else { return };
        if on && channel.modes.key.as_deref() != Some(key) {
            channel.modes.key = Some(key.to_owned());
            done.add(change, Some(key));
        } else if !on && channel.modes.key.is_some() {
            channel.modes.key = None;
            done.add(change, Some(key));
        }
    }

    fn set_limit(&mut self, request: Request<'_>, done: &mut Changes) {
        let Request { by, channel: name, change } = request;
        let limit = match (change.on, change.param) {
            (false, _) => None,
            (true, None) => return self.refuse(by, ERR_NEEDMOREPARAMS, &["MODE"]),
            (true, Some(value)) => match value.parse().ok().filter(|limit| *limit >= 1) {
                Some(limit) => Some(limit),
                None => {
                    let why = "A limit is a number of at least 1";
                    return self.refuse_param(request, value, why);
                }
            },
        };
        let Some(channel) = self.channel_mut(name) else { return };
        if channel.modes.limit != limit {
            channel.modes.limit = limit;
            done.add(change, limit.map(|limit| limit.to_string()).as_deref());
        }
    }

    fn set_flag(&mut self, request: Request<'_>, done: &mut Changes) {
        let Request { by, channel: name, change: change @ Change { on, letter, .. } } = request;
        let flag = self.channels.get_mut(name).and_then(|channel| channel.modes.flag(letter));
        let Some(flag) = flag else {
            return self.refuse(by, ERR_UNKNOWNMODE, &[letter.encode_utf8(&mut [0; 4])]);
        };
        if *flag != on {
            *flag = on;
            done.add(change, None);
        }
    }

    fn refuse_param(&self, request: Request<'_>, param: &str, why: &str) {
        let Request { by, channel, change } = request;
        let letter = change.letter.to_string();
        self.reply(by, ERR_INVALIDMODEPARAM, &[channel.as_str(), &letter, param], why);
    }

    fn show_modes(&self, to: ClientId, channel: &Channel) {
        let name = channel.name.as_str();
        let modes = channel.modes.shown(channel.has(to));
        let words: Vec<&str> =
            std::iter::once(name).chain(modes.iter().map(String::as_str)).collect();
        self.reply_bare(to, RPL_CHANNELMODEIS, &words);
        self.reply_bare(to, RPL_CREATIONTIME, &[name, &channel.created_unix_s.to_string()]);
    }

    fn show_bans(&self, to: ClientId, channel: &Channel) {
        let name = channel.name.as_str();
        for Ban { mask, setter, set_at_unix_s } in &channel.bans {
            self.reply_bare(to, RPL_BANLIST, &[name, mask, setter, &set_at_unix_s.to_string()]);
        }
        self.answer(to, RPL_ENDOFBANLIST, &[name]);
    }
}

/// The letters one by one, each with its parameter if it takes one and there is one left.
fn parse<'a>(letters: &str, params: &[&'a str]) -> Vec<Change<'a>> {
    let mut params = params.iter().copied();
    let mut on = true;
    let mut changes = Vec::new();
    for letter in letters.chars() {
        match letter {
            '+' => on = true,
            '-' => on = false,
            _ => {
                let takes = LETTERS_WITH_PARAM.contains(letter) && (on || letter != 'l');
                let param = if takes { params.next() } else { None };
                changes.push(Change { on, letter, param });
            }
        }
    }
    changes
}
