//! The way through a tree of directories, depth first, as the pool goes it.
//!
//! Owned by a walk's feed and lent to its jobs. It keeps one open directory for each level of where it is.

use std::fs::{self, DirEntry, FileType, ReadDir};
use std::io;
use std::path::{Path, PathBuf};
use std::vec;

use super::FsError;
use super::os::{self, Identity};
use super::walk::Entry;

/// Found, or why it was not.
pub(crate) type Found = Result<Entry, FsError>;

/// What is to be walked, and where the walk is.
pub(crate) struct Walker {
    pub(crate) root: Option<PathBuf>,
    pub(crate) max_depth: usize,
    pub(crate) follow_links: bool,
    pub(crate) sorted: bool,
    /// The directories from the root to where it is.
    pub(crate) open: Vec<Level>,
    /// Why the directory that came last was not entered.
    pub(crate) failed: Option<FsError>,
}

/// A directory that has been entered.
pub(crate) struct Level {
    path: PathBuf,
    rest: Rest,
    /// Asked for only if links are followed.
    identity: Option<Identity>,
}

/// What is left of a directory.
enum Rest {
    Open(ReadDir),
    Sorted(vec::IntoIter<io::Result<DirEntry>>),
}

impl Iterator for Rest {
    type Item = io::Result<DirEntry>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Open(directory) => directory.next(),
            Self::Sorted(entries) => entries.next(),
        }
    }
}

impl Walker {
    /// The next so many. Fewer say that there are no more.
    pub(crate) fn take(&mut self, most: usize) -> Vec<Found> {
        std::iter::from_fn(|| self.next()).take(most).collect()
    }

    fn next(&mut self) -> Option<Found> {
        if let Some(root) = self.root.take() {
            return Some(self.visit(root, 0, None));
        }
        if let Some(error) = self.failed.take() {
            return Some(Err(error));
        }
        loop {
            let depth = self.open.len();
            let level = self.open.last_mut()?;
            match level.rest.next() {
                Some(Ok(entry)) => {
                    let found = self.visit(entry.path(), depth, entry.file_type().ok());
                    return Some(found);
                }
                Some(Err(error)) => return Some(Err(FsError::new("reading", &level.path, error))),
                None => _ = self.open.pop(),
            }
        }
    }

    /// One that was found. A directory is entered, and comes before what is in it.
    fn visit(&mut self, path: PathBuf, depth: usize, known: Option<FileType>) -> Found {
        let looking = |error| FsError::new("looking at", &path, error);
        let file_type = match known {
            Some(known) if !(known.is_symlink() && self.follow_links) => known,
            // The root is followed if it is a link: it was named.
            _ if self.follow_links || depth == 0 => {
                fs::metadata(&path).map_err(looking)?.file_type()
            }
            _ => fs::symlink_metadata(&path).map_err(looking)?.file_type(),
        };
        if file_type.is_dir() && depth < self.max_depth {
            self.failed = self.enter(&path).err();
        }
        Ok(Entry { path, file_type, depth })
    }

    fn enter(&mut self, path: &Path) -> Result<(), FsError> {
        let identity = if self.follow_links { Some(self.unless_loop(path)?) } else { None };
        let entering = |error| FsError::new("entering", path, error);
        let directory = fs::read_dir(path).map_err(entering)?;
        let rest = if self.sorted {
            let mut entries: Vec<_> = directory.collect();
            // Errors first; they have no names.
            entries.sort_by_cached_key(|entry| entry.as_ref().ok().map(DirEntry::file_name));
            Rest::Sorted(entries.into_iter())
        } else {
            Rest::Open(directory)
        };
        self.open.push(Level { path: path.to_owned(), rest, identity });
        Ok(())
    }

    /// Who the directory is, if it is none of those that it stands in.
    fn unless_loop(&self, path: &Path) -> Result<Identity, FsError> {
        let metadata = fs::metadata(path);
        let identity = metadata.and_then(|metadata| os::identity(path, &metadata));
        let identity = identity.map_err(|error| FsError::new("looking at", path, error))?;
        let same = self.open.iter().find(|level| level.identity.as_ref() == Some(&identity));
        if let Some(level) = same {
            let text = format!("the link leads back to {}", level.path.display());
            return Err(FsError::new("following", path, io::Error::other(text)));
        }
        Ok(identity)
    }
}
