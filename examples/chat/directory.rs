//! The directory: the actor that knows everybody by nick and every channel by name.
//!
//! Spawned by the server; the parent of all channels. What only one actor can decide is decided here:
//! whose a nick is, and which channel a name means. What happens in a channel is not its affair; it knows of a channel
//! what LIST shows.
//!
//! A send that fails is passed over throughout: the caller is dropped with it, and so says by itself that nothing more
//! comes of its command.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use roundsman::prelude::*;
use roundsman::{ActorId, Terminated};

use crate::chat::channel::{self, Channel};
use crate::chat::circular::{Circular, News};
use crate::chat::client::{Caller, Client};
use crate::chat::command::{Kind, Speech};
use crate::chat::names::{ChannelName, Nick};
use crate::chat::replies::{Census, Replies};
use crate::chat::server::About;
use crate::chat::{session, wire};

/// The actor that knows everybody and every channel.
pub struct Directory {
    about: Arc<About>,
    /// Every session, with its client once that has registered.
    people: HashMap<ActorId, Option<Arc<Client>>>,
    /// The registered ones by nick.
    nicks: HashMap<Nick, Arc<Client>>,
    invisible: HashSet<ActorId>,
    users_max: usize,
    channels: BTreeMap<ChannelName, Entry>,
}

/// A channel, as LIST shows it.
struct Entry {
    channel: Address<channel::Message>,
    /// How many have been sent to join it.
    joins: u64,
    members: usize,
    topic: Option<Arc<str>>,
}

pub enum Message {
    /// A session has begun.
    Arrived(Address<session::Message>),
    /// A session has ended, or its client leaves without having registered.
    Gone(ActorId),
    Invisible(ActorId, bool),
    Asked(Caller, Request),
    /// A channel is not what it was.
    ///
    /// Without members it is to be closed, unless somebody is on the way: `joins` says how many have got there.
    Changed {
        name: ChannelName,
        joins: u64,
        members: usize,
        topic: Option<Arc<str>>,
    },
}

/// What the directory can be asked.
#[derive(Debug)]
pub enum Request {
    /// The caller is not known yet: may it have its nick?
    IsFree,
    /// The caller is not known yet, and wants to be.
    Register,
    Rename {
        nick: Nick,
        channels: Channels,
    },
    Leave {
        reason: String,
        channels: Channels,
    },
    Join(ChannelName),
    /// Something for a channel that the caller is not in.
    Channel(ChannelName, channel::Request),
    Say(Nick, Speech),
    Who(Nick),
    WhoIs(Nick),
    IsOn(Vec<Nick>),
    UserHost(Vec<Nick>),
    /// The channels of these names, or all if none is named.
    List(Vec<ChannelName>),
    Census,
}

/// The channels that a client is in: who has to hear that it goes, or goes by another nick.
pub type Channels = Vec<Address<channel::Message>>;

impl Directory {
    pub fn new(about: Arc<About>) -> Self {
        Self {
            about,
            people: HashMap::new(),
            nicks: HashMap::new(),
            invisible: HashSet::new(),
            users_max: 0,
            channels: BTreeMap::new(),
        }
    }

    /// Answers, or passes the caller on to who can.
    fn answer(&mut self, caller: Caller, request: Request, ctx: &mut Context<Self>) {
        match request {
            Request::Rename { nick, channels } => return self.rename(caller, nick, channels),
            Request::Leave { reason, channels } => return self.leave(caller, &reason, channels),
            Request::Join(name) => return self.join(caller, name, ctx),
            Request::Channel(name, request) => return self.pass_on(caller, name, request),
            Request::WhoIs(nick) => return self.who_is(caller, &nick),
            Request::IsFree => _ = self.refuse_if_in_use(&caller),
            Request::Register => self.register(&caller),
            Request::Say(to, speech) => self.say(&caller, &to, &speech),
            Request::Who(nick) => self.who(&caller, &nick),
            Request::IsOn(nicks) => {
                let here = self.present(&nicks).map(|client| client.nick.as_str());
                caller.tell_all(self.replies(&caller).is_on(here));
            }
            Request::UserHost(nicks) => {
                let here = self.present(&nicks).map(|client| {
                    let person = client.person();
                    format!("{}=+{}@{}", person.nick, person.user, person.host)
                });
                caller.tell_all(self.replies(&caller).userhost(here));
            }
            Request::List(names) => self.list(&caller, &names),
            Request::Census => caller.tell_all(self.replies(&caller).census(self.census())),
        }
        caller.done();
    }

    /// Tells a stranger whose nick somebody has. True if so.
    fn refuse_if_in_use(&self, caller: &Caller) -> bool {
        let client = &caller.client;
        let in_use = self.nicks.contains_key(&client.nick);
        if in_use {
            let replies = Replies::new(&self.about.name, None);
            caller.tell(replies.nick_in_use(client.nick.as_str()));
            // A session that has ended chooses no other.
            let _ = client.session.send(session::Message::NickInUse);
        }
        in_use
    }

    fn register(&mut self, caller: &Caller) {
        let client = &caller.client;
        if self.refuse_if_in_use(caller) {
            return;
        }
        self.nicks.insert(client.nick.clone(), Arc::clone(client));
        self.people.insert(client.session.id(), Some(Arc::clone(client)));
        self.users_max = self.users_max.max(self.nicks.len());
        make_known(client);
        let replies = self.replies(caller);
        caller.tell_all(replies.welcome(&client.source, self.about.started_unix_s));
        caller.tell_all(replies.census(self.census()));
        caller.tell_all(replies.message_of_the_day(self.about.motd.as_deref()));
    }

    fn rename(&mut self, caller: Caller, nick: Nick, channels: Channels) {
        let old = Arc::clone(&caller.client);
        if self.nicks.get(&nick).is_some_and(|holder| holder.session != old.session) {
            caller.tell(self.replies(&caller).nick_in_use(nick.as_str()));
            return caller.done();
        }
        let line = wire::relay(&old.source, "NICK", &[nick.as_str()], None);
        let new = old.renamed(nick);
        self.nicks.remove(&old.nick);
        self.nicks.insert(new.nick.clone(), Arc::clone(&new));
        self.people.insert(new.session.id(), Some(Arc::clone(&new)));
        make_known(&new);
        let mut circular = Circular::new(News::Renamed(new), line, channels);
        circular.add_listener(&old.session);
        circular.for_caller(caller).send_on();
    }

    fn leave(&mut self, caller: Caller, reason: &str, channels: Channels) {
        match self.forget(caller.client.session.id()) {
            Some(client) => farewell(client, reason, channels).for_caller(caller).send_on(),
            None => caller.done(),
        }
    }

    /// A session has ended that did not say so. If its client had registered it has failed, and nobody knows any more
    /// where the client was: every channel is asked.
    fn lose(&mut self, session: ActorId) {
        if let Some(client) = self.forget(session) {
            let channels = self.channels.values().map(|entry| entry.channel.clone()).collect();
            farewell(client, "Internal error", channels).send_on();
        }
    }

    /// Forgets whoever is behind a session; returns the client if it had registered.
    fn forget(&mut self, session: ActorId) -> Option<Arc<Client>> {
        let client = self.people.remove(&session)??;
        self.nicks.remove(&client.nick);
        self.invisible.remove(&session);
        Some(client)
    }

    fn join(&mut self, caller: Caller, name: ChannelName, ctx: &mut Context<Self>) {
        // One that has failed is made anew by the next who joins.
        if self.channels.get(&name).is_some_and(|entry| entry.channel.is_closed()) {
            self.channels.remove(&name);
        }
        let entry = self.channels.entry(name).or_insert_with_key(|name| {
            let channel = Channel::new(Arc::clone(&self.about), ctx.address(), name.clone());
            let channel = ctx.spawn_with(Spawn::named(format!("channel:{name}")), channel);
            Entry { channel, joins: 0, members: 0, topic: None }
        });
        entry.joins += 1;
        let _ = entry.channel.send(channel::Message::Join(caller));
    }

    fn pass_on(&self, caller: Caller, name: ChannelName, request: channel::Request) {
        if let Some(entry) = self.channels.get(&name).filter(|entry| !entry.channel.is_closed()) {
            let _ = entry.channel.send(channel::Message::Asked(caller, name, request));
            return;
        }
        caller.tell_all(request.without_channel(self.replies(&caller), name.as_str()));
        caller.done();
    }

    fn change(&mut self, name: &ChannelName, joins: u64, members: usize, topic: Option<Arc<str>>) {
        let Some(entry) = self.channels.get_mut(name) else { return };
        (entry.members, entry.topic) = (members, topic);
        if members == 0 && joins == entry.joins {
            let _ = entry.channel.send(channel::Message::Close);
            self.channels.remove(name);
        }
    }

    fn say(&self, caller: &Caller, to: &Nick, speech: &Speech) {
        match self.nicks.get(to) {
            Some(client) => client.tell(speech.line(&caller.client, client.nick.as_str())),
            None if speech.kind == Kind::Notice => {}
            None => caller.tell(self.replies(caller).no_such_nick(to.as_str())),
        }
    }

    fn who(&self, caller: &Caller, nick: &Nick) {
        let replies = self.replies(caller);
        let client = self.nicks.get(nick);
        caller.tell_all(client.map(|client| replies.who(None, client.person(), "H")));
        caller.tell(replies.end_of_who(nick.as_str()));
    }

    /// Who somebody is, its own session knows best.
    fn who_is(&self, caller: Caller, nick: &Nick) {
        if let Some(client) = self.nicks.get(nick) {
            let asked = nick.clone();
            let _ = client.session.send(session::Message::WhoIs { caller, asked });
            return;
        }
        let replies = self.replies(&caller);
        caller.tell(replies.no_such_nick(nick.as_str()));
        caller.tell(replies.end_of_whois(nick.as_str()));
        caller.done();
    }

    fn list(&self, caller: &Caller, names: &[ChannelName]) {
        let replies = self.replies(caller);
        caller.tell(replies.list_start());
        for (name, entry) in &self.channels {
            if names.is_empty() || names.contains(name) {
                let topic = entry.topic.as_deref().unwrap_or_default();
                caller.tell(replies.list_item(name.as_str(), entry.members, topic));
            }
        }
        caller.tell(replies.list_end());
    }

    fn census(&self) -> Census {
        Census {
            users: self.nicks.len(),
            invisible: self.invisible.len(),
            unregistered: self.people.len() - self.nicks.len(),
            channels: self.channels.len(),
            users_max: self.users_max,
        }
    }

    /// Those of the nicks that are here.
    fn present<'a>(&'a self, nicks: &'a [Nick]) -> impl Iterator<Item = &'a Arc<Client>> {
        nicks.iter().filter_map(|nick| self.nicks.get(nick))
    }

    fn replies<'a>(&'a self, caller: &'a Caller) -> Replies<'a> {
        caller.replies(&self.about.name)
    }
}

impl Actor for Directory {
    type Message = Message;

    fn receive(&mut self, message: Message, ctx: &mut Context<Self>) -> Outcome {
        match message {
            Message::Asked(caller, request) => self.answer(caller, request, ctx),
            Message::Changed { name, joins, members, topic } => {
                self.change(&name, joins, members, topic);
            }
            Message::Arrived(session) => {
                self.people.insert(session.id(), None);
                ctx.watch(&session, |ended: Terminated| Message::Gone(ended.id));
            }
            Message::Gone(session) => self.lose(session),
            Message::Invisible(session, true) => _ = self.invisible.insert(session),
            Message::Invisible(session, false) => _ = self.invisible.remove(&session),
        }
        Ok(())
    }
}

/// Tells a session who its client is now.
fn make_known(client: &Arc<Client>) {
    let _ = client.session.send(session::Message::Known(Arc::clone(client)));
}

/// The circular about a client that leaves.
fn farewell(client: Arc<Client>, reason: &str, channels: Channels) -> Box<Circular> {
    let line = wire::relay(&client.source, "QUIT", &[], Some(reason));
    Circular::new(News::Left(client), line, channels)
}
