//! A server of WebSockets in a runtime of its own, on a thread of its own, for tests that come as clients from outside.

use std::net::SocketAddr;
use std::sync::mpsc::{self, Receiver};
use std::thread::JoinHandle;

use roundsman::net::{ConnectError, Connection, tcp};
use roundsman::stream::{Item, PipeError, Source, StreamContext, Summary};
use roundsman::websocket::{
    self, Arrival, Closed, HandshakeError, HandshakeFailed, Message, Socket,
};
use roundsman::{Address, Context, Happening, Outcome, Runtime, RuntimeHandle};

use crate::ledger::run_balanced;
use crate::patience::must_end;
use crate::role::Role;

/// The context of such a server's root.
pub type Ctx<'a> = Context<'a, Role<Event>>;

/// What its root takes.
pub enum Event {
    /// Somebody has come.
    Arrived(Item<Arrival>),
    /// A message.
    Message(Item<Message>),
    /// One of its pipelines has ended.
    Ended(Result<Summary, PipeError>),
    /// The same of the one that reads, where a test tells them apart.
    ReadingEnded(Result<Summary, PipeError>),
    /// One of its sockets is over.
    Closed(Closed),
    /// Its attempt to connect has ended.
    Connected(Result<Connection, ConnectError>),
    /// The same of its handshake.
    Opened(Result<Socket, HandshakeError>),
    /// Something has happened.
    Happened(Happening),
    /// The test has something for it to do.
    Do(Box<dyn FnOnce(&mut Ctx<'_>) -> Outcome + Send>),
}

/// A server. It is stopped when this is dropped.
pub struct WebSocketServer {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its runtime.
    pub handle: RuntimeHandle,
    /// The handshakes that have failed.
    pub failed: Receiver<HandshakeFailed>,
    root: Address<Event>,
    thread: Option<JoinHandle<()>>,
}

impl WebSocketServer {
    /// Takes WebSockets as `server` says, and gives what happens to `serve`.
    ///
    /// # Panics
    /// If no runtime or no port is to be had.
    pub fn start(
        server: websocket::Server,
        serve: impl FnMut(Event, &mut Ctx<'_>) -> Outcome + Send + 'static,
    ) -> Self {
        Self::through(move |incoming| incoming.through(websocket::accept_with_http(&server)), serve)
    }

    /// The same without other requests: those are answered by the library.
    pub fn without_http(
        server: websocket::Server,
        serve: impl FnMut(Event, &mut Ctx<'_>) -> Outcome + Send + 'static,
    ) -> Self {
        Self::through(
            move |incoming| incoming.through(websocket::accept(&server)).map(Arrival::Socket),
            serve,
        )
    }

    /// The same, with connections that go `through` something.
    ///
    /// # Panics
    /// If no runtime or no port is to be had.
    pub fn through(
        through: impl FnOnce(Source<Connection>) -> Source<Arrival> + Send + 'static,
        mut serve: impl FnMut(Event, &mut Ctx<'_>) -> Outcome + Send + 'static,
    ) -> Self {
        let listener = tcp::listen("127.0.0.1:0").expect("a free port");
        let address = listener.local().socket_addr().expect("TCP");
        let (sender, receiver) = mpsc::channel();
        let (tell_failed, failed) = mpsc::channel();
        #[expect(clippy::disallowed_methods, reason = "the test itself is the client")]
        let thread = std::thread::spawn(move || {
            let runtime = Runtime::builder().loops(2).build().expect("a runtime");
            let handle = runtime.handle();
            let root = move || {
                Role::new(move |event, ctx| match event {
                    Event::Do(work) => work(ctx),
                    Event::Happened(happening) => {
                        if let Some(one) = happening.what().downcast_ref::<HandshakeFailed>() {
                            // The test may have seen enough.
                            let _ = tell_failed.send(one.clone());
                        }
                        Ok(())
                    }
                    event => serve(event, ctx),
                })
                .started(move |ctx| {
                    ctx.on_happening(Event::Happened);
                    let arrivals = through(listener.incoming());
                    arrivals.pipe(ctx.inlet(Event::Arrived)).start(ctx, Event::Ended);
                    sender.send((handle, ctx.address()))?;
                    Ok(())
                })
            };
            run_balanced(runtime, root).expect("the server does not fail");
        });
        let (handle, root) = receiver.recv().expect("the server starts");
        Self { address, handle, failed, root, thread: Some(thread) }
    }

    /// Lets the root do something.
    ///
    /// # Panics
    /// If it has ended.
    pub fn tell(&self, work: impl FnOnce(&mut Ctx<'_>) -> Outcome + Send + 'static) {
        self.root.send(Event::Do(Box::new(work))).expect("the server runs");
    }

    /// Waits until all its connections have ended.
    ///
    /// # Panics
    /// If the server has ended.
    pub fn wait_until_idle(&self) {
        /// Its root, its listener, the stage behind that, and the pipeline between them.
        const ACTORS: u64 = 4;
        loop {
            // A loop that sleeps has not published its last round yet.
            let (sender, receiver) = mpsc::channel();
            self.tell(move |_| Ok(sender.send(())?));
            receiver.recv().expect("the server runs");
            if self.handle.metrics().actors() == ACTORS {
                return;
            }
        }
    }

    /// Waits until its runtime has stopped.
    ///
    /// # Panics
    /// If it has failed.
    pub fn wait_until_stopped(&mut self) {
        if let Some(thread) = self.thread.take() {
            must_end(move || thread.join().expect("the server has not failed"));
        }
    }
}

impl Drop for WebSocketServer {
    fn drop(&mut self) {
        self.handle.stop();
        if !std::thread::panicking() {
            self.wait_until_stopped();
        }
    }
}

/// Sends back what comes.
///
/// # Errors
/// None.
pub fn echo(event: Event, ctx: &mut Ctx<'_>) -> Outcome {
    if let Event::Arrived(arrival) = event
        && let Arrival::Socket(socket) = arrival.take()
    {
        socket.reader().pipe(socket.writer()).start(ctx, Event::Ended);
    }
    Ok(())
}
