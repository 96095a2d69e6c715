//! What a watch has been told and nobody has asked for yet: where the library's thread and the loop meet.
//!
//! Filled by the watcher's thread, emptied by the [`watch_feed`](super::watch_feed). It is bounded: events of one path are
//! joined, and if there are too many, all give way to one [`Rescan`](WatchKind::Rescan). Directories that have come are
//! kept besides, for whoever looks into them. It does no I/O and wakes nobody.

use std::collections::{HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::FsError;
use super::watch::{WatchEvent, WatchKind};

/// What the OS has told.
#[derive(Debug)]
pub(crate) enum Notice {
    Created(PathBuf),
    Modified(PathBuf),
    Removed(PathBuf),
    /// It has left this name. Where it went is told right after, with the same tracker, unless nobody watches there.
    From(PathBuf, Option<usize>),
    /// It has come to this name.
    To(PathBuf, Option<usize>),
    /// Some are lost.
    Lost,
}

/// Where has to be looked, for something may have come there before it was watched.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unseen {
    /// In these directories, which have come.
    Directories(Vec<PathBuf>),
    /// Everywhere: nobody knows which directories have come.
    Everywhere,
}

/// Events that wait.
pub(crate) struct WatchQueue {
    root: PathBuf,
    limit: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    events: VecDeque<Waiting>,
    /// Paths whose last event waits and says that they are there: who takes it will look anew.
    fresh: HashSet<PathBuf>,
    /// The first half of a rename that came last has this number.
    halves: u64,
    failed: Option<FsError>,
    /// Directories that have come and have not been looked into.
    arrived: Vec<PathBuf>,
    /// There were too many of them, or the OS has lost some.
    everywhere: bool,
}

enum Waiting {
    Event(WatchEvent),
    /// The first half of a rename.
    Half {
        number: u64,
        from: PathBuf,
        tracker: Option<usize>,
    },
}

/// What comes next.
#[derive(Debug)]
pub(crate) enum Next {
    Event(WatchEvent),
    /// The first half of a rename: the second may follow at once. Else [`WatchQueue::settle`] makes it a removal.
    Half(u64),
    Failed(FsError),
    Nothing,
}

impl WatchQueue {
    /// One for what is below `root`, of at most `limit` events.
    pub(crate) fn new(root: PathBuf, limit: usize) -> Self {
        Self { root, limit, state: Mutex::default() }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Adds what the OS has told.
    pub(crate) fn push(&self, notice: Notice) {
        let mut state = self.lock();
        match notice {
            // Who takes the event that waits looks at what there is then.
            Notice::Created(path) | Notice::Modified(path) if state.fresh.contains(&path) => {}
            Notice::Created(path) => state.add_fresh(WatchKind::Created, path),
            Notice::Modified(path) => state.add_fresh(WatchKind::Modified, path),
            Notice::Removed(path) => state.remove(&path),
            Notice::From(path, tracker) => {
                state.fresh.remove(&path);
                state.halves += 1;
                let number = state.halves;
                state.events.push_back(Waiting::Half { number, from: path, tracker });
            }
            Notice::To(path, tracker) => state.arrive(path, tracker),
            Notice::Lost => return self.give_up(&mut state),
        }
        if state.events.len() > self.limit {
            self.give_up(&mut state);
        }
    }

    /// This directory has come; that was added before.
    pub(crate) fn note_directory(&self, path: PathBuf) {
        let mut state = self.lock();
        if state.arrived.len() < self.limit {
            state.arrived.push(path);
        } else {
            state.look_everywhere();
        }
    }

    /// The OS has lost some, and among them directories that have come, perhaps. All that waits is given up;
    /// [`Notice::Lost`] follows once somebody has looked.
    pub(crate) fn lose(&self) {
        let mut state = self.lock();
        state.events.clear();
        state.fresh.clear();
        state.look_everywhere();
    }

    /// Where has to be looked now.
    pub(crate) fn unseen(&self) -> Option<Unseen> {
        let mut state = self.lock();
        if std::mem::take(&mut state.everywhere) {
            return Some(Unseen::Everywhere);
        }
        let arrived = std::mem::take(&mut state.arrived);
        (!arrived.is_empty()).then_some(Unseen::Directories(arrived))
    }

    /// The watch cannot go on.
    pub(crate) fn fail(&self, error: FsError) {
        self.lock().failed.get_or_insert(error);
    }

    /// Takes the next event.
    pub(crate) fn take(&self) -> Next {
        let mut state = self.lock();
        if let Some(Waiting::Half { number, .. }) = state.events.front() {
            return Next::Half(*number);
        }
        match state.events.pop_front() {
            Some(Waiting::Event(event)) => {
                state.fresh.remove(&event.path);
                Next::Event(event)
            }
            // What has been told before comes before the failure.
            _ => state.failed.take().map_or(Next::Nothing, Next::Failed),
        }
    }

    /// The second half of this rename has not come: it went to where nobody watches.
    pub(crate) fn settle(&self, half: u64) {
        let mut state = self.lock();
        if let Some(waiting) = state.events.front_mut()
            && let Waiting::Half { number, from, .. } = waiting
            && *number == half
        {
            let event = WatchEvent::new(WatchKind::Removed, from);
            *waiting = Waiting::Event(event);
        }
    }

    /// All that waits gives way to one event that says so.
    fn give_up(&self, state: &mut State) {
        state.events.clear();
        state.fresh.clear();
        let rescan = WatchEvent::new(WatchKind::Rescan, &self.root);
        state.events.push_back(Waiting::Event(rescan));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A poisoned mutex means that a push panicked for want of memory; the queue is whole all the same.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn look_everywhere(&mut self) {
        self.arrived = Vec::new();
        self.everywhere = true;
    }

    fn add_fresh(&mut self, kind: WatchKind, path: PathBuf) {
        self.events.push_back(Waiting::Event(WatchEvent::new(kind, &path)));
        self.fresh.insert(path);
    }

    /// Some systems say twice that something is gone.
    fn remove(&mut self, path: &Path) {
        self.fresh.remove(path);
        let event = WatchEvent::new(WatchKind::Removed, path);
        let told = matches!(self.events.back(), Some(Waiting::Event(last)) if *last == event);
        if !told {
            self.events.push_back(Waiting::Event(event));
        }
    }

    /// Something has come to this name: from where it has just left, or from where nobody watches.
    fn arrive(&mut self, to: PathBuf, tracker: Option<usize>) {
        let half =
            self.events.iter_mut().rev().find(
                |waiting| matches!(waiting, Waiting::Half { tracker: of, .. } if *of == tracker),
            );
        let Some(waiting) = half else {
            if !self.fresh.contains(&to) {
                self.add_fresh(WatchKind::Created, to);
            }
            return;
        };
        if let Waiting::Half { from, .. } = waiting {
            let kind = WatchKind::Renamed { from: std::mem::take(from), to: to.clone() };
            *waiting = Waiting::Event(WatchEvent::new(kind, &to));
            self.fresh.insert(to);
        }
    }
}

#[cfg(test)]
mod tests {
    //! What comes out of a queue, for what went in.

    use super::*;

    fn queue(limit: usize) -> WatchQueue {
        WatchQueue::new("root".into(), limit)
    }

    fn event(kind: WatchKind, path: &str) -> WatchEvent {
        WatchEvent::new(kind, Path::new(path))
    }

    /// Everything that can be taken.
    fn taken(queue: &WatchQueue) -> Vec<WatchEvent> {
        let next = || match queue.take() {
            Next::Event(event) => Some(event),
            _ => None,
        };
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn what_happens_to_one_path_before_it_is_taken_is_one_event() {
        let queue = queue(10);
        queue.push(Notice::Created("a".into()));
        queue.push(Notice::Modified("a".into()));
        queue.push(Notice::Modified("b".into()));
        queue.push(Notice::Modified("a".into()));
        queue.push(Notice::Modified("b".into()));
        let expected = [event(WatchKind::Created, "a"), event(WatchKind::Modified, "b")];
        assert_eq!(taken(&queue), expected);
        queue.push(Notice::Modified("a".into()));
        assert_eq!(taken(&queue), [event(WatchKind::Modified, "a")], "it was taken meanwhile");
    }

    #[test]
    fn what_is_gone_and_comes_back_is_three_events() {
        let queue = queue(10);
        queue.push(Notice::Modified("a".into()));
        queue.push(Notice::Removed("a".into()));
        queue.push(Notice::Removed("a".into()));
        queue.push(Notice::Created("a".into()));
        let expected = [WatchKind::Modified, WatchKind::Removed, WatchKind::Created];
        assert_eq!(taken(&queue), expected.map(|kind| event(kind, "a")));
    }

    #[test]
    fn the_halves_of_a_rename_are_one_event_also_when_the_second_comes_late() {
        let queue = queue(10);
        queue.push(Notice::From("a".into(), Some(7)));
        assert!(matches!(queue.take(), Next::Half(1)));
        queue.push(Notice::Modified("c".into()));
        queue.push(Notice::To("b".into(), Some(7)));
        let renamed = WatchKind::Renamed { from: "a".into(), to: "b".into() };
        let expected = [event(renamed, "b"), event(WatchKind::Modified, "c")];
        assert_eq!(taken(&queue), expected);
    }

    #[test]
    fn a_half_without_the_other_is_a_removal_or_a_creation() {
        let queue = queue(10);
        queue.push(Notice::From("a".into(), Some(7)));
        queue.push(Notice::To("b".into(), Some(8)));
        let Next::Half(half) = queue.take() else { panic!("it waits for the other") };
        queue.settle(half + 1);
        assert!(matches!(queue.take(), Next::Half(_)), "that was another");
        queue.settle(half);
        let expected = [event(WatchKind::Removed, "a"), event(WatchKind::Created, "b")];
        assert_eq!(taken(&queue), expected);
    }

    #[test]
    fn too_many_give_way_to_one_that_says_so() {
        let queue = queue(3);
        for at in 0..1000 {
            queue.push(Notice::Created(format!("{at}").into()));
        }
        let taken = taken(&queue);
        assert!(taken.len() <= 3);
        assert_eq!(taken[0], event(WatchKind::Rescan, "root"));
    }

    #[test]
    fn directories_that_have_come_are_looked_into_once_and_everywhere_if_they_are_too_many() {
        let queue = queue(2);
        assert_eq!(queue.unseen(), None);
        let paths: Vec<PathBuf> = ["a", "b"].map(PathBuf::from).into();
        paths.iter().cloned().for_each(|path| queue.note_directory(path));
        assert_eq!(queue.unseen(), Some(Unseen::Directories(paths.clone())));
        assert_eq!(queue.unseen(), None);
        paths.into_iter().chain(["c".into()]).for_each(|path| queue.note_directory(path));
        assert_eq!(queue.unseen(), Some(Unseen::Everywhere));
        assert_eq!(queue.unseen(), None);
    }

    #[test]
    fn what_the_os_has_lost_is_told_once_somebody_has_looked() {
        let queue = queue(10);
        queue.push(Notice::Created("a".into()));
        queue.lose();
        assert_eq!(taken(&queue), []);
        assert_eq!(queue.unseen(), Some(Unseen::Everywhere));
        queue.push(Notice::Lost);
        assert_eq!(taken(&queue), [event(WatchKind::Rescan, "root")]);
    }

    #[test]
    fn a_failure_comes_after_what_was_told_before() {
        let queue = queue(3);
        queue.push(Notice::Created("a".into()));
        queue.fail(FsError::new("watching", "root", std::io::ErrorKind::QuotaExceeded.into()));
        assert!(matches!(queue.take(), Next::Event(_)));
        assert!(matches!(queue.take(), Next::Failed(_)));
        assert!(matches!(queue.take(), Next::Nothing));
    }
}
