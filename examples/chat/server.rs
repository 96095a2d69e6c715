//! The server: the actor at the root, which accepts connections and sees to a good end.
//!
//! It spawns the hall, and a session for each connection; it refuses those that are too many. On a signal it accepts
//! nobody any more, has every session say goodbye, and stops when all have ended or the time for it is up. It knows no
//! IRC.
//!
//! # If the hall fails
//! Then nobody knows any more who is where, and no client may be left in a channel that does not know it. So the hall
//! is supervised: it begins anew, empty, and everybody who was there is told `ERROR` and cut off. They come back by
//! themselves, as clients do. A hall that fails more than [`FAILURES`] times in a minute takes the server with it.

use std::collections::BTreeMap;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use roundsman::net::{Connection, tls};
use roundsman::prelude::*;
use roundsman::stream::{Item, PipeError, Running, Summary, outlet};
use roundsman::websocket::Arrival;
use roundsman::{
    ActorId, Builder, ChildSpec, JobError, Lane, Signal, Supervision, Terminated, try_job,
};

use super::about::{About, Notices};
use super::door::{Door, Entry};
use super::ending::Ending;
use super::hall::{self, Hall};
use super::listening::{self, Listening};
use super::mouth::Mouth;
use super::names;
use super::session::{self, Session};
use super::transport::{self, Transport};
use super::web::Site;

/// How long the sessions have to say goodbye when the server ends.
const GOODBYE_TIME: Duration = Duration::from_secs(1);
/// How long a loop may dispatch before it turns to its sockets. All that a round has for a socket is one write, so in a
/// round that is long enough for some lines to 1,000 members, each of these gets them in one go.
const ROUND: Duration = Duration::from_millis(20);
/// How often the hall may fail in a minute.
const FAILURES: u32 = 5;

type Announce = Box<dyn FnOnce(&Listening)>;
type Reread = Arc<dyn Fn() -> Result<Notices, String> + Send + Sync>;

/// The actor at the root.
pub struct Server {
    about: Arc<About>,
    announce: Option<Announce>,
    tls: Option<tls::Server>,
    site: Site,
    reread: Option<Reread>,
    stage: Stage,
    /// How many connections there are, and may be.
    door: Door,
    /// Those that have not ended: whom to tell of the end, in the order in which they came, and for whom to wait.
    sessions: BTreeMap<ActorId, Guest>,
    /// Listeners that have not ended: for whom to wait as well.
    listeners: usize,
}

struct Guest {
    session: Address<session::Message>,
    /// What it says, on the way to its client: ours, so that it outlives a session that fails.
    writing: Running,
    host: Arc<str>,
}

enum Stage {
    /// Has not started, or is about to.
    Begun,
    Open {
        hall: Address<hall::Message>,
        accepting: Vec<Running>,
    },
    Closing,
}

/// What a server takes. From outside that is [`Connected`](Self::Connected); the rest it tells itself.
pub enum Message {
    /// Somebody has come by another way than a listener of the server's own.
    Connected(Transport),
    /// Somebody has come to a listener.
    Accepted(Item<Connection>),
    /// Somebody has come who has to say something first: a request, or the handshake of TLS.
    Called(Connection),
    /// One of these, by the peer's address, has gone.
    CallerGone(String),
    /// A browser, or whoever else speaks HTTP.
    Arrived(Item<Arrival>),
    /// A listener takes nobody any more.
    AcceptingEnded(Result<Summary, PipeError>),
    /// The hall has failed, and another one has begun.
    HallReplaced,
    /// Nothing more goes to the client of a session.
    WriteEnded(ActorId),
    /// A session is over.
    SessionEnded(Terminated),
    /// The client of a session that has failed has had time to read so.
    LingerOver(Running),
    /// The process is to end.
    Signalled(Signal),
    /// Files are to be read again.
    HungUp,
    /// They have been.
    Reread(Result<Notices, JobError<String>>),
    /// Whoever has not said goodbye yet does not.
    GoodbyeTimeOver,
}

impl Server {
    /// A runtime that suits a server. One loop: whoever is in a channel talks to everybody in it, so with a second
    /// loop half of all that is said would have to change loops.
    pub fn runtime() -> Builder {
        Runtime::builder().loops(1).round(ROUND)
    }

    /// A server that listens where `about` says once it is spawned, as the root of a runtime or below another actor;
    /// then `announce` is told where, for port 0 takes a free one. If it cannot, it fails with a
    /// [`ListenError`](roundsman::net::ListenError).
    pub fn new(about: About, announce: impl FnOnce(&Listening) + 'static) -> Self {
        Self { announce: Some(Box::new(announce)), ..Self::without_listener(about) }
    }

    /// A server that listens nowhere: whoever is to come in is handed to it as [`Message::Connected`].
    pub fn without_listener(about: About) -> Self {
        Self {
            door: Door::new(&about.settings),
            about: Arc::new(about),
            announce: None,
            tls: None,
            site: Site::new(),
            reread: None,
            stage: Stage::Begun,
            sessions: BTreeMap::new(),
            listeners: 0,
        }
    }

    /// With these certificates, for whoever comes to `tls_listen`.
    #[must_use]
    pub fn tls(mut self, server: tls::Server) -> Self {
        self.tls = Some(server);
        self
    }

    /// At SIGHUP this reads the notices again; it may block. What it cannot read stays as it was.
    #[must_use]
    pub fn reread(
        mut self,
        read: impl Fn() -> Result<Notices, String> + Send + Sync + 'static,
    ) -> Self {
        self.reread = Some(Arc::new(read));
        self
    }

    fn open_hall(&self, ctx: &mut Context<Self>) -> Address<hall::Message> {
        ctx.supervision(Supervision::one_for_one().intensity(FAILURES, Duration::from_secs(60)));
        let (about, replaced) =
            (Arc::clone(&self.about), ctx.recipient(|()| Message::HallReplaced));
        let mut is_first = true;
        ctx.supervise(ChildSpec::permanent("hall"), move || {
            let replaces = (!mem::take(&mut is_first)).then(|| replaced.clone());
            Hall::new(Arc::clone(&about), replaces)
        })
    }

    /// Counts somebody who has something to say before it can be a session, or closes the connection.
    fn answer_call(&mut self, caller: &Connection, ctx: &mut Context<Self>) {
        let peer = caller.peer().to_string();
        if self.door.call(peer.clone(), names::host(caller.peer())) {
            caller.closed(ctx, move |_| Message::CallerGone(peer.clone()));
        } else {
            tracing::debug!(peer, "a connection too many");
            caller.abort();
        }
    }

    /// Takes a client in, or tells it why not.
    fn welcome(&mut self, transport: Transport, ctx: &mut Context<Self>) {
        // While closing, a connection that was accepted just before is closed by being dropped.
        let Stage::Open { hall, .. } = &self.stage else { return };
        let Transport { incoming, outgoing, peer, host, secure, goodbye } = transport;
        let entry = self.door.enter(&peer, &host);
        tracing::debug!(peer, ?entry, "a connection");
        let refusal = match entry {
            Entry::Open => None,
            Entry::Refused(why) => Some(why),
            Entry::Shut => return,
        };
        let (lines, outlet) = outlet(self.about.settings.sendq);
        // Tireless, for demand bounds what a session sends: a window of lines to the hall. If it could be paused, it
        // would not keep up with the end of others. Unmourned, for what it is told after its client has gone is nobody's
        // loss.
        let spawn = Spawn::named(format!("session:{peer}")).tireless().unmourned();
        let arrival = transport::Arrival { incoming, host: Arc::clone(&host), secure, refusal };
        let mouth = Mouth::new(outlet, goodbye);
        let session = Session::new(Arc::clone(&self.about), hall.clone(), arrival, mouth);
        let session = ctx.spawn_with(spawn, session);
        // Before the session pipes the other half: so the connection is ours, too.
        let id = session.id();
        let writing = lines.pipe(outgoing).start(ctx, move |_| Message::WriteEnded(id));
        ctx.watch(&session, Message::SessionEnded);
        self.sessions.insert(id, Guest { session, writing, host });
    }

    /// Answers a browser, or takes a client in that speaks IRC over a WebSocket.
    fn attend(&mut self, arrival: Arrival, ctx: &mut Context<Self>) {
        match arrival {
            Arrival::Request(exchange) => {
                let response = self.site.answer(exchange.request());
                exchange.answer(response);
            }
            Arrival::Socket(socket) => self.welcome(Transport::over_web(&socket), ctx),
            other => tracing::warn!(?other, "somebody whom this version does not know"),
        }
    }

    /// A session is over, and what it has not got rid of by now is lost. One that has failed has not had its time for
    /// that.
    fn forget(&mut self, ended: &Terminated, ctx: &mut Context<Self>) {
        let Some(guest) = self.sessions.remove(&ended.id) else { return };
        self.door.leave(&guest.host);
        if ended.reason.is_failure() {
            ctx.send_after(session::LINGER, Message::LingerOver(guest.writing));
        } else {
            guest.writing.cancel("its session has ended");
        }
    }

    fn dismiss(&self, why: impl Fn() -> Ending) {
        for guest in self.sessions.values() {
            // One that has ended meanwhile has said goodbye already.
            let _ = guest.session.send(session::Message::Close(why()));
        }
    }

    /// Ends in good order; told a second time, at once.
    fn close(&mut self, ctx: &mut Context<Self>) {
        let Stage::Open { hall, accepting } = mem::replace(&mut self.stage, Stage::Closing) else {
            return self.wait_no_more();
        };
        for running in &accepting {
            running.cancel("the server closes");
        }
        // With everybody leaving, nobody has to hear of it.
        let _ = hall.send(hall::Message::Closing);
        self.dismiss(Ending::server_closes);
        ctx.send_after(GOODBYE_TIME, Message::GoodbyeTimeOver);
    }

    /// Whoever has not said goodbye yet does not.
    fn wait_no_more(&mut self) {
        self.listeners = 0;
        for guest in self.sessions.values() {
            // One that has ended meanwhile is gone already.
            let _ = guest.session.send(session::Message::LingerOver);
        }
    }

    fn read_again(&mut self, ctx: &mut Context<Self>) {
        if let Some(reread) = self.reread.clone() {
            ctx.start(try_job(Lane::Fs, move || reread()), Message::Reread);
        }
    }

    fn listen_for_signals(&mut self, ctx: &mut Context<Self>) -> Outcome {
        // Elsewhere than on Unix there are none, and a simulated process gets none.
        if cfg!(unix) && !ctx.is_simulated() {
            ctx.on_signal(Signal::Interrupt, Message::Signalled)?;
            ctx.on_signal(Signal::Terminate, Message::Signalled)?;
            ctx.on_signal(Signal::HangUp, |_| Message::HungUp)?;
        }
        Ok(())
    }
}

impl Actor for Server {
    type Message = Message;

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        // Signals first: whoever has read where it listens may send one.
        self.listen_for_signals(ctx)?;
        let hall = self.open_hall(ctx);

        let mut accepting = Vec::new();
        if let Some(announce) = self.announce.take() {
            let (listening, running) =
                listening::open(&self.about.settings, self.tls.as_ref(), ctx)?;
            accepting = running;
            announce(&listening);
        }
        self.listeners = accepting.len();
        self.stage = Stage::Open { hall, accepting };
        Ok(())
    }

    fn receive(&mut self, message: Message, ctx: &mut Context<Self>) -> Outcome {
        match message {
            Message::Connected(transport) => self.welcome(transport, ctx),
            Message::Accepted(conn) => self.welcome(Transport::over(&conn), ctx),
            Message::Arrived(arrival) => self.attend(arrival.take(), ctx),
            Message::AcceptingEnded(result) if matches!(self.stage, Stage::Open { .. }) => {
                result?;
            }
            Message::AcceptingEnded(_) => self.listeners = self.listeners.saturating_sub(1),
            Message::Called(caller) => self.answer_call(&caller, ctx),
            Message::CallerGone(peer) => self.door.hang_up(&peer),
            Message::WriteEnded(id) => {
                if let Some(guest) = self.sessions.get(&id) {
                    // One that has ended meanwhile knows.
                    let _ = guest.session.send(session::Message::WriteEnded);
                }
            }
            Message::HallReplaced => self.dismiss(Ending::failed),
            Message::SessionEnded(ended) => self.forget(&ended, ctx),
            Message::LingerOver(writing) => writing.cancel("its session has failed"),
            Message::Signalled(signal) => {
                let sessions = self.sessions.len();
                tracing::info!(?signal, sessions, "closing; once more closes at once");
                self.close(ctx);
            }
            Message::HungUp => self.read_again(ctx),
            Message::Reread(Ok(notices)) => {
                tracing::info!("the message of the day and the operators were read again");
                if let Stage::Open { hall, .. } = &self.stage {
                    let _ = hall.send(hall::Message::Reread(notices));
                }
            }
            Message::Reread(Err(JobError::Failed(why))) => {
                tracing::warn!("everything stays as it was: {why}");
            }
            Message::Reread(Err(error)) => tracing::warn!("everything stays as it was: {error}"),
            Message::GoodbyeTimeOver => self.wait_no_more(),
        }
        let is_empty = self.sessions.is_empty() && self.listeners == 0;
        if is_empty && matches!(self.stage, Stage::Closing) {
            ctx.stop();
        }
        Ok(())
    }

    fn show(message: &Message) -> String {
        match message {
            Message::Connected(transport) => format!("{} comes by another way", transport.peer),
            Message::Accepted(conn) => format!("{} comes", conn.peer()),
            Message::Called(conn) => format!("{} calls", conn.peer()),
            Message::CallerGone(peer) => format!("{peer} calls no more"),
            Message::Arrived(arrival) => format!("{:?} arrives", **arrival),
            Message::AcceptingEnded(Ok(_)) => "nobody is accepted any more".to_owned(),
            Message::AcceptingEnded(Err(error)) => format!("accepting has ended: {error}"),
            Message::HallReplaced => "another hall has begun".to_owned(),
            Message::WriteEnded(id) => format!("nothing more goes to the client of {id}"),
            Message::SessionEnded(ended) => format!("{} has ended: {}", ended.path, ended.reason),
            Message::LingerOver(_) => "the time to read of a failure is over".to_owned(),
            Message::Signalled(signal) => format!("{signal:?}"),
            Message::HungUp => "files are to be read again".to_owned(),
            Message::Reread(Ok(_)) => "files were read again".to_owned(),
            Message::Reread(Err(error)) => format!("files cannot be read again: {error}"),
            Message::GoodbyeTimeOver => "the time to say goodbye is over".to_owned(),
        }
    }
}
