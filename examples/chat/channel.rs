//! A channel: the actor that knows who is in it, and passes on what is said.
//!
//! Spawned by the directory for the first who joins, ended by it when the last has left. All that
//! happens in a channel happens in the order in which it gets here, and everybody in it sees it in that order.
//!
//! Members are told with plain sends. That is no risk here, because a session always keeps up with its mailbox: it is
//! the session that cuts off a client that does not read. Where receivers may be slow themselves, a room has to use
//! `try_send`, or all of it would go at the pace of the slowest.

use std::sync::Arc;

use bytes::Bytes;
use roundsman::prelude::*;

use crate::chat::circular::{Circular, News};
use crate::chat::client::{Caller, Client, tell};
use crate::chat::command::{Kind, Speech};
use crate::chat::names::{ChannelName, TOPIC_MAX};
use crate::chat::replies::Replies;
use crate::chat::server::About;
use crate::chat::{directory, session, wire};

/// The actor of one channel.
pub struct Channel {
    about: Arc<About>,
    directory: Address<directory::Message>,
    name: ChannelName,
    /// In the order in which they have joined. Walked for every line that is said, so it is a plain list.
    members: Vec<Member>,
    topic: Option<Topic>,
    created_unix_s: u64,
    /// How many joins have got here; see [`directory::Message::Changed`].
    joins: u64,
}

struct Member {
    /// The client's, once more: telling everybody should not have to look into every client.
    session: Address<session::Message>,
    client: Arc<Client>,
    operator: bool,
}

struct Topic {
    text: Arc<str>,
    setter: String,
    set_at_unix_s: u64,
}

pub enum Message {
    Join(Caller),
    /// A request, with the channel's name as the caller spelt it.
    Asked(Caller, ChannelName, Request),
    Circular(Box<Circular>),
    /// Nobody is here, and nobody is on the way.
    Close,
}

/// What a channel can be asked, by members and others.
#[derive(Debug)]
pub enum Request {
    Say(Speech),
    Part { reason: Option<String> },
    Topic,
    SetTopic(String),
    Names,
    Who,
    Modes,
    Bans,
    SetMode(char),
}

impl Request {
    /// What is answered if there is no such channel.
    pub fn without_channel(&self, replies: Replies<'_>, name: &str) -> Option<Bytes> {
        match self {
            Self::Say(Speech { kind: Kind::Notice, .. }) => None,
            Self::Names => Some(replies.end_of_names(name)),
            Self::Who => Some(replies.end_of_who(name)),
            _ => Some(replies.no_such_channel(name)),
        }
    }
}

impl Channel {
    pub fn new(
        about: Arc<About>,
        directory: Address<directory::Message>,
        name: ChannelName,
    ) -> Self {
        let (members, topic) = (Vec::new(), None);
        Self { about, directory, name, members, topic, created_unix_s: 0, joins: 0 }
    }

    fn answer(
        &mut self,
        caller: &Caller,
        asked: &ChannelName,
        request: Request,
        ctx: &mut Context<Self>,
    ) {
        match request {
            Request::Say(speech) => self.say(caller, &speech),
            Request::Part { reason } => self.part(caller, reason.as_deref()),
            Request::Topic => self.show_topic(caller),
            Request::SetTopic(text) => self.set_topic(caller, &text, ctx),
            Request::Names => self.show_names(caller, asked),
            Request::Who => self.show_members(caller, asked),
            Request::Modes => self.show_modes(caller),
            Request::Bans => caller.tell(self.replies(caller).end_of_bans(self.name.as_str())),
            Request::SetMode(letter) => self.refuse_mode(caller, letter),
        }
    }

    /// The hot path: one line is made, and everybody gets a share of it.
    fn say(&self, caller: &Caller, speech: &Speech) {
        let line = speech.line(&caller.client, self.name.as_str());
        for member in &self.members {
            if member.session != caller.client.session {
                tell(&member.session, line.clone());
            }
        }
    }

    fn join(&mut self, caller: &Caller, ctx: &mut Context<Self>) {
        self.joins += 1;
        if self.place_of(&caller.client).is_some() {
            return;
        }
        let operator = self.members.is_empty();
        if operator {
            self.created_unix_s = self.about.unix_s(ctx.now());
            self.topic = None;
        }
        let client = Arc::clone(&caller.client);
        // The session learns where its client is before anything happens there.
        let (name, channel) = (self.name.clone(), ctx.address());
        let _ = client.session.send(session::Message::Joined { name, channel, operator });
        self.members.push(Member { session: client.session.clone(), client, operator });
        self.tell_all(&wire::relay(&caller.client.source, "JOIN", &[self.name.as_str()], None));
        if self.topic.is_some() {
            self.show_topic(caller);
        }
        self.show_names(caller, &self.name);
        self.report();
    }

    fn part(&mut self, caller: &Caller, reason: Option<&str>) {
        let Some(place) = self.place_of(&caller.client) else {
            return self.refuse_outsider(caller);
        };
        self.tell_all(&wire::relay(&caller.client.source, "PART", &[self.name.as_str()], reason));
        self.members.remove(place);
        let _ = caller.client.session.send(session::Message::Parted(self.name.clone()));
        self.report();
    }

    fn show_topic(&self, caller: &Caller) {
        let (replies, name) = (self.replies(caller), self.name.as_str());
        match &self.topic {
            Some(Topic { text, setter, set_at_unix_s }) => {
                caller.tell(replies.topic(name, text));
                caller.tell(replies.topic_set_by(name, setter, *set_at_unix_s));
            }
            None => caller.tell(replies.no_topic(name)),
        }
    }

    fn set_topic(&mut self, caller: &Caller, text: &str, ctx: &mut Context<Self>) {
        if self.place_of(&caller.client).is_none() {
            return self.refuse_outsider(caller);
        }
        let text = wire::cut(text, TOPIC_MAX);
        let setter = caller.client.nick.to_string();
        let set_at_unix_s = self.about.unix_s(ctx.now());
        self.topic = (!text.is_empty()).then(|| Topic { text: text.into(), setter, set_at_unix_s });
        let (source, name) = (&caller.client.source, self.name.as_str());
        self.tell_all(&wire::relay(source, "TOPIC", &[name], Some(text)));
        self.report();
    }

    fn show_names(&self, caller: &Caller, asked: &ChannelName) {
        let replies = self.replies(caller);
        let nicks = self.members.iter().map(Member::shown);
        caller.tell_all(replies.names(self.name.as_str(), nicks));
        caller.tell(replies.end_of_names(asked.as_str()));
    }

    fn show_members(&self, caller: &Caller, asked: &ChannelName) {
        let replies = self.replies(caller);
        for member in &self.members {
            let flags = if member.operator { "H@" } else { "H" };
            let person = member.client.person();
            caller.tell(replies.who(Some(self.name.as_str()), person, flags));
        }
        caller.tell(replies.end_of_who(asked.as_str()));
    }

    fn show_modes(&self, caller: &Caller) {
        let (replies, name) = (self.replies(caller), self.name.as_str());
        caller.tell(replies.channel_modes(name, "+"));
        caller.tell(replies.channel_created(name, self.created_unix_s));
    }

    fn refuse_mode(&self, caller: &Caller, letter: char) {
        let replies = self.replies(caller);
        let operator =
            self.place_of(&caller.client).is_some_and(|place| self.members[place].operator);
        caller.tell(match operator {
            true => replies.unknown_channel_mode(letter),
            false => replies.operator_needed(self.name.as_str()),
        });
    }

    fn refuse_outsider(&self, caller: &Caller) {
        caller.tell(self.replies(caller).not_on_channel(self.name.as_str()));
    }

    /// Notes the news, if they are of a member, and names everybody who has to hear of them.
    fn take_news(&mut self, circular: &mut Circular) {
        let (News::Renamed(client) | News::Left(client)) = &circular.news;
        let Some(place) = self.place_of(client) else { return };
        match &circular.news {
            News::Renamed(client) => self.members[place].client = Arc::clone(client),
            News::Left(_) => {
                self.members.remove(place);
                self.report();
            }
        }
        self.members.iter().for_each(|member| circular.add_listener(&member.session));
    }

    /// Tells the directory what has become of this channel.
    fn report(&self) {
        // Without a directory the server is ending.
        let _ = self.directory.send(directory::Message::Changed {
            name: self.name.clone(),
            joins: self.joins,
            members: self.members.len(),
            topic: self.topic.as_ref().map(|topic| Arc::clone(&topic.text)),
        });
    }

    fn tell_all(&self, line: &Bytes) {
        self.members.iter().for_each(|member| tell(&member.session, line.clone()));
    }

    fn place_of(&self, client: &Client) -> Option<usize> {
        self.members.iter().position(|member| member.session == client.session)
    }

    fn replies<'a>(&'a self, caller: &'a Caller) -> Replies<'a> {
        caller.replies(&self.about.name)
    }
}

impl Member {
    /// As NAMES shows it.
    fn shown(&self) -> String {
        format!("{}{}", if self.operator { "@" } else { "" }, self.client.nick)
    }
}

impl Actor for Channel {
    type Message = Message;

    fn receive(&mut self, message: Message, ctx: &mut Context<Self>) -> Outcome {
        match message {
            Message::Asked(caller, asked, request) => {
                self.answer(&caller, &asked, request, ctx);
                caller.done();
            }
            Message::Join(caller) => {
                self.join(&caller, ctx);
                caller.done();
            }
            Message::Circular(mut circular) => {
                self.take_news(&mut circular);
                circular.send_on();
            }
            Message::Close => ctx.stop(),
        }
        Ok(())
    }
}
