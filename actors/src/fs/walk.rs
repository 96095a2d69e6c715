//! A tree of directories as a source: the options, and the feed.

use std::collections::VecDeque;
use std::fs::{FileType, Metadata};
use std::path::{Path, PathBuf};

use roundsman_runtime::{Context, Job, JobError, Lane, job};

use super::FsError;
use super::walker::{Found, Walker};
use crate::stream::runner::{Feed, Runner, RunnerMessage};
use crate::stream::stage::Tail;
use crate::stream::{PipeError, Source};

/// What a job looks for, at most.
const BATCH: usize = 256;

/// Everything in the directory `dir`, and in the directories in it, and so on: [`Walk::source`] gives one entry after
/// another. (Rust: the crate `walkdir`; Node: `fs.opendir` with `recursive`.)
///
/// # Examples
/// ```
/// use roundsman::fs;
/// use roundsman::prelude::*;
/// use roundsman::stream::{PipeError, collect};
///
/// struct Lister;
///
/// impl Actor for Lister {
///     type Message = Result<Vec<Result<fs::Entry, fs::FsError>>, PipeError>;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         let entries = fs::walk("src").max_depth(1).sorted().source();
///         entries.pipe(collect()).start(ctx, |found| found);
///         Ok(())
///     }
///
///     fn receive(&mut self, found: Self::Message, ctx: &mut Context<Self>) -> Outcome {
///         let names: Vec<_> = found?.into_iter().flatten().map(|entry| entry.into_path()).collect();
///         assert_eq!(names[0].to_str(), Some("src"), "the directory itself comes first");
///         assert!(names.iter().any(|name| name.ends_with("lib.rs")));
///         ctx.stop();
///         Ok(())
///     }
/// }
///
/// Runtime::builder().loops(1).build()?.run(|| Lister)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn walk(dir: impl Into<PathBuf>) -> Walk {
    Walk { dir: dir.into(), max_depth: usize::MAX, follow_links: false, sorted: false }
}

/// How a tree of directories is to be walked; made by [`walk`]. A blueprint: nothing is looked for until the pipeline
/// starts.
#[derive(Clone, Debug)]
#[must_use = "nothing is looked for until its source is piped"]
pub struct Walk {
    dir: PathBuf,
    max_depth: usize,
    follow_links: bool,
    sorted: bool,
}

impl Walk {
    /// How far down it goes: with 0 only the directory itself comes, with 1 what is in it, too. Default: everything.
    pub fn max_depth(mut self, depth: usize) -> Self {
        self.max_depth = depth;
        self
    }

    /// Whether it enters directories that symbolic links lead to, and says of links what they lead to. A link that
    /// leads back to where it stands is an error item, and so is one that leads nowhere. Default: no. (The directory
    /// that was named is entered in any case.)
    pub fn follow_links(mut self, follow: bool) -> Self {
        self.follow_links = follow;
        self
    }

    /// What is in one directory comes sorted by name. Each directory is then read whole when it is entered, which takes
    /// memory for all its names. Default: as the OS gives it.
    pub fn sorted(mut self) -> Self {
        self.sorted = true;
        self
    }

    /// What is there, depth first: a directory comes before what is in it, and first of all the one that was named.
    ///
    /// - Demand: jobs look for at most 256 entries each, one job at a time, and at most one ahead of what is asked for.
    ///   One directory is open, as a descriptor, for each level of where the walk is.
    /// - An error is an item: an entry that is gone meanwhile, or, behind its entry, a directory that cannot be read. The
    ///   walk goes on; it fails by nothing but the pool. (As `walkdir` has it.)
    /// - Cancel: the directories are closed, after the job that has them.
    ///
    /// What changes in the tree meanwhile may come or not.
    pub fn source(self) -> Source<Result<Entry, FsError>> {
        let Self { dir, max_depth, follow_links, sorted } = self;
        Source::new(move |assembly, outflow| {
            let tail = outflow.into_tail(assembly);
            assembly.run.push("fs::walk");
            let (root, open, failed) = (Some(dir), Vec::new(), None);
            let walker = Walker { root, max_depth, follow_links, sorted, open, failed };
            let (ready, ended) = (VecDeque::new(), false);
            Runner::spawn(assembly, WalkFeed { walker: Some(walker), ready, ended }, tail);
        })
    }
}

/// What was found on a [`walk`].
#[derive(Clone, Debug)]
pub struct Entry {
    pub(crate) path: PathBuf,
    pub(crate) file_type: FileType,
    pub(crate) depth: usize,
}

impl Entry {
    /// Where it is: the path that was given to [`walk`], and what is below it.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The same, without a copy.
    #[must_use]
    pub fn into_path(self) -> PathBuf {
        self.path
    }

    /// What it is: a file, a directory, a link. Costs nothing: the directory says so.
    #[must_use]
    pub fn file_type(&self) -> FileType {
        self.file_type
    }

    /// How many levels below the directory that was named, which is 0.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// Takes this beginning off its path, if it is not all of it.
    pub(crate) fn below(&mut self, root: &Path) {
        if let Ok(rest) = self.path.strip_prefix(root)
            && !rest.as_os_str().is_empty()
        {
            self.path = rest.to_owned();
        }
    }

    /// Its size, times and permissions, as a job: only whoever wants them pays. See [`metadata`](super::metadata()).
    pub fn metadata(&self) -> Job<Metadata, FsError> {
        super::metadata(&self.path)
    }
}

/// Walks by jobs, one at a time.
struct WalkFeed {
    /// `None` while a job has it.
    walker: Option<Walker>,
    /// Found and not given.
    ready: VecDeque<Found>,
    ended: bool,
}

/// What one job has found, and the walker back.
type Walked = Result<(Walker, Vec<Found>), JobError>;

impl WalkFeed {
    fn walk_on(&mut self, ctx: &mut Context<'_, Runner<Self>>) {
        if self.ended || self.ready.len() >= BATCH / 2 {
            return;
        }
        let Some(mut walker) = self.walker.take() else { return };
        let walk = job(Lane::Fs, move || {
            let found = walker.take(BATCH);
            (walker, found)
        });
        ctx.start(walk.named("fs::walk"), RunnerMessage::Event);
    }
}

impl Feed for WalkFeed {
    type Item = Found;
    type Event = Walked;

    fn take(
        &mut self,
        walked: Walked,
        _: &mut dyn Tail<Found>,
        _: &mut Context<'_, Runner<Self>>,
    ) -> Result<(), PipeError> {
        let (walker, found) = walked.map_err(|error| PipeError::new("fs::walk", error))?;
        self.ended = found.len() < BATCH;
        self.ready.extend(found);
        self.walker = Some(walker);
        Ok(())
    }

    fn advance(
        &mut self,
        tail: &mut dyn Tail<Found>,
        ctx: &mut Context<'_, Runner<Self>>,
    ) -> Result<bool, PipeError> {
        while tail.room() > 0 {
            let Some(found) = self.ready.pop_front() else { break };
            tail.push(found)?;
        }
        if self.ready.is_empty() && self.ended {
            tail.end()?;
        } else if !tail.is_closed() {
            self.walk_on(ctx);
        }
        Ok(false)
    }

    fn let_go(&mut self) {
        self.walker = None;
        self.ended = true;
        self.ready.clear();
    }
}
