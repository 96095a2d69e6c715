//! What sockets have on Unix only: those of this machine, and some options.
//!
//! The one switch of `transport`: `not_unix.rs` has the same names for other systems.

use std::fs::{self, File};
use std::io::{self, IoSlice, Read, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use roundsman_runtime::{Actor, Context, Interest, Readiness, SourceId};
use rustix::fs::FlockOperation;
use socket2::{Domain, SockAddr, SockRef, Socket, Type};

use super::Endpoint;
use crate::kernel::{self, Pipe};
use crate::net::credentials::Credentials;

/// How often the lock of a directory is tried for. Whoever binds has it for some microseconds.
const LOCK_TRIES: u32 = 1_000;
/// And how often again, with a pause before each: it may be a process that has no processor for now.
const LOCK_PAUSES: u32 = 200;
/// So a tenth of a second at most, where somebody keeps it.
const LOCK_PAUSE: Duration = Duration::from_micros(500);

/// A connected Unix socket.
pub(crate) struct LocalStream(mio::net::UnixStream);

impl LocalStream {
    pub(super) fn connect(to: &Endpoint) -> io::Result<Self> {
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        socket.connect(&address(to)?)?;
        Ok(Self(mio::net::UnixStream::from_std(socket.into())))
    }

    pub(super) fn options(&self) -> SockRef<'_> {
        SockRef::from(&self.0)
    }

    pub(super) fn credentials(&self) -> Option<Credentials> {
        let (pid, uid, gid) = kernel::peer_of(&self.0)?;
        Some(Credentials { pid, uid, gid })
    }

    pub(super) fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into)
    }

    pub(super) fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        self.0.write(from)
    }

    pub(super) fn write_vectored(&mut self, from: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.write_vectored(from)
    }

    pub(super) fn lend(&self) -> io::Result<File> {
        kernel::lend(&self.0)
    }

    pub(super) fn splice(&self, pipe: &mut Pipe) -> io::Result<usize> {
        pipe.fill(&self.0)
    }

    pub(super) fn register<A: Actor>(
        &mut self,
        ctx: &mut Context<'_, A>,
        map: impl FnMut(Readiness) -> A::Message + 'static,
    ) -> io::Result<SourceId> {
        ctx.register(&mut self.0, Interest::BOTH, map)
    }

    pub(super) fn deregister<A: Actor>(
        &mut self,
        ctx: &mut Context<'_, A>,
        id: SourceId,
    ) -> io::Result<()> {
        ctx.deregister(&mut self.0, id)
    }
}

/// A Unix socket that listens. Its file goes with it, if it is still the one that was made.
pub(crate) struct LocalListener {
    socket: mio::net::UnixListener,
    endpoint: Endpoint,
    made: Option<Made>,
}

impl LocalListener {
    /// Binds one. A file that a dead process has left behind is replaced; one of a live process never.
    ///
    /// # Errors
    /// `AddrInUse`: somebody listens there, or the path is that of something else than a socket.
    pub(super) fn bind(endpoint: &Endpoint, backlog: i32) -> io::Result<Self> {
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        let name = address(endpoint)?;
        let made = match endpoint.path() {
            None => {
                socket.bind(&name)?;
                None
            }
            Some(path) => {
                // Whoever looks whether a file is stale, and replaces it, must be alone in that.
                let _alone = alone_in(path)?;
                match socket.bind(&name) {
                    Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_stale(path) => {
                        fs::remove_file(path)?;
                        socket.bind(&name)?;
                    }
                    bound => bound?,
                }
                // Within that, too: nobody may take one for dead that is about to listen.
                socket.listen(backlog)?;
                Some(Made::at(path)?)
            }
        };
        socket.listen(backlog)?;
        let socket = mio::net::UnixListener::from_std(socket.into());
        Ok(Self { socket, endpoint: endpoint.clone(), made })
    }

    pub(super) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    pub(super) fn accept(&self) -> io::Result<(LocalStream, Endpoint)> {
        let (stream, _) = self.socket.accept()?;
        // Of a peer that has gone already some systems say nothing: what is wrong is its connection's affair.
        let peer = SockRef::from(&stream).peer_addr();
        let peer = peer.map_or(Endpoint::Unnamed, |peer| Endpoint::from_os(&peer));
        Ok((LocalStream(stream), peer))
    }

    pub(super) fn register<A: Actor>(
        &mut self,
        ctx: &mut Context<'_, A>,
        map: impl FnMut(Readiness) -> A::Message + 'static,
    ) -> io::Result<SourceId> {
        ctx.register(&mut self.socket, Interest::READABLE, map)
    }
}

impl Drop for LocalListener {
    fn drop(&mut self) {
        if let Some(made) = &self.made {
            made.remove();
        }
    }
}

/// The file of a socket that was made here.
struct Made {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl Made {
    fn at(path: &Path) -> io::Result<Self> {
        let metadata = fs::symlink_metadata(path)?;
        // The working directory may be another one by the time that it is removed.
        let path = std::path::absolute(path)?;
        Ok(Self { path, device: metadata.dev(), inode: metadata.ino() })
    }

    /// Removes it, unless another file has taken its place.
    fn remove(&self) {
        let is_ours =
            |metadata: fs::Metadata| (metadata.dev(), metadata.ino()) == (self.device, self.inode);
        if fs::symlink_metadata(&self.path).is_ok_and(is_ours)
            && let Err(error) = fs::remove_file(&self.path)
        {
            tracing::warn!(path = %self.path.display(), %error, "the file of a socket stays behind");
        }
    }
}

/// Keeps others who bind in the same directory out until it is dropped. They are few, and quick: the processor is left to them
/// a few times, and a tenth of a second at most is waited for one that has none.
///
/// # Errors
/// `AddrInUse`: somebody else keeps it locked.
#[expect(
    clippy::disallowed_methods,
    reason = "`bind` is a call that returns a socket, on whatever thread"
)]
fn alone_in(path: &Path) -> io::Result<Option<File>> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let Ok(directory) = File::open(parent.unwrap_or(Path::new("."))) else {
        // One that may be searched and not read; whether it is there, `bind` says.
        return Ok(None);
    };
    for tried in 0..LOCK_TRIES + LOCK_PAUSES {
        match rustix::fs::flock(&directory, FlockOperation::NonBlockingLockExclusive) {
            Err(rustix::io::Errno::WOULDBLOCK) if tried < LOCK_TRIES => std::thread::yield_now(),
            Err(rustix::io::Errno::WOULDBLOCK) => std::thread::sleep(LOCK_PAUSE),
            // A file system without locks: there, nobody is alone.
            _ => return Ok(Some(directory)),
        }
    }
    let text = "another process keeps its directory locked (flock): try again, or choose another";
    Err(io::Error::new(io::ErrorKind::AddrInUse, text))
}

/// Whether the file is a socket to which nobody listens any more.
fn is_stale(path: &Path) -> bool {
    let is_socket = fs::symlink_metadata(path).is_ok_and(|it| it.file_type().is_socket());
    let refused = |error: io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
    is_socket && LocalStream::connect(&Endpoint::Path(path.to_owned())).err().is_some_and(refused)
}

/// A name as the OS takes it.
fn address(endpoint: &Endpoint) -> io::Result<SockAddr> {
    match endpoint {
        Endpoint::Path(path) => SockAddr::unix(path),
        Endpoint::Abstract(name) => {
            let mut path = vec![0];
            path.extend_from_slice(name);
            let path = <std::ffi::OsString as std::os::unix::ffi::OsStringExt>::from_vec(path);
            SockAddr::unix(path)
        }
        Endpoint::Ip(_) | Endpoint::Unnamed => Err(io::ErrorKind::InvalidInput.into()),
    }
}

/// What the OS calls a Unix socket.
pub(crate) fn local_name(address: &SockAddr) -> Endpoint {
    if let Some(path) = address.as_pathname() {
        Endpoint::Path(path.to_owned())
    } else if let Some(name) = address.as_abstract_namespace() {
        Endpoint::Abstract(name.to_owned())
    } else {
        Endpoint::Unnamed
    }
}

/// Lets several sockets listen at one address; the OS spreads what comes over them.
pub(crate) fn set_reuse_port(socket: &Socket) -> io::Result<()> {
    socket.set_reuse_port(true)
}

/// The class of traffic that routers see.
pub(crate) fn set_traffic_class(socket: &SockRef<'_>, is_v6: bool, class: u8) -> io::Result<()> {
    if is_v6 { socket.set_tclass_v6(class.into()) } else { socket.set_tos_v4(class.into()) }
}
