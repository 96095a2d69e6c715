//! What happens to datagrams, as events: told by sockets to whoever listens to
//! [happenings](crate::emitter#happenings). Plain values.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::slow::SlowPolicy;

/// A UDP socket has not sent a datagram that it had taken, by its own rules.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DatagramDropped {
    /// The socket's address.
    pub local: SocketAddr,
    /// Where it was to go.
    pub to: Option<SocketAddr>,
    /// How many bytes were in it.
    pub len: usize,
    /// By which policy; `None`: it still waited when the socket ended.
    pub policy: Option<SlowPolicy>,
}

/// A UDP socket has failed to send a datagram, or was told by the network that an earlier one came to nothing. The socket
/// goes on.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DatagramFailed {
    /// The socket's address.
    pub local: SocketAddr,
    /// Where the datagram was to go, if that is known.
    pub to: Option<SocketAddr>,
    /// How many bytes were in the datagram that was not sent; `None`: the error is that of an earlier one, or of receiving.
    pub len: Option<usize>,
    /// What the OS said.
    pub error: Arc<io::Error>,
}
