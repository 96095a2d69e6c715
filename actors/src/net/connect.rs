//! Connecting: an attempt with a deadline, whose outcome is a message.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use roundsman_runtime::{Actor, Context, Outcome, Recipient, SourceId, Spawn};

use super::connection::Connection;
use super::transport::StreamSocket;

/// How long an attempt may take, unless said otherwise.
const TIMEOUT: Duration = Duration::from_secs(30);

/// An attempt to connect, as a blueprint: nothing happens until [`start`](Self::start).
#[derive(Clone, Debug)]
#[must_use = "nothing is connected until `start`"]
pub struct Connect {
    to: SocketAddr,
    nodelay: bool,
    timeout: Duration,
}

/// Why connecting failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The OS, or the peer, said no.
    #[error("connecting to {to}: {source}")]
    Io {
        /// The address.
        to: SocketAddr,
        /// What was said.
        source: io::Error,
    },
    /// Nobody answered in time.
    #[error("connecting to {to}: no answer within {timeout:?} (set by `Connect::timeout`)")]
    Timeout {
        /// The address.
        to: SocketAddr,
        /// How long was waited.
        timeout: Duration,
    },
}

impl Connect {
    pub(crate) fn new(to: SocketAddr) -> Self {
        Self { to, nodelay: true, timeout: TIMEOUT }
    }

    /// Whether small writes go out at once (`TCP_NODELAY`). Default true: the writes of a round are joined anyhow.
    pub fn nodelay(mut self, on: bool) -> Self {
        self.nodelay = on;
        self
    }

    /// How long the attempt may take. Default 30 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Makes the attempt; the outcome arrives as the actor's own message. The attempt ends with the actor.
    pub fn start<A, F>(self, ctx: &mut Context<'_, A>, map: F)
    where
        A: Actor,
        F: Fn(Result<Connection, ConnectError>) -> A::Message + Send + Sync + 'static,
    {
        let tell = ctx.recipient(map);
        let spawn = Spawn::named(format!("connect:{}", self.to)).tireless();
        ctx.spawn_with(spawn, Attempt { connect: self, tell, socket: None });
    }
}

/// The actor of an attempt.
struct Attempt {
    connect: Connect,
    tell: Recipient<Result<Connection, ConnectError>>,
    socket: Option<(StreamSocket, SourceId)>,
}

enum Message {
    Ready,
    TimedOut,
}

impl Attempt {
    fn begin(&mut self, ctx: &mut Context<Self>) -> io::Result<()> {
        let mut socket = StreamSocket::connect(self.connect.to)?;
        let source = socket.register(ctx, |_| Message::Ready)?;
        self.socket = Some((socket, source));
        Ok(())
    }

    /// Looks whether it is decided.
    fn look(&mut self, ctx: &mut Context<Self>) -> io::Result<Option<Connection>> {
        let Some((socket, _)) = &self.socket else { return Ok(None) };
        let Some(peer) = socket.connected()? else { return Ok(None) };
        socket.set_nodelay(self.connect.nodelay)?;
        let local = socket.local_addr()?;
        let Some((mut socket, source)) = self.socket.take() else { return Ok(None) };
        // It is registered anew on the loop where it will live.
        socket.deregister(ctx, source)?;
        Ok(Some(Connection::new(socket, peer, local)))
    }

    fn tell(&mut self, outcome: Result<Connection, ConnectError>, ctx: &mut Context<Self>) {
        // If whoever asked has ended, the socket is closed with the outcome.
        self.tell.complete(outcome);
        ctx.stop();
    }

    fn fail(&mut self, source: io::Error, ctx: &mut Context<Self>) {
        self.tell(Err(ConnectError::Io { to: self.connect.to, source }), ctx);
    }
}

impl Actor for Attempt {
    type Message = Message;

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        match self.begin(ctx) {
            Ok(()) => _ = ctx.send_after(self.connect.timeout, Message::TimedOut),
            Err(error) => self.fail(error, ctx),
        }
        Ok(())
    }

    fn receive(&mut self, message: Message, ctx: &mut Context<Self>) -> Outcome {
        match message {
            Message::TimedOut => {
                let (to, timeout) = (self.connect.to, self.connect.timeout);
                self.tell(Err(ConnectError::Timeout { to, timeout }), ctx);
            }
            Message::Ready => match self.look(ctx) {
                Ok(None) => {}
                Ok(Some(connection)) => self.tell(Ok(connection), ctx),
                Err(error) => self.fail(error, ctx),
            },
        }
        Ok(())
    }
}
