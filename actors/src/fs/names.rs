//! What jobs ask about paths: of the OS, or of the disk of the simulated host that they run on.
//!
//! Called by every file of `fs` that has a path. Every call of `fs` about a path goes through here, so that no job of a
//! simulated host reaches the real files by accident. A function here means what the one of its name in `std::fs` means.

use std::collections::hash_map::RandomState;
use std::ffi::OsString;
use std::fs::{self, FileTimes, Metadata, Permissions, ReadDir};
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::path::{Path, PathBuf};

use super::disk::{self, Follow};
use super::handle::Handle;
use super::open::OpenOptions;
use super::os::{self, Identity};

/// Calls the OS about a path that it changes nothing at; on a simulated disk, about the place where that keeps it.
fn ask<T>(path: &Path, follow: Follow, call: impl FnOnce(&Path) -> io::Result<T>) -> io::Result<T> {
    match disk::here() {
        None => call(path),
        Some(disk) => call(&disk.place_of(path, follow)?),
    }
}

/// Whether a simulated disk answers.
pub(crate) fn are_simulated() -> bool {
    disk::here().is_some()
}

/// Opens it. A FIFO waits for its other end.
pub(crate) fn open(options: &OpenOptions, path: &Path) -> io::Result<Handle> {
    match disk::here() {
        None => options.of_std().open(path).map(Handle::of_os),
        Some(disk) => disk.open(options, path).map(Handle::of_disk),
    }
}

/// The same without waiting for the other end of a FIFO: see [`os::open_at_once`].
pub(crate) fn open_at_once(options: &OpenOptions, path: &Path) -> io::Result<Handle> {
    match disk::here() {
        None => os::open_at_once(&options.of_std(), path).map(Handle::of_os),
        Some(disk) => disk.open(options, path).map(Handle::of_disk),
    }
}

pub(crate) fn metadata(path: &Path) -> io::Result<Metadata> {
    ask(path, Follow::Links, |path| fs::metadata(path))
}

pub(crate) fn symlink_metadata(path: &Path) -> io::Result<Metadata> {
    ask(path, Follow::NoLink, |path| fs::symlink_metadata(path))
}

pub(crate) fn exists(path: &Path) -> io::Result<bool> {
    match ask(path, Follow::Links, |path| fs::exists(path)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        other => other,
    }
}

/// Who the file at `path` is, of which `metadata` was read.
pub(crate) fn identity(path: &Path, metadata: &Metadata) -> io::Result<Identity> {
    ask(path, Follow::Links, |path| os::identity(path, metadata))
}

pub(crate) fn read_link(path: &Path) -> io::Result<PathBuf> {
    ask(path, Follow::NoLink, |path| fs::read_link(path))
}

pub(crate) fn set_times(path: &Path, times: FileTimes) -> io::Result<()> {
    ask(path, Follow::Links, |path| os::open_for_times(path)?.set_times(times))
}

pub(crate) fn canonicalize(path: &Path) -> io::Result<PathBuf> {
    match disk::here() {
        None => fs::canonicalize(path),
        Some(disk) => disk.canonicalize(path),
    }
}

pub(crate) fn set_permissions(path: &Path, permissions: Permissions) -> io::Result<()> {
    match disk::here() {
        None => fs::set_permissions(path, permissions),
        Some(disk) => disk.set_permissions(path, permissions),
    }
}

pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    match disk::here() {
        None => fs::rename(from, to),
        Some(disk) => disk.rename(from, to),
    }
}

pub(crate) fn remove_file(path: &Path) -> io::Result<()> {
    match disk::here() {
        None => fs::remove_file(path),
        Some(disk) => disk.remove_file(path),
    }
}

pub(crate) fn create_dir(path: &Path) -> io::Result<()> {
    match disk::here() {
        None => fs::create_dir(path),
        Some(disk) => disk.create_dir(path),
    }
}

pub(crate) fn create_dir_all(path: &Path) -> io::Result<()> {
    match disk::here() {
        None => fs::create_dir_all(path),
        Some(disk) => disk.create_dir_all(path),
    }
}

pub(crate) fn remove_dir(path: &Path) -> io::Result<()> {
    match disk::here() {
        None => fs::remove_dir(path),
        Some(disk) => disk.remove_dir(path),
    }
}

pub(crate) fn remove_dir_all(path: &Path) -> io::Result<()> {
    match disk::here() {
        None => fs::remove_dir_all(path),
        Some(disk) => disk.remove_dir_all(path),
    }
}

/// What a directory says of what is in it.
pub(crate) enum Listing {
    ByOs(ReadDir),
    /// A simulated disk knows names only, in order.
    OnDisk(Vec<OsString>),
}

pub(crate) fn read_dir(path: &Path) -> io::Result<Listing> {
    match disk::here() {
        None => fs::read_dir(path).map(Listing::ByOs),
        Some(disk) => disk.list(path).map(Listing::OnDisk),
    }
}

pub(crate) fn symlink(target: &Path, link: &Path) -> io::Result<()> {
    match disk::here() {
        None => os::symlink(target, link),
        Some(disk) => disk.symlink(target, link),
    }
}

pub(crate) fn hard_link(original: &Path, link: &Path) -> io::Result<()> {
    match disk::here() {
        None => fs::hard_link(original, link),
        Some(disk) => disk.hard_link(original, link),
    }
}

/// Makes what was created, renamed or removed in a directory outlive a crash.
pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    match disk::here() {
        None => os::sync_directory(path),
        Some(disk) => disk.sync_directory(path),
    }
}

/// The directory for what is temporary.
pub(crate) fn temp_dir() -> PathBuf {
    if are_simulated() { PathBuf::from("/tmp") } else { std::env::temp_dir() }
}

/// What makes a name one that nobody else has: a number of the process, and a random one. From the seed, in a simulation.
pub(crate) fn unused() -> (u32, u64) {
    match disk::here() {
        // Each of these hashers has keys of its own, drawn by the OS.
        None => (std::process::id(), RandomState::new().build_hasher().finish()),
        Some(disk) => (1, disk.unused()),
    }
}
