//! The names on a simulated disk: as programs see them, and as a crash leaves them.
//!
//! Pure but for the [permissions](Node::permissions) that it keeps: it is told what has happened, walks paths, and draws by a
//! function that is passed in. What the OS has to say of an operation is asked in [`volume`](super::volume).
//!
//! # What outlives a crash
//! What happens in directories is kept as a log of [`Change`]s until a sync of one of the directories. A sync takes to the
//! disk what has happened in this directory, and what must have happened before that elsewhere. A crash loses some of the rest,
//! but in each directory only the last so many changes, never one of a rename's two halves, and a directory that has moved
//! survives only with everything that happened before it: between the strict model of POSIX, where a rename may be parted,
//! and ext4's, where nothing is lost but the end of the one log.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ffi::OsString;
use std::fs::Permissions;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::content::Content;
use super::{Follow, os};

/// The root directory.
pub(super) const ROOT: NodeId = NodeId(0);
/// So many links a path may lead through.
const LINKS_MAX: usize = 40;
/// So many changes may wait for a sync; then the oldest reaches the disk by itself.
const LOG_MAX: usize = 1024;
/// With so many more nodes than the last time it is looked which of them nobody needs.
const SWEEP_EVERY: usize = 256;

/// A file, a directory or a link, whatever it is called. None is ever another's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct NodeId(u64);

/// All names, and what they lead to.
#[derive(Debug)]
pub(super) struct Tree {
    nodes: BTreeMap<NodeId, Node>,
    made: u64,
    log: VecDeque<Change>,
    /// Bytes in files that are there, or still open.
    used: u64,
    sweep_at: usize,
}

#[derive(Debug)]
pub(super) struct Node {
    pub(super) body: Body,
    /// Names that lead to it.
    links: usize,
    /// How often it is open.
    open: usize,
    /// Who may do what, if that was ever said.
    pub(super) permissions: Option<Permissions>,
}

#[derive(Debug)]
pub(super) enum Body {
    File(Content),
    Directory(Directory),
    Link(PathBuf),
}

/// What is in a directory, in an order that is the same in every run.
#[derive(Debug, Default)]
pub(super) struct Directory {
    /// As programs see it.
    pub(super) seen: BTreeMap<OsString, NodeId>,
    /// What no crash takes.
    pub(super) safe: BTreeMap<OsString, NodeId>,
}

/// Something that happens to names at one stroke.
#[derive(Debug)]
struct Change {
    entries: Vec<Entry>,
    /// It never survives without everything before it.
    last: bool,
}

/// What a name leads to from now on.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) directory: NodeId,
    pub(super) name: OsString,
    pub(super) node: Option<NodeId>,
}

/// Where a path leads.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) directory: NodeId,
    /// Empty for the root.
    pub(super) name: OsString,
    /// What is there.
    pub(super) node: Option<NodeId>,
    /// From the root, without links.
    pub(super) path: PathBuf,
}

impl Place {
    /// The place as an entry that leads to `node` from now on.
    pub(super) fn leads_to(&self, node: Option<NodeId>) -> Entry {
        Entry { directory: self.directory, name: self.name.clone(), node }
    }
}

impl Tree {
    /// An empty root.
    pub(super) fn new() -> Self {
        let mut tree = Self {
            nodes: BTreeMap::new(),
            made: 0,
            log: VecDeque::new(),
            used: 0,
            sweep_at: SWEEP_EVERY,
        };
        let root = tree.make(Body::Directory(Directory::default()));
        debug_assert_eq!(root, ROOT, "the first one made is the root");
        tree
    }

    // What is there.

    /// Goes along a path, which begins at the root in any case. The last part need not be there.
    ///
    /// # Errors
    /// As the OS: a part on the way is not there, or no directory; there are too many links.
    pub(super) fn find(&self, path: &Path, follow: Follow) -> io::Result<Place> {
        if path.as_os_str().is_empty() {
            return Err(os::not_found());
        }
        let mut ahead = steps(path);
        let mut way: Vec<(OsString, NodeId)> = Vec::new();
        let mut links = 0;
        while let Some(step) = ahead.pop() {
            let directory = way.last().map_or(ROOT, |(_, node)| *node);
            let name = match step {
                Step::Root => {
                    way.clear();
                    continue;
                }
                Step::Up => {
                    self.directory(directory)?;
                    way.pop();
                    continue;
                }
                Step::Down(name) => name,
            };
            let is_last = ahead.is_empty();
            let Some(node) = self.directory(directory)?.seen.get(&name).copied() else {
                if !is_last {
                    return Err(os::not_found());
                }
                let path = joined(&way).join(&name);
                return Ok(Place { directory, name, node: None, path });
            };
            match &self.nodes[&node].body {
                Body::Link(target) if !is_last || matches!(follow, Follow::Links) => {
                    links += 1;
                    if links > LINKS_MAX {
                        return Err(os::too_many_links());
                    }
                    ahead.extend(steps(target));
                }
                _ => way.push((name, node)),
            }
        }
        let path = joined(&way);
        let Some((name, node)) = way.pop() else {
            return Ok(Place { directory: ROOT, name: OsString::new(), node: Some(ROOT), path });
        };
        let directory = way.last().map_or(ROOT, |(_, node)| *node);
        Ok(Place { directory, name, node: Some(node), path })
    }

    /// # Errors
    /// It is none.
    pub(super) fn directory(&self, node: NodeId) -> io::Result<&Directory> {
        match &self.nodes[&node].body {
            Body::Directory(directory) => Ok(directory),
            Body::File(_) | Body::Link(_) => Err(os::not_a_directory()),
        }
    }

    pub(super) fn is_directory(&self, node: NodeId) -> bool {
        self.directory(node).is_ok()
    }

    /// What is in a file; of anything else nothing.
    pub(super) fn content(&mut self, node: NodeId) -> Option<&mut Content> {
        match &mut self.nodes.get_mut(&node)?.body {
            Body::File(content) => Some(content),
            Body::Directory(_) | Body::Link(_) => None,
        }
    }

    pub(super) fn node(&self, node: NodeId) -> &Node {
        &self.nodes[&node]
    }

    pub(super) fn allow(&mut self, node: NodeId, permissions: Permissions) {
        if let Some(node) = self.nodes.get_mut(&node) {
            node.permissions = Some(permissions);
        }
    }

    /// Bytes in files that are there, or still open.
    pub(super) fn used(&self) -> u64 {
        self.used
    }

    /// The length of a file has changed by what was done to its content.
    pub(super) fn grew(&mut self, from: u64, to: u64) {
        self.used = self.used + to - from;
    }

    /// Somebody has opened it.
    pub(super) fn opened(&mut self, node: NodeId) {
        if let Some(node) = self.nodes.get_mut(&node) {
            node.open += 1;
        }
    }

    /// And closed it.
    pub(super) fn closed(&mut self, node: NodeId) {
        if let Some(one) = self.nodes.get_mut(&node) {
            one.open -= 1;
            self.give_room(node);
        }
    }

    // What happens.

    /// Something new, to which no name leads yet.
    pub(super) fn make(&mut self, body: Body) -> NodeId {
        let id = NodeId(self.made);
        self.made += 1;
        if let Body::File(content) = &body {
            self.used += content.len;
        }
        self.nodes.insert(id, Node { body, links: 0, open: 0, permissions: None });
        if self.nodes.len() > self.sweep_at {
            self.sweep(id);
        }
        id
    }

    /// Something new, at a place where nothing is.
    pub(super) fn create(&mut self, place: &Place, body: Body) -> NodeId {
        let node = self.make(body);
        self.change(vec![place.leads_to(Some(node))], false);
        node
    }

    /// Names lead elsewhere from now on, all of them at one stroke. `last`: it never survives without everything before it.
    pub(super) fn change(&mut self, entries: Vec<Entry>, last: bool) {
        for Entry { directory, name, node } in entries.iter().cloned() {
            if let Some(node) = node.and_then(|node| self.nodes.get_mut(&node)) {
                node.links += 1;
            }
            let Some(directory) = self.directory_mut(directory) else { continue };
            let before = match node {
                Some(node) => directory.seen.insert(name, node),
                None => directory.seen.remove(&name),
            };
            if let Some(before) = before {
                if let Some(node) = self.nodes.get_mut(&before) {
                    node.links -= 1;
                }
                self.give_room(before);
            }
        }
        self.log.push_back(Change { entries, last });
        if self.log.len() > LOG_MAX
            && let Some(oldest) = self.log.pop_front()
        {
            self.keep(oldest);
        }
    }

    fn directory_mut(&mut self, node: NodeId) -> Option<&mut Directory> {
        match &mut self.nodes.get_mut(&node)?.body {
            Body::Directory(directory) => Some(directory),
            Body::File(_) | Body::Link(_) => None,
        }
    }

    /// What nobody can reach any more takes no room.
    fn give_room(&mut self, node: NodeId) {
        let Some(node) = self.nodes.get(&node) else { return };
        if let (Body::File(content), 0, 0) = (&node.body, node.links, node.open) {
            self.used -= content.len;
        }
    }

    /// What has happened in this directory is safe from here on.
    pub(super) fn sync(&mut self, directory: NodeId) {
        let mut directories = BTreeSet::from([directory]);
        let mut all = false;
        let (mut due, mut rest) = (Vec::new(), VecDeque::new());
        // From the end: whatever is due needs what was before it in the same directories.
        while let Some(change) = self.log.pop_back() {
            let touches = |entry: &Entry| directories.contains(&entry.directory);
            if all || change.entries.iter().any(touches) {
                all |= change.last;
                directories.extend(change.entries.iter().map(|entry| entry.directory));
                due.push(change);
            } else {
                rest.push_front(change);
            }
        }
        self.log = rest;
        due.into_iter().rev().for_each(|change| self.keep(change));
    }

    fn keep(&mut self, change: Change) {
        for Entry { directory, name, node } in change.entries {
            let Some(directory) = self.directory_mut(directory) else { continue };
            match node {
                Some(node) => _ = directory.safe.insert(name, node),
                None => _ = directory.safe.remove(&name),
            }
        }
    }

    /// Forgets what nobody can reach, now or after a crash. `newest` has no name yet.
    fn sweep(&mut self, newest: NodeId) {
        let mut needed: BTreeSet<NodeId> = BTreeSet::from([newest]);
        let logged = self.log.iter().flat_map(|change| &change.entries);
        let of = |entry: &Entry| [Some(entry.directory), entry.node];
        let mut ahead: Vec<_> = logged.flat_map(of).flatten().collect();
        ahead.push(ROOT);
        ahead.extend(self.nodes.iter().filter(|(_, node)| node.open > 0).map(|(id, _)| *id));
        while let Some(node) = ahead.pop() {
            if needed.insert(node)
                && let Some(Node { body: Body::Directory(directory), .. }) = self.nodes.get(&node)
            {
                ahead.extend(directory.seen.values().chain(directory.safe.values()));
            }
        }
        self.nodes.retain(|id, _| needed.contains(id));
        self.sweep_at = self.nodes.len() * 2 + SWEEP_EVERY;
    }

    // The crash.

    /// What is left after a crash, as drawn. Nothing is open any more.
    pub(super) fn crash(&mut self, below: &dyn Fn(usize) -> usize) {
        for change in self.survivors(below) {
            self.keep(change);
        }
        let mut there: BTreeMap<NodeId, usize> = BTreeMap::from([(ROOT, 1)]);
        let mut ahead = vec![ROOT];
        while let Some(node) = ahead.pop() {
            let Some(directory) = self.directory_mut(node) else { continue };
            directory.seen = directory.safe.clone();
            for node in directory.seen.values() {
                let links = there.entry(*node).or_default();
                *links += 1;
                if *links == 1 {
                    ahead.push(*node);
                }
            }
        }
        self.nodes.retain(|id, _| there.contains_key(id));
        self.used = 0;
        for (id, node) in &mut self.nodes {
            (node.open, node.links) = (0, there[id]);
            if let Body::File(content) = &mut node.body {
                content.crash(below);
                self.used += content.len;
            }
        }
    }

    /// The changes that survive: all, none, the first so many, or some.
    fn survivors(&mut self, below: &dyn Fn(usize) -> usize) -> VecDeque<Change> {
        let mut log = std::mem::take(&mut self.log);
        if log.is_empty() {
            return log;
        }
        let mut some = false;
        match below(4) {
            0 => {}
            1 => log.clear(),
            2 => log.truncate(log.len() - below(log.len() + 1)),
            _ => some = true,
        }
        let mut lost: BTreeSet<NodeId> = BTreeSet::new();
        log.retain(|change| {
            let directories = || change.entries.iter().map(|entry| entry.directory);
            let follows = directories().any(|one| lost.contains(&one));
            let is_lost = follows || change.last && !lost.is_empty() || some && below(2) == 1;
            if is_lost {
                lost.extend(directories());
            }
            !is_lost
        });
        log
    }
}

/// A step along a path.
enum Step {
    Root,
    Up,
    Down(OsString),
}

/// The steps of a path, the last first.
fn steps(path: &Path) -> Vec<Step> {
    let step = |component: Component<'_>| match component {
        Component::Prefix(_) | Component::RootDir => Some(Step::Root),
        Component::CurDir => None,
        Component::ParentDir => Some(Step::Up),
        Component::Normal(name) => Some(Step::Down(name.to_owned())),
    };
    path.components().rev().filter_map(step).collect()
}

fn joined(way: &[(OsString, NodeId)]) -> PathBuf {
    way.iter().map(|(name, _)| name).collect()
}

#[cfg(test)]
mod tests;
