//! INVITE: who may come in although a channel is closed, and who has been asked to.

use super::channel::Channel;
use super::client::ClientId;
use super::{Hall, INVITES_MAX};
use crate::chat::caps::Caps;
use crate::chat::names::ChannelName;
use crate::chat::numerics::{
    ERR_CHANOPRIVSNEEDED, ERR_NOSUCHCHANNEL, ERR_NOSUCHNICK, ERR_NOTONCHANNEL, ERR_USERONCHANNEL,
    RPL_AWAY, RPL_ENDOFINVITELIST, RPL_INVITELIST, RPL_INVITING,
};
use crate::chat::wire::Line;

/// An invitation that has not been followed yet.
pub struct Invitation {
    /// Which channel it is to: there may be another of that name by now.
    serial: u64,
    /// An operator of the channel has invited: others may ask somebody in, and let in nobody who is kept out.
    by_operator: bool,
}

impl Invitation {
    /// Whether whoever has it may come in, whatever else keeps people out.
    pub fn opens(&self, channel: &Channel) -> bool {
        self.by_operator && self.is_to(channel)
    }

    fn is_to(&self, channel: &Channel) -> bool {
        self.serial == channel.serial
    }
}

impl Hall {
    /// `INVITE nick #channel`; without parameters, where one has been invited to oneself.
    pub(super) fn invite(&mut self, by: ClientId, line: &Line<'_>) {
        let [nick, asked, ..] = *line.params() else {
            return match line.params() {
                [] => self.show_invitations(by),
                _ => self.need_more_params(by, line),
            };
        };
        let Some((target, invited)) = self.find(nick) else {
            return self.refuse(by, ERR_NOSUCHNICK, &[nick]);
        };
        let Some(channel) = self.channel(asked) else {
            return self.refuse(by, ERR_NOSUCHCHANNEL, &[asked]);
        };
        let Some(member) = channel.member(by) else {
            return self.refuse(by, ERR_NOTONCHANNEL, &[asked]);
        };
        if channel.modes.invite_only && !member.operator {
            return self.refuse(by, ERR_CHANOPRIVSNEEDED, &[asked]);
        }
        let (nick, name) = (invited.nick(), channel.name.clone());
        if channel.has(target) {
            return self.refuse(by, ERR_USERONCHANNEL, &[nick, name.as_str()]);
        }
        self.reply_bare(by, RPL_INVITING, &[nick, name.as_str()]);
        if let Some(away) = &invited.rare().away {
            self.reply(by, RPL_AWAY, &[nick], away);
        }
        let event = self.event(by, "INVITE", &[nick, name.as_str()], None);
        self.show(target, &event);
        self.show_some(channel, &event, |id, caps| id != by && caps.has(Caps::INVITE_NOTIFY));
        let invitation = Invitation { serial: channel.serial, by_operator: member.operator };
        self.keep_invitation(target, name, invitation);
    }

    /// What an operator has allowed no other member takes back.
    fn keep_invitation(&mut self, of: ClientId, to: ChannelName, new: Invitation) {
        let Self { clients, channels, .. } = self;
        let Some(client) = clients.get_mut(&of) else { return };
        let kept = &mut client.rare_mut().invitations;
        kept.retain(|name, it| channels.get(name).is_some_and(|channel| it.is_to(channel)));
        if let Some(earlier) = kept.get_mut(&to) {
            earlier.by_operator |= new.by_operator;
            return;
        }
        if kept.len() == INVITES_MAX {
            kept.pop_first();
        }
        kept.insert(to, new);
    }

    fn show_invitations(&self, to: ClientId) {
        for (name, invitation) in &self.client(to).rare().invitations {
            if self.channels.get(name).is_some_and(|channel| invitation.is_to(channel)) {
                self.reply_bare(to, RPL_INVITELIST, &[name.as_str()]);
            }
        }
        self.answer(to, RPL_ENDOFINVITELIST, &[]);
    }
}
