//! How a file is opened: the options, and the jobs that open one.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use roundsman_runtime::Job;

use super::call::at;
use super::file::File;
use super::{FsError, names, os};

/// Opens a file to read it. (Rust: `std::fs::File::open`; Node: `fs.open`.)
///
/// # Errors
/// As [`OpenOptions::open`].
///
/// # Examples
/// ```
/// use roundsman::fs;
///
/// let opening = fs::open("Cargo.toml");
/// # drop(opening);
/// ```
pub fn open(path: impl Into<PathBuf>) -> Job<File, FsError> {
    OpenOptions::new().read(true).open(path)
}

/// Opens a file to write it: creates one, or empties the one that is there. (Rust: `std::fs::File::create`.)
///
/// # Errors
/// As [`OpenOptions::open`].
///
/// # Examples
/// ```
/// use roundsman::fs;
///
/// let opening = fs::create("motd.txt");
/// # drop(opening);
/// ```
pub fn create(path: impl Into<PathBuf>) -> Job<File, FsError> {
    OpenOptions::new().write(true).create(true).truncate(true).open(path)
}

/// How a file is to be opened. (Rust: `std::fs::OpenOptions`, of the same names; Node: the flags of `fs.open`.)
///
/// # Examples
/// ```
/// use roundsman::prelude::*;
/// use roundsman::{JobError, fs};
///
/// enum Msg {
///     Opened(Result<fs::File, JobError<fs::FsError>>),
///     Written(Result<(), JobError<fs::FsError>>),
/// }
///
/// struct Diary(std::path::PathBuf);
///
/// impl Actor for Diary {
///     type Message = Msg;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         let open = fs::OpenOptions::new().append(true).create(true).open(&self.0);
///         ctx.start(open, Msg::Opened);
///         Ok(())
///     }
///
///     fn receive(&mut self, message: Msg, ctx: &mut Context<Self>) -> Outcome {
///         match message {
///             Msg::Opened(file) => {
///                 let file = file?;
///                 // In this order, whenever they run.
///                 ctx.start(file.write("dear diary\n"), Msg::Written);
///                 ctx.start(file.sync_data(), Msg::Written);
///             }
///             Msg::Written(done) => done?,
///         }
///         Ok(())
///     }
/// }
///
/// let path = std::env::temp_dir().join(format!("diary-{}", std::process::id()));
/// let diary = path.clone();
/// Runtime::builder().loops(1).build()?.run(|| Diary(diary))?;
/// assert_eq!(std::fs::read(&path)?, b"dear diary\n");
/// std::fs::remove_file(path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct OpenOptions {
    read: bool,
    write: bool,
    pub(crate) append: bool,
    pub(crate) truncate: bool,
    create: bool,
    pub(crate) create_new: bool,
    pub(crate) mode: Option<u32>,
}

impl OpenOptions {
    /// Nothing is said yet: one of [`read`](Self::read), [`write`](Self::write) and [`append`](Self::append) must be.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "as in `std`: no default would open anything")]
    pub fn new() -> Self {
        Self {
            read: false,
            write: false,
            append: false,
            truncate: false,
            create: false,
            create_new: false,
            mode: None,
        }
    }

    /// It is to be read.
    pub fn read(mut self, read: bool) -> Self {
        self.read = read;
        self
    }

    /// It is to be written; what is in it stays, unless [`truncate`](Self::truncate) is said.
    pub fn write(mut self, write: bool) -> Self {
        self.write = write;
        self
    }

    /// It is to be written behind its end, wherever that is by then: writes of several do not overwrite each other.
    pub fn append(mut self, append: bool) -> Self {
        self.append = append;
        self
    }

    /// What is in it goes.
    pub fn truncate(mut self, truncate: bool) -> Self {
        self.truncate = truncate;
        self
    }

    /// It is created if it is not there.
    pub fn create(mut self, create: bool) -> Self {
        self.create = create;
        self
    }

    /// It is created, and it is an error (`AlreadyExists`) if it is there. Nobody comes between.
    pub fn create_new(mut self, create_new: bool) -> Self {
        self.create_new = create_new;
        self
    }

    /// Who may do what with it if it is created, as for `chmod`, less the umask. Without effect on systems that are not
    /// Unix. Default: `0o666`.
    pub fn mode(mut self, mode: u32) -> Self {
        self.mode = Some(mode);
        self
    }

    pub(crate) fn with_mode(self, mode: Option<u32>) -> Self {
        Self { mode, ..self }
    }

    /// The same for the standard library.
    pub(crate) fn of_std(&self) -> fs::OpenOptions {
        let mut options = fs::OpenOptions::new();
        options.read(self.read).write(self.write).append(self.append).truncate(self.truncate);
        options.create(self.create).create_new(self.create_new);
        if let Some(mode) = self.mode {
            os::set_mode(&mut options, mode);
        }
        options
    }

    /// Opens it.
    ///
    /// # Errors
    /// [`JobError::Failed`](crate::JobError::Failed) with an [`FsError`]: it is not there, it may not be opened like this,
    /// these options contradict each other (`InvalidInput`), … A FIFO is refused (`InvalidInput`): its reads would hold a
    /// thread of the pool until somebody writes. [`reader`](super::reader()) and [`writer`](super::writer()) take it. A
    /// directory can be opened to read, for [`sync_all`](File::sync_all) and [`metadata`](File::metadata); on Windows it
    /// cannot.
    pub fn open(&self, path: impl Into<PathBuf>) -> Job<File, FsError> {
        let options = self.clone();
        at("fs::open", "opening", path, move |path| {
            let file = match names::open_at_once(&options, path) {
                Ok(file) => file,
                // One that is written and that nobody reads gives an error of its own.
                Err(error) if !is_fifo(path) => return Err(error),
                Err(_) => return Err(refused()),
            };
            let metadata = file.metadata()?;
            if os::is_fifo(&metadata) {
                return Err(refused());
            }
            if !metadata.is_file() {
                os::set_blocking(file.os())?;
            }
            Ok(File::of(file, path))
        })
    }
}

fn is_fifo(path: &Path) -> bool {
    names::metadata(path).is_ok_and(|metadata| os::is_fifo(&metadata))
}

fn refused() -> io::Error {
    let text = "it is a FIFO: read it by `fs::reader`, write it by `fs::writer`";
    io::Error::new(io::ErrorKind::InvalidInput, text)
}
