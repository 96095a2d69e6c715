//! What happens to connections, as events: told by the engine and by listeners to whoever listens to
//! [happenings](crate::emitter#happenings).
//!
//! Plain values, and the two ends that an engine keeps to make them of.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use roundsman_runtime::{Actor, Context};

/// A connection has begun to live: one of its halves was piped. One of [`ConnectionClosed`] and [`ConnectionFailed`] follows.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConnectionOpened {
    /// The peer's address.
    pub peer: SocketAddr,
    /// Ours.
    pub local: SocketAddr,
}

/// A connection has ended without a failure: both halves have, or its owner has.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConnectionClosed {
    /// The peer's address.
    pub peer: SocketAddr,
    /// Ours.
    pub local: SocketAddr,
}

/// A connection has ended by a failure, or was aborted.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConnectionFailed {
    /// The peer's address.
    pub peer: SocketAddr,
    /// Ours.
    pub local: SocketAddr,
    /// What the OS said; [`ConnectionAborted`](io::ErrorKind::ConnectionAborted) if we aborted it.
    pub error: Arc<io::Error>,
}

/// A listener has not got a connection that came: it had gone before it was accepted, or there were no descriptors, and it
/// waits in the backlog of the OS. (Node: `'drop'` of `net.Server`.)
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConnectionDropped {
    /// Where the listener listens.
    pub local: Option<SocketAddr>,
    /// What the OS said.
    pub error: Arc<io::Error>,
}

impl ConnectionDropped {
    pub(crate) fn new(local: io::Result<SocketAddr>, error: &io::Error) -> Self {
        Self { local: local.ok(), error: Arc::new(again(error)) }
    }
}

/// The two ends of a connection, and how it has failed.
pub(crate) struct Ends {
    peer: SocketAddr,
    local: SocketAddr,
    failure: Option<Arc<io::Error>>,
}

impl Ends {
    pub(crate) fn new(peer: SocketAddr, local: SocketAddr) -> Self {
        Self { peer, local, failure: None }
    }

    pub(crate) fn opened(&self) -> ConnectionOpened {
        ConnectionOpened { peer: self.peer, local: self.local }
    }

    /// The first failure is the one to tell of.
    pub(crate) fn fail(&mut self, error: &io::Error) {
        self.failure.get_or_insert_with(|| Arc::new(again(error)));
    }

    /// The connection is over: tells whether it has failed.
    pub(crate) fn over<A: Actor>(&self, ctx: &Context<'_, A>) {
        let (peer, local) = (self.peer, self.local);
        match &self.failure {
            Some(error) => ctx.happens(|| {
                let error = Arc::clone(error);
                ConnectionFailed { peer, local, error }
            }),
            None => ctx.happens(|| ConnectionClosed { peer, local }),
        }
    }
}

/// The same I/O error once more.
fn again(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => error.kind().into(),
    }
}
