//! What a simulated disk does with paths: each operation is done to a directory of the OS that stands for the disk, and noted
//! in the [tree](super::tree) that knows what outlives a crash.
//!
//! Called by [`names`](super::super::names), on the pool's side. A path of the host is walked in the tree, links and all, so
//! what the OS is given leads nowhere else. So the OS says what is refused, and files and what is known of them are its own.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use roundsman_runtime::Simulation;

use super::content::Content;
use super::faults::{DiskFaults, below, strikes};
use super::seat::{Seat, date};
use super::stowed::Stowed;
use super::tree::{Body, Directory, NodeId, Place, ROOT, Tree};
use super::{Follow, os};
use crate::fs::open::OpenOptions;
use crate::fs::os as system;

/// How often another name is tried, if somebody has the first.
const ATTEMPTS: usize = 16;

/// A disk, whoever has it.
#[derive(Debug)]
pub(crate) struct Volume {
    /// It goes with the disk. In it is one directory, which is another after each crash.
    home: tempfile::TempDir,
    state: Mutex<State>,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) tree: Tree,
    /// So many crashes there were. What was opened before the last one is no longer there.
    pub(super) crashes: u64,
    pub(super) capacity: u64,
    pub(super) faults: DiskFaults,
    /// Names that were given.
    given: u64,
}

impl Volume {
    /// An empty one.
    ///
    /// # Errors
    /// The OS gives no directory for it.
    pub(super) fn new(capacity: u64) -> io::Result<Self> {
        let faults = DiskFaults::default();
        let state = State { tree: Tree::new(), crashes: 0, capacity, faults, given: 0 };
        let volume = Self { home: tempfile::tempdir()?, state: Mutex::new(state) };
        fs::create_dir(volume.root(0))?;
        Ok(volume)
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing of the user's runs under it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn root(&self, crashes: u64) -> PathBuf {
        self.home.path().join(crashes.to_string())
    }

    /// Where the OS has it.
    fn kept(&self, state: &State, place: &Place) -> PathBuf {
        self.root(state.crashes).join(&place.path)
    }

    /// Where a path leads, and where the OS has that.
    fn find(&self, state: &State, path: &Path, follow: Follow) -> io::Result<(Place, PathBuf)> {
        let place = state.tree.find(path, follow)?;
        let kept = self.kept(state, &place);
        Ok((place, kept))
    }

    /// The same of something that is to be removed or renamed itself.
    fn find_name(&self, state: &State, path: &Path) -> io::Result<(Place, PathBuf)> {
        let found = self.find(state, path, Follow::NoLink)?;
        if found.0.name.is_empty() { Err(os::busy()) } else { Ok(found) }
    }

    // What changes nothing.

    /// Where the OS has what is at a path.
    pub(crate) fn place_of(&self, path: &Path, follow: Follow) -> io::Result<PathBuf> {
        Ok(self.find(&self.lock(), path, follow)?.1)
    }

    pub(crate) fn canonicalize(&self, path: &Path) -> io::Result<PathBuf> {
        let place = self.lock().tree.find(path, Follow::Links)?;
        if place.node.is_none() {
            Err(os::not_found())
        } else {
            Ok(Path::new("/").join(place.path))
        }
    }

    /// The names in a directory, in order.
    pub(crate) fn list(&self, path: &Path) -> io::Result<Vec<OsString>> {
        let state = self.lock();
        let (place, kept) = self.find(&state, path, Follow::Links)?;
        // Whether it may be read, the OS knows.
        drop(fs::read_dir(kept)?);
        let node = place.node.ok_or_else(os::not_found)?;
        Ok(state.tree.directory(node)?.seen.keys().cloned().collect())
    }

    /// A number that is another each time; from the seed, in a simulation.
    pub(crate) fn unused(&self) -> u64 {
        let mut state = self.lock();
        state.given += 1;
        Simulation::current().map_or(state.given, |simulation| simulation.seed())
    }

    // What changes names.

    pub(crate) fn open(
        self: &Arc<Self>,
        options: &OpenOptions,
        path: &Path,
    ) -> io::Result<(File, Seat)> {
        let follow = if options.create_new { Follow::NoLink } else { Follow::Links };
        let mut state = self.lock();
        let (place, kept) = self.find(&state, path, follow)?;
        let file = system::open_at_once(&options.of_std(), &kept)?;
        let node = match place.node {
            Some(node) => node,
            None => {
                let node = state.tree.create(&place, Body::File(Content::default()));
                if options.mode.is_some() {
                    state.tree.allow(node, file.metadata()?.permissions());
                }
                node
            }
        };
        if options.truncate {
            state.set_len(node, 0);
        }
        state.tree.opened(node);
        let seat = Seat::new(Arc::clone(self), node, state.crashes, options.append);
        drop(state);
        if place.node.is_none() || options.truncate {
            date(&file);
        }
        Ok((file, seat))
    }

    pub(crate) fn set_permissions(&self, path: &Path, permissions: Permissions) -> io::Result<()> {
        let mut state = self.lock();
        let (place, kept) = self.find(&state, path, Follow::Links)?;
        fs::set_permissions(kept, permissions.clone())?;
        if let Some(node) = place.node {
            state.tree.allow(node, permissions);
        }
        Ok(())
    }

    pub(crate) fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.lock();
        let (from, kept) = self.find_name(&state, from)?;
        let (to, new) = self.find_name(&state, to)?;
        if strikes(state.faults.eio_per_million) {
            return Err(os::broken());
        }
        fs::rename(kept, new)?;
        // Of two names of one file both stay, as POSIX has it.
        if let Some(node) = from.node.filter(|_| from.node != to.node) {
            let moves = from.directory != to.directory && state.tree.is_directory(node);
            state.tree.change(vec![to.leads_to(Some(node)), from.leads_to(None)], moves);
        }
        Ok(())
    }

    pub(crate) fn remove_file(&self, path: &Path) -> io::Result<()> {
        let mut state = self.lock();
        let (place, kept) = self.find_name(&state, path)?;
        fs::remove_file(kept)?;
        state.tree.change(vec![place.leads_to(None)], false);
        Ok(())
    }

    pub(crate) fn create_dir(&self, path: &Path) -> io::Result<()> {
        let mut state = self.lock();
        let (place, kept) = self.find(&state, path, Follow::NoLink)?;
        fs::create_dir(kept)?;
        state.tree.create(&place, Body::Directory(Directory::default()));
        Ok(())
    }

    pub(crate) fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        let mut way = PathBuf::new();
        for part in path.components() {
            way.push(part);
            match self.create_dir(&way) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    if !self.place_of(&way, Follow::Links)?.is_dir() {
                        return Err(error);
                    }
                }
                made => made?,
            }
        }
        Ok(())
    }

    pub(crate) fn remove_dir(&self, path: &Path) -> io::Result<()> {
        let mut state = self.lock();
        let (place, kept) = self.find_name(&state, path)?;
        fs::remove_dir(kept)?;
        state.tree.change(vec![place.leads_to(None)], false);
        Ok(())
    }

    /// One after another, as the standard library does.
    pub(crate) fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        let (_, kept) = self.find_name(&self.lock(), path)?;
        let found = fs::symlink_metadata(kept)?;
        if found.is_symlink() {
            return self.remove_file(path);
        }
        if !found.is_dir() {
            return Err(os::not_a_directory());
        }
        let mut ahead = vec![(path.to_owned(), false)];
        while let Some((path, is_empty)) = ahead.pop() {
            if is_empty {
                self.remove_dir(&path)?;
            } else if self.place_of(&path, Follow::NoLink)?.symlink_metadata()?.is_dir() {
                let inside: Vec<_> = self.list(&path)?.iter().map(|name| path.join(name)).collect();
                ahead.push((path, true));
                ahead.extend(inside.into_iter().map(|path| (path, false)));
            } else {
                self.remove_file(&path)?;
            }
        }
        Ok(())
    }

    pub(crate) fn symlink(&self, target: &Path, link: &Path) -> io::Result<()> {
        let mut state = self.lock();
        let (place, kept) = self.find(&state, link, Follow::NoLink)?;
        // As it was said: where it leads is found in the tree.
        system::symlink(target, &kept)?;
        state.tree.create(&place, Body::Link(target.to_owned()));
        Ok(())
    }

    pub(crate) fn hard_link(&self, original: &Path, link: &Path) -> io::Result<()> {
        let mut state = self.lock();
        let (original, kept) = self.find(&state, original, Follow::NoLink)?;
        let (link, new) = self.find(&state, link, Follow::NoLink)?;
        fs::hard_link(kept, new)?;
        state.tree.change(vec![link.leads_to(original.node)], false);
        Ok(())
    }

    pub(crate) fn sync_directory(&self, path: &Path) -> io::Result<()> {
        let mut state = self.lock();
        let (place, kept) = self.find(&state, path, Follow::Links)?;
        drop(fs::read_dir(kept)?);
        match place.node {
            Some(node) => state.sync(node),
            None => Err(os::not_found()),
        }
    }

    // What is temporary.

    pub(crate) fn temp_file(self: &Arc<Self>, dir: &Path) -> io::Result<((File, Seat), Stowed)> {
        let options = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600);
        let (opened, path) = self.at_unused(dir, |path| self.open(&options, path))?;
        Ok((opened, Stowed::file(Arc::clone(self), path)))
    }

    pub(crate) fn temp_dir(self: &Arc<Self>, dir: &Path) -> io::Result<Stowed> {
        let ((), path) = self.at_unused(dir, |path| self.create_dir(path))?;
        if let Some(private) = system::private() {
            self.set_permissions(&path, private)?;
        }
        Ok(Stowed::directory(Arc::clone(self), path))
    }

    fn at_unused<T>(
        &self,
        dir: &Path,
        make: impl Fn(&Path) -> io::Result<T>,
    ) -> io::Result<(T, PathBuf)> {
        let mut attempts = 0;
        loop {
            let path = dir.join(format!(".tmp{:08x}", self.unused() as u32));
            attempts += 1;
            match make(&path) {
                Err(error)
                    if error.kind() == io::ErrorKind::AlreadyExists && attempts < ATTEMPTS => {}
                made => return Ok((made?, path)),
            }
        }
    }

    // What a test does.

    /// Puts a file there that no crash takes, nor the directories on the way.
    pub(super) fn settle(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            self.settle_dir(parent)?;
        }
        let mut state = self.lock();
        let (place, kept) = self.find(&state, path, Follow::Links)?;
        fs::write(kept, bytes)?;
        let node = match place.node {
            Some(node) => node,
            None => state.tree.create(&place, Body::File(Content::default())),
        };
        if let Some(content) = state.tree.content(node) {
            let before = std::mem::replace(content, Content::settled(bytes)).len;
            state.tree.grew(before, bytes.len() as u64);
        }
        state.tree.sync(place.directory);
        Ok(())
    }

    pub(super) fn settle_dir(&self, path: &Path) -> io::Result<()> {
        self.create_dir_all(path)?;
        let mut state = self.lock();
        for part in path.ancestors().filter(|part| !part.as_os_str().is_empty()) {
            let place = state.tree.find(part, Follow::Links)?;
            state.tree.sync(place.directory);
        }
        Ok(())
    }

    /// Loses what a crash takes, as drawn, and has the OS keep what is left.
    pub(super) fn crash(&self, below: &dyn Fn(usize) -> usize) -> io::Result<()> {
        let mut state = self.lock();
        state.tree.crash(below);
        state.crashes += 1;
        let old = self.root(state.crashes - 1);
        self.rebuild(&state)?;
        // What cannot be removed goes with the disk.
        let _ = fs::remove_dir_all(old);
        Ok(())
    }

    fn rebuild(&self, state: &State) -> io::Result<()> {
        let root = self.root(state.crashes);
        fs::create_dir(&root)?;
        let mut made: BTreeMap<NodeId, PathBuf> = BTreeMap::new();
        let mut allowed = Vec::new();
        let mut ahead = vec![(ROOT, root)];
        while let Some((directory, way)) = ahead.pop() {
            for (name, &node) in &state.tree.directory(directory)?.seen {
                let kept = way.join(name);
                if let Some(first) = made.get(&node) {
                    fs::hard_link(first, kept)?;
                    continue;
                }
                let one = state.tree.node(node);
                match &one.body {
                    Body::Link(target) => system::symlink(target, &kept)?,
                    Body::File(content) => write_anew(&kept, content.safe())?,
                    Body::Directory(_) => {
                        fs::create_dir(&kept)?;
                        ahead.push((node, kept.clone()));
                    }
                }
                allowed.extend(one.permissions.clone().map(|one| (kept.clone(), one)));
                made.insert(node, kept);
            }
        }
        // Only now: who may not enter a directory cannot fill it.
        allowed.into_iter().rev().try_for_each(|(kept, one)| fs::set_permissions(kept, one))
    }
}

fn write_anew(kept: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(kept)?;
    file.write_all(bytes)?;
    date(&file);
    Ok(())
}

impl State {
    /// How much of a write at a place fits on the disk.
    ///
    /// # Errors
    /// Nothing of it does.
    pub(super) fn room(&mut self, node: NodeId, at: u64, len: usize) -> io::Result<usize> {
        let free = self.capacity.saturating_sub(self.tree.used());
        let Some(content) = self.tree.content(node) else { return Ok(len) };
        let end = at.saturating_add(len as u64);
        let most = content.len.saturating_add(free);
        if end <= content.len.max(most) {
            return Ok(len);
        }
        match most.checked_sub(at) {
            None | Some(0) => Err(os::full()),
            Some(room) => Ok(room as usize),
        }
    }

    /// This was written.
    pub(super) fn wrote(&mut self, node: NodeId, at: u64, bytes: &[u8]) {
        if let Some(content) = self.tree.content(node) {
            let before = content.len;
            content.write(at, bytes);
            let after = content.len;
            self.tree.grew(before, after);
        }
    }

    pub(super) fn set_len(&mut self, node: NodeId, len: u64) {
        if let Some(content) = self.tree.content(node)
            && content.len != len
        {
            let before = content.len;
            content.set_len(len);
            self.tree.grew(before, len);
        }
    }

    /// Makes safe what is in a file, or what has happened in a directory.
    pub(super) fn sync(&mut self, node: NodeId) -> io::Result<()> {
        let fails = strikes(self.faults.eio_per_million);
        if let Some(content) = self.tree.content(node) {
            match fails {
                false => content.sync(),
                true if below(2) == 1 => content.forget(),
                true => {}
            }
        } else if !fails {
            self.tree.sync(node);
        }
        if fails { Err(os::broken()) } else { Ok(()) }
    }
}
