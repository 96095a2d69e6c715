//! Unix sockets: options only; the work is done by the engine that all stream sockets share.
//!
//! They carry bytes between processes of one machine. On systems that are not Unix everything here is refused, with
//! `Unsupported`.

use std::path::PathBuf;

use super::connect::{Connect, Target};
use super::endpoint::Endpoint;
use super::listen::{Listen, ListenError, Place};
use super::listener::Listener;

/// A socket that listens at a path, as [`listener`]`(path).bind()`.
///
/// # Errors
/// As [`Listen::bind`].
pub fn listen(path: impl Into<PathBuf>) -> Result<Listener, ListenError> {
    listener(path).bind()
}

/// A socket that is to listen at a path; [`Listen`] has its options, and [`Listen::bind`] makes it.
/// (Node: `server.listen(path)`.)
///
/// - A file that a dead process has left behind is replaced. One where somebody listens is never touched, nor one that is no
///   socket: the error is `AddrInUse`. Two processes that start at once cannot take it from each other.
/// - The file is removed when the listener is closed, if it is still the one that was made here.
/// - Who may connect is a matter of the file's permissions, or better, its directory's.
///
/// # Examples
/// ```
/// # #[cfg(unix)] {
/// use roundsman::net::unix;
///
/// let path = std::env::temp_dir().join(format!("roundsman-doc-{}.sock", std::process::id()));
/// let listener = unix::listen(&path)?;
/// assert!(path.exists());
/// drop(listener);
/// assert!(!path.exists());
/// # }
/// # Ok::<(), roundsman::net::ListenError>(())
/// ```
pub fn listener(path: impl Into<PathBuf>) -> Listen {
    Listen::new(Place::Local(Endpoint::Path(path.into())))
}

/// A socket that is to listen under a name that is no file. It goes with its listener, by itself. (Linux: abstract names;
/// refused elsewhere.)
///
/// Every process of the machine, or of the container, may connect: look at [`peer_credentials`].
///
/// [`peer_credentials`]: super::Connection::peer_credentials
pub fn abstract_listener(name: impl Into<Vec<u8>>) -> Listen {
    Listen::new(Place::Local(Endpoint::Abstract(name.into())))
}

/// An attempt to connect to the socket at a path; [`Connect::start`] makes it. (Node: `net.connect(path)`.)
///
/// Whoever listens and has its backlog full is tried again every 10 ms, until [`Connect::timeout`] has passed.
pub fn connect(path: impl Into<PathBuf>) -> Connect {
    Connect::new(Target::local(Endpoint::Path(path.into())))
}

/// The same to a name that is no file.
pub fn connect_abstract(name: impl Into<Vec<u8>>) -> Connect {
    Connect::new(Target::local(Endpoint::Abstract(name.into())))
}
