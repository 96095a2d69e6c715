//! What is written, as the pool sees it: a file, or anything else that can be written and may block.
//!
//! Owned by a [`FileWriter`](super::file_writer) and lent to its jobs. It knows no actors.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use roundsman_runtime::{Lane, job};

use super::atomic::Temporary;
use super::handle::Handle;
use super::open::OpenOptions;
use super::{FsError, file, names};
use crate::write_queue::WriteQueue;

/// Something that is written by jobs, one after another. Dropped before it has finished, it undoes what it can.
pub(crate) trait Output: Send + 'static {
    /// Makes it ready; opens the file.
    fn open(&mut self) -> Result<(), FsError>;

    /// Writes everything.
    fn write(&mut self, queue: &mut WriteQueue) -> Result<(), FsError>;

    /// Another descriptor of it, for the kernel to move bytes into.
    fn lend(&self) -> io::Result<File> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Everything was written: syncs if it should, and closes.
    fn finish(self: Box<Self>) -> Result<(), FsError>;
}

/// What becomes of a file that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Existing {
    Truncated,
    Appended,
    /// It is an error.
    Refused,
    /// By another, once that is complete.
    Replaced,
}

/// A file that is written.
pub(crate) struct FileOutput {
    pub(crate) path: PathBuf,
    pub(crate) existing: Existing,
    pub(crate) mode: Option<u32>,
    pub(crate) sync: bool,
    pub(crate) opened: Option<Opened>,
}

pub(crate) enum Opened {
    Itself(Handle),
    Temporary(Temporary),
}

impl FileOutput {
    fn options(&self) -> OpenOptions {
        let options = match self.existing {
            Existing::Appended => OpenOptions::new().append(true).create(true),
            Existing::Refused => OpenOptions::new().write(true).create_new(true),
            Existing::Truncated | Existing::Replaced => {
                OpenOptions::new().write(true).create(true).truncate(true)
            }
        };
        options.with_mode(self.mode)
    }
}

/// Closing a file may block, and so may removing a temporary one: dropped on a loop, it has the pool do that.
impl Drop for FileOutput {
    fn drop(&mut self) {
        if let Some(opened) = self.opened.take() {
            job(Lane::Fs, move || drop(opened)).named("giving a file up").detach();
        }
    }
}

impl Output for FileOutput {
    fn open(&mut self) -> Result<(), FsError> {
        let opened = if self.existing == Existing::Replaced {
            Opened::Temporary(Temporary::beside(&self.path, self.mode)?)
        } else {
            let file = names::open(&self.options(), &self.path);
            Opened::Itself(file.map_err(|error| FsError::new("opening", &self.path, error))?)
        };
        self.opened = Some(opened);
        Ok(())
    }

    fn write(&mut self, queue: &mut WriteQueue) -> Result<(), FsError> {
        let (path, mut file) = match &self.opened {
            Some(Opened::Itself(file)) => (&*self.path, file),
            Some(Opened::Temporary(temporary)) => temporary.parts(),
            None => return Ok(()),
        };
        write_all(queue, &mut file).map_err(|error| FsError::new("writing", path, error))
    }

    fn lend(&self) -> io::Result<File> {
        match &self.opened {
            Some(Opened::Itself(file)) => file.lend(),
            Some(Opened::Temporary(temporary)) => temporary.file().lend(),
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    fn finish(mut self: Box<Self>) -> Result<(), FsError> {
        match self.opened.take() {
            Some(Opened::Itself(file)) if self.sync => sync(&file, &self.path),
            Some(Opened::Itself(_)) | None => Ok(()),
            Some(Opened::Temporary(temporary)) => temporary.commit(),
        }
    }
}

/// A file that somebody has open.
pub(crate) struct HandleOutput {
    pub(crate) file: file::File,
    pub(crate) sync: bool,
}

impl Output for HandleOutput {
    fn open(&mut self) -> Result<(), FsError> {
        Ok(())
    }

    fn write(&mut self, queue: &mut WriteQueue) -> Result<(), FsError> {
        self.file.call("writing", |mut file| write_all(queue, &mut file))
    }

    fn finish(self: Box<Self>) -> Result<(), FsError> {
        if self.sync { self.file.call("syncing", Handle::sync_all) } else { Ok(()) }
    }
}

pub(crate) fn sync(file: &Handle, path: &Path) -> Result<(), FsError> {
    file.sync_all().map_err(|error| FsError::new("syncing", path, error))
}

/// Anything that can be written: a write may wait.
pub(crate) struct StreamOutput {
    pub(crate) name: &'static str,
    pub(crate) stream: Box<dyn Write + Send>,
}

impl Output for StreamOutput {
    fn open(&mut self) -> Result<(), FsError> {
        Ok(())
    }

    fn write(&mut self, queue: &mut WriteQueue) -> Result<(), FsError> {
        let written = write_all(queue, &mut self.stream).and_then(|()| self.stream.flush());
        written.map_err(|error| FsError::new("writing", self.name, error))
    }

    fn finish(self: Box<Self>) -> Result<(), FsError> {
        Ok(())
    }
}

/// Several pieces are one call of the OS.
fn write_all<W: Write>(queue: &mut WriteQueue, to: &mut W) -> io::Result<()> {
    while !queue.is_empty() {
        match queue.write(to, W::write, W::write_vectored) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
