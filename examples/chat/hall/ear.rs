//! An ear: where a client hears, and what it can take.
//!
//! Made by the hall for each session, and shared by its client and the channels that it is in: telling everybody in a
//! channel should not have to look into every client. It decides nothing about who is told.

use std::cell::Cell;

use bytes::Bytes;
use roundsman::Address;
use roundsman::stream::{Full, Pusher};

use super::client::ClientId;
use crate::chat::caps::Caps;
use crate::chat::session;

/// Where one client hears.
pub struct Ear {
    session: Address<session::Message>,
    /// The way to its client that its session has: lines need not take the way through a mailbox first.
    lines: Pusher<Bytes>,
    caps: Cell<Caps>,
    /// It has missed something.
    is_deaf: Cell<bool>,
    /// Which of the open bundles is its own, if one is: see `bundle`.
    pub(super) bundle: Cell<Option<u32>>,
}

impl Ear {
    pub fn new(session: Address<session::Message>, lines: Pusher<Bytes>) -> Self {
        Self {
            session,
            lines,
            caps: Cell::default(),
            is_deaf: Cell::default(),
            bundle: Cell::default(),
        }
    }

    pub fn id(&self) -> ClientId {
        self.session.id()
    }

    /// What its client can take.
    pub fn caps(&self) -> Caps {
        self.caps.get()
    }

    pub fn set_caps(&self, caps: Caps) {
        self.caps.set(caps);
    }

    /// Has it hear finished lines. If too many wait for it already it hears no more, and its session is told to cut it
    /// off.
    pub(super) fn hear(&self, lines: Bytes) {
        if self.is_deaf.get() {
            return;
        }
        // One that is closed takes no more, which is as it should be.
        if let Err(Full::Limit(_)) = self.lines.push(lines) {
            self.is_deaf.set(true);
            self.send(session::Message::Overflowed);
        }
    }

    pub fn send(&self, message: session::Message) {
        // A session that has ended has nobody left to tell, and says itself that it has.
        let _ = self.session.send(message);
    }
}
