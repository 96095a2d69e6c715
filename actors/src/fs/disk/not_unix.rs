//! What a simulated disk says as the OS would, on systems that are not Unix: by the kinds of its errors.
//!
//! The other side of the switch in `unix.rs`.

use std::fs::File;
use std::io;
use std::time::Duration;

pub(super) fn not_found() -> io::Error {
    io::ErrorKind::NotFound.into()
}

pub(super) fn not_a_directory() -> io::Error {
    io::ErrorKind::NotADirectory.into()
}

pub(super) fn too_many_links() -> io::Error {
    io::Error::other("too many links on the way")
}

pub(super) fn busy() -> io::Error {
    io::ErrorKind::ResourceBusy.into()
}

pub(super) fn full() -> io::Error {
    io::ErrorKind::StorageFull.into()
}

pub(super) fn broken() -> io::Error {
    io::Error::other("the disk failed")
}

/// Files have the times of the OS here.
pub(super) fn set_modified(_: &File, _: Duration) {}
