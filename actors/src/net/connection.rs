//! A connection: a value that holds a socket until its halves are piped, and the way to its actor from then on.

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use roundsman_runtime::{Address, Scope, Spawn};

use super::engine::{Engine, Message};
use super::transport::StreamSocket;
use crate::stream::{Cut, PipeError, Sink, Source};

/// A connected stream socket.
///
/// It can be sent to another actor, on any loop; it begins to live, as an actor on the loop of whoever pipes one of its
/// halves first, and as a child of that actor. Dropped before that, the socket is closed.
///
/// The two halves end each for itself (half-close): [`reader`](Self::reader) ends with the peer's FIN, and the end of
/// what is piped into [`writer`](Self::writer) sends ours. When both have ended the socket is closed. A half that was
/// never piped counts as ended once this value is gone.
pub struct Connection {
    shared: Arc<Shared>,
}

/// What the halves of a connection have in common, until they are piped.
struct Shared {
    peer: SocketAddr,
    local: SocketAddr,
    state: Mutex<State>,
}

enum State {
    /// Not piped yet.
    Idle(StreamSocket),
    Open(Address<Message>),
    Opening,
}

impl Connection {
    pub(crate) fn new(socket: StreamSocket, peer: SocketAddr, local: SocketAddr) -> Self {
        let state = Mutex::new(State::Idle(socket));
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
            let link = outflow.into_link(assembly);
            let reporter = assembly.enter(format!("tcp reader {}", shared.peer), None);
            let member = reporter.member;
            let address = shared.open(assembly.owner);
            assembly.set_abort(member, address.recipient(Message::AbortRead));
            // A connection that has ended drops the link and the reporter, which say so.
            let _ = address.send(Message::Read { link, reporter });
        })
    }

    /// What is sent to the peer. The end of the stream sends FIN once everything is written.
    ///
    /// All writes of one round are one system call. At most 64 KiB wait here for the peer; demand returns as they are
    /// written. Can be piped once.
    pub fn writer(&self) -> Sink<Bytes> {
        let shared = Arc::clone(&self.shared);
        Sink::new(move |assembly| {
            let reporter = assembly.enter(format!("tcp writer {}", shared.peer), None);
            let member = reporter.member;
            let address = shared.open(assembly.owner);
            assembly.set_abort(member, address.recipient(Message::AbortWrite));
            let _ = address.send(Message::Write { reporter });
            let into = address.recipient(Message::Flow);
            crate::stream::source::Outflow::Link(Box::new(into))
        })
    }

    /// Closes the socket at once: both halves fail, and what waits to be written is lost.
    pub fn abort(&self) {
        if let State::Open(address) = &*self.shared.lock() {
            // One that has ended is closed.
            let _ = address.send(Message::Abort);
        }
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        // Nothing in here can be left half done by a panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection's actor, spawned on first use.
    fn open(&self, owner: Scope<'_>) -> Address<Message> {
        let mut state = self.lock();
        match std::mem::replace(&mut *state, State::Opening) {
            State::Idle(socket) => {
                let spawn = Spawn::named(format!("tcp:{}", self.peer)).tireless();
                let address = owner.spawn_with(spawn, Engine::new(socket));
                *state = State::Open(address.clone());
                address
            }
            State::Open(address) => {
                *state = State::Open(address.clone());
                address
            }
            State::Opening => unreachable!("the state is only taken under this mutex"),
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if let State::Open(address) = &*self.lock() {
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

/// The error of a half that is piped a second time.
pub(crate) fn in_use(reporter: &crate::stream::assembly::Reporter) -> PipeError {
    reporter.error(Cut::InUse)
}
