//! An ear: where a client hears, which is its session, and what it can take.
//!
//! Made by the hall for each session, and shared by its client and the channels that it is in: telling everybody in a
//! channel should not have to look into every client. It decides nothing about who is told.

use std::cell::Cell;

use bytes::Bytes;
use roundsman::Address;

use super::client::ClientId;
use crate::chat::caps::Caps;
use crate::chat::session;

/// Where one client hears.
pub struct Ear {
    session: Address<session::Message>,
    caps: Cell<Caps>,
    /// Which of the open bundles is its own, if one is: see `bundle`.
    pub(super) bundle: Cell<Option<u32>>,
}

impl Ear {
    pub fn new(session: Address<session::Message>) -> Self {
        Self { session, caps: Cell::default(), bundle: Cell::default() }
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

    /// Gives its session finished lines.
    pub(super) fn deliver(&self, lines: Bytes) {
        self.send(session::Message::Deliver(lines));
    }

    pub fn send(&self, message: session::Message) {
        // A session that has ended has nobody left to tell, and says itself that it has.
        let _ = self.session.send(message);
    }
}
