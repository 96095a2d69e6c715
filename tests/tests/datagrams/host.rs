//! An actor that has sockets, in a runtime on a thread of its own; what happens to it is passed on to the test.

use std::sync::mpsc::{self, Receiver};
use std::thread::JoinHandle;

use roundsman::net::UdpSocket;
use roundsman::net::udp::{Datagram, MulticastError, Room};
use roundsman::net::{DatagramDropped, DatagramFailed};
use roundsman::stream::{Item, PipeError, Running, StreamContext, Summary};
use roundsman::{Address, Context, Happening, Runtime, RuntimeHandle};
use roundsman_tests::example::PATIENCE;
use roundsman_tests::ledger::run_balanced;
use roundsman_tests::patience::must_end;
use roundsman_tests::role::Role;

/// The context of the actor.
pub type Ctx<'a> = Context<'a, Role<Event>>;

/// What the actor takes, and passes on.
pub enum Event {
    Came(Item<Datagram>),
    Ended(Result<Summary, PipeError>),
    Changed(Result<(), MulticastError>),
    Room(Room),
    Happened(Happening),
    Do(Box<dyn FnOnce(&mut Ctx<'_>) + Send>),
}

impl Event {
    fn name(&self) -> String {
        match self {
            Self::Came(datagram) => format!("came {datagram:?}"),
            Self::Ended(result) => format!("ended {result:?}"),
            Self::Changed(result) => format!("changed {result:?}"),
            Self::Room(_) => "room".to_owned(),
            Self::Happened(happening) => format!("happened {happening:?}"),
            Self::Do(_) => "do".to_owned(),
        }
    }
}

/// The actor, in the hands of the test. Its runtime is stopped when this is dropped.
pub struct Host {
    pub handle: RuntimeHandle,
    root: Address<Event>,
    events: Receiver<Event>,
    thread: Option<JoinHandle<()>>,
}

impl Host {
    pub fn start() -> Self {
        Self::on(1)
    }

    /// On so many loops.
    pub fn on(loops: usize) -> Self {
        let ((sender, started), (tell, events)) = (mpsc::channel(), mpsc::channel());
        #[expect(clippy::disallowed_methods, reason = "the test itself is the peer")]
        let thread = std::thread::spawn(move || {
            let runtime = Runtime::builder().loops(loops).build().expect("a runtime");
            let handle = runtime.handle();
            let root = move || {
                Role::new(move |event, ctx| {
                    match event {
                        Event::Do(work) => work(ctx),
                        // The test may have seen enough.
                        event => _ = tell.send(event),
                    }
                    Ok(())
                })
                .started(move |ctx| Ok(sender.send((handle, ctx.address()))?))
            };
            run_balanced(runtime, root).expect("the actor does not fail");
        });
        let (handle, root) = started.recv().expect("it starts");
        Self { handle, root, events, thread: Some(thread) }
    }

    /// What the actor makes of its context.
    pub fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Ctx<'_>) -> T + Send + 'static,
    ) -> T {
        let (sender, receiver) = mpsc::channel();
        let work = move |ctx: &mut Ctx<'_>| _ = sender.send(work(ctx));
        self.root.send(Event::Do(Box::new(work))).expect("it lives");
        receiver.recv_timeout(PATIENCE).expect("the actor has done it")
    }

    /// Pipes the reader of a socket to the actor.
    pub fn read(&self, socket: &UdpSocket) -> Running {
        let reader = socket.reader();
        self.ask(|ctx| reader.pipe(ctx.inlet(Event::Came)).start(ctx, Event::Ended))
    }

    /// Has the actor told of what happens.
    pub fn listen(&self) {
        self.ask(|ctx| ctx.on_happening(Event::Happened));
    }

    #[track_caller]
    fn next(&self) -> Event {
        self.events.recv_timeout(PATIENCE).expect("something happens")
    }

    #[track_caller]
    pub fn came(&self) -> Item<Datagram> {
        match self.next() {
            Event::Came(item) => item,
            other => panic!("a datagram should come, not: {}", other.name()),
        }
    }

    #[track_caller]
    pub fn ended(&self) -> Result<Summary, PipeError> {
        match self.next() {
            Event::Ended(result) => result,
            other => panic!("a pipeline should end, not: {}", other.name()),
        }
    }

    #[track_caller]
    pub fn changed(&self) -> Result<(), MulticastError> {
        match self.next() {
            Event::Changed(result) => result,
            other => panic!("a group should change, not: {}", other.name()),
        }
    }

    #[track_caller]
    pub fn room(&self) {
        match self.next() {
            Event::Room(_) => {}
            other => panic!("there should be room, not: {}", other.name()),
        }
    }

    /// The next failure of a datagram that is told.
    #[track_caller]
    pub fn failure(&self) -> DatagramFailed {
        loop {
            match self.next() {
                Event::Happened(happening) => {
                    if let Some(failed) = happening.what().downcast_ref::<DatagramFailed>() {
                        return failed.clone();
                    }
                }
                other => panic!("a datagram should fail, not: {}", other.name()),
            }
        }
    }

    /// The next drop of a datagram that is told.
    #[track_caller]
    pub fn dropped(&self) -> DatagramDropped {
        loop {
            match self.next() {
                Event::Happened(happening) => {
                    if let Some(dropped) = happening.what().downcast_ref::<DatagramDropped>() {
                        return dropped.clone();
                    }
                }
                other => panic!("a datagram should be dropped, not: {}", other.name()),
            }
        }
    }

    /// Waits until everything that it has been told is done, and finds that nothing was passed on.
    #[track_caller]
    pub fn nothing(&self) {
        // Twice: what the first round has sent to itself is done in the second.
        self.ask(|_| ());
        self.ask(|_| ());
        if let Ok(event) = self.events.try_recv() {
            panic!("nothing should happen, not: {}", event.name());
        }
    }

    /// Waits until there is no actor but this one.
    pub fn wait_until_alone(&self) {
        loop {
            // A loop that sleeps has not published its last round yet.
            self.ask(|_| ());
            if self.handle.metrics().actors() == 1 {
                return;
            }
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.handle.stop();
        let Some(thread) = self.thread.take() else { return };
        if std::thread::panicking() {
            return;
        }
        must_end(move || thread.join().expect("the actor has not failed"));
    }
}
