//! The way through a tree of directories, depth first, as the pool goes it.
//!
//! Owned by a walk's feed and lent to its jobs. It keeps one open directory for each level of where it is.

use std::ffi::OsString;
use std::fs::{DirEntry, FileType, ReadDir};
use std::io;
use std::path::{Path, PathBuf};
use std::vec;

use super::FsError;
use super::names::{self, Listing};
use super::os::Identity;
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
    /// Of a simulated disk.
    Named(vec::IntoIter<OsString>),
}

impl Level {
    /// The next entry, and what it is, where that is known.
    fn next(&mut self) -> Option<io::Result<(PathBuf, Option<FileType>)>> {
        let entry = match &mut self.rest {
            Rest::Open(directory) => directory.next()?,
            Rest::Sorted(entries) => entries.next()?,
            Rest::Named(names) => return Some(Ok((self.path.join(names.next()?), None))),
        };
        Some(entry.map(|entry| (entry.path(), entry.file_type().ok())))
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
            match level.next() {
                Some(Ok((path, known))) => return Some(self.visit(path, depth, known)),
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
                names::metadata(&path).map_err(looking)?.file_type()
            }
            _ => names::symlink_metadata(&path).map_err(looking)?.file_type(),
        };
        if file_type.is_dir() && depth < self.max_depth {
            self.failed = self.enter(&path).err();
        }
        Ok(Entry { path, file_type, depth })
    }

    fn enter(&mut self, path: &Path) -> Result<(), FsError> {
        let identity = if self.follow_links { Some(self.unless_loop(path)?) } else { None };
        let entering = |error| FsError::new("entering", path, error);
        let rest = self.entries(path).map_err(entering)?;
        self.open.push(Level { path: path.to_owned(), rest, identity });
        Ok(())
    }

    fn entries(&self, path: &Path) -> io::Result<Rest> {
        let directory = match names::read_dir(path)? {
            Listing::ByOs(directory) => directory,
            Listing::OnDisk(names) => return Ok(Rest::Named(names.into_iter())),
        };
        if !self.sorted {
            return Ok(Rest::Open(directory));
        }
        let mut entries: Vec<_> = directory.collect();
        // Errors first; they have no names.
        entries.sort_by_cached_key(|entry| entry.as_ref().ok().map(DirEntry::file_name));
        Ok(Rest::Sorted(entries.into_iter()))
    }

    /// Who the directory is, if it is none of those that it stands in.
    fn unless_loop(&self, path: &Path) -> Result<Identity, FsError> {
        let metadata = names::metadata(path);
        let identity = metadata.and_then(|metadata| names::identity(path, &metadata));
        let identity = identity.map_err(|error| FsError::new("looking at", path, error))?;
        let same = self.open.iter().find(|level| level.identity.as_ref() == Some(&identity));
        if let Some(level) = same {
            let text = format!("the link leads back to {}", level.path.display());
            return Err(FsError::new("following", path, io::Error::other(text)));
        }
        Ok(identity)
    }
}
