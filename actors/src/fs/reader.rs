//! A file as a source: the options.

use std::fs::File;
use std::ops::{Bound, RangeBounds};
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;

use super::file;
use super::input::{FileInput, HandleInput, Opened};
use super::mover::Mover;
use super::names;
use super::read_feed::{from_input, looking_again};
use crate::stream::Source;
use crate::stream::source::Outflow;

/// Bytes in a chunk, unless said otherwise: a window of a link.
const CHUNK: usize = 64 * 1024;
/// How often a file that is followed is looked at, unless said otherwise.
const POLL_EVERY: Duration = Duration::from_secs(1);
/// And at most: a job each time, so that zero would keep the pool busy for nothing.
const POLL_MIN: Duration = Duration::from_millis(1);

/// The file at `path`, to be read: [`Reader::source`] is a source of its bytes. (Node: `fs.createReadStream`.)
///
/// # Examples
/// ```
/// use roundsman::fs;
/// use roundsman::prelude::*;
/// use roundsman::stream::PipeError;
///
/// struct Counter;
///
/// impl Actor for Counter {
///     type Message = Result<u64, PipeError>;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         let lines = fs::reader("Cargo.toml").source().lines(1024);
///         lines.fold(0, |count, _| count + 1).start(ctx, |count| count);
///         Ok(())
///     }
///
///     fn receive(&mut self, count: Self::Message, ctx: &mut Context<Self>) -> Outcome {
///         assert!(count? > 10);
///         ctx.stop();
///         Ok(())
///     }
/// }
///
/// Runtime::builder().loops(1).build()?.run(|| Counter)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn reader(path: impl Into<PathBuf>) -> Reader {
    let (chunk, poll_every) = (CHUNK, POLL_EVERY);
    let (path, handle) = (path.into(), None);
    Reader { path, handle, chunk, from: 0, to: u64::MAX, follow: false, poll_every }
}

/// How a file is to be read; made by [`reader`]. A blueprint: the file is opened when the pipeline starts.
#[derive(Clone, Debug)]
#[must_use = "nothing is read until its source is piped"]
pub struct Reader {
    path: PathBuf,
    /// Somebody has it open: that file is read, and not the one at the path.
    handle: Option<file::File>,
    chunk: usize,
    from: u64,
    to: u64,
    follow: bool,
    poll_every: Duration,
}

impl Reader {
    /// One of a file that is open.
    pub(crate) fn of(handle: file::File) -> Self {
        let path = handle.path().to_owned();
        Self { handle: Some(handle), ..reader(path) }
    }

    /// The most bytes that one item has; all but the last have as many, unless the file is followed. Default: 64 KiB.
    /// At least 1. (Node: `highWaterMark`.)
    pub fn chunk(mut self, bytes: usize) -> Self {
        self.chunk = bytes.max(1);
        self
    }

    /// Only these bytes, counted from 0. A range that ends behind the end of the file ends with it; one that begins
    /// there gives nothing. (Node: `start`, `end`.)
    pub fn range(mut self, bytes: impl RangeBounds<u64>) -> Self {
        self.from = match bytes.start_bound() {
            Bound::Included(first) => *first,
            Bound::Excluded(before) => before.saturating_add(1),
            Bound::Unbounded => 0,
        };
        self.to = match bytes.end_bound() {
            Bound::Included(last) => last.saturating_add(1),
            Bound::Excluded(end) => *end,
            Bound::Unbounded => u64::MAX,
        };
        self
    }

    /// Goes on at the end of the file: what is written behind it comes, too. It ends at the end of a
    /// [`range`](Self::range), when it is cancelled, or with what is there when the runtime is stopped as planned.
    /// (`tail -F`.)
    ///
    /// The file is looked at again every [`poll_every`](Self::poll_every):
    /// - A file that has become shorter is read from its beginning. One that was cut and has grown past the old place
    ///   meanwhile is not noticed.
    /// - Another file at the path, as after a rotation of logs, is read from its beginning, once everything in the old
    ///   one has been read. What is written to the old one later than one look after that is lost. (Not on systems
    ///   that are not Unix: there the old file stays.)
    /// - While there is no file at the path, the old one is read on.
    pub fn follow(mut self) -> Self {
        self.follow = true;
        self
    }

    /// How often a file that is [followed](Self::follow) is looked at once everything in it has been read.
    /// Default: 1 s; at least 1 ms.
    pub fn poll_every(mut self, period: Duration) -> Self {
        self.poll_every = period.max(POLL_MIN);
        self
    }

    /// Its bytes.
    ///
    /// - Demand: at most two chunks are read before they are asked for, by jobs, one at a time. The buffers of chunks
    ///   that nobody has any more are used again.
    /// - End: at the end of the file, or of the range. Bytes that are written while it is read may or may not come.
    /// - Failure: an [`FsError`](super::FsError); that the file is not there shows as the pipeline starts.
    /// - Cancel: the file is closed, after the job that has it.
    ///
    /// A FIFO is read as it comes, in pieces of any size, to the end of those who write. While nobody writes, or nobody has
    /// come to write, no thread waits: it is looked at again, at first after some milliseconds, then every 64 ms; and it
    /// ends when the runtime is stopped as planned. It has no places, so a range that does not begin with 0 fails.
    ///
    /// Piped straight into a connection's writer or another file, with no stage between, its bytes are moved by the kernel
    /// (Linux: `sendfile`, `copy_file_range`), and nothing of it is ever in this process's memory. The result is the same.
    pub fn source(self) -> Source<Bytes> {
        if let Some(file) = self.handle {
            let input = HandleInput { file, at: self.from, end: self.to };
            return from_input("fs::reader", input, self.chunk);
        }
        if self.follow {
            return self.copied(None);
        }
        Source::new(move |assembly, outflow| {
            let straight = match &outflow {
                // No kernel knows the files of a simulated disk.
                Outflow::Link { link, .. } if !names::are_simulated() => link.straight(),
                Outflow::Link { .. } | Outflow::Tail(_) => None,
            };
            match straight {
                Some(straight) => Mover::spawn(assembly, self, straight, outflow),
                None => self.copied(None).start(assembly, outflow),
            }
        })
    }

    /// The same, read here in any case; of this file, if it is open already.
    pub(crate) fn copied(self, file: Option<File>) -> Source<Bytes> {
        let Self { path, chunk, from, to, follow, poll_every, .. } = self;
        let file = file.map(Opened::already);
        let input = FileInput { path, file, stream: None, at: from, end: to, follow };
        looking_again("fs::reader", input, chunk, follow.then_some(poll_every))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The bytes to be read: from the first up to the second.
    pub(crate) fn region(&self) -> (u64, u64) {
        (self.from, self.to)
    }
}
