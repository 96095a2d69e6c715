//! What the kernel of Linux moves by itself: bytes from a file or a socket into another one, without a copy here.
//!
//! Called by the engine of connections and by files. It knows no links and no actors; elsewhere than on Linux
//! `no_kernel.rs` stands in its place, and everything is copied. It also says who is behind a Unix socket.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};

use nix::sys::socket::getsockopt;
use nix::sys::socket::sockopt::PeerCredentials;
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, SpliceFlags, fcntl_setpipe_size, pipe_with, splice};

/// Whether the kernel moves bytes at all.
pub(crate) const MOVES: bool = true;

/// Bytes that a pipe holds: Linux's default.
const PIPE: usize = 64 * 1024;
/// And a large one, of which an ordinary user may have some sixteen.
const LARGE: usize = 1024 * 1024;
/// Empty pipes that a thread keeps for the next connection.
const SPARE: usize = 16;

/// Another descriptor of the same socket or file, to be lent.
///
/// # Errors
/// None is left: EMFILE.
pub(crate) fn lend(from: &impl AsFd) -> io::Result<File> {
    Ok(from.as_fd().try_clone_to_owned()?.into())
}

/// The number, the user and the group of the process at the other end of a Unix socket. It has no number here if it lives in
/// another namespace; what rustix has for it takes that for impossible.
pub(crate) fn peer_of(socket: &impl AsFd) -> Option<(Option<u32>, u32, u32)> {
    let peer = getsockopt(socket, PeerCredentials).ok()?;
    let pid = u32::try_from(peer.pid()).ok().filter(|pid| *pid != 0);
    Some((pid, peer.uid(), peer.gid()))
}

/// Moves at most `most` bytes of a file, from `at` on, into `target`. 0: the file ends there.
///
/// # Errors
/// `WouldBlock` if the target takes nothing now; what the file or the target says. `InvalidInput` if the kernel cannot
/// move bytes from or to such a file.
pub(crate) fn send_file(target: &File, file: &File, mut at: u64, most: usize) -> io::Result<usize> {
    Ok(rustix::fs::sendfile(target, file, Some(&mut at), most)?)
}

/// Copies at most `most` bytes of a file, from `at` on, to where `target` stands.
///
/// # Errors
/// As [`send_file`].
pub(crate) fn copy_file(target: &File, file: &File, mut at: u64, most: usize) -> io::Result<usize> {
    Ok(rustix::fs::copy_file_range(file, Some(&mut at), target, None, most)?)
}

/// Has `target` share the blocks of `file`, all of them, if both are on a file system that does that.
///
/// # Errors
/// `EOPNOTSUPP`, `EXDEV`, `EINVAL`, `ENOTTY`: it does not, and nothing has changed.
pub(crate) fn share_blocks(target: &File, file: &File) -> io::Result<()> {
    Ok(rustix::fs::ioctl_ficlone(target, file)?)
}

/// A pipe on the way between two sockets: the kernel moves bytes into it and out of it.
pub(crate) struct Pipe {
    out: OwnedFd,
    into: OwnedFd,
    len: usize,
    size: usize,
}

thread_local! {
    static SPARES: RefCell<Vec<Pipe>> = const { RefCell::new(Vec::new()) };
}

impl Pipe {
    /// An empty one.
    ///
    /// # Errors
    /// No descriptor is left.
    pub(crate) fn new() -> io::Result<Self> {
        if let Some(pipe) = SPARES.with_borrow_mut(Vec::pop) {
            return Ok(pipe);
        }
        let (out, into) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        Ok(Self { out, into, len: 0, size: PIPE })
    }

    /// Bytes in it.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Moves what a socket has into the pipe, as far as that has room. 0: the peer has ended.
    ///
    /// # Errors
    /// `WouldBlock` if the socket has nothing; what it says.
    pub(crate) fn fill(&mut self, from: &impl AsFd) -> io::Result<usize> {
        let flags = SpliceFlags::MOVE | SpliceFlags::NONBLOCK;
        let moved = splice(from, None, &self.into, None, self.size, flags)?;
        self.len += moved;
        Ok(moved)
    }

    /// Moves what is in the pipe into `target`.
    ///
    /// # Errors
    /// `WouldBlock` if the target takes nothing now; what it says.
    pub(crate) fn empty(&mut self, target: &File) -> io::Result<usize> {
        let flags = SpliceFlags::MOVE | SpliceFlags::NONBLOCK;
        let moved = splice(&self.out, None, target, None, self.len, flags)?;
        self.len -= moved;
        Ok(moved)
    }

    /// A large one, for what is emptied by jobs: a way there and back for each.
    ///
    /// # Errors
    /// No descriptor is left.
    pub(crate) fn large() -> io::Result<Self> {
        let (out, into) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        // A user who has too many pages in pipes gets the usual size.
        let size = fcntl_setpipe_size(&into, LARGE).unwrap_or(PIPE);
        Ok(Self { out, into, len: 0, size })
    }

    /// Moves what is in the pipe into a file, which may take a while.
    ///
    /// # Errors
    /// What the file says.
    pub(crate) fn empty_into(&mut self, target: &mut File) -> io::Result<()> {
        while self.len > 0 {
            match splice(&self.out, None, &*target, None, self.len, SpliceFlags::MOVE) {
                Ok(moved) => self.len -= moved,
                Err(Errno::INTR) => {}
                // A file that is appended to, or a kind of file that the kernel moves nothing into; or a FIFO that is full:
                // it would have to wait for its reader, which the kernel does not do for a pipe that does not block.
                Err(Errno::INVAL | Errno::AGAIN) => self.copy_into(target)?,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn copy_into(&mut self, target: &mut File) -> io::Result<()> {
        let mut bytes = vec![0; self.len];
        let mut got = 0;
        while got < bytes.len() {
            got += rustix::io::read(&self.out, &mut bytes[got..])?;
        }
        self.len = 0;
        target.write_all(&bytes)
    }

    /// Keeps it for the next connection of this thread, if it is empty.
    pub(crate) fn put_back(self) {
        SPARES.with_borrow_mut(|spares| {
            if self.len == 0 && self.size == PIPE && spares.len() < SPARE {
                spares.push(self);
            }
        });
    }
}
