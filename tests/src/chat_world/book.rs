//! The book in which all clients write: what was said, who has seen it, and who is there.
//!
//! Shared by the [guests](super::guest) and the [world](super). A simulation is one thread, so what one writes another finds,
//! in the order in which it happens: that is what lets it say that a line should have been seen by now. It knows no channel.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use roundsman::Recipient;

use super::guest::Order;
use super::script::GUESTS;

/// Counts what happens at clients, all of them together.
pub type Moment = u64;

/// The book.
#[derive(Default)]
pub struct Book(Mutex<Pages>);

/// What stands in it.
#[derive(Default)]
pub struct Pages {
    moment: Moment,
    /// Connections by number: the user name of number 7 is `u7`.
    pub connections: Vec<Connection>,
    /// What was said to channels and nicks: the text of number 7 is `m7`.
    pub said: Vec<Said>,
    /// What was said and has an answer, in the order in which these came.
    pub settled: Vec<(Moment, usize)>,
    pub guests: [Guest; GUESTS],
    /// What was wrong first.
    complaint: Option<String>,
}

/// What is known of a client through all its connections, and through the lives of its host.
#[derive(Default)]
pub struct Guest {
    /// How far it has come.
    pub step: usize,
    /// It has nothing to do any more.
    pub is_done: bool,
    /// How often it has done as it was told.
    pub obeyed: usize,
    pub address: Option<Recipient<Order>>,
}

/// A connection, from the moment at which it was tried.
#[derive(Default)]
pub struct Connection {
    pub guest: usize,
    /// It was greeted.
    pub is_registered: bool,
    /// When the server has said that it is gone for everybody else.
    pub gone: Option<Moment>,
    /// It is over, or its host is.
    pub is_over: bool,
    /// All the nicks that it has asked for, and so may have had.
    pub nicks: BTreeSet<String>,
}

/// Something that was said to a channel or a nick.
pub struct Said {
    pub by: usize,
    pub to: String,
    pub sent: Moment,
    /// The server has refused it.
    pub is_refused: bool,
    /// The connections that have seen it.
    pub seen: BTreeSet<usize>,
}

impl Book {
    /// Opens it. Not while it is open.
    pub fn open(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether nobody has complained.
    ///
    /// # Errors
    /// What was wrong first.
    pub fn is_well(&self) -> Result<(), String> {
        self.open().complaint.clone().map_or(Ok(()), Err)
    }
}

impl Guest {
    /// Whether its host is.
    pub fn is_there(&self) -> bool {
        self.address.as_ref().is_some_and(|address| !address.is_closed())
    }
}

impl Pages {
    /// A moment later than all before.
    pub fn now(&mut self) -> Moment {
        self.moment += 1;
        self.moment
    }

    /// Something is wrong; the first counts.
    pub fn complain(&mut self, what: impl Into<String>) {
        self.complaint.get_or_insert(what.into());
    }

    /// A new connection, by its number.
    pub fn connect(&mut self, guest: usize) -> usize {
        self.connections.push(Connection { guest, ..Connection::default() });
        self.connections.len() - 1
    }

    /// Those that can be told something.
    pub fn addresses(&self) -> Vec<Recipient<Order>> {
        self.guests.iter().filter_map(|guest| guest.address.clone()).collect()
    }

    /// The host of a client is no more, and what it had with it; whether it comes back is another matter.
    pub fn bury(&mut self, guest: usize) {
        for connection in self.connections.iter_mut().filter(|one| one.guest == guest) {
            connection.is_over = true;
        }
        self.guests[guest].address = None;
        self.guests[guest].is_done = true;
    }

    /// Those that are with the server, as far as clients know.
    pub fn present(&self) -> BTreeSet<usize> {
        let all = self.connections.iter().enumerate();
        all.filter(|(_, one)| one.is_registered && !one.is_over).map(|(number, _)| number).collect()
    }

    /// What was said to somebody, was not refused, and has arrived nowhere, although nobody who could have had that nick is
    /// gone.
    pub fn lost(&self) -> Option<&Said> {
        let settled = self.settled.iter().map(|(_, said)| &self.said[*said]);
        settled.into_iter().find(|said| {
            let could_have = |one: &Connection| one.nicks.contains(&said.to) && one.is_over;
            let is_direct = !said.to.starts_with('#') && !said.is_refused;
            is_direct && said.seen.is_empty() && !self.connections.iter().any(could_have)
        })
    }
}
