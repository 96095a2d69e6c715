//! What is read, as the pool sees it: a file, or anything else that can be read and may block.
//!
//! Owned by a [`ReadFeed`](super::read_feed) and lent to its jobs. It knows no actors.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::time::Duration;

use super::FsError;
use super::fifo::{Fifo, has_no_places};
use super::file::{self, fill_at};
use super::handle::Handle;
use super::names;
use super::open::OpenOptions;
use super::os::Identity;

/// What one job has read.
#[derive(Default)]
pub(crate) struct Batch {
    /// In order; none is empty.
    pub(crate) filled: Vec<Vec<u8>>,
    /// Buffers that were not needed.
    pub(crate) unused: Vec<Vec<u8>>,
    /// Nothing more will come.
    pub(crate) ended: bool,
    /// If there was nothing, it should be looked at again after so long. Said by what never ends by itself.
    pub(crate) look_again: Option<Duration>,
}

/// Something that is read by jobs, one after another.
pub(crate) trait Input: Send + 'static {
    /// Fills these buffers, or as many of them as can be filled. None, and no end: nothing is there yet.
    fn read(&mut self, buffers: Vec<Vec<u8>>) -> Result<Batch, FsError>;
}

/// A region of a file.
pub(crate) struct FileInput {
    pub(crate) path: PathBuf,
    /// Opened by the first job.
    pub(crate) file: Option<Opened>,
    /// Where the next read begins.
    pub(crate) at: u64,
    /// Where it ends.
    pub(crate) end: u64,
    /// The file may grow, and another may take its place.
    pub(crate) follow: bool,
    /// It is no file after all but a FIFO, or something else that has no places.
    pub(crate) stream: Option<Fifo>,
}

pub(crate) struct Opened {
    file: Handle,
    /// Asked for only if it is followed.
    identity: Option<Identity>,
}

impl Opened {
    /// One of the OS, which is not followed.
    pub(crate) fn already(file: File) -> Self {
        Self { file: Handle::of_os(file), identity: None }
    }
}

impl FileInput {
    /// Opens whatever is at the path now.
    fn open_anew(&self) -> Result<Opened, FsError> {
        let open = || {
            let file = names::open_at_once(&OpenOptions::new().read(true), &self.path)?;
            let identity = if self.follow {
                Some(names::identity(&self.path, &file.metadata()?)?)
            } else {
                None
            };
            Ok(Opened { file, identity })
        };
        open().map_err(|error| FsError::new("opening", &self.path, error))
    }

    fn open(&mut self) -> Result<&Opened, FsError> {
        let opened = match self.file.take() {
            Some(opened) => opened,
            None => self.open_anew()?,
        };
        Ok(self.file.insert(opened))
    }

    /// Whether it can only be read as it comes; from here on it is.
    fn is_a_stream(&mut self) -> Result<bool, FsError> {
        if !has_no_places(&self.open()?.file) {
            return Ok(false);
        }
        let Some(Opened { file, .. }) = self.file.take() else { return Ok(false) };
        self.stream = Some(Fifo::new(self.path.clone(), file, self.end));
        Ok(true)
    }

    /// Fills the buffers from where it stands. True if the file, or the region, has no more.
    fn fill(&mut self, buffers: Vec<Vec<u8>>, batch: &mut Batch) -> Result<bool, FsError> {
        let (mut at, end) = (self.at, self.end);
        let mut exhausted = false;
        for mut buffer in buffers {
            let room = u64::try_from(buffer.capacity()).unwrap_or(u64::MAX);
            let most = end.saturating_sub(at).min(room) as usize;
            while buffer.len() < most && !exhausted {
                let place = at + buffer.len() as u64;
                match self.open()?.file.read_at(&mut buffer, place) {
                    Ok(0) => exhausted = true,
                    Ok(_) => {}
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(FsError::new("reading", &self.path, error)),
                }
            }
            // The last one may have got what lies behind the end.
            buffer.truncate(most);
            at += buffer.len() as u64;
            let kind = if buffer.is_empty() { &mut batch.unused } else { &mut batch.filled };
            kind.push(buffer);
        }
        self.at = at;
        Ok(exhausted || at >= end)
    }

    /// Whether another file has taken the path. One that is gone may yet come back.
    fn is_replaced(&self) -> Result<bool, FsError> {
        let looking = |error| FsError::new("looking for", &self.path, error);
        let metadata = match names::metadata(&self.path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(looking(error)),
        };
        let identity = match names::identity(&self.path, &metadata) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            identity => identity.map_err(looking)?,
        };
        let known = self.file.as_ref().and_then(|opened| opened.identity.as_ref());
        Ok(known.is_some_and(|known| *known != identity))
    }

    /// Whether the file has become shorter than what was read of it.
    fn is_truncated(&mut self) -> Result<bool, FsError> {
        let metadata = self.open()?.file.metadata();
        let metadata = metadata.map_err(|error| FsError::new("looking at", &self.path, error))?;
        Ok(metadata.len() < self.at)
    }
}

impl Input for FileInput {
    fn read(&mut self, buffers: Vec<Vec<u8>>) -> Result<Batch, FsError> {
        if let Some(stream) = &mut self.stream {
            return stream.read(buffers);
        }
        let mut batch = Batch::default();
        if !self.follow {
            if self.at == 0 && self.is_a_stream()? {
                return self.read(buffers);
            }
            batch.ended = self.fill(buffers, &mut batch)?;
            return Ok(batch);
        }
        // Looked at before the last read: what was written before the other file came is read in any case.
        self.open()?;
        let replaced = self.is_replaced()?;
        if self.is_truncated()? {
            self.at = 0;
        }
        self.fill(buffers, &mut batch)?;
        if batch.filled.is_empty() && replaced {
            match self.open_anew() {
                Ok(opened) => {
                    (self.file, self.at) = (Some(opened), 0);
                    let buffers = std::mem::take(&mut batch.unused);
                    self.fill(buffers, &mut batch)?;
                }
                // Gone again: it is looked for the next time.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        batch.ended = self.at >= self.end;
        Ok(batch)
    }
}

/// A region of a file that somebody has open.
pub(crate) struct HandleInput {
    pub(crate) file: file::File,
    /// Where the next read begins.
    pub(crate) at: u64,
    /// Where it ends.
    pub(crate) end: u64,
}

impl Input for HandleInput {
    fn read(&mut self, buffers: Vec<Vec<u8>>) -> Result<Batch, FsError> {
        let mut batch = Batch::default();
        for mut buffer in buffers {
            let left = self.end.saturating_sub(self.at);
            let most = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.capacity());
            if most > 0 && !batch.ended {
                let at = self.at;
                self.file.call("reading", |file| fill_at(file, &mut buffer, at, most))?;
                self.at += buffer.len() as u64;
            }
            batch.ended |= buffer.len() < most || self.at >= self.end;
            let kind = if buffer.is_empty() { &mut batch.unused } else { &mut batch.filled };
            kind.push(buffer);
        }
        Ok(batch)
    }
}

/// Anything that can be read, one read a job: it may wait for what comes.
pub(crate) struct StreamInput {
    /// For errors: what it is called, or its path.
    pub(crate) name: PathBuf,
    pub(crate) stream: Box<dyn Read + Send>,
}

impl Input for StreamInput {
    fn read(&mut self, buffers: Vec<Vec<u8>>) -> Result<Batch, FsError> {
        let mut batch = Batch::default();
        let mut buffers = buffers.into_iter();
        if let Some(mut buffer) = buffers.next() {
            buffer.resize(buffer.capacity(), 0);
            let got = loop {
                match self.stream.read(&mut buffer) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    other => break other,
                }
            };
            buffer.truncate(got.map_err(|error| FsError::new("reading", &self.name, error))?);
            batch.ended = buffer.is_empty();
            let kind = if batch.ended { &mut batch.unused } else { &mut batch.filled };
            kind.push(buffer);
        }
        batch.unused.extend(buffers);
        Ok(batch)
    }
}
