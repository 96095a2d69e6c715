//! A client, as everybody but its own session knows it; and the caller, a client whose command is being carried out.

use std::sync::Arc;

use bytes::Bytes;
use roundsman::{Address, Reply};

use crate::chat::names::{Nick, UserName};
use crate::chat::replies::{Person, Replies};
use crate::chat::session;

/// What others need to know of a registered client. It never changes: a client with a new nick is a new value.
pub struct Client {
    /// Who it is, whatever its nick, and where its lines go.
    pub session: Address<session::Message>,
    pub nick: Nick,
    /// `nick!user@host`: how what it does is signed.
    pub source: String,
    pub identity: Arc<Identity>,
}

/// What stays of a client when its nick changes.
pub struct Identity {
    pub user: UserName,
    pub host: Arc<str>,
    pub realname: String,
    pub signed_on_unix_s: u64,
}

impl Client {
    pub fn new(
        session: Address<session::Message>,
        nick: Nick,
        identity: Arc<Identity>,
    ) -> Arc<Self> {
        let source = format!("{nick}!{}@{}", identity.user, identity.host);
        Arc::new(Self { session, nick, source, identity })
    }

    /// The same client under another nick.
    pub fn renamed(&self, nick: Nick) -> Arc<Self> {
        Self::new(self.session.clone(), nick, Arc::clone(&self.identity))
    }

    /// As WHO and WHOIS show it.
    pub fn person(&self) -> Person<'_> {
        let Identity { user, host, realname, .. } = &*self.identity;
        Person { nick: &self.nick, user: user.as_str(), host, realname }
    }

    /// Sends it a line.
    pub fn tell(&self, line: Bytes) {
        tell(&self.session, line);
    }
}

/// Sends a line to whoever is behind a session.
pub fn tell(session: &Address<session::Message>, line: Bytes) {
    // A session that has ended has nobody left to tell.
    let _ = session.send(session::Message::Deliver(line));
}

/// A client whose command is being carried out.
///
/// It travels with the command from actor to actor. The last one says [`done`](Self::done), after everything that the
/// command causes has been sent; only then does the client's session begin the next command. A caller that is lost on
/// the way, with an actor that failed, says so by itself, because that is what a [`Reply`] does: no client is left
/// waiting.
pub struct Caller {
    pub client: Arc<Client>,
    done: Reply<()>,
}

impl Caller {
    pub fn new(client: Arc<Client>, done: Reply<()>) -> Self {
        Self { client, done }
    }

    /// Makes answers to this client.
    pub fn replies<'a>(&'a self, server: &'a str) -> Replies<'a> {
        Replies::new(server, Some(&self.client.nick))
    }

    pub fn tell(&self, line: Bytes) {
        self.client.tell(line);
    }

    pub fn tell_all(&self, lines: impl IntoIterator<Item = Bytes>) {
        lines.into_iter().for_each(|line| self.tell(line));
    }

    /// The command has been carried out.
    pub fn done(self) {
        self.done.send(());
    }
}
