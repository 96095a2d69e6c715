//! What changes below a path, as a source: the options, and what comes.

use std::path::{Path, PathBuf};

use super::watch_feed::WatchFeed;
use crate::stream::Source;

/// Events that may wait, unless said otherwise.
const PENDING: usize = 1024;

/// The directory or the file at `path`, to be watched: [`Watch::source`] gives an event for each change. (Node:
/// `fs.watch`; the crate `notify`, which does the work.)
///
/// # Examples
/// ```
/// use roundsman::fs;
/// use roundsman::prelude::*;
/// use roundsman::stream::{Item, PipeError, Summary};
///
/// enum Msg {
///     Changed(Item<fs::WatchEvent>),
///     Ended(Result<Summary, PipeError>),
/// }
///
/// struct Watcher(std::path::PathBuf);
///
/// impl Actor for Watcher {
///     type Message = Msg;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         fs::watch(&self.0).source().pipe(ctx.inlet(Msg::Changed)).start(ctx, Msg::Ended);
///         Ok(())
///     }
///
///     fn receive(&mut self, message: Msg, ctx: &mut Context<Self>) -> Outcome {
///         match message {
///             Msg::Changed(event) => match event.kind {
///                 // From here on nothing is missed.
///                 fs::WatchKind::Ready => std::fs::write(self.0.join("news"), "!")?,
///                 fs::WatchKind::Created => {
///                     assert!(event.path.ends_with("news"));
///                     ctx.stop();
///                 }
///                 _ => {}
///             },
///             Msg::Ended(result) => _ = result?,
///         }
///         Ok(())
///     }
/// }
///
/// let dir = std::env::temp_dir().join(format!("watched-{}", std::process::id()));
/// std::fs::create_dir(&dir)?;
/// let watched = dir.clone();
/// Runtime::builder().loops(1).build()?.run(|| Watcher(watched))?;
/// std::fs::remove_dir_all(dir)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn watch(path: impl Into<PathBuf>) -> Watch {
    Watch { path: path.into(), recursive: false, pending: PENDING }
}

/// How a path is to be watched; made by [`watch`]. A blueprint: nothing is watched until the pipeline starts.
#[derive(Clone, Debug)]
#[must_use = "nothing is watched until its source is piped"]
pub struct Watch {
    pub(crate) path: PathBuf,
    pub(crate) recursive: bool,
    pub(crate) pending: usize,
}

impl Watch {
    /// Whether what is in the directories below is watched, too, also in those that come later. Default: no. Links are not
    /// followed: of one it is told that it comes and goes, not what happens behind it.
    ///
    /// On Linux each directory takes one of the user's watches (`fs.inotify.max_user_watches`).
    pub fn recursive(mut self, recursive: bool) -> Self {
        self.recursive = recursive;
        self
    }

    /// How many events may wait until they are asked for. With one more, all of them are given up, and one
    /// [`Rescan`](WatchKind::Rescan) comes in their place. Default: 1024. At least 1.
    pub fn pending(mut self, events: usize) -> Self {
        self.pending = events.max(1);
        self
    }

    /// What changes, as it changes. First of all comes [`Ready`](WatchKind::Ready): whatever changes after that is told.
    ///
    /// - Paths are the one that was given, and what is below it. A file is watched by its name: it may be removed and
    ///   created, or replaced by a rename, and the watch goes on. A directory is watched itself: once it is removed nothing
    ///   more comes.
    /// - What happens to one path while its event still waits to be asked for, is one event: who sees `Created` or `Modified`
    ///   and looks, finds the newest. One write may be several `Modified`, and `Created` of what is in a directory that has
    ///   just come may come twice.
    /// - Order: for each path, as it happened. Whether it is still so when the event arrives, nobody knows.
    /// - Loss: nothing is lost silently. If the OS, or this source, has had to give events up, `Rescan` says so; what changes
    ///   after that is told again, in directories that have come meanwhile, too.
    /// - Demand: what is not asked for waits, at most [`pending`](Self::pending) events. No thread of the pool is held; the
    ///   library has one thread for each watch.
    /// - End: when the runtime is stopped as planned. It keeps the runtime alive until then.
    /// - Cancel: the watch, its thread and its descriptors go, soon.
    /// - Failure: an [`FsError`](super::FsError): there is nothing at the path (`NotFound`), a directory below may not be read
    ///   (`PermissionDenied`), the system's limit of watches is reached (`QuotaExceeded`), also later, by a new directory. One
    ///   that comes later and may not be read is not looked into. A simulated runtime refuses (`Unsupported`): what the OS
    ///   tells, and when, comes from no seed.
    ///
    /// A file system on a network tells only what is done from this machine.
    pub fn source(self) -> Source<WatchEvent> {
        Source::fed("fs::watch", WatchFeed::new(self))
    }
}

/// What has happened to a path that is [watched](watch()).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct WatchEvent {
    /// What has happened.
    pub kind: WatchKind,
    /// To what. Of what was renamed, the path that it has now.
    pub path: PathBuf,
}

impl WatchEvent {
    pub(crate) fn new(kind: WatchKind, path: &Path) -> Self {
        Self { kind, path: path.to_owned() }
    }
}

/// What happens to a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WatchKind {
    /// The watch has begun; the path is the one that was given. What is there can be looked at now: what changes
    /// meanwhile is told. It comes once, first of all. (chokidar: `ready`.)
    Ready,
    /// A file or a directory has come: made, linked, or moved here from where nobody watches. A file that was put in the
    /// place of another by a rename has come, too.
    Created,
    /// Something was written into it, it was truncated, or its permissions or times have changed.
    Modified,
    /// It is gone: removed, or moved to where nobody watches.
    Removed,
    /// It has another name, or stands elsewhere below the path. (Where the OS does not say what belongs together, as on
    /// macOS: `Removed` and `Created`.)
    Renamed {
        /// The path that it had.
        from: PathBuf,
        /// The path that it has now.
        to: PathBuf,
    },
    /// Events were lost, for there were too many: look at everything below the path anew. The path is the one that was
    /// given.
    Rescan,
}
