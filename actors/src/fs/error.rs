//! What went wrong with a file: what was tried, with which path, and what the OS said.

use std::io;
use std::path::PathBuf;

/// What went wrong with a file: `opening data/motd.txt: No such file or directory (os error 2)`.
///
/// In a pipeline it is the cause of the [`PipeError`](crate::stream::PipeError), and its kind is
/// [`io_kind`](crate::stream::PipeError::io_kind).
#[derive(Debug, thiserror::Error)]
#[error("{operation} {}: {source}", .path.display())]
#[non_exhaustive]
pub struct FsError {
    /// What was tried: `reading`, `renaming`, …
    pub operation: &'static str,
    /// With which path.
    pub path: PathBuf,
    /// What the OS said.
    pub source: io::Error,
}

impl FsError {
    pub(crate) fn new(
        operation: &'static str,
        path: impl Into<PathBuf>,
        source: io::Error,
    ) -> Self {
        Self { operation, path: path.into(), source }
    }

    /// What kind of error the OS gave: `NotFound`, `StorageFull`, …
    #[must_use]
    pub fn kind(&self) -> io::ErrorKind {
        self.source.kind()
    }
}
