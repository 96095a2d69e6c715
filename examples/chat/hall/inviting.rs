//! INVITE: who may come in although a channel is closed, and who has been asked to.

use super::client::ClientId;
use super::{Hall, INVITES_MAX};
use crate::chat::caps::Caps;
use crate::chat::numerics::{
    ERR_CHANOPRIVSNEEDED, ERR_NOSUCHCHANNEL, ERR_NOSUCHNICK, ERR_NOTONCHANNEL, ERR_USERONCHANNEL,
    RPL_AWAY, RPL_ENDOFINVITELIST, RPL_INVITELIST, RPL_INVITING,
};
use crate::chat::wire::Line;

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
        let invitations = &mut self.client_mut(target).rare_mut().invitations;
        if invitations.len() == INVITES_MAX {
            invitations.pop_first();
        }
        invitations.insert(name);
    }

    fn show_invitations(&self, to: ClientId) {
        for name in &self.client(to).rare().invitations {
            self.reply_bare(to, RPL_INVITELIST, &[name.as_str()]);
        }
        self.answer(to, RPL_ENDOFINVITELIST, &[]);
    }
}
