//! A connection: a value that holds a socket until its halves are piped, and the way to its actor from then on.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use roundsman_runtime::{Address, Scope, Spawn};

use super::engine::{Engine, Message};
use super::happenings::Ends;
use super::transport::StreamSocket;
use crate::kernel;
use crate::stream::assembly::Reporter;
use crate::stream::source::Outflow;
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
#[derive(Clone)]
pub struct Connection {
    shared: Arc<Shared>,
}

/// What the halves of a connection have in common, until they are piped.
struct Shared {
    peer: SocketAddr,
    local: SocketAddr,
    state: Mutex<State>,
}

struct State {
    life: Life,
    reader_piped: bool,
    writer_piped: bool,
}

enum Life {
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
    pub(crate) fn new(socket: StreamSocket, peer: SocketAddr, local: SocketAddr) -> Self {
        let life = Life::Idle(socket);
        let state = Mutex::new(State { life, reader_piped: false, writer_piped: false });
        Self { shared: Arc::new(Shared { peer, local, state }) }
    }

    /// The peer's address.
    #[must_use]
    pub fn peer(&self) -> SocketAddr {
        self.shared.peer
    }

    /// Our address.
    #[must_use]
    pub fn local(&self) -> SocketAddr {
        self.shared.local
    }

    /// What the peer sends. Ends with its FIN; fails if the connection does.
    ///
    /// No more is read than is asked for, so a slow reader fills the peer's TCP window. Can be piped once: a second
    /// pipeline fails with [`Cut::InUse`].
    pub fn reader(&self) -> Source<Bytes> {
        let shared = Arc::clone(&self.shared);
        Source::new(move |assembly, outflow| {
            let mut link = outflow.into_link(assembly);
            let mut reporter = assembly.enter(format!("tcp reader {}", shared.peer), None);
            match shared.open(Half::Reader, assembly.owner) {
                Ok(address) => {
                    let control = address.recipient(Message::ControlRead);
                    assembly.set_control(reporter.member, control);
                    if let Err(refused) = address.send(Message::Read { link, reporter })
                        && let Message::Read { mut link, mut reporter } = refused.into_message()
                    {
                        let error = reporter.error(over());
                        refuse_reading(&mut link, &mut reporter, error);
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
            let mut reporter = assembly.enter(format!("tcp writer {}", shared.peer), None);
            let to = Arc::clone(&reporter.name);
            match shared.open(Half::Writer, assembly.owner) {
                Ok(address) => {
                    let control = address.recipient(Message::ControlWrite);
                    assembly.set_control(reporter.member, control);
                    if let Err(refused) = address.send(Message::Write { reporter })
                        && let Message::Write { mut reporter } = refused.into_message()
                    {
                        let error = reporter.error(over());
                        reporter.closed(Err(error));
                    }
                    let name = Arc::clone(&to);
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

    /// Closes the socket at once: both halves fail, what waits to be written is lost, and the peer sees a reset.
    pub fn abort(&self) {
        let mut state = self.shared.lock();
        match &state.life {
            Life::Idle(socket) => {
                // A socket that has no such option has failed by itself.
                let _ = socket.reset_on_close();
                state.life = Life::Closed;
            }
            // One that has ended is closed.
            Life::Open(address) => _ = address.send(Message::Abort),
            Life::Closed => {}
        }
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
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
                let spawn = Spawn::named(format!("tcp:{}", self.peer)).tireless();
                let address = owner
                    .spawn_with(spawn, Engine::between(Ends::new(self.peer, self.local), socket));
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
        if let Life::Open(address) = &self.lock().life {
            // One that has ended needs not be told.
            let _ = address.send(Message::Released);
        }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connection({} -> {})", self.local(), self.peer())
    }
}

/// What is said to a half that is piped when the connection has ended.
pub(super) fn over() -> io::Error {
    io::ErrorKind::ConnectionAborted.into()
}

/// Fails a reader that cannot be had.
pub(super) fn refuse_reading(
    link: &mut Downstream<Bytes>,
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
    name: Arc<str>,
}

impl Subscriber<Bytes> for IntoWriter {
    fn take(&mut self, flow: Flow<Bytes>) -> bool {
        self.address.send(Message::Flow(flow)).is_ok()
    }

    fn straight(&self) -> Option<Straight> {
        let lender = self.address.recipient(Message::Lend);
        kernel::MOVES.then(|| Straight {
            kind: Target::Socket,
            name: Arc::clone(&self.name),
            lender,
        })
    }

    fn moved(&mut self, bytes: u64) {
        // One that has ended has said so.
        let _ = self.address.send(Message::Moved(bytes));
    }
}

/// The lower end of a link into a writer that cannot be had.
pub(crate) struct Refusal;

impl Subscriber<Bytes> for Refusal {
    fn take(&mut self, flow: Flow<Bytes>) -> bool {
        if let Flow::Begin(upstream) = flow {
            upstream.cancel();
        }
        false
    }
}
