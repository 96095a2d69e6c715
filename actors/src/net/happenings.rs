//! What happens to connections, as events: told by the engine and by listeners to whoever listens to
//! [happenings](crate::emitter#happenings).
//!
//! Plain values. A connection's are made by its [`Ends`](super::ends::Ends).

use std::io;
use std::sync::Arc;

use super::endpoint::Endpoint;

/// A connection has begun to live: one of its halves was piped. One of [`ConnectionClosed`] and [`ConnectionFailed`] follows.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConnectionOpened {
    /// The peer's address.
    pub peer: Endpoint,
    /// Ours.
    pub local: Endpoint,
}

/// A connection has ended without a failure: both halves have, or its owner has.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConnectionClosed {
    /// The peer's address.
    pub peer: Endpoint,
    /// Ours.
    pub local: Endpoint,
}

/// A connection has ended by a failure, or was aborted.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConnectionFailed {
    /// The peer's address.
    pub peer: Endpoint,
    /// Ours.
    pub local: Endpoint,
    /// What the OS said; [`ConnectionAborted`](io::ErrorKind::ConnectionAborted) if we aborted it.
    pub error: Arc<io::Error>,
}

/// A listener has not got a connection that came. (Node: `'drop'` of `net.Server`.)
///
/// | the error's kind | what has become of it |
/// |---|---|
/// | `QuotaExceeded` | there were as many as [`max_connections`](super::Listen::max_connections) allows: it was closed |
/// | `PermissionDenied` | its address is [blocked](super::Listen::block): it was closed |
/// | others, with a `peer` | it had gone before it could be used |
/// | others, without | it had gone before it was accepted; or there were no descriptors, and it waits in the backlog of the OS |
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConnectionDropped {
    /// Where the connection came to; where the listener listens, if there is none any more.
    pub local: Option<Endpoint>,
    /// Who has connected, if that is known.
    pub peer: Option<Endpoint>,
    /// What the OS said, or which rule of the listener it was.
    pub error: Arc<io::Error>,
}

impl ConnectionDropped {
    pub(crate) fn new(
        local: io::Result<Endpoint>,
        peer: Option<Endpoint>,
        error: &io::Error,
    ) -> Self {
        Self { local: local.ok(), peer, error: Arc::new(again(error)) }
    }
}

/// The same I/O error once more: it goes to several who want to know.
pub(crate) fn again(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        // One of ours says more than its kind.
        None => match error.get_ref() {
            Some(said) => io::Error::new(error.kind(), said.to_string()),
            None => error.kind().into(),
        },
    }
}
