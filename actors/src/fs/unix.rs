//! What files do differently on Unix: reads at a place, who a file is, FIFOs, locks, links, and directories that can be
//! synced.
//!
//! The one switch of `fs`: `not_unix.rs` has the same functions for other systems.

use std::fs::{File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::symlink as link;
use std::os::unix::fs::{FileExt, FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FlockOperation, OFlags, fcntl_getfl, fcntl_setfl, flock};
use rustix::io::Errno;

/// Who a file is, whatever it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    device: u64,
    inode: u64,
}

/// Reads once, at a place, into the room that `into` has left. The file's own position stays.
pub(crate) fn read_at(file: &File, into: &mut Vec<u8>, at: u64) -> io::Result<usize> {
    Ok(rustix::io::pread(file, rustix::buffer::spare_capacity(into), at)?)
}

/// Reads once, from where the file stands, into the room that `into` has left.
pub(crate) fn read(file: &File, into: &mut Vec<u8>) -> io::Result<usize> {
    Ok(rustix::io::read(file, rustix::buffer::spare_capacity(into))?)
}

/// Writes everything at a place. The file's own position stays.
pub(crate) fn write_all_at(file: &File, bytes: &[u8], at: u64) -> io::Result<()> {
    file.write_all_at(bytes, at)
}

/// Who the file at `path` is, of which `metadata` was read.
pub(crate) fn identity(_: &Path, metadata: &Metadata) -> io::Result<Identity> {
    Ok(Identity { device: metadata.dev(), inode: metadata.ino() })
}

/// Who may do what with a file that is created.
pub(crate) fn set_mode(options: &mut OpenOptions, mode: u32) {
    options.mode(mode);
}

/// What only its owner may enter.
pub(crate) fn private() -> Option<Permissions> {
    Some(Permissions::from_mode(0o700))
}

/// Opens whatever is there without waiting for the other end of a FIFO. Files know no such waiting; of what is none, reads
/// and writes do not wait either, until [`set_blocking`].
pub(crate) fn open_at_once(options: &OpenOptions, path: &Path) -> io::Result<File> {
    options.clone().custom_flags(OFlags::NONBLOCK.bits() as i32).open(path)
}

/// Has reads and writes wait from here on.
pub(crate) fn set_blocking(file: &File) -> io::Result<()> {
    Ok(fcntl_setfl(file, fcntl_getfl(file)? - OFlags::NONBLOCK)?)
}

/// Opens a file, or a directory, to set its times.
pub(crate) fn open_for_times(path: &Path) -> io::Result<File> {
    open_at_once(OpenOptions::new().read(true), path).or_else(|error| {
        // Its owner may set its times, though nobody may read it.
        open_at_once(OpenOptions::new().write(true), path).map_err(|_| error)
    })
}

/// Whether it is a FIFO.
pub(crate) fn is_fifo(metadata: &Metadata) -> bool {
    metadata.file_type().is_fifo()
}

/// Whether everybody is gone who wrote to this FIFO. False if nobody has come yet.
pub(crate) fn has_hung_up(file: &File) -> io::Result<bool> {
    Ok(poll_for(file, PollFlags::empty(), Duration::ZERO)?.contains(PollFlags::HUP))
}

/// Waits, so long at most, until there is something to read, or nobody is left who writes.
pub(crate) fn wait_for_data(file: &File, longest: Duration) -> io::Result<()> {
    poll_for(file, PollFlags::IN, longest).map(drop)
}

fn poll_for(file: &File, what: PollFlags, longest: Duration) -> io::Result<PollFlags> {
    let longest = Timespec::try_from(longest).map_err(io::Error::other)?;
    let mut polled = [PollFd::new(file, what)];
    match poll(&mut polled, Some(&longest)) {
        Ok(_) | Err(Errno::INTR) => Ok(polled[0].revents()),
        Err(error) => Err(error.into()),
    }
}

/// Takes the lock of the file, if nobody has it who would mind. False if somebody has.
pub(crate) fn try_lock(file: &File, shared: bool) -> io::Result<bool> {
    let operation = if shared {
        FlockOperation::NonBlockingLockShared
    } else {
        FlockOperation::NonBlockingLockExclusive
    };
    loop {
        match flock(file, operation) {
            Ok(()) => return Ok(true),
            Err(Errno::WOULDBLOCK) => return Ok(false),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Gives the lock back.
pub(crate) fn unlock(file: &File) -> io::Result<()> {
    Ok(flock(file, FlockOperation::Unlock)?)
}

/// Makes a symbolic link.
pub(crate) fn symlink(target: &Path, at: &Path) -> io::Result<()> {
    link(target, at)
}

/// Makes what was created, renamed or removed in a directory outlive a crash.
pub(crate) fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}
