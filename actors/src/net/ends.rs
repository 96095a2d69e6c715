//! The two ends of a connection, what has gone between them, and who is told when it is over: what outlives its socket.
//!
//! Shared by the [`Connection`](super::Connection) and its engine, which alone writes the counters.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use roundsman_runtime::{Actor, Context, Recipient};

use super::credentials::Credentials;
use super::endpoint::Endpoint;
use super::farewell::{Farewell, Kept};
use super::happenings::{ConnectionClosed, ConnectionFailed, ConnectionOpened};
use super::seat::Seat;
use crate::stream::stage_name::NamesStages;

/// How a connection has ended; see [`Connection::closed`](super::Connection::closed).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Closed {
    /// What has gone over it.
    pub traffic: Traffic,
    /// Why it has failed, if it has; [`ConnectionAborted`](io::ErrorKind::ConnectionAborted) if we aborted it.
    pub error: Option<Arc<io::Error>>,
}

/// What has gone over a connection so far, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Traffic {
    /// Bytes read from the peer.
    pub read: u64,
    /// Bytes that the OS has taken for the peer.
    pub written: u64,
}

/// The parts that stages have in a connection.
pub(crate) const READER: u8 = 0;
pub(crate) const WRITER: u8 = 1;

/// The two ends of a connection.
pub(crate) struct Ends {
    pub(crate) peer: Endpoint,
    pub(crate) local: Endpoint,
    /// Who the peer is, if the OS says so.
    pub(crate) credentials: Option<Credentials>,
    read: AtomicU64,
    written: AtomicU64,
    life: Mutex<Life>,
}

/// Whether it is over.
enum Life {
    Open {
        /// Who is told when it is, if anybody.
        farewell: Option<Arc<Farewell>>,
        /// Where it counts as open.
        _seat: Option<Seat>,
    },
    /// And perhaps its pipelines have not said so yet.
    Over(Closed, Weak<Farewell>),
}

impl Ends {
    pub(crate) fn new(
        peer: Endpoint,
        local: Endpoint,
        credentials: Option<Credentials>,
        seat: Option<Seat>,
    ) -> Self {
        let life = Mutex::new(Life::Open { farewell: None, _seat: seat });
        let (read, written) = Default::default();
        Self { peer, local, credentials, read, written, life }
    }

    /// What names it: the end that has a name.
    pub(crate) fn name(&self) -> &Endpoint {
        if self.peer == Endpoint::Unnamed { &self.local } else { &self.peer }
    }

    pub(crate) fn traffic(&self) -> Traffic {
        // Statistics: nothing else is read by what they say.
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Traffic { read: get(&self.read), written: get(&self.written) }
    }

    pub(crate) fn has_read(&self, bytes: u64) {
        add(&self.read, bytes);
    }

    pub(crate) fn has_written(&self, bytes: u64) {
        add(&self.written, bytes);
    }

    /// Tells `whom` when it is over and those have been told who hold the [farewell](Self::farewell); at once if that is so.
    pub(crate) fn tell(&self, whom: Recipient<Closed>) {
        let closed = match &mut *self.lock() {
            Life::Open { farewell, .. } => {
                return farewell.get_or_insert_with(Arc::default).add(whom);
            }
            Life::Over(closed, farewell) => match farewell.upgrade() {
                Some(farewell) => return farewell.add(whom),
                None => closed.clone(),
            },
        };
        whom.complete(closed);
    }

    /// What is kept by whoever is to be told how a half has ended before others are told that all is over. `None` if there are
    /// no others.
    pub(crate) fn farewell(&self) -> Option<Kept> {
        match &*self.lock() {
            Life::Open { farewell, .. } => farewell.clone().map(|farewell| farewell as Kept),
            Life::Over(..) => None,
        }
    }

    /// The connection begins to live.
    pub(crate) fn opened<A: Actor>(&self, ctx: &Context<'_, A>) {
        ctx.happens(|| ConnectionOpened { peer: self.peer.clone(), local: self.local.clone() });
    }

    /// It is over, by this failure or by none: told as a happening.
    pub(crate) fn happened<A: Actor>(
        &self,
        failure: Option<&Arc<io::Error>>,
        ctx: &Context<'_, A>,
    ) {
        let (peer, local) = (&self.peer, &self.local);
        match failure {
            Some(error) => ctx.happens(|| ConnectionFailed {
                peer: peer.clone(),
                local: local.clone(),
                error: Arc::clone(error),
            }),
            None => {
                ctx.happens(|| ConnectionClosed { peer: peer.clone(), local: local.clone() });
            }
        }
    }

    /// It is over. The first time counts.
    pub(crate) fn close(&self, error: Option<Arc<io::Error>>) {
        let closed = Closed { traffic: self.traffic(), error };
        let mut life = self.lock();
        let Life::Open { farewell, .. } = &*life else { return };
        let kept = farewell.as_ref().map_or_else(Weak::new, Arc::downgrade);
        if let Some(farewell) = farewell {
            farewell.set(closed.clone());
        }
        let before = std::mem::replace(&mut *life, Life::Over(closed, kept));
        // Outside of the lock: it tells, if nobody else has still to be told.
        drop(life);
        drop(before);
    }

    fn lock(&self) -> MutexGuard<'_, Life> {
        // Nothing in here is left half done by a panic.
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What its actor is called.
impl fmt::Display for Ends {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.name().family(), self.name())
    }
}

impl NamesStages for Ends {
    fn write_stage(&self, part: u8, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = if part == READER { "reader" } else { "writer" };
        write!(f, "{} {part} {}", self.name().family(), self.name())
    }
}

/// There is one writer, so no other addition can be lost.
fn add(counter: &AtomicU64, bytes: u64) {
    counter.store(counter.load(Ordering::Relaxed) + bytes, Ordering::Relaxed);
}
