//! Temporary files and directories: made where nobody else can look, and removed when nobody has them any more.

use std::fmt;
use std::fs::Permissions;
use std::io;
use std::path::{Path, PathBuf};

use roundsman_runtime::{Job, Lane, job, try_job};
use tempfile::{Builder, TempPath};

use super::disk::{self, Stowed};
use super::file::File;
use super::handle::Handle;
use super::{FsError, names, os};

/// Makes a file that is removed when its handle is dropped, in the directory for such files (`TMPDIR`), open to be read and
/// written; only its owner may. (Rust: `tempfile::NamedTempFile`.)
///
/// # Errors
/// [`JobError::Failed`](crate::JobError::Failed) with an [`FsError`] that names the directory: it may not be written, the
/// disk is full, …
///
/// # Examples
/// ```
/// use roundsman::prelude::*;
/// use roundsman::{JobError, fs};
///
/// enum Msg {
///     Made(Result<fs::TempFile, JobError<fs::FsError>>),
///     Written(Result<(), JobError<fs::FsError>>),
/// }
///
/// struct Scratch(Option<fs::TempFile>);
///
/// impl Actor for Scratch {
///     type Message = Msg;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         ctx.start(fs::temp_file(), Msg::Made);
///         Ok(())
///     }
///
///     fn receive(&mut self, message: Msg, ctx: &mut Context<Self>) -> Outcome {
///         match message {
///             Msg::Made(made) => {
///                 let scratch = self.0.insert(made?);
///                 ctx.start(scratch.file().write("some numbers"), Msg::Written);
///             }
///             // It goes with the actor.
///             Msg::Written(done) => done?,
///         }
///         Ok(())
///     }
/// }
///
/// Runtime::builder().loops(1).build()?.run(|| Scratch(None))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn temp_file() -> Job<TempFile, FsError> {
    make_file(None)
}

/// The same in a directory of one's own: in the file system where it is to [stay](TempFile::persist), say.
///
/// # Errors
/// As [`temp_file`].
///
/// # Examples
/// ```
/// use roundsman::fs;
///
/// let made = fs::temp_file_in("uploads");
/// # drop(made);
/// ```
pub fn temp_file_in(dir: impl Into<PathBuf>) -> Job<TempFile, FsError> {
    make_file(Some(dir.into()))
}

fn make_file(dir: Option<PathBuf>) -> Job<TempFile, FsError> {
    let make = try_job(Lane::Fs, move || {
        let dir = dir.unwrap_or_else(names::temp_dir);
        let made = match disk::here() {
            None => Builder::new().tempfile_in(&dir).map(|made| {
                let (file, path) = made.into_parts();
                (Handle::of_os(file), path.to_path_buf(), Kept::ByOs(path))
            }),
            Some(disk) => disk.temp_file(&dir).map(|(file, stowed)| {
                let path = stowed.path().to_owned();
                (Handle::of_disk(file), path, Kept::OnDisk(stowed))
            }),
        };
        let (file, path, kept) = made.map_err(|error| creating(dir, error))?;
        Ok(TempFile { file: File::of(file, path), path: Removed(Some(kept)) })
    });
    make.named("fs::temp_file")
}

/// Makes a directory that is removed, with everything in it, when its handle is dropped, in the directory for such things
/// (`TMPDIR`); only its owner may enter it. (Rust: `tempfile::TempDir`; Node: `fs.mkdtemp`, which removes nothing.)
///
/// # Errors
/// As [`temp_file`].
///
/// # Examples
/// ```
/// use roundsman::prelude::*;
/// use roundsman::{JobError, fs};
///
/// struct Scratch;
///
/// impl Actor for Scratch {
///     type Message = Result<fs::TempDir, JobError<fs::FsError>>;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         ctx.start(fs::temp_dir(), |made| made);
///         Ok(())
///     }
///
///     fn receive(&mut self, made: Self::Message, _: &mut Context<Self>) -> Outcome {
///         assert!(made?.path().is_dir());
///         Ok(())
///     }
/// }
///
/// Runtime::builder().loops(1).build()?.run(|| Scratch)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn temp_dir() -> Job<TempDir, FsError> {
    make_dir(None)
}

/// The same in a directory of one's own.
///
/// # Errors
/// As [`temp_file`].
///
/// # Examples
/// ```
/// use roundsman::fs;
///
/// let made = fs::temp_dir_in("build");
/// # drop(made);
/// ```
pub fn temp_dir_in(dir: impl Into<PathBuf>) -> Job<TempDir, FsError> {
    make_dir(Some(dir.into()))
}

fn make_dir(dir: Option<PathBuf>) -> Job<TempDir, FsError> {
    let make = try_job(Lane::Fs, move || {
        let dir = dir.unwrap_or_else(names::temp_dir);
        let made = match disk::here() {
            None => private_dir(&dir).map(Kept::ByOs),
            Some(disk) => disk.temp_dir(&dir).map(Kept::OnDisk),
        };
        Ok(TempDir(Removed(Some(made.map_err(|error| creating(dir, error))?))))
    });
    make.named("fs::temp_dir")
}

fn private_dir(dir: &Path) -> io::Result<tempfile::TempDir> {
    let mut builder = Builder::new();
    let private: Option<Permissions> = os::private();
    if let Some(private) = private {
        builder.permissions(private);
    }
    builder.tempdir_in(dir)
}

/// A file that goes with this handle; made by [`temp_file`].
///
/// It is removed when the handle is dropped: from an actor by the pool, soon, so that no loop waits for it; from anywhere
/// else at once. If it cannot be removed it stays, and that is logged. Killed, a program leaves it behind.
/// [`File`]s of it that are still there can be used on; on Windows it is removed once they are gone.
#[derive(Debug)]
pub struct TempFile {
    file: File,
    path: Removed<Kept<TempPath>>,
}

impl TempFile {
    /// The open file.
    #[must_use]
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// Gives it a name at which it stays, in the same file system; a file that is there is replaced at one stroke. If that
    /// fails, it is removed. (Rust: `NamedTempFile::persist`.)
    ///
    /// # Errors
    /// As [`rename`](super::rename).
    ///
    /// # Examples
    /// ```
    /// # use roundsman::fs;
    /// # fn keep(upload: fs::TempFile) {
    /// let kept = upload.persist("uploads/17.png");
    /// # drop(kept);
    /// # }
    /// ```
    pub fn persist(mut self, to: impl Into<PathBuf>) -> Job<File, FsError> {
        let to = to.into();
        let persist = try_job(Lane::Fs, move || {
            let persisted = match self.path.0.take() {
                None => return Ok(self.file.clone()),
                Some(Kept::ByOs(path)) => {
                    path.persist(&to).map_err(|refused| (refused.path.to_path_buf(), refused.error))
                }
                Some(Kept::OnDisk(stowed)) => match names::rename(stowed.path(), &to) {
                    Ok(()) => {
                        stowed.keep();
                        Ok(())
                    }
                    Err(error) => Err((stowed.path().to_owned(), error)),
                },
            };
            match persisted {
                Ok(()) => Ok(self.file.renamed(to)),
                Err((from, error)) => Err(FsError::new("renaming", from, error).to(to)),
            }
        });
        persist.named("fs::TempFile::persist")
    }

    /// Removes it now, and tells when it is done.
    ///
    /// # Errors
    /// As [`remove_file`](super::remove_file).
    pub fn close(self) -> Job<(), FsError> {
        let path = self.path().to_owned();
        self.path.close("fs::TempFile::close", path)
    }
}

/// A directory that goes with this handle; made by [`temp_dir`].
///
/// It is removed, with everything in it, when the handle is dropped: from an actor by the pool, soon, so that no loop waits
/// for it; from anywhere else at once. What cannot be removed stays, and that is logged. Killed, a program leaves it behind.
#[derive(Debug)]
pub struct TempDir(Removed<Kept<tempfile::TempDir>>);

impl TempDir {
    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        // It is there as long as this is.
        match &self.0.0 {
            Some(Kept::ByOs(dir)) => dir.path(),
            Some(Kept::OnDisk(stowed)) => stowed.path(),
            None => Path::new(""),
        }
    }

    /// Lets it stay where it is.
    #[must_use]
    pub fn keep(mut self) -> PathBuf {
        match self.0.0.take() {
            Some(Kept::ByOs(dir)) => dir.keep(),
            Some(Kept::OnDisk(stowed)) => stowed.keep(),
            None => PathBuf::new(),
        }
    }

    /// Removes it now, and tells when it is done.
    ///
    /// # Errors
    /// As [`remove_dir_all`](super::remove_dir_all).
    pub fn close(self) -> Job<(), FsError> {
        let path = self.path().to_owned();
        self.0.close("fs::TempDir::close", path)
    }
}

/// What can be removed, and does so when it is dropped.
trait Temporary: Send + 'static {
    fn remove(self) -> io::Result<()>;
}

impl Temporary for TempPath {
    fn remove(self) -> io::Result<()> {
        self.close()
    }
}

impl Temporary for tempfile::TempDir {
    fn remove(self) -> io::Result<()> {
        self.close()
    }
}

/// Something temporary, and whose it is.
#[derive(Debug)]
enum Kept<T> {
    ByOs(T),
    /// By a simulated disk.
    OnDisk(Stowed),
}

impl<T: Temporary> Temporary for Kept<T> {
    fn remove(self) -> io::Result<()> {
        match self {
            Self::ByOs(temporary) => temporary.remove(),
            Self::OnDisk(stowed) => stowed.remove(),
        }
    }
}

/// Dropped on a loop, it is removed by the pool. A job that never begins drops it, which removes it there.
struct Removed<T: Temporary>(Option<T>);

impl<T: Temporary> Removed<T> {
    fn close(mut self, name: &'static str, path: PathBuf) -> Job<(), FsError> {
        let close = try_job(Lane::Fs, move || {
            let removed = self.0.take().map_or(Ok(()), T::remove);
            removed.map_err(|error| FsError::new("removing", path, error))
        });
        close.named(name)
    }
}

impl<T: Temporary> Drop for Removed<T> {
    fn drop(&mut self) {
        let Some(temporary) = self.0.take() else { return };
        let remove = job(Lane::Fs, move || {
            if let Err(error) = temporary.remove() {
                tracing::warn!(%error, "something temporary stays behind");
            }
        });
        remove.named("removing something temporary").detach();
    }
}

impl<T: Temporary> fmt::Debug for Removed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Removed")
    }
}

fn creating(dir: PathBuf, error: io::Error) -> FsError {
    FsError::new("creating something temporary in", dir, error)
}
