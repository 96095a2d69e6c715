//! A watch as a feed: it has the pool begin and end it, and gives what has come to its [queue](super::watch_queue).
//!
//! The crate `notify` is named here alone. Its thread calls [`Ear::handle_event`], which fills the queue and wakes the feed by
//! a message.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use notify::event::{CreateKind, ModifyKind, RenameMode};
use notify::{Config, EventHandler, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use roundsman_runtime::{Context, JobError, Lane, job, try_job};

use super::FsError;
use super::walker::Walker;
use super::watch::{Watch, WatchEvent, WatchKind};
use super::watch_queue::{Next, Notice, Unseen, WatchQueue};
use crate::stream::runner::{Feed, Runner, RunnerMessage};
use crate::stream::stage::Tail;
use crate::stream::{PipeError, Wakeup, Woken};

/// How long the first half of a rename waits for the second, which the OS tells right after it.
const SETTLE: Duration = Duration::from_millis(10);
/// Events given in one turn; then others have theirs.
const BATCH: u64 = 256;
/// How often a watch is begun anew because a directory below has gone meanwhile.
const ATTEMPTS: usize = 100;

/// Gives what a watch is told.
pub(crate) struct WatchFeed {
    watch: Watch,
    queue: Arc<WatchQueue>,
    wakeup: Option<Arc<Wakeup>>,
    state: State,
    /// The half of a rename that it waits for the other of.
    settling: Option<u64>,
    /// A job looks into directories that have come, in which something may have come before they were watched.
    looking: bool,
    /// It ends with what is there.
    draining: bool,
}

enum State {
    /// A job begins it.
    Beginning,
    /// [`WatchKind::Ready`] has not been given yet.
    Ready(Arc<Watching>),
    Open(Arc<Watching>),
    Over,
}

/// What the feed waits for.
pub(crate) enum Event {
    Begun(Result<Watching, JobError<FsError>>),
    Woken(Woken),
    /// This half of a rename has waited long enough.
    Settled(u64),
    /// New directories have been looked into.
    Looked(Result<(), JobError>),
}

impl WatchFeed {
    pub(crate) fn new(watch: Watch) -> Self {
        Self {
            queue: Arc::new(WatchQueue::new(watch.path.clone(), watch.pending)),
            watch,
            wakeup: None,
            state: State::Beginning,
            settling: None,
            looking: false,
            draining: false,
        }
    }

    fn error(error: FsError) -> PipeError {
        PipeError::new("fs::watch", error)
    }

    /// Has a job look where something may have come before it was watched.
    fn look(&mut self, ctx: &mut Context<'_, Runner<Self>>) {
        let State::Open(watching) = &self.state else { return };
        if self.looking {
            return;
        }
        let Some(unseen) = self.queue.unseen() else { return };
        self.looking = true;
        let (watching, queue) = (Arc::clone(watching), Arc::clone(&self.queue));
        let look = job(Lane::Fs, move || match unseen {
            Unseen::Directories(paths) => {
                watching.catch_up();
                paths.into_iter().for_each(|path| tell_what_is_in(path, &queue));
            }
            Unseen::Everywhere => match watching.renew() {
                Ok(()) => queue.push(Notice::Lost),
                Err(error) => queue.fail(error),
            },
        });
        ctx.start(look.named("fs::watch"), |done| RunnerMessage::Event(Event::Looked(done)));
    }
}

impl Feed for WatchFeed {
    type Item = WatchEvent;
    type Event = Event;

    fn begin(&mut self, ctx: &mut Context<'_, Runner<Self>>) -> Result<(), PipeError> {
        if ctx.is_simulated() {
            let text = "a simulated runtime watches no files: run this on the OS driver";
            let error = io::Error::new(io::ErrorKind::Unsupported, text);
            return Err(Self::error(FsError::new("watching", &self.watch.path, error)));
        }
        let to = ctx.recipient(|woken| RunnerMessage::Event(Event::Woken(woken)));
        let wakeup = self.wakeup.insert(Wakeup::new(to));
        let (watch, queue, waker) = (self.watch.clone(), Arc::clone(&self.queue), wakeup.waker());
        let begin = try_job(Lane::Fs, move || Watching::begin(watch, queue, waker));
        ctx.start(begin.named("fs::watch"), |begun| RunnerMessage::Event(Event::Begun(begun)));
        Ok(())
    }

    fn take(
        &mut self,
        event: Event,
        _: &mut dyn Tail<WatchEvent>,
        _: &mut Context<'_, Runner<Self>>,
    ) -> Result<(), PipeError> {
        match event {
            Event::Begun(Ok(watching)) => self.state = State::Ready(Arc::new(watching)),
            Event::Begun(Err(JobError::Failed(error))) => return Err(Self::error(error)),
            Event::Begun(Err(error)) => return Err(PipeError::new("fs::watch", error)),
            Event::Woken(Woken) => {
                if let Some(wakeup) = &self.wakeup {
                    wakeup.came();
                }
            }
            Event::Settled(half) => self.queue.settle(half),
            Event::Looked(done) => {
                self.looking = false;
                done.map_err(|error| PipeError::new("fs::watch", error))?;
            }
        }
        Ok(())
    }

    fn advance(
        &mut self,
        tail: &mut dyn Tail<WatchEvent>,
        ctx: &mut Context<'_, Runner<Self>>,
    ) -> Result<bool, PipeError> {
        match &self.state {
            State::Ready(watching) if tail.room() > 0 => {
                self.state = State::Open(Arc::clone(watching));
                tail.push(WatchEvent::new(WatchKind::Ready, &self.watch.path))?;
            }
            State::Open(_) => {}
            State::Beginning | State::Ready(_) | State::Over => {
                if self.draining && !tail.is_closed() {
                    tail.end()?;
                }
                return Ok(false);
            }
        }
        let mut left = BATCH;
        while left > 0 && tail.room() > 0 {
            match self.queue.take() {
                Next::Event(event) => tail.push(event)?,
                Next::Half(half) => {
                    if self.settling.replace(half) != Some(half) {
                        ctx.send_after(SETTLE, RunnerMessage::Event(Event::Settled(half)));
                    }
                    break;
                }
                Next::Failed(error) => return Err(Self::error(error)),
                Next::Nothing if self.draining => {
                    tail.end()?;
                    return Ok(false);
                }
                Next::Nothing => break,
            }
            left -= 1;
        }
        self.look(ctx);
        // It waits for what happens outside, and keeps the runtime alive.
        ctx.set_expecting(!tail.is_closed());
        Ok(left == 0 && tail.room() > 0)
    }

    fn drain(&mut self) {
        self.draining = true;
    }

    fn let_go(&mut self) {
        self.state = State::Over;
    }
}

/// A watch that has begun. Dropped, it ends, on the pool: that may block.
pub(crate) struct Watching {
    watcher: Option<Mutex<RecommendedWatcher>>,
    /// For errors: the path that was given.
    path: PathBuf,
    /// What the library watches, without links.
    base: PathBuf,
    mode: RecursiveMode,
}

impl Watching {
    fn begin(watch: Watch, queue: Arc<WatchQueue>, waker: Waker) -> Result<Self, FsError> {
        let Watch { path, recursive, .. } = watch;
        let watching = |error| FsError::new("watching", &path, error);
        let real = fs::canonicalize(&path).map_err(watching)?;
        let is_dir = fs::metadata(&real).map_err(watching)?.is_dir();
        let base = if is_dir { &*real } else { real.parent().unwrap_or(&real) }.to_owned();
        // A file is watched by its directory, which goes on when another file takes its place.
        let only = (!is_dir).then(|| real.clone());
        let recursive = recursive && is_dir;
        let ear = Ear { queue, waker, real, only, recursive };
        // What a link leads to has another path, or is elsewhere, or everything.
        let config = Config::default().with_follow_symlinks(false);
        let watcher = RecommendedWatcher::new(ear, config);
        let mut watcher = watcher.map_err(|error| failed(&path, error))?;
        let mode = match recursive {
            true => RecursiveMode::Recursive,
            false => RecursiveMode::NonRecursive,
        };
        cover(&mut watcher, &base, mode).map_err(|error| failed(&path, error))?;
        Ok(Self { watcher: Some(Mutex::new(watcher)), path, base, mode })
    }

    fn watcher(&self) -> Option<MutexGuard<'_, RecommendedWatcher>> {
        let watcher = self.watcher.as_ref()?;
        Some(watcher.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns once the library has dealt with all that it had heard of, new directories included.
    fn catch_up(&self) {
        let Some(mut watcher) = self.watcher() else { return };
        // It answers when it is next idle. It has nothing to set, and may say so.
        let _ = watcher.configure(Config::default());
    }

    /// Has the library watch what there is now, whatever it has missed.
    fn renew(&self) -> Result<(), FsError> {
        let Some(mut watcher) = self.watcher() else { return Ok(()) };
        // It may know the path no more, if that has gone and come again.
        let _ = watcher.unwatch(&self.base);
        cover(&mut watcher, &self.base, self.mode).map_err(|error| failed(&self.path, error))
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let watcher = self.watcher.take();
        job(Lane::Fs, move || drop(watcher)).named("ending a watch").detach();
    }
}

/// Has the library watch a path. It takes one directory after another, and gives up if one has gone meanwhile: then it
/// begins anew.
fn cover(watcher: &mut RecommendedWatcher, base: &Path, mode: RecursiveMode) -> notify::Result<()> {
    let mut attempts = 1;
    loop {
        match watcher.watch(base, mode) {
            Err(error) if is_gone(&error) && attempts < ATTEMPTS && base.exists() => attempts += 1,
            result => return result,
        }
    }
}

fn is_gone(error: &notify::Error) -> bool {
    match &error.kind {
        notify::ErrorKind::PathNotFound => true,
        notify::ErrorKind::Io(error) => error.kind() == io::ErrorKind::NotFound,
        _ => false,
    }
}

/// Hears what the library tells, on its thread.
struct Ear {
    queue: Arc<WatchQueue>,
    waker: Waker,
    /// The path that is watched, without links: what the library's paths begin with.
    real: PathBuf,
    /// If it is a file: what else happens in its directory is nobody's business.
    only: Option<PathBuf>,
    /// Directories that come are watched, too.
    recursive: bool,
}

impl EventHandler for Ear {
    fn handle_event(&mut self, told: notify::Result<notify::Event>) {
        match told {
            Ok(event) => self.hear(event),
            Err(error) => {
                let error = failed(self.queue.root(), error);
                self.queue.fail(error);
            }
        }
        self.waker.wake_by_ref();
    }
}

impl Ear {
    fn hear(&self, event: notify::Event) {
        if event.need_rescan() {
            return match self.recursive {
                true => self.queue.lose(),
                false => self.queue.push(Notice::Lost),
            };
        }
        let tracker = event.tracker();
        for path in event.paths {
            if self.only.as_ref().is_some_and(|only| *only != path) {
                continue;
            }
            let there = |path: &Path| fs::symlink_metadata(path).is_ok();
            let shown = self.shown(&path);
            let notice = match event.kind {
                EventKind::Create(_) => Notice::Created(shown),
                EventKind::Remove(_) => Notice::Removed(shown),
                EventKind::Modify(ModifyKind::Name(RenameMode::From)) => {
                    Notice::From(shown, tracker)
                }
                EventKind::Modify(ModifyKind::Name(RenameMode::To)) => Notice::To(shown, tracker),
                // Both halves have been told before.
                EventKind::Modify(ModifyKind::Name(RenameMode::Both)) => continue,
                // Which half it is shows by whether something is there.
                EventKind::Modify(ModifyKind::Name(_)) if there(&path) => Notice::Created(shown),
                EventKind::Modify(ModifyKind::Name(_)) => Notice::Removed(shown),
                EventKind::Modify(_) => Notice::Modified(shown),
                // Reads are not told, nor what no system tells.
                EventKind::Access(_) | EventKind::Any | EventKind::Other => continue,
            };
            let has_come = matches!(notice, Notice::Created(_) | Notice::To(..));
            self.queue.push(notice);
            if has_come && self.recursive && event.kind != EventKind::Create(CreateKind::File) {
                self.note_directory(&path);
            }
        }
    }

    /// Something has come, and may be a directory.
    fn note_directory(&self, path: &Path) {
        if fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir()) {
            self.queue.note_directory(self.shown(path));
        }
    }

    /// The path as the user says it.
    fn shown(&self, path: &Path) -> PathBuf {
        match path.strip_prefix(&self.real) {
            Ok(rest) if rest.as_os_str().is_empty() => self.queue.root().to_owned(),
            Ok(rest) => self.queue.root().join(rest),
            Err(_) => path.to_owned(),
        }
    }
}

/// Tells of everything in a directory that has just come, as if it had come after it.
fn tell_what_is_in(dir: PathBuf, queue: &WatchQueue) {
    let (root, open, failed) = (Some(dir), Vec::new(), None);
    let (max_depth, follow_links, sorted) = (usize::MAX, false, false);
    let mut walker = Walker { root, max_depth, follow_links, sorted, open, failed };
    loop {
        let found = walker.take(BATCH as usize);
        if found.is_empty() {
            return;
        }
        // What is gone again is told by the library.
        for entry in found.into_iter().flatten().filter(|entry| entry.depth() > 0) {
            queue.push(Notice::Created(entry.into_path()));
        }
    }
}

/// What the library says, with the path that it is about, if it says that.
fn failed(path: &Path, error: notify::Error) -> FsError {
    let path = error.paths.first().map_or(path, PathBuf::as_path).to_owned();
    FsError::new("watching", path, as_io(error))
}

/// What the library says, as what the OS has said.
fn as_io(error: notify::Error) -> io::Error {
    match error.kind {
        notify::ErrorKind::Io(error) => error,
        notify::ErrorKind::PathNotFound => io::ErrorKind::NotFound.into(),
        notify::ErrorKind::MaxFilesWatch => {
            let text =
                "the system's limit of watches is reached: raise `fs.inotify.max_user_watches`";
            io::Error::new(io::ErrorKind::QuotaExceeded, text)
        }
        kind => io::Error::other(notify::Error::new(kind)),
    }
}
