//! A connection: a value that holds a socket until its halves are piped, and the way to its actor from then on.

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use roundsman_runtime::{Actor, Address, Context, Placement, Scope, Spawn};

use super::credentials::Credentials;
use super::endpoint::Endpoint;
use super::ends::{Closed, Ends, READER, Traffic, WRITER};
use super::engine::{Engine, Message, ToRead};
use super::idle::{Idle, Rule};
use super::options::Options;
use super::seat::Seat;
use super::session::Secured;
use super::station::{Station, refuse};
use super::transport::StreamSocket;
use crate::kernel;
use crate::stream::assembly::Reporter;
use crate::stream::source::Outflow;
use crate::stream::stage_name::StageName;
use crate::stream::straight::{Straight, Target};
use crate::stream::{Cut, Downstream, Flow, PipeError, Sink, Source, Subscriber, Upstream};

/// A connected stream socket.
///
/// It can be sent to another actor, on any loop; it begins to live, as an actor on the loop of whoever pipes one of its
/// halves first, and as a child of that actor. Dropped before that, the socket is closed.
///
/// The two halves end each for itself (half-close): [`reader`](Self::reader) ends with the peer's FIN, and the end of
/// what is piped into [`writer`](Self::writer) sends ours. When both have ended the socket is closed. A half that was
/// never piped counts as ended once this value and its clones are gone.
///
/// If we have ended and the peer has not, what it still sends is read and dropped until it ends, for at most 5 s and 16 MiB,
/// before the socket is closed: a reset could cost it what it was sent last. (RFC 9112, section 9.6.) That goes on after
/// whoever piped it has ended, but not after the runtime has been told to stop. [`abort`](Self::abort) waits for nothing.
#[derive(Clone)]
pub struct Connection {
    pub(super) shared: Arc<Shared>,
}

/// What the halves of a connection have in common, until they are piped.
pub(super) struct Shared {
    pub(super) ends: Arc<Ends>,
    /// What TLS has agreed on, if there is TLS.
    pub(super) secured: Secured,
    state: Mutex<State>,
}

pub(super) struct State {
    pub(super) life: Life,
    /// On which loop it will live, if that is said.
    pub(super) home: Placement,
    /// What is to be done once nothing goes over it; until it lives.
    pub(super) idle: Option<Box<Rule>>,
    reader_piped: bool,
    writer_piped: bool,
}

pub(super) enum Life {
    /// Not piped yet.
    Idle(StreamSocket),
    Open(Address<Message>),
    /// Aborted before it was piped.
    Closed,
}

enum Half {
    Reader,
    Writer,
}

impl Connection {
    pub(crate) fn new(
        socket: StreamSocket,
        peer: Endpoint,
        local: Endpoint,
        seat: Option<Seat>,
    ) -> Self {
        let ends = Arc::new(Ends::new(peer, local, socket.credentials(), seat));
        Self::between(ends, socket, Placement::Here, None, Secured::default())
    }

    /// The same between ends that are there already, with what was said of them.
    pub(super) fn between(
        ends: Arc<Ends>,
        socket: StreamSocket,
        home: Placement,
        idle: Option<Box<Rule>>,
        secured: Secured,
    ) -> Self {
        let state = Mutex::new(State {
            life: Life::Idle(socket),
            home,
            idle,
            reader_piped: false,
            writer_piped: false,
        });
        Self { shared: Arc::new(Shared { ends, secured, state }) }
    }

    /// Where the peer is.
    #[must_use]
    pub fn peer(&self) -> &Endpoint {
        &self.shared.ends.peer
    }

    /// Where we are.
    #[must_use]
    pub fn local(&self) -> &Endpoint {
        &self.shared.ends.local
    }

    /// Who the peer is, if it is a Unix socket and the OS says so (Linux).
    #[must_use]
    pub fn peer_credentials(&self) -> Option<Credentials> {
        self.shared.ends.credentials
    }

    /// How much has gone over it so far, both ways. Also after its end. (Node: `bytesRead`, `bytesWritten`.)
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        self.shared.ends.traffic()
    }

    /// Tells this actor, once, that the connection is over: both halves have ended and the socket is closed. At once if it
    /// is over already. (Node: `'close'`.)
    ///
    /// The results of its own two pipelines come first, in the order in which these ended: a pipeline that goes on behind a half
    /// that has ended is waited for. What was in a pipeline before this was asked for may come after.
    pub fn closed<A, F>(&self, ctx: &mut Context<'_, A>, map: F)
    where
        A: Actor,
        F: Fn(Closed) -> A::Message + Send + Sync + 'static,
    {
        self.shared.ends.tell(ctx.recipient(map));
    }

    /// What the peer sends. Ends with its FIN; fails if the connection does.
    ///
    /// No more is read than is asked for, so a slow reader fills the peer's TCP window. Can be piped once: a second
    /// pipeline fails with [`Cut::InUse`].
    pub fn reader(&self) -> Source<Bytes> {
        let shared = Arc::clone(&self.shared);
        Source::new(move |assembly, outflow| {
            let mut link = outflow.into_link(assembly);
            let ends = Arc::clone(&shared.ends);
            let mut reporter = assembly.enter(StageName::Of(ends, READER));
            match shared.open(Half::Reader, assembly.owner) {
                Ok(address) => {
                    let control = address.recipient(Message::ControlRead);
                    assembly.set_control(reporter.member, control);
                    let to_read = Box::new(ToRead { link, reporter });
                    if let Err(refused) = address.send(Message::Read(to_read)) {
                        refuse(refused.into_message());
                    }
                }
                Err(why) => {
                    let error = reporter.error(why);
                    refuse_reading(&mut link, &mut reporter, error);
                }
            }
        })
    }

    /// What is sent to the peer. The end of the stream sends FIN once everything is written.
    ///
    /// All writes of one round are one system call. At most 64 KiB wait here for the peer; demand returns as they are
    /// written. Can be piped once.
    pub fn writer(&self) -> Sink<Bytes> {
        let shared = Arc::clone(&self.shared);
        Sink::new(move |assembly| {
            let ends = Arc::clone(&shared.ends);
            let mut reporter = assembly.enter(StageName::Of(ends, WRITER));
            let to = reporter.name.clone();
            match shared.open(Half::Writer, assembly.owner) {
                Ok(address) => {
                    let control = address.recipient(Message::ControlWrite);
                    assembly.set_control(reporter.member, control);
                    if let Err(refused) = address.send(Message::Write(Box::new(reporter))) {
                        refuse(refused.into_message());
                    }
                    let name = to.clone();
                    Outflow::Link { link: Box::new(IntoWriter { address, name }), to }
                }
                Err(why) => {
                    let error = reporter.error(why);
                    reporter.closed(Err(error));
                    Outflow::Link { link: Box::new(Refusal), to }
                }
            }
        })
    }

    /// Tells this actor when nothing has gone over it, either way, for `after`; once for each such silence. Replaces what was
    /// said before of silences; with [`Duration::ZERO`] nobody is told any more. Time counts from when the first half is piped.
    /// (Node: `setTimeout`, `'timeout'`.)
    pub fn on_idle<A, F>(&self, after: Duration, ctx: &mut Context<'_, A>, map: F)
    where
        A: Actor,
        F: Fn(Idle) -> A::Message + Send + Sync + 'static,
    {
        self.set_idle(Rule { after, tell: Some(ctx.recipient(map)) });
    }

    /// Closes it, as [`abort`](Self::abort) does, when nothing has gone over it, either way, for `after`. Both halves fail
    /// with `TimedOut`. Replaces what was said before of silences; with [`Duration::ZERO`] it is closed for none. Time counts
    /// from when the first half is piped.
    pub fn close_when_idle(&self, after: Duration) {
        self.set_idle(Rule { after, tell: None });
    }

    fn set_idle(&self, rule: Rule) {
        let rule = (!rule.after.is_zero()).then(|| Box::new(rule));
        let mut state = self.shared.lock();
        match &state.life {
            Life::Idle(_) => state.idle = rule,
            // One that has ended is silent for good.
            Life::Open(address) => _ = address.send(Message::Idle(rule)),
            Life::Closed => {}
        }
    }

    /// Has it live on another loop, counted from 0, modulo the number of loops; with everything that is under way.
    ///
    /// One that has not begun to live will begin there, though whoever pipes it is elsewhere. One that lives moves with its
    /// socket, what it has not written yet, and its links, while they go on: no byte is lost, and none comes before another.
    /// Its old place stays, until it ends, to send on what is still addressed there.
    pub fn move_to(&self, index: usize) {
        let mut state = self.shared.lock();
        state.home = Placement::Loop(index);
        if let Life::Open(address) = &state.life {
            // One that has ended stays where it is.
            let _ = address.send(Message::MoveTo(index));
        }
    }

    /// The loop on which it has been told to live, by [`move_to`](Self::move_to) or by a listener that
    /// [spreads](super::Listen::spread) its connections. `None`: that of whoever pipes it first.
    #[must_use]
    pub fn home(&self) -> Option<usize> {
        match self.shared.lock().home {
            Placement::Loop(index) => Some(index),
            _ => None,
        }
    }

    /// Sets options of TCP: keep-alive and lingering end if these do not ask for them. Other connections have none, and this
    /// does nothing.
    ///
    /// One that the OS does not take shows in the log only: it says that the connection has gone, which its halves
    /// hear by themselves.
    pub fn set_options(&self, options: Options) {
        match &self.shared.lock().life {
            Life::Idle(socket) => apply(socket, &options),
            Life::Open(address) => _ = address.send(Message::Options(Box::new(options))),
            Life::Closed => {}
        }
    }

    /// Closes the socket at once: both halves fail, what waits to be written is lost, and the peer sees a reset.
    pub fn abort(&self) {
        let mut state = self.shared.lock();
        match &state.life {
            Life::Idle(socket) => {
                // A socket that has no such option has failed by itself.
                let _ = socket.reset_on_close();
                state.life = Life::Closed;
                drop(state);
                self.shared.ends.close(Some(Arc::new(over())));
            }
            // One that has ended is closed.
            Life::Open(address) => _ = address.send(Message::Abort),
            Life::Closed => {}
        }
    }
}

impl Shared {
    pub(super) fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        // Nothing in here can be left half done by a panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection's actor for one of its halves, spawned on first use.
    fn open(
        &self,
        half: Half,
        owner: Scope<'_>,
    ) -> Result<Address<Message>, Box<dyn Error + Send + Sync>> {
        let mut state = self.lock();
        let piped = match half {
            Half::Reader => &mut state.reader_piped,
            Half::Writer => &mut state.writer_piped,
        };
        if std::mem::replace(piped, true) {
            return Err(Cut::InUse.into());
        }
        match std::mem::replace(&mut state.life, Life::Closed) {
            Life::Idle(socket) => {
                let spawn = Spawn::named_by(self.ends.clone()).tireless().unmourned();
                let ends = Arc::clone(&self.ends);
                let address = owner.spawn_on(state.home, spawn, move || {
                    Station::Here(Engine::between(ends, socket))
                });
                if let Some(rule) = state.idle.take() {
                    // It was spawned a line ago.
                    let _ = address.send(Message::Idle(Some(rule)));
                }
                state.life = Life::Open(address.clone());
                Ok(address)
            }
            Life::Open(address) => {
                state.life = Life::Open(address.clone());
                Ok(address)
            }
            Life::Closed => Err(over().into()),
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        match &self.lock().life {
            // One that has ended needs not be told.
            Life::Open(address) => _ = address.send(Message::Released),
            // The socket goes with this.
            Life::Idle(_) => self.ends.close(None),
            Life::Closed => {}
        }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connection({} -> {}{})", self.local(), self.peer(), self.shared.secured)
    }
}

/// Sets options, and says where that went wrong.
pub(super) fn apply(socket: &StreamSocket, options: &Options) {
    if let Err(error) = socket.change_options(options) {
        tracing::debug!(%error, "options of a socket were not set");
    }
}

/// What is said to a half that is piped when the connection has ended.
pub(super) fn over() -> io::Error {
    io::ErrorKind::ConnectionAborted.into()
}

/// Fails a reader that cannot be had.
pub(crate) fn refuse_reading<T: 'static>(
    link: &mut Downstream<T>,
    reporter: &mut Reporter,
    error: PipeError,
) {
    link.take(Flow::Begin(Upstream::none()));
    link.take(Flow::Failed(error.clone()));
    reporter.closed(Err(error));
}

/// The lower end of a link into a writer.
struct IntoWriter {
    address: Address<Message>,
    name: StageName,
}

impl Subscriber<Bytes> for IntoWriter {
    fn take(&mut self, flow: Flow<Bytes>) -> bool {
        self.address.send(Message::Flow(flow)).is_ok()
    }

    fn straight(&self) -> Option<Straight> {
        let lender = self.address.recipient(Message::Lend);
        kernel::MOVES.then(|| Straight { kind: Target::Socket, name: self.name.clone(), lender })
    }

    fn moved(&mut self, bytes: u64) {
        // One that has ended has said so.
        let _ = self.address.send(Message::Moved(bytes));
    }
}

/// The lower end of a link into a writer that cannot be had.
pub(crate) struct Refusal;

impl<T> Subscriber<T> for Refusal {
    fn take(&mut self, flow: Flow<T>) -> bool {
        if let Flow::Begin(upstream) = flow {
            upstream.cancel();
        }
        false
    }
}
