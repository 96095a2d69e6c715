//! What files do differently on systems that are not Unix.
//!
//! The other side of the switch in `unix.rs`.

use std::fs::{File, Metadata, OpenOptions, Permissions};
use std::io::{self, Read};
use std::os::windows::fs::{FileExt, symlink_dir, symlink_file};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Who a file is: its path without links. A file that another has replaced is so taken for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity(PathBuf);

/// Reads once, at a place, into the room that `into` has left. The file's own position goes there, too.
pub(crate) fn read_at(file: &File, into: &mut Vec<u8>, at: u64) -> io::Result<usize> {
    let len = into.len();
    into.resize(into.capacity(), 0);
    let got = file.seek_read(&mut into[len..], at);
    into.truncate(len + got.as_ref().copied().unwrap_or(0));
    got
}

/// Reads, from where the file stands, into the room that `into` has left.
pub(crate) fn read(file: &File, into: &mut Vec<u8>) -> io::Result<usize> {
    let room = into.capacity() - into.len();
    file.take(room as u64).read_to_end(into)
}

/// Writes everything at a place.
pub(crate) fn write_all_at(file: &File, mut bytes: &[u8], mut at: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.seek_write(bytes, at) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => {
                bytes = &bytes[written..];
                at += written as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Who the file at `path` is.
pub(crate) fn identity(path: &Path, _: &Metadata) -> io::Result<Identity> {
    path.canonicalize().map(Identity)
}

/// There are no modes here.
pub(crate) fn set_mode(_: &mut OpenOptions, _: u32) {}

/// Whoever owns the directory for temporary files has said who may do what in it.
pub(crate) fn private() -> Option<Permissions> {
    None
}

/// There are no FIFOs among files here.
pub(crate) fn open_at_once(options: &OpenOptions, path: &Path) -> io::Result<File> {
    options.open(path)
}

pub(crate) fn set_blocking(_: &File) -> io::Result<()> {
    Ok(())
}

pub(crate) fn open_for_times(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).open(path)
}

pub(crate) fn is_fifo(_: &Metadata) -> bool {
    false
}

/// What ends has ended.
pub(crate) fn has_hung_up(_: &File) -> io::Result<bool> {
    Ok(true)
}

pub(crate) fn wait_for_data(_: &File, _: Duration) -> io::Result<()> {
    Ok(())
}

/// The standard library has no locks as old a compiler could use.
pub(crate) fn try_lock(_: &File, _: bool) -> io::Result<bool> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "files are locked on Unix only"))
}

pub(crate) fn unlock(_: &File) -> io::Result<()> {
    Ok(())
}

/// Makes a symbolic link, which is of another kind if it leads to a directory.
pub(crate) fn symlink(target: &Path, at: &Path) -> io::Result<()> {
    let seen = at.parent().unwrap_or(Path::new("")).join(target);
    if seen.is_dir() { symlink_dir(target, at) } else { symlink_file(target, at) }
}

/// A directory cannot be synced here; the file system does it.
pub(crate) fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}
