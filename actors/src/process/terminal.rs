//! The terminal behind the standard streams of this process, if there is one.
//!
//! It asks, and changes nothing: no raw mode, no colours.

use std::io::{self, IsTerminal};

use super::os;

/// A standard stream of this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StandardStream {
    /// [`stdin`](super::stdin()).
    Input,
    /// [`stdout`](super::stdout()).
    Output,
    /// [`stderr`](super::stderr()).
    Error,
}

impl StandardStream {
    /// Whether it is a terminal, and neither a pipe nor a file. (Node: `process.stdout.isTTY`.)
    ///
    /// # Examples
    /// ```
    /// use roundsman::process::StandardStream;
    ///
    /// let colours = StandardStream::Output.is_terminal();
    /// # let _ = colours;
    /// ```
    #[must_use]
    pub fn is_terminal(self) -> bool {
        match self {
            Self::Input => io::stdin().is_terminal(),
            Self::Output => io::stdout().is_terminal(),
            Self::Error => io::stderr().is_terminal(),
        }
    }

    /// The size of the terminal that it is. Whoever listens to [`Signal::WindowChange`](crate::Signal::WindowChange) hears that
    /// there is another one. (Node: `process.stdout.columns`, `'resize'`.)
    ///
    /// # Errors
    /// It is no terminal; on systems that are not Unix always `Unsupported`.
    pub fn terminal_size(self) -> io::Result<TerminalSize> {
        os::terminal_size(self)
    }
}

/// The size of a terminal, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct TerminalSize {
    /// Its width.
    pub columns: u16,
    /// Its height.
    pub rows: u16,
}
