//! Processes: the standard streams of this one, and children, whose streams are sources and sinks and whose end is a
//! message. (Node: `process`, `child_process`.)
//!
//! One engine serves pipes and terminals as it does sockets. It starts no shell, and parses no command line.

mod child;
mod command;
mod descriptors;
mod exit;
#[cfg_attr(not(unix), path = "not_unix.rs")]
#[cfg_attr(unix, path = "unix.rs")]
mod os;
mod output;
#[cfg_attr(not(target_os = "linux"), path = "no_pidfd.rs")]
mod pidfd;
mod reaper;
mod standard;
mod terminal;
mod through;

pub use child::{Child, NotPiped, spawn};
pub use command::Command;
pub use descriptors::raise_descriptor_limit;
pub use output::{Capture, Output, OutputError};
pub use standard::{stderr, stdin, stdout};
pub use terminal::{StandardStream, TerminalSize};
pub use through::{ExitError, through};
