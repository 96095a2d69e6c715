//! Directories: made, removed and listed.

use std::io;
use std::path::PathBuf;

use roundsman_runtime::Job;

use super::call::at;
use super::walk::{Entry, walk};
use super::{FsError, names};
use crate::stream::Source;

/// Makes a directory in one that is there. (Rust: `std::fs::create_dir`; Node: `fs.mkdir`.)
///
/// # Errors
/// [`JobError::Failed`](crate::JobError::Failed) with an [`FsError`]: something is there already, …
///
/// # Examples
/// ```
/// use roundsman::fs;
///
/// let made = fs::create_dir("releases");
/// # drop(made);
/// ```
pub fn create_dir(path: impl Into<PathBuf>) -> Job<(), FsError> {
    at("fs::create_dir", "creating", path, names::create_dir)
}

/// Makes a directory, and those on the way to it that are missing. One that is there is no error. (Rust:
/// `std::fs::create_dir_all`; Node: `fs.mkdir` with `recursive`.)
///
/// # Errors
/// [`JobError::Failed`](crate::JobError::Failed) with an [`FsError`]: a file is in the way, … What was made by then stays.
///
/// # Examples
/// ```
/// use roundsman::fs;
///
/// let made = fs::create_dir_all("releases/17/bin");
/// # drop(made);
/// ```
pub fn create_dir_all(path: impl Into<PathBuf>) -> Job<(), FsError> {
    at("fs::create_dir_all", "creating", path, names::create_dir_all)
}

/// Removes a directory that has nothing in it. (Rust: `std::fs::remove_dir`; Node: `fs.rmdir`.)
///
/// # Errors
/// [`JobError::Failed`](crate::JobError::Failed) with an [`FsError`]: there is something in it, …
///
/// # Examples
/// ```
/// use roundsman::fs;
///
/// let gone = fs::remove_dir("releases");
/// # drop(gone);
/// ```
pub fn remove_dir(path: impl Into<PathBuf>) -> Job<(), FsError> {
    at("fs::remove_dir", "removing", path, names::remove_dir)
}

/// Removes a directory with everything in it. Links in it are removed, not what they lead to. (Rust:
/// `std::fs::remove_dir_all`; Node: `fs.rm` with `recursive`.)
///
/// It is one job, however much there is: it holds its thread as long.
///
/// # Errors
/// [`JobError::Failed`](crate::JobError::Failed) with an [`FsError`] about `path`: it is not there, something in it may not be
/// removed, … What was removed by then is gone.
///
/// # Examples
/// ```
/// use roundsman::fs;
///
/// let gone = fs::remove_dir_all("releases/16");
/// # drop(gone);
/// ```
pub fn remove_dir_all(path: impl Into<PathBuf>) -> Job<(), FsError> {
    at("fs::remove_dir_all", "removing", path, names::remove_dir_all)
}

/// What is in a directory, one entry after another, in no order. (Rust: `std::fs::read_dir`; Node: `fs.opendir`,
/// `fs.readdir`.) Of what is in the directories in it, too, tells [`walk`].
///
/// - Demand: as [`Walk::source`](super::Walk::source): jobs look for at most 256 entries each, so a directory of any size
///   takes little memory.
/// - Failure: an [`FsError`]; that it is no directory, or not there, shows as the pipeline starts.
/// - Cancel: the directory is closed, after the job that has it.
///
/// What comes and goes meanwhile may come or not.
///
/// # Examples
/// ```
/// use roundsman::fs;
/// use roundsman::prelude::*;
/// use roundsman::stream::{PipeError, count};
///
/// struct Lister;
///
/// impl Actor for Lister {
///     type Message = Result<u64, PipeError>;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         let sources = fs::read_dir("src").filter(|entry| entry.file_type().is_file());
///         sources.pipe(count()).start(ctx, |count| count);
///         Ok(())
///     }
///
///     fn receive(&mut self, count: Self::Message, ctx: &mut Context<Self>) -> Outcome {
///         assert!(count? > 2);
///         ctx.stop();
///         Ok(())
///     }
/// }
///
/// Runtime::builder().loops(1).build()?.run(|| Lister)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read_dir(path: impl Into<PathBuf>) -> Source<Entry> {
    let found = walk(path).max_depth(1).source();
    found.try_map(inside).filter_map(|entry| entry)
}

/// What is in the directory: not the directory itself, which comes first.
fn inside(found: Result<Entry, FsError>) -> Result<Option<Entry>, FsError> {
    let entry = found?;
    if entry.depth() > 0 {
        return Ok(Some(entry));
    }
    if !entry.file_type().is_dir() {
        let error = io::ErrorKind::NotADirectory.into();
        return Err(FsError::new("listing", entry.into_path(), error));
    }
    Ok(None)
}
