//! A circular: news that several channels have to read one after another, and everybody in them hears once.
//!
//! Who changes its nick or leaves may be in many channels, and share several of them with the same people. So the news
//! is one message that goes from channel to channel. Each notes what has changed and adds its members to those who are
//! to hear of it; after the last channel each of them is told, once.
//!
//! They are told last for a reason: nobody who joins one of the channels meanwhile may be shown the old nick there
//! after having heard of the new one elsewhere.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use roundsman::Address;

use crate::chat::client::{Caller, Client, tell};
use crate::chat::{channel, session};

/// News on their way through the channels.
pub struct Circular {
    pub news: News,
    /// What everybody is told.
    line: Bytes,
    channels: Vec<Address<channel::Message>>,
    listeners: HashSet<Address<session::Message>>,
    /// Whose command it is; nobody's where a session has failed.
    caller: Option<Caller>,
}

/// What a channel has to note.
pub enum News {
    /// This client has another nick now.
    Renamed(Arc<Client>),
    /// This client has left the server.
    Left(Arc<Client>),
}

impl Circular {
    pub fn new(news: News, line: Bytes, channels: Vec<Address<channel::Message>>) -> Box<Self> {
        Box::new(Self { news, line, channels, listeners: HashSet::new(), caller: None })
    }

    /// Says to `caller` that its command is done, once everybody has been told.
    pub fn for_caller(mut self: Box<Self>, caller: Caller) -> Box<Self> {
        self.caller = Some(caller);
        self
    }

    /// Adds somebody who is to be told.
    pub fn add_listener(&mut self, session: &Address<session::Message>) {
        self.listeners.insert(session.clone());
    }

    /// Goes to the next channel; after the last one, to everybody.
    pub fn send_on(mut self: Box<Self>) {
        while let Some(next) = self.channels.pop() {
            let Err(refused) = next.send(channel::Message::Circular(self)) else { return };
            // A channel that has ended has nobody in it; what it was sent comes back and goes on.
            let channel::Message::Circular(circular) = refused.into_message() else {
                unreachable!("a failed send hands back the message that it was given");
            };
            self = circular;
        }
        for session in &self.listeners {
            tell(session, self.line.clone());
        }
        if let Some(caller) = self.caller {
            caller.done();
        }
    }
}
