//! The server's handshakes, as a stage between connections and whoever takes their sockets.

use std::sync::Arc;

use roundsman_runtime::{Context, Placement, Spawn};

use super::attending::Attending;
use super::fate::Fate;
use super::host::{Host, Phase};
use super::{Exchange, Server, Socket};
use crate::net::Connection;
use crate::stream::reception::Reception;
use crate::stream::runner::{Feed, Runner, RunnerMessage};
use crate::stream::stage::{Stage, Tail};
use crate::stream::{Flow, PipeError, filter_map};

/// Shakes hands with those who connect, several at a time, and lets through the sockets of those with whom that went well, each as
/// it is done. Behind a listener, or behind [`tls::accept`](crate::net). (Node's `ws`: `'connection'`.)
///
/// - A handshake that fails is answered by a status and is that connection's end, and nothing else's: it is told as a
///   [`HandshakeFailed`](super::HandshakeFailed). So is a request that is none for a WebSocket, by 426: see
///   [`accept_with_http`].
/// - Each has a deadline, [`Options::timeout`](super::Options::timeout). So many are under way at once, and sockets wait that were
///   not asked for, as [`Server::handshakes`] says; a peer that stalls takes up one of these places, and nobody waits for it
///   otherwise.
/// - Demand: while nobody asks, none begins. While somebody does, as many begin as there are places.
/// - The end comes after the last handshake. A planned stop of the runtime cuts those that are under way, and so does a failure or
///   a cancel. Sockets that were given out go on: they are no part of this pipeline.
/// - A socket lives on the loop of its connection's [`home`](Connection::home), if it has one, and keeps its place among a
///   listener's [`max_connections`](crate::net::Listen::max_connections).
///
/// # Examples
/// ```no_run
/// use roundsman::net::tcp;
/// use roundsman::prelude::*;
/// use roundsman::stream::{Item, PipeError, Summary};
/// use roundsman::websocket::{self, Socket};
///
/// enum Msg {
///     Opened(Item<Socket>),
///     Closed(Result<Summary, PipeError>),
/// }
///
/// struct Echo;
///
/// impl Actor for Echo {
///     type Message = Msg;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         let server = websocket::server().path("/echo");
///         let sockets = tcp::listen("127.0.0.1:9001")?.incoming().through(websocket::accept(&server));
///         sockets.pipe(ctx.inlet(Msg::Opened)).start(ctx, Msg::Closed);
///         Ok(())
///     }
///
///     fn receive(&mut self, message: Msg, ctx: &mut Context<Self>) -> Outcome {
///         if let Msg::Opened(socket) = message {
///             socket.reader().pipe(socket.writer()).start(ctx, Msg::Closed);
///         }
///         Ok(())
///     }
/// }
///
/// Runtime::builder().build()?.run(|| Echo)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn accept(server: &Server) -> Stage<Connection, Socket> {
    let sockets = filter_map(|arrival| match arrival {
        Arrival::Socket(socket) => Some(socket),
        Arrival::Request(_) => None,
    });
    stage(server, false).then(sockets)
}

/// The same, with requests that are none for a WebSocket given out as they come, for one port that serves pages and sockets.
///
/// A client whose request was answered may send another over the same connection, which comes out here, too. It is no server for
/// everything that HTTP has: a request's body is not read, and its connection ends behind the answer; an answer's body is there
/// as a whole. Sockets that are refused, by [`path`](Server::path) or anything else, are answered here.
///
/// # Examples
/// ```no_run
/// # use roundsman::net::tcp;
/// # use roundsman::prelude::*;
/// # use roundsman::stream::{Item, PipeError, Summary};
/// use roundsman::websocket::{self, Arrival, Response};
///
/// # enum Msg { Arrived(Item<Arrival>), Closed(Result<Summary, PipeError>) }
/// # struct Site;
/// # impl Actor for Site {
/// # type Message = Msg;
/// # fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
/// let server = websocket::server().path("/socket");
/// let arrivals = tcp::listen("127.0.0.1:8080")?.incoming().through(websocket::accept_with_http(&server));
/// arrivals.pipe(ctx.inlet(Msg::Arrived)).start(ctx, Msg::Closed);
/// # Ok(())
/// # }
/// # fn receive(&mut self, message: Msg, ctx: &mut Context<Self>) -> Outcome {
/// # let Msg::Arrived(arrival) = message else { return Ok(()) };
/// match arrival.take() {
///     Arrival::Request(exchange) => {
///         let page = match exchange.request().path() {
///             "/" => Response::new(200).header("content-type", "text/html").body("<h1>Hello</h1>"),
///             _ => Response::new(404),
///         };
///         exchange.answer(page);
///     }
///     Arrival::Socket(socket) => _ = socket.reader().pipe(socket.writer()).start(ctx, Msg::Closed),
///     _ => {}
/// }
/// # Ok(())
/// # }
/// # }
/// ```
pub fn accept_with_http(server: &Server) -> Stage<Connection, Arrival> {
    stage(server, true)
}

/// Who has come.
#[derive(Debug)]
#[non_exhaustive]
pub enum Arrival {
    /// Somebody with a WebSocket.
    Socket(Socket),
    /// Somebody who asks for something else.
    Request(Exchange),
}

fn stage(server: &Server, serves: bool) -> Stage<Connection, Arrival> {
    let reception = Reception::new(server.handshakes);
    Stage::waiting("websocket", Handshakes { server: server.clone(), serves, reception })
}

/// What a host tells.
pub(super) enum Told {
    /// A socket is there, or a request.
    Arrived(Arrival),
    /// It has ended without a socket.
    Over,
}

/// Starts handshakes, and pushes what comes of them.
struct Handshakes {
    server: Server,
    serves: bool,
    reception: Reception<Connection, Arrival>,
}

enum Event {
    Flow(Flow<Connection>),
    Told(Told),
}

impl From<Flow<Connection>> for Event {
    fn from(flow: Flow<Connection>) -> Self {
        Self::Flow(flow)
    }
}

/// Spawns the actor of a socket, which begins with its handshake.
fn begin(
    connection: Connection,
    server: &Server,
    serves: bool,
    ctx: &mut Context<'_, Runner<Handshakes>>,
) {
    let tell = ctx.recipient(|told| RunnerMessage::Event(Event::Told(told)));
    let attending = Attending::new(server, serves, tell);
    let options = server.options.clone();
    let fate = Arc::new(Fate::new(connection.peer(), connection.local()));
    let spawn = Spawn::named_by(Arc::clone(&fate) as Arc<_>).tireless().unmourned();
    let home = connection.home().map_or(Placement::Here, Placement::Loop);
    // A socket outlives the pipeline that it has come out of.
    ctx.scope().without_parent().spawn_on(home, spawn, move || {
        Host::new(connection, fate, options, Phase::Attending(Box::new(attending)))
    });
}

impl Feed for Handshakes {
    type Item = Arrival;
    type Event = Event;

    fn take(
        &mut self,
        event: Event,
        _: &mut dyn Tail<Arrival>,
        _: &mut Context<'_, Runner<Self>>,
    ) -> Result<(), PipeError> {
        match event {
            Event::Flow(flow) => self.reception.take(flow)?,
            Event::Told(Told::Arrived(arrival)) => {
                // The connection of a request keeps its place.
                if matches!(arrival, Arrival::Socket(_)) {
                    self.reception.leave();
                }
                self.reception.add(arrival);
            }
            Event::Told(Told::Over) => self.reception.leave(),
        }
        Ok(())
    }

    fn advance(
        &mut self,
        tail: &mut dyn Tail<Arrival>,
        ctx: &mut Context<'_, Runner<Self>>,
    ) -> Result<bool, PipeError> {
        self.reception.advance(tail, |connection| {
            begin(connection, &self.server, self.serves, ctx);
            true
        })?;
        Ok(false)
    }

    fn drain(&mut self) {
        // Who has not begun is turned away; those who have end by themselves.
        self.reception.close();
    }

    fn let_go(&mut self) {
        // Hosts see by themselves that this actor has ended.
        self.reception.clear();
    }
}
