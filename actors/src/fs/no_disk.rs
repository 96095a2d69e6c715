//! Stands in for `disk/mod.rs` in a library without the feature `sim`: there is no simulated disk, and nothing asks for one
//! more than once.

use std::ffi::OsString;
use std::fs::{File, Permissions};
use std::io;
use std::path::{Path, PathBuf};

use super::open::OpenOptions;

/// Whether a link at the end of a path is followed.
pub(crate) enum Follow {
    Links,
    NoLink,
}

/// No host has one.
pub(crate) fn here() -> Option<Disk> {
    None
}

/// There is none.
pub(crate) enum Disk {}

#[rustfmt::skip]
impl Disk {
    pub(crate) fn place_of(&self, _: &Path, _: Follow) -> io::Result<PathBuf> { match *self {} }
    pub(crate) fn open(&self, _: &OpenOptions, _: &Path) -> io::Result<(File, Seat)> { match *self {} }
    pub(crate) fn canonicalize(&self, _: &Path) -> io::Result<PathBuf> { match *self {} }
    pub(crate) fn set_permissions(&self, _: &Path, _: Permissions) -> io::Result<()> { match *self {} }
    pub(crate) fn rename(&self, _: &Path, _: &Path) -> io::Result<()> { match *self {} }
    pub(crate) fn remove_file(&self, _: &Path) -> io::Result<()> { match *self {} }
    pub(crate) fn create_dir(&self, _: &Path) -> io::Result<()> { match *self {} }
    pub(crate) fn create_dir_all(&self, _: &Path) -> io::Result<()> { match *self {} }
    pub(crate) fn remove_dir(&self, _: &Path) -> io::Result<()> { match *self {} }
    pub(crate) fn remove_dir_all(&self, _: &Path) -> io::Result<()> { match *self {} }
    pub(crate) fn symlink(&self, _: &Path, _: &Path) -> io::Result<()> { match *self {} }
    pub(crate) fn hard_link(&self, _: &Path, _: &Path) -> io::Result<()> { match *self {} }
    pub(crate) fn sync_directory(&self, _: &Path) -> io::Result<()> { match *self {} }
    pub(crate) fn list(&self, _: &Path) -> io::Result<Vec<OsString>> { match *self {} }
    pub(crate) fn temp_file(&self, _: &Path) -> io::Result<((File, Seat), Stowed)> { match *self {} }
    pub(crate) fn temp_dir(&self, _: &Path) -> io::Result<Stowed> { match *self {} }
    pub(crate) fn unused(&self) -> u64 { match *self {} }
}

/// No file is open on one.
#[derive(Debug)]
pub(crate) enum Seat {}

#[rustfmt::skip]
impl Seat {
    pub(crate) fn read(&self, _: &File, _: &mut Vec<u8>) -> io::Result<usize> { match *self {} }
    pub(crate) fn read_at(&self, _: &File, _: &mut Vec<u8>, _: u64) -> io::Result<usize> { match *self {} }
    pub(crate) fn read_to_end(&self, _: &File, _: &mut Vec<u8>) -> io::Result<()> { match *self {} }
    pub(crate) fn write(&self, _: &File, _: &[u8]) -> io::Result<usize> { match *self {} }
    pub(crate) fn write_all_at(&self, _: &File, _: &[u8], _: u64) -> io::Result<()> { match *self {} }
    pub(crate) fn set_len(&self, _: &File, _: u64) -> io::Result<()> { match *self {} }
    pub(crate) fn sync(&self) -> io::Result<()> { match *self {} }
    pub(crate) fn note_permissions(&self, _: Permissions) { match *self {} }
    pub(crate) fn remove(&self, _: &Path) -> io::Result<()> { match *self {} }
}

/// Nothing temporary is on one.
#[derive(Debug)]
pub(crate) enum Stowed {}

#[rustfmt::skip]
impl Stowed {
    pub(crate) fn path(&self) -> &Path { match *self {} }
    pub(crate) fn keep(self) -> PathBuf { match self {} }
    pub(crate) fn remove(self) -> io::Result<()> { match self {} }
}
