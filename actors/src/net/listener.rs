//! A listener: a source of connections. Demand is willingness to accept.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use roundsman_runtime::{Actor, Context, DrainPhase, ExitReason, Outcome, Spawn};

use super::connection::Connection;
use super::happenings::ConnectionDropped;
use super::transport::{ListenSocket, is_exhausted, is_of_the_connection};
use crate::stream::assembly::{Counts, Reporter};
use crate::stream::{Cut, Demand, Downstream, Flow, PipeError, Source, Upstream};

/// The first wait after descriptors have run out; it doubles up to [`BACKOFF_MAX`].
const BACKOFF_MIN: Duration = Duration::from_millis(5);
const BACKOFF_MAX: Duration = Duration::from_secs(1);
/// Connections accepted in one turn; then others have theirs.
const ACCEPT_CAP: u32 = 64;

/// A socket that listens. Bound when it is made; it accepts once it is piped, and only what is asked for.
#[must_use = "a listener accepts nothing until it is piped"]
pub struct Listener {
    socket: ListenSocket,
    local: SocketAddr,
    nodelay: bool,
}

impl Listener {
    pub(crate) fn new(socket: ListenSocket, nodelay: bool) -> io::Result<Self> {
        let local = socket.local_addr()?;
        Ok(Self { socket, local, nodelay })
    }

    /// Where it listens: with port 0 asked for, the port that the OS has chosen.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// The connections that come, as a source.
    ///
    /// - Demand: accepting stops while nobody asks; the OS then queues up to the backlog, and turns the rest away.
    /// - Out of descriptors it waits 5 ms, doubling up to 1 s, and goes on: it neither spins nor fails.
    /// - A connection that has gone before it was accepted is passed over. Any other error of the socket fails the
    ///   pipeline. It ends when the runtime is stopped as planned; a cancel closes the socket.
    pub fn incoming(self) -> Source<Connection> {
        Source::new(move |assembly, outflow| {
            let link = outflow.into_link(assembly);
            let reporter = assembly.enter(format!("tcp listener {}", self.local), None);
            let member = reporter.member;
            let spawn = Spawn::named(format!("listener:{}", self.local)).tireless();
            let acceptor = Acceptor {
                socket: self.socket,
                nodelay: self.nodelay,
                link: Some(link),
                reporter,
                demand: 0,
                ready: false,
                backoff: BACKOFF_MIN,
                waiting: false,
            };
            let address = assembly.stages.spawn_with(spawn, acceptor);
            assembly.set_abort(member, address.recipient(Message::Abort));
        })
    }
}

impl From<Listener> for Source<Connection> {
    fn from(listener: Listener) -> Self {
        listener.incoming()
    }
}

impl std::fmt::Debug for Listener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Listener({})", self.local)
    }
}

/// The actor of a listener.
struct Acceptor {
    socket: ListenSocket,
    nodelay: bool,
    link: Option<Downstream<Connection>>,
    reporter: Reporter,
    demand: u64,
    ready: bool,
    backoff: Duration,
    waiting: bool,
}

enum Message {
    Ready,
    Demand(Demand),
    /// Descriptors ran out a while ago: another try.
    Again,
    Abort(PipeError),
}

impl Acceptor {
    fn accept(&mut self, ctx: &mut Context<Self>) {
        let mut accepted = 0;
        while self.ready && self.demand > 0 && !self.waiting {
            if accepted == ACCEPT_CAP {
                // Its own address takes messages while it runs.
                let _ = ctx.address().send(Message::Ready);
                return;
            }
            match self.accept_one() {
                Ok(connection) => {
                    accepted += 1;
                    self.backoff = BACKOFF_MIN;
                    self.demand -= 1;
                    let taken =
                        self.link.as_mut().is_some_and(|link| link.take(Flow::Item(connection)));
                    if !taken {
                        return self.close(Ok(Counts::default()), ctx);
                    }
                }
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock => self.ready = false,
                    // That one has gone again: the next, please.
                    io::ErrorKind::Interrupted => {}
                    _ if is_of_the_connection(&error) => {
                        accepted += 1;
                        self.say_dropped(&error, ctx);
                    }
                    _ if is_exhausted(&error) => self.back_off(&error, ctx),
                    _ => {
                        let error = self.reporter.error(error);
                        return self.close(Err(error), ctx);
                    }
                },
            }
        }
    }

    fn accept_one(&self) -> io::Result<Connection> {
        let (socket, peer) = self.socket.accept()?;
        // An option that cannot be set says that the peer has gone; the first read will say so too.
        if let Err(error) = socket.set_nodelay(self.nodelay) {
            tracing::debug!(%peer, %error, "TCP_NODELAY was not set");
        }
        let local = socket.local_addr().or_else(|_| self.socket.local_addr())?;
        Ok(Connection::new(socket, peer, local))
    }

    fn say_dropped(&self, error: &io::Error, ctx: &Context<Self>) {
        ctx.happens(|| ConnectionDropped::new(self.socket.local_addr(), error));
    }

    fn back_off(&mut self, error: &io::Error, ctx: &mut Context<Self>) {
        self.say_dropped(error, ctx);
        tracing::warn!(
            %error, wait_ms = self.backoff.as_millis() as u64,
            "no more connections can be accepted for now: raise `ulimit -n`"
        );
        self.waiting = true;
        ctx.send_after(self.backoff, Message::Again);
        self.backoff = (self.backoff * 2).min(BACKOFF_MAX);
    }

    fn close(&mut self, result: Result<Counts, PipeError>, ctx: &mut Context<Self>) {
        if let (Some(mut link), Err(error)) = (self.link.take(), &result) {
            link.take(Flow::Failed(error.clone()));
        }
        self.reporter.closed(result);
        ctx.stop();
    }
}

impl Actor for Acceptor {
    type Message = Message;

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        let upstream = Upstream::new(ctx.recipient(Message::Demand));
        if let Some(link) = &mut self.link {
            link.take(Flow::Begin(upstream));
        }
        if let Err(error) = self.socket.register(ctx, |_| Message::Ready) {
            let error = self.reporter.error(error);
            self.close(Err(error), ctx);
        }
        Ok(())
    }

    fn receive(&mut self, message: Message, ctx: &mut Context<Self>) -> Outcome {
        match message {
            Message::Ready => self.ready = true,
            Message::Demand(Demand::More(amount)) => {
                self.demand = self.demand.saturating_add(amount);
            }
            Message::Demand(Demand::Cancel) => {
                self.close(Ok(Counts::default()), ctx);
                return Ok(());
            }
            Message::Again => self.waiting = false,
            Message::Abort(error) => {
                self.close(Err(error), ctx);
                return Ok(());
            }
        }
        self.accept(ctx);
        Ok(())
    }

    /// A planned stop: nobody is accepted any more, and the stream ends. The socket closes with the actor.
    fn draining(&mut self, _: DrainPhase, ctx: &mut Context<Self>) -> Outcome {
        if let Some(mut link) = self.link.take() {
            link.take(Flow::End);
            self.close(Ok(Counts::default()), ctx);
        }
        Ok(())
    }

    fn stopping(&mut self, _: &ExitReason, _: &mut Context<Self>) {
        if let Some(mut link) = self.link.take() {
            let error = self.reporter.error(Cut::OwnerGone);
            link.take(Flow::Failed(error.clone()));
            self.reporter.closed(Err(error));
        }
    }
}
