//! Whole files, as jobs.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use roundsman_runtime::{CancelToken, Job, Lane, job_with_token, try_job};

use super::atomic::Temporary;
use super::call::at;
use super::fifo::{Got, has_no_places, read_some};
use super::open::OpenOptions;
use super::{FsError, names, os};

/// Bytes that there is room for, at least, when something is read whose length nobody knows.
const ROOM: usize = 64 * 1024;
/// How long a job that reads a FIFO waits before it looks whether anybody still wants it.
const LOOK: Duration = Duration::from_millis(50);

/// Reads a whole file. For files that are known to be short: [`reader`](super::reader()) reads the others.
/// (Node: `fs.readFile`.)
///
/// A FIFO, or a terminal, is read to its end: it holds a thread of the pool until everything was written, or until the job is
/// cancelled, its actor ends, or the runtime does.
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
    let job = job_with_token(Lane::Fs, move |token| match read_whole(&path, token) {
        Ok(bytes) => Ok(Bytes::from(bytes)),
        Err(error) => Err(FsError::new("reading", path, error)),
    });
    job.named("fs::read")
}

/// Reads a whole file as text. (Rust: `std::fs::read_to_string`; Node: `fs.readFile` with `utf8`.)
///
/// # Errors
/// As [`read`]; `InvalidData` if it is not UTF-8.
///
/// # Examples
/// ```
/// use roundsman::fs;
///
/// let motd = fs::read_to_string("motd.txt");
/// # drop(motd);
/// ```
pub fn read_to_string(path: impl Into<PathBuf>) -> Job<String, FsError> {
    let path = path.into();
    let job = job_with_token(Lane::Fs, move |token| {
        let text = read_whole(&path, token).and_then(|bytes| {
            String::from_utf8(bytes)
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.utf8_error()))
        });
        text.map_err(|error| FsError::new("reading", path, error))
    });
    job.named("fs::read_to_string")
}

/// Writes a whole file, in the place of what was in it. A failure leaves a part of it. (Node: `fs.writeFile`.)
///
/// # Errors
/// [`JobError::Failed`](crate::JobError::Failed) with an [`FsError`]: the disk is full (`StorageFull`), the file may not be
/// written, it is a directory (`IsADirectory`), it is a FIFO that nobody reads (`NotConnected`), …
///
/// # Examples
/// ```
/// use roundsman::{Lane, fs};
///
/// let save = fs::write("motd.txt", "be kind");
/// assert_eq!(save.lane(), Lane::Fs);
/// ```
pub fn write(path: impl Into<PathBuf>, bytes: impl Into<Bytes>) -> Job<(), FsError> {
    let bytes = bytes.into();
    at("fs::write", "writing", path, move |path| {
        write_whole(&OpenOptions::new().write(true).create(true).truncate(true), path, &bytes)
    })
}

/// Writes behind what is in a file; creates it if it is not there. Whoever else appends to it meanwhile overwrites
/// nothing, but a large piece may be parted by others. (Node: `fs.appendFile`.)
///
/// # Errors
/// As [`write`](write()).
///
/// # Examples
/// ```
/// use roundsman::fs;
///
/// let note = fs::append("diary", "it rained\n");
/// # drop(note);
/// ```
pub fn append(path: impl Into<PathBuf>, bytes: impl Into<Bytes>) -> Job<(), FsError> {
    let bytes = bytes.into();
    at("fs::append", "appending to", path, move |path| {
        write_whole(&OpenOptions::new().append(true).create(true), path, &bytes)
    })
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
        let temporary = Temporary::beside(&path, None)?;
        let (beside, mut file) = temporary.parts();
        file.write_all(&bytes).map_err(|error| FsError::new("writing", beside, error))?;
        temporary.commit()
    })
    .named("fs::write_atomic")
}

/// Everything in a file, or everything that comes out of a FIFO as long as somebody wants it.
fn read_whole(path: &Path, wanted: &CancelToken) -> io::Result<Vec<u8>> {
    let file = names::open_at_once(&OpenOptions::new().read(true), path)?;
    let mut bytes = Vec::new();
    if !has_no_places(&file) {
        file.read_to_end(&mut bytes)?;
        return Ok(bytes);
    }
    loop {
        bytes.try_reserve(ROOM)?;
        match read_some(&file, &mut bytes)? {
            Got::Bytes => {}
            Got::End => return Ok(bytes),
            Got::Nothing if wanted.is_cancelled() => {
                return Err(io::Error::other("nobody wants it any more"));
            }
            Got::Nothing => os::wait_for_data(file.os(), LOOK)?,
        }
    }
}

/// Opens, and writes everything.
fn write_whole(options: &OpenOptions, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let file = names::open_at_once(options, path).map_err(|error| {
        match names::metadata(path).is_ok_and(|metadata| os::is_fifo(&metadata)) {
            // The OS calls it a device that is not there.
            true => io::Error::new(io::ErrorKind::NotConnected, "nobody reads this FIFO"),
            false => error,
        }
    })?;
    if !file.metadata()?.is_file() {
        os::set_blocking(file.os())?;
    }
    (&file).write_all(bytes)
}
