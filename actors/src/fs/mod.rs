//! Files and directories: read and written as streams, or by jobs; walked, and watched. (Node: `fs`.)
//!
//! No loop waits for a disk: every call of the OS that may is a job of the pool, on [`Lane::Fs`](crate::Lane::Fs).
//! What a file gives, or takes, is bounded by demand as on every other link. Errors say what was tried with which path.

mod atomic;
mod call;
mod chunks;
mod copy;
mod dirs;
#[cfg_attr(not(feature = "sim"), path = "no_disk.rs")]
pub(crate) mod disk;
mod error;
mod fifo;
mod file;
mod file_writer;
mod glob;
mod handle;
mod input;
mod lent;
mod links;
mod lock;
mod mover;
mod names;
mod open;
#[cfg_attr(not(unix), path = "not_unix.rs")]
#[cfg_attr(unix, path = "unix.rs")]
mod os;
mod output;
mod paths;
mod read_feed;
mod reader;
mod temp;
mod walk;
mod walker;
mod watch;
mod watch_feed;
mod watch_queue;
mod whole;
mod writer;

pub use copy::copy;
pub use dirs::{create_dir, create_dir_all, read_dir, remove_dir, remove_dir_all};
pub use error::FsError;
pub use file::File;
pub use glob::glob;
pub use links::{hard_link, read_link, symlink};
pub use lock::Lock;
pub use open::{OpenOptions, create, open};
pub use paths::{canonicalize, exists, metadata, remove_file, rename, set_permissions};
pub use paths::{set_times, symlink_metadata, truncate};
pub use reader::{Reader, reader};
pub use temp::{TempDir, TempFile, temp_dir, temp_dir_in, temp_file, temp_file_in};
pub use walk::{Entry, Walk, walk};
pub use watch::{Watch, WatchEvent, WatchKind, watch};
pub use whole::{append, read, read_to_string, write, write_atomic};
pub use writer::{Writer, writer};

pub(crate) use file_writer::into_output;
pub(crate) use input::StreamInput;
pub(crate) use output::StreamOutput;
pub(crate) use read_feed::from_input;
