//! What a session does with a command: it answers by itself, or asks the directory or a channel.

use std::sync::Arc;

use roundsman::prelude::*;

use super::{Introduction, Membership, Message, Session, Stage, Who};
use crate::chat::client::{Caller, Client, Identity};
use crate::chat::command::Command;
use crate::chat::names::{ChannelName, Nick, UserName};
use crate::chat::replies::Replies;
use crate::chat::{channel, directory, wire};

impl Session {
    pub(super) fn obey(&mut self, command: Command, ctx: &mut Context<Self>) {
        match command {
            Command::Answer(line) => self.deliver(line, ctx),
            Command::Nick(nick) => self.take_nick(nick, ctx),
            Command::User { user, realname } => {
                self.introduce(|introduction| introduction.user = Some((user, realname)), ctx);
            }
            Command::Negotiate(on) => {
                self.introduce(|introduction| introduction.negotiating = on, ctx);
            }
            Command::Quit(reason) => self.end(&reason),
            Command::ShowModes => {
                let modes = if self.invisible { "+i" } else { "+" };
                self.deliver(self.replies().user_modes(modes), ctx);
            }
            Command::BeInvisible(on) => self.be_invisible(on, ctx),
            Command::Channel(name, request) => self.ask_channel(name, request, ctx),
            Command::Directory(request) => self.ask_directory(request, ctx),
        }
    }

    fn take_nick(&mut self, nick: Nick, ctx: &mut Context<Self>) {
        match &self.who {
            Who::Stranger(_) => {
                self.introduce(|introduction| introduction.nick = Some(nick.clone()), ctx);
                if self.in_hand.is_empty() {
                    self.ask_whether_free(nick, ctx);
                }
            }
            Who::Client(client) if client.nick.same_spelling(&nick) => {}
            Who::Client(_) => {
                let channels = self.all_channels();
                self.ask_directory(directory::Request::Rename { nick, channels }, ctx);
            }
        }
    }

    /// Notes what a stranger says of itself, and registers it once that is enough.
    fn introduce(&mut self, note: impl FnOnce(&mut Introduction), ctx: &mut Context<Self>) {
        let Who::Stranger(introduction) = &mut self.who else { return };
        note(introduction);
        let Introduction { nick: Some(nick), user: Some((user, realname)), negotiating: false } =
            introduction
        else {
            return;
        };
        let identity = Identity {
            user: user.clone(),
            host: Arc::clone(&self.host),
            realname: realname.clone(),
            signed_on_unix_s: self.about.unix_s(ctx.now()),
        };
        let client = Client::new(ctx.address(), nick.clone(), Arc::new(identity));
        self.last_spoke = ctx.now();
        self.ask_directory_for(client, directory::Request::Register, ctx);
    }

    /// A stranger is told at once when somebody has the nick. One that is free is nobody's until it registers.
    fn ask_whether_free(&mut self, nick: Nick, ctx: &mut Context<Self>) {
        let identity = Identity {
            user: UserName::clean(""),
            host: Arc::clone(&self.host),
            realname: String::new(),
            signed_on_unix_s: 0,
        };
        let client = Client::new(ctx.address(), nick, Arc::new(identity));
        self.ask_directory_for(client, directory::Request::IsFree, ctx);
    }

    /// The directory has told the stranger that somebody has this nick: it must choose another.
    pub(super) fn forget_nick(&mut self) {
        if let Who::Stranger(introduction) = &mut self.who {
            introduction.nick = None;
        }
    }

    fn be_invisible(&mut self, on: bool, ctx: &mut Context<Self>) {
        let Who::Client(client) = &self.who else { return };
        if self.invisible == on {
            return;
        }
        let modes = if on { "+i" } else { "-i" };
        let line = wire::relay(&client.source, "MODE", &[client.nick.as_str()], Some(modes));
        self.invisible = on;
        // Without a directory the server is ending.
        let _ = self.directory.send(directory::Message::Invisible(ctx.id(), on));
        self.deliver(line, ctx);
    }

    /// Asks a channel: straight if the client is in it, by way of the directory otherwise.
    fn ask_channel(
        &mut self,
        name: ChannelName,
        request: channel::Request,
        ctx: &mut Context<Self>,
    ) {
        let Who::Client(client) = &self.who else { return };
        let Some(membership) = self.channels.get(&name) else {
            return self.ask_directory(directory::Request::Channel(name, request), ctx);
        };
        let said = matches!(request, channel::Request::Say(_));
        if said {
            self.last_spoke = ctx.now();
        }
        self.in_hand.add(said.then(|| name.clone()));
        let client = Arc::clone(client);
        let question = |done| channel::Message::Asked(Caller::new(client, done), name, request);
        ctx.ask(&membership.channel, question, Message::Done);
    }

    pub(super) fn ask_directory(&mut self, request: directory::Request, ctx: &mut Context<Self>) {
        if let Who::Client(client) = &self.who {
            self.ask_directory_for(Arc::clone(client), request, ctx);
        }
    }

    fn ask_directory_for(
        &mut self,
        client: Arc<Client>,
        request: directory::Request,
        ctx: &mut Context<Self>,
    ) {
        self.in_hand.add(None);
        let question = |done| directory::Message::Asked(Caller::new(client, done), request);
        ctx.ask(&self.directory, question, Message::Done);
    }

    /// A command in hand is done, or lost with an actor that has failed.
    pub(super) fn command_done(&mut self, result: Result<(), AskError>) {
        self.in_hand.remove();
        if let Err(error) = result
            && self.stage != Stage::Closed
        {
            tracing::warn!(%error, "a command was lost");
            self.channels.retain(|_, membership| !membership.channel.is_closed());
        }
    }

    /// Tells somebody else who this client is.
    pub(super) fn say_who_is(&self, caller: Caller, asked: &Nick, ctx: &mut Context<Self>) {
        let replies = caller.replies(&self.about.name);
        if let Who::Client(client) = &self.who {
            let nick = &client.nick;
            let shown = |(name, membership): (&ChannelName, &Membership)| {
                format!("{}{name}", if membership.operator { "@" } else { "" })
            };
            let channels: Vec<String> = self.channels.iter().map(shown).collect();
            let idle_s = (ctx.now() - self.last_spoke).as_secs();
            caller.tell(replies.whois_user(client.person()));
            caller.tell_all(replies.whois_channels(nick, &channels));
            caller.tell(replies.whois_server(nick));
            caller.tell(replies.whois_idle(nick, idle_s, client.identity.signed_on_unix_s));
        }
        caller.tell(replies.end_of_whois(asked.as_str()));
        caller.done();
    }

    pub(super) fn replies(&self) -> Replies<'_> {
        Replies::new(&self.about.name, self.who.nick())
    }

    pub(super) fn all_channels(&self) -> directory::Channels {
        self.channels.values().map(|membership| membership.channel.clone()).collect()
    }
}
