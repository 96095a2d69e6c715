//! What becomes of a socket: how it was closed, and who is told. Known to the handles and to the [`Host`](super::host), and there
//! when that has ended.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use roundsman_runtime::Recipient;

use super::{Close, SocketError};
use crate::net::Endpoint;
use crate::stream::stage_name::NamesStages;

/// A socket is over; see [`Socket::closed`](super::Socket::closed).
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Closed {
    /// What the peer's Close has said. `None`: none has come.
    pub theirs: Option<Close>,
    /// What ours has said. `None`: none was sent.
    pub ours: Option<Close>,
    /// Why it has failed, if it has.
    pub error: Option<SocketError>,
}

impl Closed {
    /// Whether both ends have said that they are done, and nothing has failed. (`wasClean` of browsers.)
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.error.is_none() && self.theirs.is_some() && self.ours.is_some()
    }
}

/// What becomes of a socket.
pub(super) struct Fate {
    pub(super) peer: Endpoint,
    pub(super) local: Endpoint,
    life: Mutex<Life>,
}

enum Life {
    Open { tell: Vec<Recipient<Closed>> },
    Over(Closed),
}

/// The parts that name stages.
pub(super) const READER: u8 = 0;
pub(super) const WRITER: u8 = 1;

impl Fate {
    pub(super) fn new(peer: &Endpoint, local: &Endpoint) -> Self {
        let life = Mutex::new(Life::Open { tell: Vec::new() });
        Self { peer: peer.clone(), local: local.clone(), life }
    }

    /// Tells `whom` when it is over, at once if it is.
    pub(super) fn tell(&self, whom: Recipient<Closed>) {
        let closed = match &mut *self.lock() {
            Life::Open { tell } => return tell.push(whom),
            Life::Over(closed) => closed.clone(),
        };
        whom.complete(closed);
    }

    /// It is over. The first time counts.
    pub(super) fn close(&self, closed: &Closed) {
        let mut life = self.lock();
        if let Life::Over(_) = *life {
            return;
        }
        let before = std::mem::replace(&mut *life, Life::Over(closed.clone()));
        drop(life);
        if let Life::Open { tell } = before {
            tell.into_iter().for_each(|whom| whom.complete(closed.clone()));
        }
    }

    /// How it was closed. Of one that is not: nothing is known.
    pub(super) fn closed(&self) -> Closed {
        match &*self.lock() {
            Life::Over(closed) => closed.clone(),
            Life::Open { .. } => Closed::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Life> {
        // Nothing in here is left half done by a panic.
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Closed {
    /// As an error of whoever comes too late.
    pub(super) fn why(&self) -> SocketError {
        match (&self.error, self.theirs.as_ref().or(self.ours.as_ref())) {
            (Some(error), _) => error.clone(),
            (None, Some(close)) => SocketError::Closed(close.clone()),
            (None, None) => SocketError::Over,
        }
    }
}

/// What its actor is called.
impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "websocket:{}", self.name())
    }
}

impl Fate {
    /// The end that has a name.
    fn name(&self) -> &Endpoint {
        if self.peer == Endpoint::Unnamed { &self.local } else { &self.peer }
    }
}

impl NamesStages for Fate {
    fn write_stage(&self, part: u8, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = if part == READER { "reader" } else { "writer" };
        write!(f, "websocket {part} {}", self.name())
    }
}
