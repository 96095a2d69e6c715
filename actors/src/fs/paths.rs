//! Jobs about what a path leads to: whether it is there, what is known of it, where it stands; and taking it away.
//!
//! Each is one call of the OS. Directories are made and removed in `dirs.rs`, links in `links.rs`.

use std::fs::{FileTimes, Metadata, Permissions};
use std::path::PathBuf;

use roundsman_runtime::Job;

use super::call::{at, between};
use super::open::OpenOptions;
use super::{FsError, names};

/// What is known of the file at `path`; of the one that it leads to, if it is a link. (Rust: `std::fs::metadata`; Node:
/// `fs.stat`.)
///
/// # Errors
/// [`JobError::Failed`](crate::JobError::Failed) with an [`FsError`]: there is no such file, …
///
/// # Examples
/// ```
/// use roundsman::prelude::*;
/// use roundsman::{JobError, fs};
///
/// struct Sizer;
///
/// impl Actor for Sizer {
///     type Message = Result<std::fs::Metadata, JobError<fs::FsError>>;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         ctx.start(fs::metadata("Cargo.toml"), |found| found);
///         Ok(())
///     }
///
///     fn receive(&mut self, found: Self::Message, _: &mut Context<Self>) -> Outcome {
///         assert!(found?.len() > 100);
///         Ok(())
///     }
/// }
///
/// Runtime::builder().loops(1).build()?.run(|| Sizer)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn metadata(path: impl Into<PathBuf>) -> Job<Metadata, FsError> {
    at("fs::metadata", "looking at", path, names::metadata)
}

/// What is known of the file at `path`, and of a link itself if it is one. (Rust: `std::fs::symlink_metadata`; Node:
/// `fs.lstat`.)
///
/// # Errors
/// As [`metadata`].
///
/// # Examples
/// ```
/// use roundsman::fs;
///
/// let found = fs::symlink_metadata("current");
/// # drop(found);
/// ```
pub fn symlink_metadata(path: impl Into<PathBuf>) -> Job<Metadata, FsError> {
    at("fs::symlink_metadata", "looking at", path, names::symlink_metadata)
}

/// Whether anything is at `path`; false for a link that leads nowhere. That it cannot be known is an error. (Rust:
/// `std::fs::exists`; Node: `fs.access`.)
///
/// Whatever it says may no longer be so when it arrives: to create a file only if there is none, say so as it is opened
/// ([`OpenOptions::create_new`](super::OpenOptions::create_new)).
///
/// # Errors
/// [`JobError::Failed`](crate::JobError::Failed) with an [`FsError`]: a directory on the way may not be searched, …
///
/// # Examples
/// ```
/// use roundsman::fs;
///
/// let there = fs::exists("motd.txt");
/// # drop(there);
/// ```
pub fn exists(path: impl Into<PathBuf>) -> Job<bool, FsError> {
    at("fs::exists", "looking for", path, names::exists)
}

/// The path from the root, without links, `.` and `..`. (Rust: `std::fs::canonicalize`; Node: `fs.realpath`.)
///
/// # Errors
/// [`JobError::Failed`](crate::JobError::Failed) with an [`FsError`]: it leads nowhere, …
///
/// # Examples
/// ```
/// use roundsman::fs;
///
/// let real = fs::canonicalize("../current");
/// # drop(real);
/// ```
pub fn canonicalize(path: impl Into<PathBuf>) -> Job<PathBuf, FsError> {
    at("fs::canonicalize", "resolving", path, names::canonicalize)
}

/// Gives a file or a directory another name, in the same file system. A file that has the name is replaced at one stroke:
/// whoever opens it gets the old one or the new. (Rust: `std::fs::rename`; Node: `fs.rename`.)
///
/// # Errors
/// [`JobError::Failed`](crate::JobError::Failed) with an [`FsError`] that names both paths: `CrossesDevices`, and nothing
/// has changed: [`copy`](super::copy()) and [`remove_file`] it; `from` is not there, `to` is a directory with something in it, …
///
/// # Examples
/// ```
/// use roundsman::fs;
///
/// let moved = fs::rename("log", "log.1");
/// # drop(moved);
/// ```
pub fn rename(from: impl Into<PathBuf>, to: impl Into<PathBuf>) -> Job<(), FsError> {
    between("fs::rename", "renaming", from, to, names::rename)
}

/// Removes a file, or a link, but no directory. Who has it open keeps it; on Windows, it is then an error. (Rust:
/// `std::fs::remove_file`; Node: `fs.unlink`.)
///
/// # Errors
/// [`JobError::Failed`](crate::JobError::Failed) with an [`FsError`]: it is not there, it is a directory, …
///
/// # Examples
/// ```
/// use roundsman::fs;
///
/// let gone = fs::remove_file("motd.txt");
/// # drop(gone);
/// ```
pub fn remove_file(path: impl Into<PathBuf>) -> Job<(), FsError> {
    at("fs::remove_file", "removing", path, names::remove_file)
}

/// Makes a file as long as this: cuts off what is behind, or adds zeros. It must be there. (POSIX: `truncate`; Node:
/// `fs.truncate`.)
///
/// # Errors
/// [`JobError::Failed`](crate::JobError::Failed) with an [`FsError`]: it is not there, it is a directory, the disk is full, …
///
/// # Examples
/// ```
/// use roundsman::fs;
///
/// let emptied = fs::truncate("log", 0);
/// # drop(emptied);
/// ```
pub fn truncate(path: impl Into<PathBuf>, len: u64) -> Job<(), FsError> {
    at("fs::truncate", "truncating", path, move |path| {
        names::open_at_once(&OpenOptions::new().write(true), path)?.set_len(len)
    })
}

/// Says who may do what with the file; with the one that it leads to, if it is a link. (Rust:
/// `std::fs::set_permissions`; Node: `fs.chmod`.)
///
/// # Errors
/// [`JobError::Failed`](crate::JobError::Failed) with an [`FsError`]: it is somebody else's, …
///
/// # Examples
/// ```
/// # #[cfg(unix)] {
/// use std::fs::Permissions;
/// use std::os::unix::fs::PermissionsExt;
/// use roundsman::fs;
///
/// let private = fs::set_permissions("id_ed25519", Permissions::from_mode(0o600));
/// # drop(private);
/// # }
/// ```
pub fn set_permissions(path: impl Into<PathBuf>, permissions: Permissions) -> Job<(), FsError> {
    at("fs::set_permissions", "setting the permissions of", path, |path| {
        names::set_permissions(path, permissions)
    })
}

/// Says when a file was last read and written. It must be possible to open it for that: on Unix to read it, else to write
/// to it. (Rust: `std::fs::File::set_times`; Node: `fs.utimes`.)
///
/// # Errors
/// [`JobError::Failed`](crate::JobError::Failed) with an [`FsError`]: it is somebody else's, …
///
/// # Examples
/// ```
/// use std::fs::FileTimes;
/// use std::time::SystemTime;
/// use roundsman::fs;
///
/// let old = fs::set_times("log", FileTimes::new().set_modified(SystemTime::UNIX_EPOCH));
/// # drop(old);
/// ```
pub fn set_times(path: impl Into<PathBuf>, times: FileTimes) -> Job<(), FsError> {
    at("fs::set_times", "setting the times of", path, move |path| names::set_times(path, times))
}
