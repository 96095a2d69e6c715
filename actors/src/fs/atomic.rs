//! A file that appears whole or not at all: written beside its place, then renamed into it.
//!
//! Used on the pool. A crash leaves the old file or the new one, and at worst the temporary beside it.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use super::handle::Handle;
use super::open::OpenOptions;
use super::output::sync;
use super::{FsError, names};

/// How often another name is tried, if somebody has the first.
const ATTEMPTS: u32 = 16;

/// A file beside the one that it will replace. Dropped before [`commit`](Self::commit), it is removed.
pub(crate) struct Temporary {
    file: Handle,
    path: PathBuf,
    target: PathBuf,
    committed: bool,
}

impl Temporary {
    /// Creates one. It may be used as the file may that it will replace, unless `mode` says otherwise.
    pub(crate) fn beside(target: &Path, mode: Option<u32>) -> Result<Self, FsError> {
        let Some(name) = target.file_name() else {
            let error = io::Error::new(io::ErrorKind::InvalidInput, "it names no file");
            return Err(FsError::new("replacing", target, error));
        };
        let options = OpenOptions::new().write(true).create_new(true).with_mode(mode);
        let mut attempts = 0;
        let (file, path) = loop {
            let path = target.with_file_name(unused_name(name));
            match names::open(&options, &path) {
                Ok(file) => break (file, path),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    attempts += 1;
                    if attempts == ATTEMPTS {
                        return Err(FsError::new("creating", path, error));
                    }
                }
                Err(error) => return Err(FsError::new("creating", path, error)),
            }
        };
        let temporary = Self { file, path, target: target.to_owned(), committed: false };
        if mode.is_none() {
            temporary.take_permissions()?;
        }
        Ok(temporary)
    }

    fn take_permissions(&self) -> Result<(), FsError> {
        let old = match names::metadata(&self.target) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(FsError::new("looking at", &self.target, error)),
        };
        let set = self.file.set_permissions(old.permissions());
        set.map_err(|error| FsError::new("setting the permissions of", &self.path, error))
    }

    pub(crate) fn file(&self) -> &Handle {
        &self.file
    }

    /// Its path, and the file.
    pub(crate) fn parts(&self) -> (&Path, &Handle) {
        (&self.path, &self.file)
    }

    /// Makes it safe on the disk, and the file at the target.
    pub(crate) fn commit(mut self) -> Result<(), FsError> {
        sync(&self.file, &self.path)?;
        let renamed = names::rename(&self.path, &self.target);
        renamed.map_err(|error| FsError::new("replacing", &self.target, error))?;
        self.committed = true;
        let directory = match self.target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let synced = names::sync_directory(directory);
        synced.map_err(|error| FsError::new("syncing", directory, error))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.committed
            && let Err(error) = self.file.remove(&self.path)
        {
            tracing::warn!(path = %self.path.display(), %error, "a temporary file stays behind");
        }
    }
}

/// `.motd.txt.4711-93f1c2.tmp`: hidden, and recognised by whoever has to clean up after a crash.
fn unused_name(name: &std::ffi::OsStr) -> OsString {
    let (process, random) = names::unused();
    let mut unused = OsString::from(".");
    // File systems know names of up to 255 bytes: a long one is left out.
    if name.len() <= 200 {
        unused.push(name);
    }
    unused.push(format!(".{process}-{random:016x}.tmp"));
    unused
}
