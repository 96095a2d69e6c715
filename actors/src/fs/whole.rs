//! Whole files, and what is known of them, as jobs.

use std::fs::{self, Metadata};
use std::io::Write;
use std::path::PathBuf;

use bytes::Bytes;
use roundsman_runtime::{Job, Lane, try_job};

use super::FsError;
use super::atomic::Temporary;

/// Reads a whole file. For files that are known to be short: [`reader`](super::reader()) reads the others.
/// (Node: `fs.readFile`.)
///
/// # Errors
/// [`JobError::Failed`](crate::JobError::Failed) with an [`FsError`]: there is no such file, it may not be read, …
///
/// # Examples
/// ```
/// use bytes::Bytes;
/// use roundsman::prelude::*;
/// use roundsman::{JobError, fs};
///
/// enum Msg {
///     Manifest(Result<Bytes, JobError<fs::FsError>>),
/// }
///
/// struct Reader;
///
/// impl Actor for Reader {
///     type Message = Msg;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         ctx.start(fs::read("Cargo.toml"), Msg::Manifest);
///         Ok(())
///     }
///
///     fn receive(&mut self, Msg::Manifest(manifest): Msg, _: &mut Context<Self>) -> Outcome {
///         assert!(manifest?.starts_with(b"[package]"));
///         Ok(())
///     }
/// }
///
/// Runtime::builder().loops(1).build()?.run(|| Reader)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read(path: impl Into<PathBuf>) -> Job<Bytes, FsError> {
    let path = path.into();
    try_job(Lane::Fs, move || {
        let bytes = fs::read(&path).map_err(|error| FsError::new("reading", path, error))?;
        Ok(Bytes::from(bytes))
    })
    .named("fs::read")
}

/// Writes a whole file, in the place of what was in it. A failure leaves a part of it. (Node: `fs.writeFile`.)
///
/// # Errors
/// [`JobError::Failed`](crate::JobError::Failed) with an [`FsError`]: the disk is full, the file may not be written, …
///
/// # Examples
/// ```
/// use roundsman::{Lane, fs};
///
/// let save = fs::write("motd.txt", "be kind");
/// assert_eq!(save.lane(), Lane::Fs);
/// ```
pub fn write(path: impl Into<PathBuf>, bytes: impl Into<Bytes>) -> Job<(), FsError> {
    let (path, bytes) = (path.into(), bytes.into());
    try_job(Lane::Fs, move || {
        fs::write(&path, &bytes).map_err(|error| FsError::new("writing", path, error))
    })
    .named("fs::write")
}

/// Writes a whole file that appears whole or not at all, whatever happens: see [`Writer::atomic`](super::Writer::atomic).
///
/// # Errors
/// As [`write`](write()); the old file is then as it was. Only if the directory cannot be synced it is the new one.
///
/// # Examples
/// ```
/// use roundsman::fs;
///
/// let save = fs::write_atomic("settings.toml", "colour = \"green\"");
/// # drop(save);
/// ```
pub fn write_atomic(path: impl Into<PathBuf>, bytes: impl Into<Bytes>) -> Job<(), FsError> {
    let (path, bytes) = (path.into(), bytes.into());
    try_job(Lane::Fs, move || {
        let mut temporary = Temporary::beside(&path, None)?;
        let (beside, file) = temporary.parts();
        file.write_all(&bytes).map_err(|error| FsError::new("writing", beside, error))?;
        temporary.commit()
    })
    .named("fs::write_atomic")
}

/// What is known of the file at `path`; of the one that it leads to, if it is a link. (Node: `fs.stat`.)
///
/// # Errors
/// [`JobError::Failed`](crate::JobError::Failed) with an [`FsError`]: there is no such file, …
///
/// # Examples
/// ```
/// use roundsman::fs;
///
/// let size = fs::metadata("motd.txt");
/// # drop(size);
/// ```
pub fn metadata(path: impl Into<PathBuf>) -> Job<Metadata, FsError> {
    let path = path.into();
    try_job(Lane::Fs, move || {
        fs::metadata(&path).map_err(|error| FsError::new("looking at", path, error))
    })
    .named("fs::metadata")
}
