//! A server in a runtime of its own, on a thread of its own, for tests that come as clients from outside.

use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread::JoinHandle;

use bytes::Bytes;
use roundsman::net::tls::TlsError;
use roundsman::net::{Closed, ConnectError, Connection, Endpoint, Idle, Listener};
use roundsman::stream::{Item, PipeError, Source, StreamContext, Summary};
use roundsman::{Address, Context, Happening, Outcome, Runtime, RuntimeHandle};

use crate::family::Family;
use crate::ledger::run_balanced;
use crate::patience::must_end;
use crate::role::Role;

/// The context of a server's root.
pub type Ctx<'a> = Context<'a, Role<Event>>;

/// What a server's root takes.
pub enum Event {
    /// Somebody has connected.
    Accepted(Item<Connection>),
    /// Bytes from one of its connections.
    Bytes(Item<Bytes>),
    /// One of its pipelines has ended.
    Ended(Result<Summary, PipeError>),
    /// Nothing has gone over one of its connections for a while.
    Idle(Idle),
    /// One of its connections is over.
    Closed(Closed),
    /// Its attempt to connect has ended.
    Connected(Result<Connection, ConnectError>),
    /// The same of one with TLS.
    Secured(Result<Connection, TlsError>),
    /// Something has happened that it listens to.
    Happened(Happening),
    /// The test has something for it to do.
    Do(Box<dyn FnOnce(&mut Ctx<'_>) -> Outcome + Send>),
}

/// A server. It is stopped when this is dropped.
pub struct Server {
    /// Where it listens.
    pub address: Endpoint,
    /// Its runtime.
    pub handle: RuntimeHandle,
    /// Its root.
    pub root: Address<Event>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// The actors of a server without connections: its root, its listener, and the pipeline between them.
    pub const ACTORS: u64 = 3;

    /// Waits until all its connections have ended.
    ///
    /// # Panics
    /// If the server has ended.
    pub fn wait_until_idle(&self) {
        loop {
            // A loop that sleeps has not published its last round yet.
            let (sender, receiver) = mpsc::channel();
            self.tell(move |_| Ok(sender.send(())?));
            receiver.recv().expect("the server runs");
            if self.handle.metrics().actors() == Self::ACTORS {
                return;
            }
        }
    }

    /// Its address, if it is one of TCP.
    ///
    /// # Panics
    /// If it is not.
    #[must_use]
    pub fn socket_addr(&self) -> SocketAddr {
        self.address.socket_addr().expect("TCP")
    }

    /// Listens on a free port of TCP, on so many loops, and gives what happens to `serve`.
    ///
    /// # Panics
    /// If no runtime or no port is to be had.
    pub fn start(
        loops: usize,
        serve: impl FnMut(Event, &mut Ctx<'_>) -> Outcome + Send + 'static,
    ) -> Self {
        Self::of(Family::Tcp, loops, serve)
    }

    /// The same with sockets of this family.
    pub fn of(
        family: Family,
        loops: usize,
        serve: impl FnMut(Event, &mut Ctx<'_>) -> Outcome + Send + 'static,
    ) -> Self {
        Self::with(family.listen(), loops, serve)
    }

    /// The same with this listener.
    pub fn with(
        listener: Listener,
        loops: usize,
        serve: impl FnMut(Event, &mut Ctx<'_>) -> Outcome + Send + 'static,
    ) -> Self {
        Self::start_at(listener, loops, |incoming| incoming, serve)
    }

    /// The same, with connections that go `through` something first.
    ///
    /// # Panics
    /// If no runtime is to be had.
    pub fn start_at(
        listener: Listener,
        loops: usize,
        through: impl FnOnce(Source<Connection>) -> Source<Connection> + Send + 'static,
        mut serve: impl FnMut(Event, &mut Ctx<'_>) -> Outcome + Send + 'static,
    ) -> Self {
        let address = listener.local().clone();
        let (sender, receiver) = mpsc::channel();
        #[expect(clippy::disallowed_methods, reason = "the test itself is the client")]
        let thread = std::thread::spawn(move || {
            let runtime = Runtime::builder().loops(loops).build().expect("a runtime");
            let handle = runtime.handle();
            let root = move || {
                Role::new(move |event, ctx| match event {
                    Event::Do(work) => work(ctx),
                    event => serve(event, ctx),
                })
                .started(move |ctx| {
                    let incoming = through(listener.incoming());
                    incoming.pipe(ctx.inlet(Event::Accepted)).start(ctx, Event::Ended);
                    sender.send((handle, ctx.address()))?;
                    Ok(())
                })
            };
            run_balanced(runtime, root).expect("the server does not fail");
        });
        let (handle, root) = receiver.recv().expect("the server starts");
        Self { address, handle, root, thread: Some(thread) }
    }

    /// Lets the root do something.
    ///
    /// # Panics
    /// If it has ended.
    pub fn tell(&self, work: impl FnOnce(&mut Ctx<'_>) -> Outcome + Send + 'static) {
        self.root.send(Event::Do(Box::new(work))).expect("the server runs");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.handle.stop();
        let Some(thread) = self.thread.take() else { return };
        if std::thread::panicking() {
            return;
        }
        must_end(move || thread.join().expect("the server has not failed"));
    }
}
