//! What went wrong with a file: what was tried, with which path, and what the OS said.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// What went wrong with a file: `opening data/motd.txt: No such file or directory (os error 2)`.
///
/// In a pipeline it is the cause of the [`PipeError`](crate::stream::PipeError), and its kind is
/// [`io_kind`](crate::stream::PipeError::io_kind).
///
/// What was tried with two paths says both: `renaming old to new: …`.
#[derive(Debug, thiserror::Error)]
#[error("{operation} {}{}: {source}", .path.display(), Target(.to.as_deref()))]
#[non_exhaustive]
pub struct FsError {
    /// What was tried: `reading`, `renaming`, …
    pub operation: &'static str,
    /// With which path.
    pub path: PathBuf,
    /// And with which other: where it was to be renamed, copied or linked to.
    pub to: Option<PathBuf>,
    /// What the OS said.
    pub source: io::Error,
}

impl FsError {
    pub(crate) fn new(
        operation: &'static str,
        path: impl Into<PathBuf>,
        source: io::Error,
    ) -> Self {
        Self { operation, path: path.into(), to: None, source }
    }

    /// It was about another path, too.
    pub(crate) fn to(mut self, path: impl Into<PathBuf>) -> Self {
        self.to = Some(path.into());
        self
    }

    /// What kind of error the OS gave: `NotFound`, `StorageFull`, …
    #[must_use]
    pub fn kind(&self) -> io::ErrorKind {
        self.source.kind()
    }
}

/// The second path of a message, if there is one.
struct Target<'a>(Option<&'a Path>);

impl fmt::Display for Target<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |path| write!(f, " to {}", path.display()))
    }
}
