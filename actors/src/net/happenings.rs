//! What happens to connections, as events: told by the engine and by listeners to whoever listens to
//! [happenings](crate::emitter#happenings).
//!
//! Plain values, and the two ends that an engine keeps to make them of.

use std::io;
use std::net::{SocketAddr, SocketAddrV4};
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

/// The two ends of a connection. Each engine has them all its life, so the usual ones are kept small.
pub(crate) enum Ends {
    V4 { peer: SocketAddrV4, local: SocketAddrV4 },
    Others(Box<(SocketAddr, SocketAddr)>),
}

impl Ends {
    pub(crate) fn new(peer: SocketAddr, local: SocketAddr) -> Self {
        match (peer, local) {
            (SocketAddr::V4(peer), SocketAddr::V4(local)) => Self::V4 { peer, local },
            _ => Self::Others(Box::new((peer, local))),
        }
    }

    /// The peer's, then ours.
    fn addresses(&self) -> (SocketAddr, SocketAddr) {
        match self {
            Self::V4 { peer, local } => ((*peer).into(), (*local).into()),
            Self::Others(addresses) => **addresses,
        }
    }

    /// The connection begins to live.
    pub(crate) fn opened<A: Actor>(&self, ctx: &Context<'_, A>) {
        ctx.happens(|| {
            let (peer, local) = self.addresses();
            ConnectionOpened { peer, local }
        });
    }

    /// It is over, by this failure or by none.
    pub(crate) fn over<A: Actor>(&self, failure: Option<&Arc<io::Error>>, ctx: &Context<'_, A>) {
        match failure {
            Some(error) => ctx.happens(|| {
                let (peer, local) = self.addresses();
                ConnectionFailed { peer, local, error: Arc::clone(error) }
            }),
            None => ctx.happens(|| {
                let (peer, local) = self.addresses();
                ConnectionClosed { peer, local }
            }),
        }
    }
}

/// The same I/O error once more: it goes to several who want to know.
pub(crate) fn again(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => error.kind().into(),
    }
}
