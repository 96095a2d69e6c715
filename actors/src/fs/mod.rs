//! Files: read and written as streams, or whole, as jobs; directories, walked. (Node: `fs`.)
//!
//! No loop waits for a disk: every call of the OS that may is a job of the pool, on [`Lane::Fs`](crate::Lane::Fs).
//! What a file gives, or takes, is bounded by demand as on every other link. Errors say what was tried with which path.
//!
//! It watches no directories.

mod atomic;
mod chunks;
mod error;
mod file_writer;
mod input;
mod mover;
#[cfg_attr(not(unix), path = "not_unix.rs")]
#[cfg_attr(unix, path = "unix.rs")]
mod os;
mod output;
mod read_feed;
mod reader;
mod walk;
mod walker;
mod whole;
mod writer;

pub use error::FsError;
pub use reader::{Reader, reader};
pub use walk::{Entry, Walk, walk};
pub use whole::{metadata, read, write, write_atomic};
pub use writer::{Writer, writer};

pub(crate) use file_writer::into_output;
pub(crate) use input::StreamInput;
pub(crate) use output::StreamOutput;
pub(crate) use read_feed::from_input;
