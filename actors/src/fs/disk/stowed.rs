//! Something temporary on a simulated disk, which goes with whoever has it.
//!
//! Owned by the handles of [`temp`](super::super::temp). It remembers its disk: it may be dropped where no job runs.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::volume::Volume;

/// Something to be removed.
#[derive(Debug)]
pub(crate) struct Stowed {
    volume: Arc<Volume>,
    path: PathBuf,
    is_directory: bool,
    /// So many crashes the disk had when it was made. After another one nobody is left who would remove it.
    crashes: u64,
    /// It has been removed, or is to stay.
    settled: bool,
}

impl Stowed {
    pub(super) fn file(volume: Arc<Volume>, path: PathBuf) -> Self {
        let crashes = volume.lock().crashes;
        Self { volume, path, is_directory: false, crashes, settled: false }
    }

    pub(super) fn directory(volume: Arc<Volume>, path: PathBuf) -> Self {
        let mut stowed = Self::file(volume, path);
        stowed.is_directory = true;
        stowed
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// It stays.
    pub(crate) fn keep(mut self) -> PathBuf {
        self.settled = true;
        self.path.clone()
    }

    /// Removes it now.
    pub(crate) fn remove(mut self) -> io::Result<()> {
        self.take_away()
    }

    fn take_away(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.settled, true) || self.volume.lock().crashes != self.crashes
        {
            return Ok(());
        }
        if self.is_directory {
            self.volume.remove_dir_all(&self.path)
        } else {
            self.volume.remove_file(&self.path)
        }
    }
}

impl Drop for Stowed {
    fn drop(&mut self) {
        if let Err(error) = self.take_away() {
            tracing::warn!(path = %self.path.display(), %error, "something temporary stays behind");
        }
    }
}
