//! A socket: a WebSocket as a value, and the way to its actor.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use roundsman_runtime::{Actor, Address, Context};

use super::conversation::Order;
use super::fate::{Closed, Fate, READER, WRITER};
use super::host;
use super::{Close, Message, Request};
use crate::net::connection::{Refusal, refuse_reading};
use crate::net::{Connection, Endpoint};
use crate::stream::source::Outflow;
use crate::stream::stage_name::StageName;
use crate::stream::{Cut, Sink, Source, ToActor};

/// A WebSocket: messages both ways over a connection. Cheap to clone, and it can be sent to another actor, on any loop.
///
/// It lives from its handshake on, and answers pings and the peer's Close by itself. When both halves have ended, or were never
/// piped and no handle is left, it closes.
///
/// # How it ends
/// A WebSocket has no half that stays open: each end says Close once, and sends nothing behind it. (RFC 6455, section 7.)
///
/// | what happens | the reader | the writer |
/// |---|---|---|
/// | what is piped into the writer ends | goes on, until the peer's Close | sends Close 1000, or what [`close_at_end`](Self::close_at_end) has said, and ends once that is answered |
/// | [`close`](Self::close) | goes on, until the peer's Close | fails with [`Closed`](super::SocketError::Closed), if it has not ended |
/// | the peer's Close comes | ends | has [`close_timeout`](super::Options::close_timeout) to end; then our Close answers |
/// | the peer breaks the protocol | fails | the same; our Close says what it was |
/// | the peer's connection ends without a Close | fails with [`Abnormal`](super::SocketError::Abnormal) | the same |
/// | what is piped into the writer fails | goes on, until the peer's Close | sends Close 1011 |
/// | its pipeline is cancelled, or its owner ends | – | sends Close 1001 |
/// | the runtime is stopped as planned | ends | ends when what is piped into it does; Close 1001 |
///
/// A server ends the connection then, and a client waits until it does. What does not come to an end in
/// [`close_timeout`](super::Options::close_timeout) is cut.
#[derive(Clone)]
pub struct Socket {
    shared: Arc<Shared>,
}

/// What its handles have in common.
struct Shared {
    address: Address<host::Message>,
    fate: Arc<Fate>,
    connection: Connection,
    protocol: Option<String>,
    request: Option<Request>,
    reader_piped: AtomicBool,
    writer_piped: AtomicBool,
}

impl Socket {
    pub(super) fn new(
        address: Address<host::Message>,
        fate: Arc<Fate>,
        connection: Connection,
        protocol: Option<String>,
        request: Option<Request>,
    ) -> Self {
        let (reader_piped, writer_piped) = Default::default();
        let shared =
            Shared { address, fate, connection, protocol, request, reader_piped, writer_piped };
        Self { shared: Arc::new(shared) }
    }

    /// What the peer sends, message by message.
    ///
    /// - Demand: no more is read than is asked for, but for one message that waits here; so a slow reader fills the peer's TCP
    ///   window. While nothing is read, pings and the peer's Close are not seen either. A message may have
    ///   [`message_max`](super::Options::message_max) bytes, and a link lets 16 be under way.
    /// - End and failure: as the table above says. What the Close has said tells [`closed`](Self::closed).
    /// - Cancel: what comes from then on is read and dropped, so that the closing goes on.
    ///
    /// Can be piped once: a second pipeline fails with [`Cut::InUse`](crate::stream::Cut::InUse). One that is never piped is
    /// read up to the first message.
    pub fn reader(&self) -> Source<Message> {
        let shared = Arc::clone(&self.shared);
        Source::new(move |assembly, outflow| {
            let mut link = outflow.into_link(assembly);
            let fate = Arc::clone(&shared.fate);
            let mut reporter = assembly.enter(StageName::Of(fate, READER));
            // A flag of its own: nothing else is read by what it says.
            if shared.reader_piped.swap(true, Ordering::Relaxed) {
                let error = reporter.error(Cut::InUse);
                return refuse_reading(&mut link, &mut reporter, error);
            }
            let control = shared.address.recipient(|control| Order::ControlRead(control).into());
            assembly.set_control(reporter.member, control);
            if let Err(refused) = shared.address.send(Order::Read { link, reporter }.into()) {
                shared.refuse(refused.into_message());
            }
        })
    }

    /// What is sent to the peer: each message a frame.
    ///
    /// - Demand returns as frames go to the connection: at most 64 KiB of them wait there and as many here, and 16 messages more.
    /// - The end sends Close 1000, or what [`close_at_end`](Self::close_at_end) has said, and is done once the peer has answered
    ///   it: so it has had everything.
    ///
    /// Can be piped once.
    pub fn writer(&self) -> Sink<Message> {
        let shared = Arc::clone(&self.shared);
        Sink::new(move |assembly| {
            let fate = Arc::clone(&shared.fate);
            let mut reporter = assembly.enter(StageName::Of(fate, WRITER));
            let to = reporter.name.clone();
            if shared.writer_piped.swap(true, Ordering::Relaxed) {
                let error = reporter.error(Cut::InUse);
                reporter.closed(Err(error));
                return Outflow::Link { link: Box::new(Refusal), to };
            }
            let control = shared.address.recipient(|control| Order::ControlWrite(control).into());
            assembly.set_control(reporter.member, control);
            if let Err(refused) = shared.address.send(Order::Write { reporter }.into()) {
                shared.refuse(refused.into_message());
            }
            let address = shared.address.clone();
            let map = |flow| Order::Flow(flow).into();
            Outflow::Link { link: Box::new(ToActor { address, map }), to }
        })
    }

    /// Says Close, with this code and reason, behind what the writer has brought here. What the peer sends until it answers is
    /// still read. Harmless when it is closed. (`close` of browsers.)
    ///
    /// # Panics
    /// As [`Close::new`].
    pub fn close(&self, code: u16, reason: impl Into<String>) {
        // One that has ended is closed.
        let _ = self.shared.address.send(Order::Close(Close::new(code, reason)).into());
    }

    /// Has the end of what is piped into the writer say this code and reason, in place of 1000. What is on its way to the writer
    /// goes first, however long it takes. The last that was said counts, and all of it only if nobody has had another reason to
    /// close before that end: the peer, [`close`](Self::close), a failure. Harmless when it is closed. (`close` of browsers and
    /// of Node's `ws`, where messages that were sent before it go first.)
    ///
    /// # Panics
    /// As [`Close::new`].
    ///
    /// # Examples
    /// A room that closes, and says so to whoever has had everything:
    /// ```
    /// use roundsman::net::{ConnectError, Connection, tcp};
    /// use roundsman::prelude::*;
    /// use roundsman::stream::{Item, Source};
    /// use roundsman::websocket::{self, Close, Closed, HandshakeError, Message, Socket};
    ///
    /// enum Msg {
    ///     Entered(Item<Socket>),
    ///     Connected(Result<Connection, ConnectError>),
    ///     Opened(Result<Socket, HandshakeError>),
    ///     Closed(Closed),
    ///     Done,
    /// }
    ///
    /// struct Room;
    ///
    /// impl Actor for Room {
    ///     type Message = Msg;
    ///
    ///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
    ///         let listener = tcp::listen("127.0.0.1:0")?;
    ///         tcp::connect(listener.local().to_string()).start(ctx, Msg::Connected);
    ///         let sockets = listener.incoming().through(websocket::accept(&websocket::server()));
    ///         sockets.pipe(ctx.inlet(Msg::Entered)).start(ctx, |_| Msg::Done);
    ///         Ok(())
    ///     }
    ///
    ///     fn receive(&mut self, message: Msg, ctx: &mut Context<Self>) -> Outcome {
    ///         match message {
    ///             Msg::Entered(socket) => {
    ///                 socket.close_at_end(Close::GOING_AWAY, "the room closes");
    ///                 let words = Source::iter([Message::from("good night")]);
    ///                 words.pipe(socket.writer()).start(ctx, |_| Msg::Done);
    ///             }
    ///             Msg::Connected(connection) => {
    ///                 websocket::connect(&connection?, "room", "/").start(ctx, Msg::Opened);
    ///             }
    ///             Msg::Opened(socket) => {
    ///                 let socket = socket?;
    ///                 socket.closed(ctx, Msg::Closed);
    ///                 socket.reader().for_each(drop).start(ctx, |_| Msg::Done);
    ///             }
    ///             Msg::Closed(closed) => {
    ///                 let theirs = closed.theirs.ok_or("no Close")?;
    ///                 assert_eq!((theirs.code(), theirs.reason()), (1001, "the room closes"));
    ///                 ctx.stop();
    ///             }
    ///             Msg::Done => {}
    ///         }
    ///         Ok(())
    ///     }
    /// }
    ///
    /// Runtime::builder().loops(1).build()?.run(|| Room)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn close_at_end(&self, code: u16, reason: impl Into<String>) {
        let close = Close::new(code, reason);
        // One that has ended is closed.
        let _ = self.shared.address.send(Order::CloseAtEnd(close).into());
    }

    /// Cuts the connection, without a Close: both halves fail, and the peer sees a reset. (`terminate` of Node's `ws`.)
    pub fn abort(&self) {
        let _ = self.shared.address.send(Order::Abort.into());
    }

    /// Tells this actor, once, that the socket is over: both ends are closed, and the connection is. At once if it is over already.
    pub fn closed<A, F>(&self, ctx: &mut Context<'_, A>, map: F)
    where
        A: Actor,
        F: Fn(Closed) -> A::Message + Send + Sync + 'static,
    {
        self.shared.fate.tell(ctx.recipient(map));
    }

    /// The subprotocol that was agreed on, if there is one.
    #[must_use]
    pub fn protocol(&self) -> Option<&str> {
        self.shared.protocol.as_deref()
    }

    /// The request that it was made of, if we are the server: its path, its cookies.
    #[must_use]
    pub fn request(&self) -> Option<&Request> {
        self.shared.request.as_ref()
    }

    /// Where the peer is.
    #[must_use]
    pub fn peer(&self) -> &Endpoint {
        &self.shared.fate.peer
    }

    /// Where we are.
    #[must_use]
    pub fn local(&self) -> &Endpoint {
        &self.shared.fate.local
    }

    /// The connection below, for what can be asked of it: [`traffic`](Connection::traffic), what TLS has agreed on. Its halves
    /// are in use.
    #[must_use]
    pub fn connection(&self) -> &Connection {
        &self.shared.connection
    }
}

impl Shared {
    /// Answers what was said to a socket that is over.
    fn refuse(&self, message: host::Message) {
        if let host::Message::Order(order) = message {
            order.refuse(&self.fate.closed());
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // One that has ended needs not be told.
        let _ = self.address.send(Order::Released.into());
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Socket({} -> {}", self.local(), self.peer())?;
        match self.protocol() {
            Some(protocol) => write!(f, ", {protocol})"),
            None => f.write_str(")"),
        }
    }
}
