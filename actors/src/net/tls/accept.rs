//! The server's handshakes, as a stage between a listener and whoever takes its connections.

use roundsman_runtime::{Context, Spawn};

use super::handshake::Handshake;
use super::{HandshakeError, Server};
use crate::net::{Connection, Endpoint};
use crate::stream::reception::Reception;
use crate::stream::runner::{Feed, Runner, RunnerMessage};
use crate::stream::stage::{Stage, Tail};
use crate::stream::{Flow, PipeError};

/// Shakes hands with those who connect, several at a time, and lets through those with whom that went well, each as it is
/// done. (Node: `'secureConnection'`.)
///
/// - A handshake that fails is that connection's end, and nothing else's: it is told as a [`HandshakeFailed`].
/// - Each has a deadline, [`Server::timeout`]. So many are under way at once, and done and not asked for, as
///   [`Server::handshakes`] says; a peer that stalls takes up one of these places, and nobody waits for it otherwise.
/// - Demand: while nobody asks, none begins. While somebody does, as many begin as there are places, not only as many as are
///   asked for: else the first few peers that stall would keep out everybody.
/// - The end comes after the last handshake. A planned stop of the runtime cuts those that are under way, and so does a
///   failure or a cancel.
/// - A connection keeps its [`peer`](Connection::peer), its place among a listener's
///   [`max_connections`](crate::net::Listen::max_connections), and its [`home`](Connection::home), where the handshake is done,
///   too: signing takes a loop's time, with RSA keys more than with those of elliptic curves.
///
/// # Examples
/// ```no_run
/// use roundsman::net::{Connection, tcp, tls};
/// use roundsman::prelude::*;
/// use roundsman::stream::{Item, PipeError, Summary};
///
/// struct Echo {
///     tls: tls::Server,
/// }
///
/// enum Msg {
///     Accepted(Item<Connection>),
///     Closed(Result<Summary, PipeError>),
/// }
///
/// impl Actor for Echo {
///     type Message = Msg;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         let incoming = tcp::listen("127.0.0.1:7")?.incoming().through(tls::accept(&self.tls));
///         incoming.pipe(ctx.inlet(Msg::Accepted)).start(ctx, Msg::Closed);
///         Ok(())
///     }
///
///     fn receive(&mut self, message: Msg, ctx: &mut Context<Self>) -> Outcome {
///         if let Msg::Accepted(conn) = message {
///             conn.reader().pipe(conn.writer()).start(ctx, Msg::Closed);
///         }
///         Ok(())
///     }
/// }
///
/// let tls = tls::server("cert.pem", "key.pem").build()?;
/// Runtime::builder().build()?.run(|| Echo { tls })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn accept(server: &Server) -> Stage<Connection, Connection> {
    let reception = Reception::new(server.handshakes);
    Stage::waiting("tls", Handshakes { server: server.clone(), reception })
}

/// A handshake of a server has failed: told to whoever listens to [happenings](crate::emitter#happenings). (Node:
/// `'tlsClientError'`.)
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HandshakeFailed {
    /// Who has connected.
    pub peer: Endpoint,
    /// Our end.
    pub local: Endpoint,
    /// Why.
    pub error: HandshakeError,
}

impl HandshakeFailed {
    pub(super) fn new(peer: &Endpoint, local: &Endpoint, error: &HandshakeError) -> Self {
        Self { peer: peer.clone(), local: local.clone(), error: error.clone() }
    }
}

/// Starts handshakes, and pushes what comes of them.
struct Handshakes {
    server: Server,
    reception: Reception<Connection, Connection>,
}

enum Event {
    Flow(Flow<Connection>),
    Done(Result<Connection, HandshakeError>),
}

impl From<Flow<Connection>> for Event {
    fn from(flow: Flow<Connection>) -> Self {
        Self::Flow(flow)
    }
}

/// Spawns the actor of a handshake; `false` if there can be none.
fn begin(
    connection: &Connection,
    server: &Server,
    ctx: &mut Context<'_, Runner<Handshakes>>,
) -> bool {
    let tell = ctx.recipient(|outcome| RunnerMessage::Event(Event::Done(outcome)));
    match Handshake::accept(connection, server, tell) {
        Ok(handshake) => {
            let spawn = Spawn::named(format!("tls:{}", connection.peer())).tireless().unmourned();
            ctx.spawn_on_with(handshake.home(), spawn, move || handshake);
            true
        }
        // Whoever has piped it before keeps it.
        Err(error) => {
            ctx.happens(|| HandshakeFailed::new(connection.peer(), connection.local(), &error));
            false
        }
    }
}

impl Feed for Handshakes {
    type Item = Connection;
    type Event = Event;

    fn take(
        &mut self,
        event: Event,
        _: &mut dyn Tail<Connection>,
        _: &mut Context<'_, Runner<Self>>,
    ) -> Result<(), PipeError> {
        match event {
            Event::Flow(flow) => self.reception.take(flow)?,
            Event::Done(outcome) => {
                self.reception.leave();
                outcome.into_iter().for_each(|connection| self.reception.add(connection));
            }
        }
        Ok(())
    }

    fn advance(
        &mut self,
        tail: &mut dyn Tail<Connection>,
        ctx: &mut Context<'_, Runner<Self>>,
    ) -> Result<bool, PipeError> {
        self.reception.advance(tail, |connection| begin(&connection, &self.server, ctx))?;
        Ok(false)
    }

    fn drain(&mut self) {
        // Who has not begun is turned away; those who have end by themselves.
        self.reception.close();
    }

    fn let_go(&mut self) {
        // Handshakes are this actor's children, and end with it.
        self.reception.clear();
    }
}
