//! Who is at the other end of a Unix socket.

/// The process that has connected a Unix socket, or that listens, as the OS vouches for it.
///
/// Its number may be another process's by now; its user is what it was at the time of `connect` or `listen`. (SO_PEERCRED)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Credentials {
    /// The number of the process; none, if it lives in a namespace that this process does not see (a container beside it).
    pub pid: Option<u32>,
    /// Its effective user.
    pub uid: u32,
    /// Its effective group.
    pub gid: u32,
}
