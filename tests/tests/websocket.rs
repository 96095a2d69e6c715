//! WebSockets: real sockets, over the loopback interface, against a peer that builds its frames byte by byte, and ourselves.

#[path = "websocket/clients.rs"]
mod clients;
#[path = "websocket/closing.rs"]
mod closing;
#[path = "websocket/conformance.rs"]
mod conformance;
#[path = "websocket/decoding.rs"]
mod decoding;
#[path = "websocket/handshakes.rs"]
mod handshakes;
#[path = "websocket/http.rs"]
mod http;
#[path = "websocket/limits.rs"]
mod limits;
#[path = "websocket/pressure.rs"]
mod pressure;

use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use roundsman::Outcome;
use roundsman::stream::StreamContext;
use roundsman::websocket::{Arrival, Closed, Options, Server, Socket, server};
use roundsman_tests::example::PATIENCE;
use roundsman_tests::websocket_server::{Ctx, Event, WebSocketServer};

/// A time that runs out in a test.
const SHORT: Duration = Duration::from_millis(20);

/// The socket of an arrival.
fn socket_of(event: Event) -> Option<Socket> {
    match event {
        Event::Arrived(arrival) => match arrival.take() {
            Arrival::Socket(socket) => Some(socket),
            _ => None,
        },
        _ => None,
    }
}

/// What is told of one that has been waited for.
#[track_caller]
fn told<T>(receiver: &Receiver<T>) -> T {
    receiver.recv_timeout(PATIENCE).expect("it is told in time")
}

/// What becomes of the sockets of a server.
struct Ends {
    closed: Receiver<Closed>,
    read: Receiver<Result<u64, String>>,
    written: Receiver<Result<u64, String>>,
}

/// A server that gives each socket to `open`, and tells how they end: what was piped with `Event::ReadingEnded`, with
/// `Event::Ended`, and the sockets themselves.
fn observed(
    settings: Server,
    mut open: impl FnMut(Socket, &mut Ctx<'_>) -> Outcome + Send + 'static,
) -> (WebSocketServer, Ends) {
    let (closed_to, closed) = mpsc::channel();
    let (read_to, read) = mpsc::channel();
    let (written_to, written) = mpsc::channel();
    let server = WebSocketServer::start(settings, move |event, ctx| {
        // The test may have seen enough of any of them.
        match event {
            Event::Closed(closed) => _ = closed_to.send(closed),
            Event::ReadingEnded(result) => {
                _ = read_to.send(result.map(|it| it.items).map_err(|error| error.to_string()));
            }
            Event::Ended(result) => {
                _ = written_to.send(result.map(|it| it.items).map_err(|error| error.to_string()));
            }
            event => {
                if let Some(socket) = socket_of(event) {
                    socket.closed(ctx, Event::Closed);
                    open(socket, ctx)?;
                }
            }
        }
        Ok(())
    });
    (server, Ends { closed, read, written })
}

/// Reads messages, and drops them.
fn read(socket: &Socket, ctx: &mut Ctx<'_>) {
    socket.reader().pipe(ctx.inlet(Event::Message)).start(ctx, Event::ReadingEnded);
}

/// Reads messages and sends them back.
fn echo(socket: &Socket, ctx: &mut Ctx<'_>) {
    socket.reader().pipe(socket.writer()).start(ctx, Event::Ended);
}

/// A server whose closing takes no time to speak of.
fn impatient() -> Server {
    server().options(Options::new().close_timeout(SHORT))
}
