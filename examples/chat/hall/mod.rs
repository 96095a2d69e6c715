//! The hall: the actor that knows everybody and every channel, and carries out what clients ask for.
//!
//! Spawned by the server, under its supervision; sessions tell it what their clients say, and it pushes what these are
//! to hear into their outlets. It knows no socket, and no timer but the one for news.
//!
//! # Why it is one actor
//! IRC promises an order across clients: whoever has a PONG may rely on it that everything it said before is known to
//! all, in every channel and in every count. Each command takes effect here, at once and as a whole, so that needs no
//! further thought: what a command causes is written down for everybody concerned before the next command is looked at,
//! and given to them before a PONG is said. Most commands also ask about several channels and people together: WHO,
//! WHOIS of somebody in a secret channel, a nick that changes in ten channels and is told once to everybody. With an
//! actor for each channel all of these are conversations; here they are loops.
//!
//! The price is that one channel's failure is everybody's, and that rooms share one loop. The first is answered by the
//! supervision in `server.rs`. The second costs nothing that a chat would notice: what takes time is not deciding who
//! hears a line but sending it, and that is done by the connections, a share of the same bytes each.
//!
//! # Where to read
//! `commands.rs` is the list of all commands, with the function that carries each out; those stand together by what
//! they are about. `client.rs` and `channel.rs` are the state; `outbox.rs`, `bundle.rs` and `ear.rs` the way out.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use roundsman::prelude::*;
use roundsman::stream::Pusher;
use roundsman::{Recipient, Terminated, Timestamp};

use super::about::{About, Notices};
use super::ending::Ending;
use super::names::{ChannelName, Nick};
use super::session::{self, Heard};
use super::wire::{self, Line, TooLong};
use census::Census;
use channel::Channel;
use client::{Client, ClientId};
use ear::Ear;
use monitors::Monitors;
use numerics::ERR_INPUTTOOLONG;
use outbox::Outbox;
use past::Past;
use wait::{Due, Wait};

use super::numerics;

mod bundle;
mod census;
mod channel;
mod channel_modes;
mod chathistory;
mod client;
mod commands;
mod ear;
mod event;
mod help;
mod history;
mod inviting;
mod joining;
mod leaving;
mod listing;
mod monitors;
mod negotiating;
mod of_server;
mod operators;
mod outbox;
mod past;
mod registering;
mod replies;
mod speaking;
mod topics;
mod user_modes;
mod wait;
mod who;
mod whois;

/// The most channels that a client can be in.
pub const CHANNELS_MAX: usize = 100;
/// The most invitations that wait for a client; the oldest by name goes.
const INVITES_MAX: usize = 50;
/// The most people whose coming and going a client hears of.
pub const MONITORED_MAX: usize = 100;

/// The actor that knows everybody and every channel.
pub struct Hall {
    about: Arc<About>,
    notices: Notices,
    /// Told that this hall takes the place of one that has failed, if it does.
    replaces: Option<Recipient<()>>,
    /// The time at the command in hand: since 1970, and as the runtime counts.
    unix: Duration,
    now: Timestamp,

    /// Every session, whether its client has registered or not.
    /// Boxed, for a tree has room for more than it holds.
    clients: BTreeMap<ClientId, Box<Client>>,
    /// The registered ones.
    nicks: BTreeMap<Nick, ClientId>,
    users_max: usize,
    census: Census,
    channels: BTreeMap<ChannelName, Channel>,
    /// How many channels there have been.
    channels_made: u64,
    past: Past,
    monitors: Monitors,
    /// Borrowed for a push only.
    out: RefCell<Outbox>,
    wait: Wait,
    /// A timer is set for news.
    news_waits: bool,
}

pub enum Message {
    /// A session has begun.
    Arrived {
        session: Address<session::Message>,
        lines: Pusher<Bytes>,
        host: Arc<str>,
        secure: bool,
    },
    /// A client has said something.
    Heard(ClientId, Heard),
    /// A client says nothing more, for this reason.
    Gone(ClientId, Ending),
    /// What is to be told is to be given out, but for news: told by the hall to itself.
    GiveOut,
    /// Also news.
    GiveNews,
    /// A session has ended, whatever it has said before.
    Ended(Terminated),
    /// What SIGHUP has had read.
    Reread(Notices),
    /// Everybody is being sent away: nobody has to hear of it.
    Closing,
}

impl Hall {
    /// An empty one. `replaces` is told when it begins, where it takes the place of one that has failed.
    pub fn new(about: Arc<About>, replaces: Option<Recipient<()>>) -> Self {
        Self {
            notices: about.notices.clone(),
            about,
            replaces,
            unix: Duration::ZERO,
            now: Timestamp::default(),
            clients: BTreeMap::new(),
            nicks: BTreeMap::new(),
            users_max: 0,
            census: Census::default(),
            channels: BTreeMap::new(),
            channels_made: 0,
            past: Past::default(),
            monitors: Monitors::default(),
            out: RefCell::default(),
            wait: Wait::default(),
            news_waits: false,
        }
    }

    /// Carries out a line of a client.
    fn hear(&mut self, by: ClientId, heard: Heard) {
        if !self.clients.contains_key(&by) {
            return;
        }
        let Ok(bytes) = heard.take() else { return self.refuse(by, ERR_INPUTTOOLONG, &[]) };
        let text = wire::decode(&bytes);
        let is_text = matches!(text, Cow::Borrowed(_));
        let (line, fits) = match Line::parse(&text) {
            Ok(None) => return,
            Ok(Some(line)) => (line, true),
            // It may be no longer than allowed as it came.
            Err(TooLong(Some(line))) => (line, !is_text && wire::fits(&bytes)),
            Err(TooLong(None)) => return self.refuse(by, ERR_INPUTTOOLONG, &[]),
        };
        self.open_label(by, &line);
        match (fits, is_text) {
            (true, true) => self.obey(by, &line),
            (true, false) => self.refuse_bytes(by, &line),
            (false, _) => self.refuse_length(by, &line),
        }
        let client = self.clients.get(&by).map(|client| &**client);
        self.out.get_mut().close_label(client, self.about.name());
    }

    /// Gives everybody what it is to be told.
    fn give_out(&mut self) {
        self.out.get_mut().bundles.give_out();
    }

    /// Whatever somebody is to be told is given out soon.
    fn see_to_giving_out(&mut self, ctx: &mut Context<Self>) -> Outcome {
        let bundles = &mut self.out.get_mut().bundles;
        if let (Some(wait), false) = (bundles.news_wait(), self.news_waits) {
            self.news_waits = true;
            ctx.send_after(wait, Message::GiveNews);
        }
        if !bundles.is_urgent() {
            return Ok(());
        }
        match self.wait.due(self.now) {
            // Behind everything that waits here by now.
            Due::Next => ctx.address().send(Message::GiveOut)?,
            Due::Now => bundles.give_urgent(),
            Due::Settled => {}
        }
        Ok(())
    }

    fn client(&self, id: ClientId) -> &Client {
        &self.clients[&id]
    }

    /// The client of whoever says something; it is there as long as its command is being carried out.
    fn client_mut(&mut self, id: ClientId) -> &mut Client {
        match self.clients.get_mut(&id) {
            Some(client) => client,
            None => unreachable!("commands are carried out for clients that are here"),
        }
    }

    /// The registered client of this nick.
    fn find(&self, nick: &str) -> Option<(ClientId, &Client)> {
        let id = *self.nicks.get(&Nick::parse(nick).ok()?)?;
        Some((id, self.client(id)))
    }

    /// The channel of this name, however it is spelt.
    fn channel(&self, name: &str) -> Option<&Channel> {
        self.channels.get(&ChannelName::parse(name).ok()?)
    }

    fn channel_mut(&mut self, name: &ChannelName) -> Option<&mut Channel> {
        self.channels.get_mut(name)
    }

    /// Whether two clients are in one channel.
    fn share_channel(&self, one: ClientId, other: ClientId) -> bool {
        !self.client(one).channels.is_disjoint(&self.client(other).channels)
    }

    /// Everybody who shares a channel with a client, but not the client.
    fn neighbours(&self, of: ClientId) -> Vec<ClientId> {
        let channels = self.client(of).channels.iter();
        let members = channels.filter_map(|name| self.channels.get(name)).flat_map(|c| &c.members);
        let mut others: Vec<_> = members.map(|member| member.id).filter(|id| *id != of).collect();
        others.sort_unstable();
        others.dedup();
        others
    }
}

impl Actor for Hall {
    type Message = Message;

    fn started(&mut self, _: &mut Context<Self>) -> Outcome {
        if let Some(server) = self.replaces.take() {
            // Without a server it is ending.
            let _ = server.send(());
        }
        Ok(())
    }

    fn receive(&mut self, message: Message, ctx: &mut Context<Self>) -> Outcome {
        (self.now, self.unix) = (ctx.now(), self.about.unix(ctx.now()));
        match message {
            Message::Heard(by, line) => self.hear(by, line),
            Message::GiveOut => {
                self.wait.is_over();
                self.out.get_mut().bundles.give_urgent();
            }
            Message::GiveNews => {
                self.news_waits = false;
                self.give_out();
            }
            Message::Arrived { session, lines, host, secure } => {
                ctx.watch(&session, Message::Ended);
                let client = Client::new(Ear::new(session, lines), host, secure);
                self.clients.insert(client.ear.id(), Box::new(client));
            }
            Message::Gone(who, ending) => self.leave(who, ending),
            Message::Ended(ended) => self.leave(ended.id, Ending::failed()),
            Message::Reread(notices) => self.notices = notices,
            Message::Closing => {
                self.give_out();
                self.channels.clear();
                self.nicks.clear();
                self.clients.clear();
                self.census = Census::default();
            }
        }
        self.see_to_giving_out(ctx)
    }

    fn show(message: &Message) -> String {
        match message {
            Message::Arrived { session, .. } => format!("{} has begun", session.path()),
            Message::Heard(by, heard) => format!("{by} says {}", session::shown(heard)),
            Message::GiveNews => "news is given out".to_owned(),
            Message::GiveOut => "what is to be told is given out".to_owned(),
            Message::Gone(who, ending) => format!("{who} leaves: {}", ending.why),
            Message::Ended(ended) => format!("{} has ended: {}", ended.path, ended.reason),
            Message::Reread(_) => "has been read again".to_owned(),
            Message::Closing => "the server closes".to_owned(),
        }
    }
}
