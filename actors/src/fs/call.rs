//! One call of the OS about a path, as a job: what all jobs about paths have in common.
//!
//! Used by the files that offer them. It chooses no names and no errors.

use std::io;
use std::path::{Path, PathBuf};

use roundsman_runtime::{Job, Lane, try_job};

use super::FsError;

/// A job that calls the OS about one path. `operation` is what an error says was tried.
pub(crate) fn at<T: Send + 'static>(
    name: &'static str,
    operation: &'static str,
    path: impl Into<PathBuf>,
    call: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
) -> Job<T, FsError> {
    let path = path.into();
    let job = try_job(Lane::Fs, move || {
        call(&path).map_err(|error| FsError::new(operation, path, error))
    });
    job.named(name)
}

/// The same about two paths.
pub(crate) fn between<T: Send + 'static>(
    name: &'static str,
    operation: &'static str,
    from: impl Into<PathBuf>,
    to: impl Into<PathBuf>,
    call: impl FnOnce(&Path, &Path) -> io::Result<T> + Send + 'static,
) -> Job<T, FsError> {
    let (from, to) = (from.into(), to.into());
    let job = try_job(Lane::Fs, move || {
        call(&from, &to).map_err(|error| FsError::new(operation, from, error).to(to))
    });
    job.named(name)
}
