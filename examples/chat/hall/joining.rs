//! Coming into a channel and going out of it: JOIN, PART and KICK.

use std::rc::Rc;

use super::channel::{Channel, Member};
use super::client::ClientId;
use super::{CHANNELS_MAX, Hall};
use crate::chat::caps::Caps;
use crate::chat::names::{ChannelName, KICK_MAX};
use crate::chat::numerics::{
    ERR_BADCHANNELKEY, ERR_BANNEDFROMCHAN, ERR_CHANNELISFULL, ERR_CHANOPRIVSNEEDED,
    ERR_INVITEONLYCHAN, ERR_NOSUCHCHANNEL, ERR_NOTONCHANNEL, ERR_TOOMANYCHANNELS,
    ERR_TOOMANYTARGETS, ERR_USERNOTINCHANNEL, Numeric, RPL_ENDOFNAMES,
};
use crate::chat::wire::{self, Line};

/// The most people that one KICK throws out.
pub const KICKS_MAX: usize = 4;

impl Hall {
    pub(super) fn join(&mut self, by: ClientId, line: &Line<'_>) {
        if line.param(0) == "0" {
            for name in self.client(by).channels.clone() {
                self.go_out(by, &name, None);
            }
            return;
        }
        if line.list(0).next().is_none() {
            return self.need_more_params(by, line);
        }
        let mut keys = line.param(1).split(',');
        for asked in line.list(0) {
            let key = keys.next().unwrap_or_default();
            match ChannelName::parse(asked) {
                Ok(name) => self.come_in(by, name, key),
                Err(_) => self.refuse(by, ERR_NOSUCHCHANNEL, &[asked]),
            }
        }
    }

    fn come_in(&mut self, by: ClientId, name: ChannelName, key: &str) {
        if self.client(by).channels.contains(&name) {
            return;
        }
        if let Some(why) = self.why_not_in(by, &name, key) {
            return self.refuse(by, why, &[name.as_str()]);
        }
        let unix_s = self.unix.as_secs();
        let client = self.client_mut(by);
        if client.rare().invitations.contains_key(&name) {
            client.rare_mut().invitations.remove(&name);
        }
        client.channels.insert(name.clone());
        let ear = Rc::clone(&client.ear);
        let made = &mut self.channels_made;
        let channel = self.channels.entry(name.clone()).or_insert_with(|| {
            *made += 1;
            Channel::new(name.clone(), *made, unix_s)
        });
        let operator = channel.members.is_empty();
        channel.members.push(Member { id: by, ear, operator, voiced: false });

        let channel = &self.channels[&name];
        self.show_members(channel, &self.news(by, "JOIN", &[channel.name.as_str()], None));
        if let Some(away) = &self.client(by).rare().away {
            let event = self.news(by, "AWAY", &[], Some(away));
            self.show_some(channel, &event, |id, caps| id != by && caps.has(Caps::AWAY_NOTIFY));
        }
        if channel.topic.is_some() {
            self.show_topic(by, channel);
        }
        self.show_members_of(by, channel);
        self.answer(by, RPL_ENDOFNAMES, &[channel.name.as_str()]);
    }

    /// Why a client may not come in; whoever is invited by an operator of the channel may, but for a key.
    fn why_not_in(&self, by: ClientId, name: &ChannelName, key: &str) -> Option<Numeric> {
        let client = self.client(by);
        if client.channels.len() >= CHANNELS_MAX {
            return Some(ERR_TOOMANYCHANNELS);
        }
        let channel = self.channels.get(name)?;
        let invitation = client.rare().invitations.get(name);
        let invited = invitation.is_some_and(|invitation| invitation.opens(channel));
        let modes = &channel.modes;
        let full = |limit: u32| channel.members.len() >= limit as usize;
        if channel.bans(&client.source) && !invited {
            Some(ERR_BANNEDFROMCHAN)
        } else if modes.invite_only && !invited {
            Some(ERR_INVITEONLYCHAN)
        } else if modes.key.as_deref().is_some_and(|wanted| wanted != key) {
            Some(ERR_BADCHANNELKEY)
        } else if modes.limit.is_some_and(full) && !invited {
            Some(ERR_CHANNELISFULL)
        } else {
            None
        }
    }

    pub(super) fn part(&mut self, by: ClientId, line: &Line<'_>) {
        if line.list(0).next().is_none() {
            return self.need_more_params(by, line);
        }
        let reason = line.params().get(1).copied();
        for asked in line.list(0) {
            let Some(channel) = self.channel(asked) else {
                self.refuse(by, ERR_NOSUCHCHANNEL, &[asked]);
                continue;
            };
            if channel.has(by) {
                let name = channel.name.clone();
                self.go_out(by, &name, reason);
            } else {
                self.refuse(by, ERR_NOTONCHANNEL, &[asked]);
            }
        }
    }

    fn go_out(&mut self, by: ClientId, name: &ChannelName, reason: Option<&str>) {
        if let Some(channel) = self.channels.get(name) {
            let reason = reason.filter(|reason| !reason.is_empty());
            self.show_members(channel, &self.news(by, "PART", &[channel.name.as_str()], reason));
        }
        self.take_out(by, name);
    }

    /// Takes a client out of a channel, which is gone when nobody is left. Nobody is told.
    pub(super) fn take_out(&mut self, who: ClientId, name: &ChannelName) {
        if let Some(client) = self.clients.get_mut(&who) {
            client.channels.remove(name);
        }
        let Some(channel) = self.channels.get_mut(name) else { return };
        channel.members.retain(|member| member.id != who);
        if channel.members.is_empty() {
            self.channels.remove(name);
        }
    }

    /// `KICK #a nick,nick` or, pair by pair, `KICK #a,#b nick,nick`.
    pub(super) fn kick(&mut self, by: ClientId, line: &Line<'_>) {
        let kicker = self.client(by).nick().to_owned();
        let reason = match line.param(2) {
            "" => kicker.as_str(),
            reason => wire::cut(reason, KICK_MAX),
        };
        let (channels, nicks): (Vec<_>, Vec<_>) = (line.list(0).collect(), line.list(1).collect());
        let several = channels.len() > 1;
        if channels.is_empty() || nicks.is_empty() || several && channels.len() != nicks.len() {
            return self.need_more_params(by, line);
        }
        for (at, nick) in nicks.iter().enumerate() {
            if at == KICKS_MAX {
                return self.refuse(by, ERR_TOOMANYTARGETS, &[nick]);
            }
            self.throw_out(by, channels[if several { at } else { 0 }], nick, reason);
        }
    }

    fn throw_out(&mut self, by: ClientId, asked: &str, nick: &str, reason: &str) {
        let Some(channel) = self.channel(asked) else {
            return self.refuse(by, ERR_NOSUCHCHANNEL, &[asked]);
        };
        let Some(kicker) = channel.member(by) else {
            return self.refuse(by, ERR_NOTONCHANNEL, &[asked]);
        };
        if !kicker.operator {
            return self.refuse(by, ERR_CHANOPRIVSNEEDED, &[asked]);
        }
        let Some((target, client)) = self.find(nick).filter(|(id, _)| channel.has(*id)) else {
            return self.refuse(by, ERR_USERNOTINCHANNEL, &[nick, asked]);
        };
        let name = channel.name.clone();
        let params = [name.as_str(), client.nick()];
        self.show_members(channel, &self.event(by, "KICK", &params, Some(reason)));
        self.take_out(target, &name);
    }
}
