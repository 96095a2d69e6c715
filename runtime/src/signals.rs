//! Signals of the OS as messages.
//!
//! A signal handler may do almost nothing, so it writes a byte into a socket pair; the other end is a source of a
//! loop. Each listener is an actor of its own, a child of whoever listens.
//!
//! It does not decide what a signal means: [`Builder::stop_on_signals`](crate::Builder::stop_on_signals) and
//! [`Context::on_signal`] do.

use std::io::{self, ErrorKind, Read};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::SigId;
use signal_hook::consts::{
    SIGCHLD, SIGCONT, SIGHUP, SIGINT, SIGPIPE, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH,
};
use signal_hook::flag;

use crate::actor::{Actor, Outcome};
use crate::context::Context;
use crate::local::Local;
use crate::poller::{Descriptor, Interest, Readiness};
use crate::recipient::Recipient;
use crate::signal::Signal;
use crate::spawn::{Scope, Spawn};

impl Signal {
    fn number(self) -> i32 {
        match self {
            Self::Interrupt => SIGINT,
            Self::Terminate => SIGTERM,
            Self::HangUp => SIGHUP,
            Self::User1 => SIGUSR1,
            Self::User2 => SIGUSR2,
            Self::Quit => SIGQUIT,
            Self::Child => SIGCHLD,
            Self::Continue => SIGCONT,
            Self::WindowChange => SIGWINCH,
        }
    }
}

/// The end of a socket pair where a signal's bytes arrive.
pub(crate) struct SignalPipe {
    signal: Signal,
    read: UnixStream,
    id: SigId,
}

impl SignalPipe {
    fn open(signal: Signal) -> io::Result<Self> {
        let (read, write) = UnixStream::pair()?;
        read.set_nonblocking(true)?;
        // The write end is set non-blocking by `register`, and closed when it is unregistered.
        let id = signal_hook::low_level::pipe::register(signal.number(), write)?;
        Ok(Self { signal, read, id })
    }

    /// Empties the pipe. True if the signal came, however often.
    fn drain(&mut self) -> bool {
        let mut came = false;
        let mut bytes = [0; 64];
        loop {
            match self.read.read(&mut bytes) {
                Ok(0) => return came,
                Ok(_) => came = true,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return came,
                Err(error) => {
                    tracing::error!(%error, "a signal's pipe cannot be read");
                    return came;
                }
            }
        }
    }
}

impl Drop for SignalPipe {
    fn drop(&mut self) {
        signal_hook::low_level::unregister(self.id);
    }
}

/// Listens to one signal and tells one recipient.
struct SignalListener {
    pipe: SignalPipe,
    tell: Recipient<Signal>,
}

impl Actor for SignalListener {
    type Message = Readiness;

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        let mut source = Descriptor(self.pipe.read.as_raw_fd());
        let id = ctx.register(&mut source, Interest::READABLE, |readiness| readiness)?;
        // As in libuv: that a signal might come is no reason to go on.
        ctx.unref_source(id);
        Ok(())
    }

    fn receive(&mut self, _: Readiness, ctx: &mut Context<Self>) -> Outcome {
        if self.pipe.drain() && self.tell.send(self.pipe.signal).is_err() {
            ctx.stop();
        }
        Ok(())
    }
}

impl<A: Actor> Context<'_, A> {
    /// Turns a signal into this actor's own message, until the actor ends. Any number of actors may listen to one signal:
    /// each is told. Signals that come in quick succession may be one message. Listening does not keep the runtime alive.
    /// (Node: `process.on('SIGHUP', ..)`.)
    ///
    /// From the first call on, the signal no longer does what the OS would have done, for the rest of the process; a child
    /// process that is started has it as it was. What ends a process, SIGKILL, and what stops it, SIGSTOP, cannot be
    /// listened to. SIGPIPE need not be: a runtime ignores it, and a write that nobody reads is an error, `BrokenPipe`.
    ///
    /// # Errors
    /// The OS refuses: there is no descriptor left. Under simulation a signal never comes, and listening is a failure of the
    /// child that listens.
    ///
    /// # Examples
    /// ```
    /// use roundsman_runtime::{Actor, Context, Outcome, Runtime, Signal};
    ///
    /// /// Reads its settings again when it is told to.
    /// struct Settings;
    ///
    /// impl Actor for Settings {
    ///     type Message = Signal;
    ///
    ///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
    ///         ctx.on_signal(Signal::HangUp, |signal| signal)?;
    ///         # std::process::Command::new("sh").args(["-c", "kill -HUP $PPID"]).status()?;
    ///         # ctx.set_expecting(true);
    ///         Ok(())
    ///     }
    ///
    ///     fn receive(&mut self, signal: Signal, ctx: &mut Context<Self>) -> Outcome {
    ///         assert_eq!(signal, Signal::HangUp);
    ///         ctx.stop();
    ///         Ok(())
    ///     }
    /// }
    ///
    /// Runtime::builder().loops(1).build()?.run(|| Settings)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn on_signal<F>(&mut self, signal: Signal, map: F) -> io::Result<()>
    where
        F: Fn(Signal) -> A::Message + Send + Sync + 'static,
    {
        let pipe = SignalPipe::open(signal)?;
        let tell = self.recipient(map);
        self.spawn_with(Spawn::named(format!("signal:{signal:?}")), SignalListener { pipe, tell });
        Ok(())
    }
}

/// Has this process live on when it writes to what nobody reads any more: it is told so by the write. Rust ignores SIGPIPE
/// before `main`, but not every process is Rust's from the start. What was ignored or handled before is afterwards, too.
///
/// A handler that does nothing, and not `SIG_IGN`: that would be what a child process begins with.
pub(crate) fn outlive_broken_pipes() -> io::Result<()> {
    // The handler stays when nobody is called by it any more.
    let id = flag::register(SIGPIPE, Arc::default())?;
    signal_hook::low_level::unregister(id);
    Ok(())
}

/// Has this process hear how its children end. One that began with SIGCHLD ignored would not: the kernel forgets them at once.
///
/// Only where it is ignored, and Linux says so: a handler has calls of other threads return early (`Interrupted`).
pub(crate) fn hear_of_children() -> io::Result<()> {
    if is_ignored(SIGCHLD) {
        let id = flag::register(SIGCHLD, Arc::default())?;
        signal_hook::low_level::unregister(id);
    }
    Ok(())
}

/// Whether Linux says so. (proc_pid_status(5): a set of signals, in hexadecimal.)
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let set = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let set = set.and_then(|set| u64::from_str_radix(set.trim(), 16).ok()).unwrap_or_default();
    set >> (signal - 1) & 1 == 1
}

/// What [`Builder::stop_on_signals`](crate::Builder::stop_on_signals) listens to.
pub(crate) struct StopSignals {
    pipes: Vec<SignalPipe>,
    /// What ends the process at a second signal, in the signal's own handler: the loop that would hear of it may be busy.
    exits: Vec<SigId>,
}

impl Drop for StopSignals {
    fn drop(&mut self) {
        for id in self.exits.drain(..) {
            signal_hook::low_level::unregister(id);
        }
    }
}

/// Begins to listen for [`Builder::stop_on_signals`](crate::Builder::stop_on_signals).
pub(crate) fn listen_for_stop() -> io::Result<StopSignals> {
    let armed = Arc::new(AtomicBool::new(false));
    let mut signals = StopSignals { pipes: Vec::new(), exits: Vec::new() };
    for signal in [Signal::Interrupt, Signal::Terminate] {
        let number = signal.number();
        // In this order: the one signal that arms it does not meet it armed.
        let exit = flag::register_conditional_shutdown(number, CUT, Arc::clone(&armed))?;
        signals.exits.push(exit);
        signals.exits.push(flag::register(number, Arc::clone(&armed))?);
        signals.pipes.push(SignalPipe::open(signal)?);
    }
    Ok(signals)
}

/// The exit status of a process that was told twice to stop.
const CUT: i32 = 2;

/// Whoever stops the runtime when a signal tells it to.
struct Stopper;

impl Actor for Stopper {
    type Message = Signal;

    fn receive(&mut self, signal: Signal, ctx: &mut Context<Self>) -> Outcome {
        tracing::info!(?signal, "stopping as planned; once more stops at once");
        let plan = ctx.scope().local.home.world.settings.drain;
        ctx.shutdown(plan);
        Ok(())
    }
}

/// Lets signals end the runtime, from its first loop.
pub(crate) fn stop_on(local: &Local, signals: &mut StopSignals) {
    let scope = Scope { local, parent: None };
    let stopper = scope.spawn_with(Spawn::named("signals"), Stopper);
    for pipe in signals.pipes.drain(..) {
        let spawn = Spawn::named(format!("signal:{:?}", pipe.signal));
        let tell = stopper.recipient(|signal| signal);
        scope.spawn_with(spawn, SignalListener { pipe, tell });
    }
}
