//! TOPIC: what a channel is about.

use super::Hall;
use super::channel::{Channel, Topic};
use super::client::ClientId;
use crate::chat::names::TOPIC_MAX;
use crate::chat::numerics::{
    ERR_CHANOPRIVSNEEDED, ERR_NOSUCHCHANNEL, ERR_NOTONCHANNEL, RPL_NOTOPIC, RPL_TOPIC,
    RPL_TOPICWHOTIME,
};
use crate::chat::wire::{self, Line};

impl Hall {
    pub(super) fn topic(&mut self, by: ClientId, line: &Line<'_>) {
        let asked = line.param(0);
        let Some(channel) = self.channel(asked) else {
            return self.refuse(by, ERR_NOSUCHCHANNEL, &[asked]);
        };
        let Some(member) = channel.member(by) else {
            return self.refuse(by, ERR_NOTONCHANNEL, &[asked]);
        };
        let Some(text) = line.params().get(1) else { return self.show_topic(by, channel) };
        if channel.modes.topic_locked && !member.operator {
            return self.refuse(by, ERR_CHANOPRIVSNEEDED, &[asked]);
        }
        let (name, text) = (channel.name.clone(), wire::cut(text, TOPIC_MAX));
        self.show_members(channel, &self.event(by, "TOPIC", &[name.as_str()], Some(text)));
        let topic = (!text.is_empty()).then(|| Topic {
            text: text.to_owned(),
            setter: self.client(by).nick().to_owned(),
            set_at_unix_s: self.unix.as_secs(),
        });
        if let Some(channel) = self.channel_mut(&name) {
            channel.topic = topic;
        }
    }

    /// 332 and 333, or 331 if it has none.
    pub(super) fn show_topic(&self, to: ClientId, channel: &Channel) {
        let name = channel.name.as_str();
        let Some(topic) = &channel.topic else { return self.answer(to, RPL_NOTOPIC, &[name]) };
        self.reply(to, RPL_TOPIC, &[name], &topic.text);
        let set_at = topic.set_at_unix_s.to_string();
        self.reply_bare(to, RPL_TOPICWHOTIME, &[name, &topic.setter, &set_at]);
    }
}
