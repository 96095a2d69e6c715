//! A file copied, by the file system itself where that can.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use roundsman_runtime::Job;

use super::call::between;
use super::open::OpenOptions as Opening;
use super::{FsError, names, os};
use crate::kernel;

/// Bytes that are copied at a time, where this file does it.
const PIECE: usize = 64 * 1024;

/// Copies a file with its permissions, over one that is there; answers how many bytes it has. (Rust: `std::fs::copy`;
/// Node: `fs.copyFile`.)
///
/// Where the file system can, the copy shares the original's blocks until one of them is written to, and takes no time and
/// no space (Linux: `FICLONE`, on Btrfs, XFS and others; macOS: `fclonefileat`). Else the kernel copies (Linux:
/// `copy_file_range`). Copied onto itself, it stays as it is. It is one job, however long the file: a stream, [`reader`](super::reader()) into
/// [`writer`](super::writer()), can be cancelled and tells how far it is.
///
/// # Errors
/// [`JobError::Failed`](crate::JobError::Failed) with an [`FsError`] that names both paths: `from` is not there, or is no file
/// (`InvalidInput`: a directory, a FIFO); the disk is full, … A copy that fails may leave a part.
///
/// # Examples
/// ```
/// use roundsman::prelude::*;
/// use roundsman::{JobError, fs};
///
/// struct Copier(std::path::PathBuf);
///
/// impl Actor for Copier {
///     type Message = Result<u64, JobError<fs::FsError>>;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         ctx.start(fs::copy("Cargo.toml", &self.0), |copied| copied);
///         Ok(())
///     }
///
///     fn receive(&mut self, copied: Self::Message, _: &mut Context<Self>) -> Outcome {
///         assert_eq!(copied?, std::fs::metadata("Cargo.toml")?.len());
///         assert_eq!(std::fs::read(&self.0)?, std::fs::read("Cargo.toml")?);
///         Ok(())
///     }
/// }
///
/// let path = std::env::temp_dir().join(format!("manifest-{}", std::process::id()));
/// let to = path.clone();
/// Runtime::builder().loops(1).build()?.run(|| Copier(to))?;
/// std::fs::remove_file(path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn copy(from: impl Into<PathBuf>, to: impl Into<PathBuf>) -> Job<u64, FsError> {
    between("fs::copy", "copying", from, to, |from, to| {
        let metadata = names::metadata(from)?;
        if !metadata.is_file() {
            let text = "only files are copied: it is a directory, a FIFO or a device";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        if names::metadata(to).is_ok_and(|metadata| os::is_fifo(&metadata)) {
            // To open it would be to wait for whoever reads.
            let text = "a FIFO takes no copy: write to it with `fs::writer`";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        if is_same(from, &metadata, to) {
            // To truncate the copy would be to lose it.
            return Ok(metadata.len());
        }
        if names::are_simulated() {
            return copy_bytes(from, to, &metadata);
        }
        if let Some(bytes) = share_blocks(from, to, &metadata)? {
            return Ok(bytes);
        }
        fs::copy(from, to)
    })
}

/// Whether both paths lead to one file.
fn is_same(from: &Path, metadata: &Metadata, to: &Path) -> bool {
    let other = names::metadata(to).and_then(|metadata| names::identity(to, &metadata));
    match (names::identity(from, metadata), other) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

/// A copy made here, byte by byte, for a disk that no kernel knows.
fn copy_bytes(from: &Path, to: &Path, metadata: &Metadata) -> io::Result<u64> {
    let original = names::open(&Opening::new().read(true), from)?;
    let copy = names::open(&Opening::new().write(true).create(true).truncate(true), to)?;
    copy.set_permissions(metadata.permissions())?;
    let (mut piece, mut bytes) = (Vec::with_capacity(PIECE), 0);
    while original.read(&mut piece)? > 0 {
        (&copy).write_all(&piece)?;
        bytes += piece.len() as u64;
        piece.clear();
    }
    Ok(bytes)
}

/// A copy that has the blocks of the original. `None`: the file system does not do that, and nothing is lost.
fn share_blocks(from: &Path, to: &Path, metadata: &Metadata) -> io::Result<Option<u64>> {
    if !kernel::MOVES || metadata.len() == 0 {
        return Ok(None);
    }
    let Ok(original) = File::open(from) else { return Ok(None) };
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    os::set_mode(&mut options, 0o600);
    let Ok(copy) = os::open_at_once(&options, to) else { return Ok(None) };
    if !copy.metadata()?.is_file() || kernel::share_blocks(&copy, &original).is_err() {
        return Ok(None);
    }
    // What was longer there keeps its end.
    copy.set_len(metadata.len())?;
    copy.set_permissions(metadata.permissions())?;
    Ok(Some(metadata.len()))
}
