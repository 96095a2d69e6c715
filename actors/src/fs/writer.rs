//! A file as a sink: the options.

use std::path::PathBuf;

use bytes::Bytes;

use super::file::File;
use super::file_writer::into_output;
use super::output::{Existing, FileOutput, HandleOutput};
use crate::stream::Sink;

/// The file at `path`, to be written: [`Writer::sink`] takes its bytes. What was in it goes, unless said otherwise.
/// (Node: `fs.createWriteStream`.)
///
/// # Examples
/// ```
/// use roundsman::fs;
/// use roundsman::prelude::*;
/// use roundsman::stream::{PipeError, Source, Summary};
///
/// struct Saver(std::path::PathBuf);
///
/// impl Actor for Saver {
///     type Message = Result<Summary, PipeError>;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         let words = Source::iter(["hello, ", "world"].map(bytes::Bytes::from));
///         words.pipe(fs::writer(&self.0).atomic().sink()).start(ctx, |result| result);
///         Ok(())
///     }
///
///     fn receive(&mut self, result: Self::Message, ctx: &mut Context<Self>) -> Outcome {
///         assert_eq!(result?.bytes, 12);
///         assert_eq!(std::fs::read(&self.0)?, b"hello, world");
///         ctx.stop();
///         Ok(())
///     }
/// }
///
/// let path = std::env::temp_dir().join(format!("greeting-{}", std::process::id()));
/// let saver = path.clone();
/// Runtime::builder().loops(1).build()?.run(|| Saver(saver))?;
/// std::fs::remove_file(path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn writer(path: impl Into<PathBuf>) -> Writer {
    let (path, handle) = (path.into(), None);
    Writer { path, handle, existing: Existing::Truncated, mode: None, sync: false }
}

/// How a file is to be written; made by [`writer`]. A blueprint: the file is opened when the pipeline starts.
///
/// Of [`append`](Self::append), [`create_new`](Self::create_new) and [`atomic`](Self::atomic) the last one said holds.
#[derive(Clone, Debug)]
#[must_use = "nothing is written until something is piped into its sink"]
pub struct Writer {
    path: PathBuf,
    /// Somebody has it open: that file is written, and not the one at the path.
    handle: Option<File>,
    existing: Existing,
    mode: Option<u32>,
    sync: bool,
}

impl Writer {
    /// One of a file that is open.
    pub(crate) fn of(handle: File) -> Self {
        let path = handle.path().to_owned();
        Self { handle: Some(handle), ..writer(path) }
    }

    /// Writes behind what is there. (Node: the flag `a`.)
    pub fn append(mut self) -> Self {
        self.existing = Existing::Appended;
        self
    }

    /// Fails with `AlreadyExists` if there is such a file. (Node: the flag `wx`.)
    pub fn create_new(mut self) -> Self {
        self.existing = Existing::Refused;
        self
    }

    /// The file appears whole or not at all: what comes is written into a temporary file in the same directory, which is
    /// synced, takes the other's place by a rename, and the directory is synced.
    ///
    /// After a failure, a cancel, or the end of the pipeline's owner the temporary is removed and the old file is as it
    /// was, unless everything had come before that and the rename has begun. Only a crash leaves a temporary behind: it
    /// is called `.NAME.PID-RANDOM.tmp`. The new file has the old one's permissions, if [`mode`](Self::mode) says nothing
    /// else, but neither its owner nor its other links; a symbolic link at the path is replaced itself.
    pub fn atomic(mut self) -> Self {
        self.existing = Existing::Replaced;
        self
    }

    /// Who may do what with the file if it is created, as for `chmod`, less the umask. Without effect on systems that
    /// are not Unix. Default: `0o666`.
    pub fn mode(mut self, mode: u32) -> Self {
        self.mode = Some(mode);
        self
    }

    /// The pipeline is done only when the disk has everything (`fsync`). [`atomic`](Self::atomic) does so anyhow.
    pub fn sync(mut self) -> Self {
        self.sync = true;
        self
    }

    /// Takes its bytes.
    ///
    /// - Demand: at most 256 KiB wait here or are being written, by jobs, one at a time; what has come while a job runs
    ///   is the next one's, in one call of the OS.
    /// - End: the pipeline's result comes once everything is written, synced if that was said, and the file is closed.
    /// - Failure and cancel: what was written stays, unless it is [`atomic`](Self::atomic). The result comes once the
    ///   file is closed. Errors are [`FsError`](super::FsError)s; that the file cannot be opened shows as the pipeline
    ///   starts.
    ///
    /// It is for files. Opening a FIFO holds a thread of the pool, and the result, until somebody reads.
    pub fn sink(self) -> Sink<Bytes> {
        let Self { path, handle, existing, mode, sync } = self;
        let name = format!("fs::writer {}", path.display());
        if let Some(file) = handle {
            return into_output(name, HandleOutput { file, sync });
        }
        into_output(name, FileOutput { path, existing, mode, sync, opened: None })
    }
}
