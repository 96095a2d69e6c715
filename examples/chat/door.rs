//! The door: how many connections there are, in all and from each host, and whether one more may come in.
//!
//! Asked by the server about every connection, as soon as it is there. It is data: it opens and closes nothing.
//!
//! | a connection | counts from | until |
//! |---|---|---|
//! | *calls*, if it says something first: a request, or the handshake of TLS | its acceptance | its end, or it enters |
//! | *enters*, if it becomes a session | then | the end of the session |
//!
//! # Beyond the limits
//! Who comes when it is full is told so, and that takes a session, too, until the client has read it. A host has
//! [`SPARE`] connections more than `--max-per-address` for that, and for the page, which is fetched over several; the
//! server has [`REFUSED`] more than `--max-clients`, and as many callers. Beyond that a connection is closed without a
//! word: what is not counted cannot be bounded.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::settings::Settings;

/// So many connections more than it may have sessions are taken from one host: as many as a browser opens to fetch a
/// page.
pub const SPARE: usize = 6;
/// So many sessions more than it serves does the server have at once, to tell them that it is full.
const REFUSED: usize = 64;

/// How many there are, and how many there may be.
pub struct Door {
    sessions_max: usize,
    host_max: usize,
    sessions: usize,
    hosts: BTreeMap<Arc<str>, Count>,
    /// Who calls, by the peer's address, and from where.
    callers: BTreeMap<String, Arc<str>>,
}

/// The connections of one host.
#[derive(Default)]
struct Count {
    sessions: usize,
    callers: usize,
}

/// What is to become of a connection that wants to be a session.
#[derive(Debug, PartialEq, Eq)]
pub enum Entry {
    /// It is one.
    Open,
    /// It is one that is told why it is not served, and that is all.
    Refused(&'static str),
    /// It is closed.
    Shut,
}

impl Door {
    /// Nobody is there.
    pub fn new(settings: &Settings) -> Self {
        Self {
            sessions_max: settings.max_clients,
            host_max: settings.max_per_address,
            sessions: 0,
            hosts: BTreeMap::new(),
            callers: BTreeMap::new(),
        }
    }

    /// Somebody has something to say first. False: its host, or all together, have as many connections as they may
    /// have, and this one is not counted.
    #[must_use]
    pub fn call(&mut self, peer: String, host: Arc<str>) -> bool {
        if self.callers.len() >= self.sessions_max.saturating_add(REFUSED) {
            return false;
        }
        let count = self.hosts.entry(Arc::clone(&host)).or_default();
        if count.sessions + count.callers >= self.host_max.saturating_add(SPARE) {
            return false;
        }
        count.callers += 1;
        if let Some(host) = self.callers.insert(peer, host) {
            // The same address again, before its end was told.
            self.uncount(&host, |count| &mut count.callers);
        }
        true
    }

    /// A caller is gone, or is none any more. Harmless if it was none.
    pub fn hang_up(&mut self, peer: &str) {
        if let Some(host) = self.callers.remove(peer) {
            self.uncount(&host, |count| &mut count.callers);
        }
    }

    /// Somebody wants to be a session, who may have called before.
    pub fn enter(&mut self, peer: &str, host: &Arc<str>) -> Entry {
        self.hang_up(peer);
        let from_there = self.hosts.get(host).map_or(0, |count| count.sessions);
        let entry = if self.sessions >= self.sessions_max.saturating_add(REFUSED)
            || from_there >= self.host_max.saturating_add(SPARE)
        {
            return Entry::Shut;
        } else if self.sessions >= self.sessions_max {
            Entry::Refused("The server is full")
        } else if from_there >= self.host_max {
            Entry::Refused("Too many connections from your address")
        } else {
            Entry::Open
        };
        self.sessions += 1;
        self.hosts.entry(Arc::clone(host)).or_default().sessions += 1;
        entry
    }

    /// A session from there is over.
    pub fn leave(&mut self, host: &Arc<str>) {
        self.sessions -= 1;
        self.uncount(host, |count| &mut count.sessions);
    }

    fn uncount(&mut self, host: &Arc<str>, which: impl FnOnce(&mut Count) -> &mut usize) {
        if let Some(count) = self.hosts.get_mut(host) {
            *which(count) -= 1;
            if count.sessions + count.callers == 0 {
                self.hosts.remove(host);
            }
        }
    }
}

#[cfg(test)]
mod tests;
