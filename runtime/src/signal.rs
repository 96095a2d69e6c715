//! The signals that can be listened to.
//!
//! Named here for every platform; `signals` brings them as messages where the OS has them.

/// A signal that can be listened to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Signal {
    /// SIGINT: Ctrl-C in a terminal.
    Interrupt,
    /// SIGTERM: the polite request to end.
    Terminate,
    /// SIGHUP: the terminal has gone; for servers mostly "read your files again".
    HangUp,
    /// SIGUSR1.
    User1,
    /// SIGUSR2.
    User2,
    /// SIGQUIT: Ctrl-\ in a terminal; by default the process ends and leaves a core.
    Quit,
    /// SIGCHLD: a child of this process has ended or stopped. How one ended is said by whoever has started it.
    Child,
    /// SIGCONT: the process goes on after it was stopped.
    Continue,
    /// SIGWINCH: the terminal has another size.
    WindowChange,
}
