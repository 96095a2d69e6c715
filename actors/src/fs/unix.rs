//! What files do differently on Unix: reads at a place, who a file is, and directories that can be synced.
//!
//! The one switch of `fs`: `not_unix.rs` has the same functions for other systems.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

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

/// Who the file at `path` is, of which `metadata` was read.
pub(crate) fn identity(_: &Path, metadata: &Metadata) -> io::Result<Identity> {
    Ok(Identity { device: metadata.dev(), inode: metadata.ino() })
}

/// Who may do what with a file that is created.
pub(crate) fn set_mode(options: &mut OpenOptions, mode: u32) {
    options.mode(mode);
}

/// Makes what was created, renamed or removed in a directory outlive a crash.
pub(crate) fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}
