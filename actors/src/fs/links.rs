//! Jobs about links: other names of a file, and files that say where another is.

use std::path::PathBuf;

use roundsman_runtime::Job;

use super::call::{at, between};
use super::{FsError, names};

/// Makes a symbolic link at `link` that leads to `target`, which is taken as it is: relative, it is seen from the directory
/// of the link, and it need not be there. (POSIX: `symlink`; Node: `fs.symlink`.)
///
/// On Windows it is a link to a directory if there is one at the target, else to a file, and needs a privilege.
///
/// # Errors
/// [`JobError::Failed`](crate::JobError::Failed) with an [`FsError`] that names both: something is at `link` already, …
///
/// # Examples
/// ```
/// use roundsman::fs;
///
/// let made = fs::symlink("releases/17", "current");
/// # drop(made);
/// ```
pub fn symlink(target: impl Into<PathBuf>, link: impl Into<PathBuf>) -> Job<(), FsError> {
    between("fs::symlink", "linking", target, link, names::symlink)
}

/// Gives a file a second name, in the same file system: it is gone once both are. (Rust: `std::fs::hard_link`; Node:
/// `fs.link`.)
///
/// # Errors
/// [`JobError::Failed`](crate::JobError::Failed) with an [`FsError`] that names both: something is at `link` already,
/// `original` is a directory, …
///
/// # Examples
/// ```
/// use roundsman::fs;
///
/// let made = fs::hard_link("log", "log.kept");
/// # drop(made);
/// ```
pub fn hard_link(original: impl Into<PathBuf>, link: impl Into<PathBuf>) -> Job<(), FsError> {
    between("fs::hard_link", "linking", original, link, names::hard_link)
}

/// Where a symbolic link says that it leads to. (Rust: `std::fs::read_link`; Node: `fs.readlink`.)
///
/// # Errors
/// [`JobError::Failed`](crate::JobError::Failed) with an [`FsError`]: it is no link, …
///
/// # Examples
/// ```
/// use roundsman::fs;
///
/// let leads_to = fs::read_link("current");
/// # drop(leads_to);
/// ```
pub fn read_link(path: impl Into<PathBuf>) -> Job<PathBuf, FsError> {
    at("fs::read_link", "reading the link", path, names::read_link)
}
