//! An open file: a handle whose jobs run in the order in which they are started.
//!
//! Made by [`open`](super::open()) and the like. The order is the pool's ([`Line`]); here is only said which job shares its
//! turn. It reads nothing ahead and buffers nothing.

use std::fs::{self, FileTimes, Metadata, Permissions};
use std::io::{self, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use roundsman_runtime::{Job, Lane, Line, job, try_job};

use super::FsError;
use super::handle::Handle;
use super::lent::{lend, room};
use super::lock::Lock;
use super::reader::Reader;
use super::writer::Writer;

/// An open file. Clones are the same file, at the same place; it may be used by several actors, on any loops. (Rust:
/// `std::fs::File`; Node: `FileHandle`.)
///
/// # Order
/// Its jobs run **in the order in which they are started**, one at a time, whoever starts them; their results come in
/// this order, too. So a write, a sync and a read can be started in one handler, and the read finds what was written. A job
/// that waits for its turn holds no thread, and one that fails does not stop those behind it. Only reads at a place
/// ([`read_at`](Self::read_at)) that are started one after another run at the same time, on as many threads as there are:
/// after every job that was started before them, and before every job that is started later.
///
/// The order is that of one handle and its clones. Another handle of the same file, [`reader`](Self::reader) and
/// [`writer`](Self::writer), and other processes have theirs.
///
/// # The end
/// The file is closed when the last clone is dropped, and every job has come home. Closing may block, where a file system
/// is on a network: from an actor it is therefore done by the pool, soon. [`close`](Self::close) tells when it is done. A
/// [lock](Self::try_lock) is given back at once.
///
/// A job whose actor ends before it has begun never runs; one that runs, runs to its end.
#[derive(Clone, Debug)]
pub struct File {
    open: Arc<Open>,
    /// For errors.
    path: Arc<Path>,
}

#[derive(Debug)]
struct Open {
    /// `None` only while it is dropped.
    file: Option<Handle>,
    line: Line,
    /// It may have the lock.
    locked: AtomicBool,
}

impl Drop for Open {
    fn drop(&mut self) {
        let Some(file) = self.file.take() else { return };
        if *self.locked.get_mut() {
            // If that fails, closing gives it back.
            let _ = file.unlock();
        }
        job(Lane::Fs, move || drop(file)).detach();
    }
}

impl File {
    /// Takes a file that the standard library has opened. `path` is what errors name.
    ///
    /// # Examples
    /// ```
    /// use roundsman::fs;
    ///
    /// let file = fs::File::from_std(std::fs::File::open("Cargo.toml")?, "Cargo.toml");
    /// assert_eq!(file.path(), std::path::Path::new("Cargo.toml"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn from_std(file: fs::File, path: impl Into<PathBuf>) -> Self {
        Self::of(Handle::of_os(file), path)
    }

    /// A file that a job has opened.
    pub(crate) fn of(file: Handle, path: impl Into<PathBuf>) -> Self {
        let open = Open { file: Some(file), line: Line::new(), locked: AtomicBool::new(false) };
        Self { open: Arc::new(open), path: path.into().into() }
    }

    /// The same file under the path that it has now.
    pub(crate) fn renamed(&self, path: PathBuf) -> Self {
        Self { open: Arc::clone(&self.open), path: path.into() }
    }

    /// The path that it was opened with. Another file may be there by now.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    // What stands in line.

    /// Reads once, from where it stands, at most `len` bytes; goes on behind them. Of a file these are all that there are;
    /// none at its end. (Rust: `Read::read`; Node: `filehandle.read` without a position.)
    ///
    /// # Errors
    /// [`JobError::Failed`](crate::JobError::Failed) with an [`FsError`]: it was not opened to be read, it is a directory,
    /// there is no memory for so much (`OutOfMemory`), …
    ///
    /// # Examples
    /// See [`OpenOptions`](super::OpenOptions) for a program.
    /// ```
    /// # use roundsman::fs;
    /// # fn show(file: &fs::File) {
    /// let line = file.read(80);
    /// # drop(line);
    /// # }
    /// ```
    pub fn read(&self, len: usize) -> Job<Bytes, FsError> {
        self.in_line("fs::File::read", "reading", move |file| {
            if len == 0 {
                return Ok(Bytes::new());
            }
            let mut bytes = room(len)?;
            retried(|| file.read(&mut bytes))?;
            Ok(lend(bytes))
        })
    }

    /// Reads at a place, counted in bytes from 0: all of `len` bytes, less at the end of the file, none behind it. Where the
    /// file stands does not matter, and does not change (but on Windows). (Rust: `FileExt::read_at`; Node: `filehandle.read`
    /// with a position.)
    ///
    /// Reads at a place that are started one after another run at the same time: see [`File`].
    ///
    /// # Errors
    /// As [`read`](Self::read).
    ///
    /// # Examples
    /// ```
    /// use bytes::Bytes;
    /// use roundsman::prelude::*;
    /// use roundsman::{JobError, fs};
    ///
    /// enum Msg {
    ///     Opened(Result<fs::File, JobError<fs::FsError>>),
    ///     Read(Result<Bytes, JobError<fs::FsError>>),
    /// }
    ///
    /// struct Head;
    ///
    /// impl Actor for Head {
    ///     type Message = Msg;
    ///
    ///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
    ///         ctx.start(fs::open("Cargo.toml"), Msg::Opened);
    ///         Ok(())
    ///     }
    ///
    ///     fn receive(&mut self, message: Msg, ctx: &mut Context<Self>) -> Outcome {
    ///         match message {
    ///             Msg::Opened(file) => _ = ctx.start(file?.read_at(1, 7), Msg::Read),
    ///             Msg::Read(bytes) => assert_eq!(bytes?, "package"),
    ///         }
    ///         Ok(())
    ///     }
    /// }
    ///
    /// Runtime::builder().loops(1).build()?.run(|| Head)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn read_at(&self, offset: u64, len: usize) -> Job<Bytes, FsError> {
        self.beside_others("fs::File::read_at", "reading", move |file| {
            let mut bytes = room(len)?;
            fill_at(file, &mut bytes, offset, len)?;
            Ok(lend(bytes))
        })
    }

    /// As [`read_at`](Self::read_at), into a buffer that is there: behind what is in it, as much as it has capacity for. It
    /// is handed back; clear it, and it can be filled again. On an error it is lost.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    ///
    /// # Examples
    /// ```
    /// # use roundsman::fs;
    /// # fn fill(file: &fs::File) {
    /// let page = file.read_at_into(3 * 4096, Vec::with_capacity(4096));
    /// # drop(page);
    /// # }
    /// ```
    pub fn read_at_into(&self, offset: u64, mut buffer: Vec<u8>) -> Job<Vec<u8>, FsError> {
        self.beside_others("fs::File::read_at_into", "reading", move |file| {
            let room = buffer.capacity() - buffer.len();
            fill_at(file, &mut buffer, offset, room)?;
            Ok(buffer)
        })
    }

    /// Writes all of it from where the file stands, and goes on behind it; at the end, if it was opened to
    /// [`append`](super::OpenOptions::append). (Rust: `Write::write_all`; Node: `filehandle.writeFile`.)
    ///
    /// That it is done says that the OS has it, not the disk: see [`sync_data`](Self::sync_data).
    ///
    /// # Errors
    /// [`JobError::Failed`](crate::JobError::Failed) with an [`FsError`]: the disk is full (`StorageFull`), it was not opened
    /// to be written, … A part may have been written then.
    pub fn write(&self, bytes: impl Into<Bytes>) -> Job<(), FsError> {
        let bytes = bytes.into();
        self.in_line("fs::File::write", "writing", move |mut file| file.write_all(&bytes))
    }

    /// Writes all of it at a place, counted in bytes from 0; a gap behind the end of the file is zeros. Where the file stands
    /// does not matter, and does not change (but on Windows). (Rust: `FileExt::write_all_at`; Node: `filehandle.write` with a
    /// position.)
    ///
    /// A file that was opened to append is, on Linux, written at its end all the same.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn write_at(&self, offset: u64, bytes: impl Into<Bytes>) -> Job<(), FsError> {
        let bytes = bytes.into();
        self.in_line("fs::File::write_at", "writing", move |file| file.write_all_at(&bytes, offset))
    }

    /// Goes to a place, from where it is read and written next; answers where that is, in bytes from 0. (Rust: `Seek::seek`.)
    ///
    /// # Errors
    /// [`JobError::Failed`](crate::JobError::Failed) with an [`FsError`]: it would be before the beginning (`InvalidInput`),
    /// it has no places, as a terminal (`NotSeekable`), …
    pub fn seek(&self, to: SeekFrom) -> Job<u64, FsError> {
        self.in_line("fs::File::seek", "seeking in", move |file| file.seek(to))
    }

    /// Makes it as long as this: cuts off what is behind, or adds zeros. Where it stands does not change. (Rust:
    /// `File::set_len`; Node: `filehandle.truncate`.)
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn set_len(&self, len: u64) -> Job<(), FsError> {
        self.in_line("fs::File::set_len", "truncating", move |file| file.set_len(len))
    }

    /// Returns once the disk has everything, what is known of the file included. (POSIX: `fsync`; Rust: `File::sync_all`;
    /// Node: `filehandle.sync`.)
    ///
    /// A file that was created survives a crash only once its directory is synced, too: open that, and sync it.
    ///
    /// # Errors
    /// [`JobError::Failed`](crate::JobError::Failed) with an [`FsError`]: the disk failed, … What was written since the last
    /// sync may be lost then, and a second sync does not tell.
    pub fn sync_all(&self) -> Job<(), FsError> {
        self.in_line("fs::File::sync_all", "syncing", Handle::sync_all)
    }

    /// Returns once the disk has everything that is needed to read it again: not the times, say. (POSIX: `fdatasync`; Rust:
    /// `File::sync_data`; Node: `filehandle.datasync`.)
    ///
    /// # Errors
    /// As [`sync_all`](Self::sync_all).
    pub fn sync_data(&self) -> Job<(), FsError> {
        self.in_line("fs::File::sync_data", "syncing", Handle::sync_data)
    }

    /// What is known of it: its length, its times, who may do what. (Node: `filehandle.stat`.)
    ///
    /// # Errors
    /// [`JobError::Failed`](crate::JobError::Failed) with an [`FsError`], which is rare.
    pub fn metadata(&self) -> Job<Metadata, FsError> {
        self.in_line("fs::File::metadata", "looking at", Handle::metadata)
    }

    /// Says who may do what with it. (Node: `filehandle.chmod`.)
    ///
    /// # Errors
    /// [`JobError::Failed`](crate::JobError::Failed) with an [`FsError`]: it is somebody else's, …
    pub fn set_permissions(&self, permissions: Permissions) -> Job<(), FsError> {
        self.in_line("fs::File::set_permissions", "setting the permissions of", move |file| {
            file.set_permissions(permissions)
        })
    }

    /// Says when it was last read and written. (Node: `filehandle.utimes`.)
    ///
    /// # Errors
    /// As [`set_permissions`](Self::set_permissions).
    pub fn set_times(&self, times: FileTimes) -> Job<(), FsError> {
        self.in_line("fs::File::set_times", "setting the times of", move |file| {
            file.set_times(times)
        })
    }

    // Locks.

    /// Takes the lock of the file for this handle and its clones alone, if nobody else has it; answers whether it did.
    /// (POSIX: `flock` with `LOCK_NB`; Rust 1.89: `File::try_lock`.)
    ///
    /// The lock is advisory: it keeps out those who ask for it, and nobody from reading or writing. It is one per opened
    /// file: another [`open`](super::open()) of the same path has to wait, in this process, too, while clones of this
    /// handle share it. If this handle has a [shared](Self::try_lock_shared) one, that is exchanged, and may be lost on the
    /// way. It is given back by [`unlock`](Self::unlock), or when the last clone is dropped. Children do not inherit it.
    ///
    /// # Errors
    /// [`JobError::Failed`](crate::JobError::Failed) with an [`FsError`]: the file system has no locks; elsewhere than on Unix
    /// it is `Unsupported`.
    ///
    /// # Examples
    /// ```
    /// use roundsman::prelude::*;
    /// use roundsman::{JobError, fs};
    ///
    /// enum Msg {
    ///     Opened(Result<fs::File, JobError<fs::FsError>>),
    ///     Locked(Result<bool, JobError<fs::FsError>>),
    /// }
    ///
    /// /// A service of which one may run.
    /// struct Single(Option<fs::File>);
    ///
    /// impl Actor for Single {
    ///     type Message = Msg;
    ///
    ///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
    ///         ctx.start(fs::open("Cargo.toml"), Msg::Opened);
    ///         Ok(())
    ///     }
    ///
    ///     fn receive(&mut self, message: Msg, ctx: &mut Context<Self>) -> Outcome {
    ///         match message {
    ///             Msg::Opened(file) => {
    ///                 // Whoever keeps the handle keeps the lock.
    ///                 let file = self.0.insert(file?);
    ///                 ctx.start(file.try_lock(), Msg::Locked);
    ///             }
    ///             Msg::Locked(alone) => assert!(alone?, "it runs already"),
    ///         }
    ///         Ok(())
    ///     }
    /// }
    ///
    /// # #[cfg(unix)]
    /// Runtime::builder().loops(1).build()?.run(|| Single(None))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_lock(&self) -> Job<bool, FsError> {
        self.try_lock_as(false)
    }

    /// The same for several handles at once, none of which can then have it alone: for readers. (POSIX: `LOCK_SH`; Rust
    /// 1.89: `File::try_lock_shared`.)
    ///
    /// # Errors
    /// As [`try_lock`](Self::try_lock).
    pub fn try_lock_shared(&self) -> Job<bool, FsError> {
        self.try_lock_as(true)
    }

    pub(crate) fn try_lock_as(&self, shared: bool) -> Job<bool, FsError> {
        let this = self.clone();
        self.in_line("fs::File::try_lock", "locking", move |file| {
            let taken = file.try_lock(shared)?;
            // Relaxed: read by whoever drops the last clone, which orders it.
            this.open.locked.fetch_or(taken, Ordering::Relaxed);
            Ok(taken)
        })
    }

    /// Takes the lock as soon as it can be had: see [`Lock`].
    pub fn lock(&self) -> Lock {
        Lock::new(self.clone(), false)
    }

    /// Takes the shared lock as soon as it can be had: see [`Lock`].
    pub fn lock_shared(&self) -> Lock {
        Lock::new(self.clone(), true)
    }

    /// Gives the lock back. It is no error to have none.
    ///
    /// # Errors
    /// [`JobError::Failed`](crate::JobError::Failed) with an [`FsError`], which is rare.
    pub fn unlock(&self) -> Job<(), FsError> {
        self.in_line("fs::File::unlock", "unlocking", Handle::unlock)
    }

    // Streams.

    /// The file as a source: [`Reader::source`], of this file, whatever is at its path by now. It reads at places, from
    /// where a [`range`](Reader::range) begins, else from 0; where the file stands does not matter.
    ///
    /// Its reads do not stand in line with the jobs of this handle. It does not [follow](Reader::follow), and its bytes are
    /// not moved by the kernel.
    ///
    /// # Examples
    /// ```
    /// # use roundsman::fs;
    /// # fn tail(file: &fs::File) {
    /// let lines = file.reader().range(4096..).source().lines(1024);
    /// # drop(lines);
    /// # }
    /// ```
    pub fn reader(&self) -> Reader {
        Reader::of(self.clone())
    }

    /// The file as a sink: [`Writer::sink`], into this file, from where it stands. How it was opened says what becomes of
    /// what is in it; of the options only [`sync`](Writer::sync) is of effect.
    ///
    /// Its writes do not stand in line with the jobs of this handle: those that are started meanwhile come between.
    ///
    /// # Examples
    /// ```
    /// # use roundsman::{fs, stream::Source};
    /// # fn log(file: &fs::File, lines: Source<bytes::Bytes>) {
    /// let logging = lines.pipe(file.writer().sync().sink());
    /// # drop(logging);
    /// # }
    /// ```
    pub fn writer(&self) -> Writer {
        Writer::of(self.clone())
    }

    /// Lets go of this handle in its turn. If it was the last, the file is closed on the pool, and the answer comes once it
    /// is: another program finds everything. (Node: `filehandle.close`.) What the OS says of a failed close is lost;
    /// [`sync_all`](Self::sync_all) tells whether the disk has everything.
    ///
    /// # Errors
    /// None of its own: [`JobError`](crate::JobError)s of the pool.
    pub fn close(self) -> Job<(), FsError> {
        let line = self.open.line.clone();
        let close = try_job(Lane::Fs, move || {
            drop(self);
            Ok(())
        });
        close.named("fs::File::close").in_line(&line)
    }

    /// A job that runs alone.
    fn in_line<T: Send + 'static>(
        &self,
        name: &'static str,
        operation: &'static str,
        call: impl FnOnce(&Handle) -> io::Result<T> + Send + 'static,
    ) -> Job<T, FsError> {
        self.job(name, operation, call).in_line(&self.open.line)
    }

    /// A job that runs with others of its kind.
    fn beside_others<T: Send + 'static>(
        &self,
        name: &'static str,
        operation: &'static str,
        call: impl FnOnce(&Handle) -> io::Result<T> + Send + 'static,
    ) -> Job<T, FsError> {
        self.job(name, operation, call).in_line_shared(&self.open.line)
    }

    fn job<T: Send + 'static>(
        &self,
        name: &'static str,
        operation: &'static str,
        call: impl FnOnce(&Handle) -> io::Result<T> + Send + 'static,
    ) -> Job<T, FsError> {
        let this = self.clone();
        try_job(Lane::Fs, move || this.call(operation, call)).named(name)
    }

    /// Calls the OS about it, here and now.
    pub(crate) fn call<T>(
        &self,
        operation: &'static str,
        call: impl FnOnce(&Handle) -> io::Result<T>,
    ) -> Result<T, FsError> {
        let closed = || io::ErrorKind::NotFound.into();
        let result = self.open.file.as_ref().ok_or_else(closed).and_then(call);
        result.map_err(|error| FsError::new(operation, &*self.path, error))
    }
}

/// Reads `len` bytes at a place behind what is in the buffer, or as many as there are.
pub(crate) fn fill_at(
    file: &Handle,
    buffer: &mut Vec<u8>,
    offset: u64,
    len: usize,
) -> io::Result<()> {
    let begin = buffer.len();
    while buffer.len() - begin < len {
        let at = offset.saturating_add((buffer.len() - begin) as u64);
        if retried(|| file.read_at(buffer, at))? == 0 {
            break;
        }
    }
    // The allocator may have given more room than was asked for.
    buffer.truncate(begin + len);
    Ok(())
}

/// Once more if a signal came between.
fn retried(mut call: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
