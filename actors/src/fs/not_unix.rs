//! What files do differently on systems that are not Unix.
//!
//! The other side of the switch in `unix.rs`.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Who a file is: its path without links. A file that another has replaced is so taken for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity(PathBuf);

/// Reads once, at a place, into the room that `into` has left.
pub(crate) fn read_at(mut file: &File, into: &mut Vec<u8>, at: u64) -> io::Result<usize> {
    let room = into.capacity() - into.len();
    file.seek(SeekFrom::Start(at))?;
    file.take(room as u64).read_to_end(into)
}

/// Who the file at `path` is.
pub(crate) fn identity(path: &Path, _: &Metadata) -> io::Result<Identity> {
    path.canonicalize().map(Identity)
}

/// There are no modes here.
pub(crate) fn set_mode(_: &mut OpenOptions, _: u32) {}

/// A directory cannot be synced here; the file system does it.
pub(crate) fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}
