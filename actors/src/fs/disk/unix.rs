//! What a simulated disk says as the OS would, on Unix: with the numbers of its errors; and the times of files.
//!
//! The one switch of the simulated disk: `not_unix.rs` has the same functions for other systems.

use std::fs::File;
use std::io;
use std::time::Duration;

use rustix::fs::{Timespec, Timestamps, UTIME_OMIT, futimens};
use rustix::io::Errno;

pub(super) fn not_found() -> io::Error {
    Errno::NOENT.into()
}

pub(super) fn not_a_directory() -> io::Error {
    Errno::NOTDIR.into()
}

pub(super) fn too_many_links() -> io::Error {
    Errno::LOOP.into()
}

/// Of the root, which is neither removed nor renamed.
pub(super) fn busy() -> io::Error {
    Errno::BUSY.into()
}

/// Nothing more fits on it.
pub(super) fn full() -> io::Error {
    Errno::NOSPC.into()
}

/// It could not be read or written.
pub(super) fn broken() -> io::Error {
    Errno::IO.into()
}

/// Says when a file was written last, counted from 1970.
pub(super) fn set_modified(file: &File, at: Duration) {
    let omitted = Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT as _ };
    if let Ok(last_modification) = Timespec::try_from(at) {
        // One that may not be changed keeps the time that it has.
        let _ = futimens(file, &Timestamps { last_access: omitted, last_modification });
    }
}
