//! The server: the actor at the root, which accepts connections and sees to a good end.
//!
//! It spawns the hall, and a session for each connection; it refuses those that are too many. On a signal it accepts nobody any
//! more, has every session say goodbye, and stops when all have ended or the time for it is up. It knows no IRC.
//!
//! # If the hall fails
//! Then nobody knows any more who is where, and no client may be left in a channel that does not know it. So the hall is
//! supervised: it begins anew, empty, and everybody who was there is told `ERROR` and cut off. They come back by themselves,
//! as clients do. A hall that fails more than [`FAILURES`] times in a minute takes the server with it.

use std::collections::BTreeMap;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use roundsman::net::{Connection, Endpoint, tcp, tls};
use roundsman::prelude::*;
use roundsman::stream::{Item, PipeError, Running, Source, Summary};
use roundsman::websocket::{Arrival, accept_with_http};
use roundsman::{
    ActorId, Builder, ChildSpec, Failure, JobError, Lane, Signal, Supervision, Terminated, try_job,
};

use super::about::{About, Notices};
use super::hall::{self, Hall};
use super::session::{self, Session};
use super::transport::Transport;
use super::web::{self, Site};

/// How long the sessions have to say goodbye when the server ends.
const GOODBYE_TIME: Duration = Duration::from_secs(3);
/// How long a loop may dispatch before it turns to its sockets. All that a round has for a socket is one write, so in a round
/// that is long enough for some lines to 1,000 members, each of these gets them in one go.
const ROUND: Duration = Duration::from_millis(5);
/// How often the hall may fail in a minute.
const FAILURES: u32 = 5;

/// Where a server listens, once it does.
#[derive(Debug, Clone)]
pub struct Listening {
    /// For clients that talk openly.
    pub plain: Endpoint,
    /// For clients that use TLS.
    pub tls: Option<Endpoint>,
    /// For browsers.
    pub web: Option<Endpoint>,
}

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
    /// Those that have not ended: whom to tell of the end, in the order in which they came, and for whom to wait.
    sessions: BTreeMap<ActorId, Guest>,
    /// How many of them come from one host.
    hosts: BTreeMap<Arc<str>, usize>,
}

struct Guest {
    session: Address<session::Message>,
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
    /// A browser, or whoever else speaks HTTP.
    Arrived(Item<Arrival>),
    /// A listener takes nobody any more.
    AcceptingEnded(Result<Summary, PipeError>),
    /// The hall has failed, and another one has begun.
    HallReplaced,
    /// A session is over.
    SessionEnded(Terminated),
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
    /// A runtime that suits a server. One loop: whoever is in a channel talks to everybody in it, so a second loop would only
    /// turn plain pushes into locked ones.
    pub fn runtime() -> Builder {
        Runtime::builder().loops(1).round(ROUND)
    }

    /// A server that listens where `about` says once it is spawned, as the root of a runtime or below another actor; then
    /// `announce` is told where, for port 0 takes a free one. It fails if it cannot.
    pub fn new(about: About, announce: impl FnOnce(&Listening) + 'static) -> Self {
        Self { announce: Some(Box::new(announce)), ..Self::without_listener(about) }
    }

    /// A server that listens nowhere: whoever is to come in is handed to it as [`Message::Connected`].
    pub fn without_listener(about: About) -> Self {
        Self {
            about: Arc::new(about),
            announce: None,
            tls: None,
            site: Site::new(),
            reread: None,
            stage: Stage::Begun,
            sessions: BTreeMap::new(),
            hosts: BTreeMap::new(),
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

    fn listen(&self, announce: Announce, ctx: &mut Context<Self>) -> Result<Vec<Running>, Failure> {
        let settings = &self.about.settings;
        let listener = tcp::listen(settings.listen)?;
        let mut listening = Listening { plain: listener.local().clone(), tls: None, web: None };
        let mut accepting = vec![accept(listener.incoming(), ctx)];
        if let (Some(address), Some(tls)) = (settings.tls_listen, &self.tls) {
            let listener = tcp::listen(address)?;
            listening.tls = Some(listener.local().clone());
            accepting.push(accept(listener.incoming().through(tls::accept(tls)), ctx));
        }
        if let Some(address) = settings.web {
            let listener = tcp::listen(address)?;
            listening.web = Some(listener.local().clone());
            let server = web::server(settings.web_origins.clone());
            let arrivals = listener.incoming().through(accept_with_http(&server));
            let arrivals = arrivals.pipe(ctx.inlet(Message::Arrived));
            accepting.push(arrivals.start(ctx, Message::AcceptingEnded));
        }
        announce(&listening);
        Ok(accepting)
    }

    /// Takes a client in, or tells it why not.
    fn welcome(&mut self, transport: Transport, ctx: &mut Context<Self>) {
        // While closing, a connection that was accepted just before is closed by being dropped.
        let Stage::Open { hall, .. } = &self.stage else { return };
        let host = Arc::clone(&transport.host);
        let settings = &self.about.settings;
        let from_there = self.hosts.entry(Arc::clone(&host)).or_default();
        let refusal = if self.sessions.len() >= settings.max_clients {
            Some("The server is full")
        } else if *from_there >= settings.max_per_address {
            Some("Too many connections from your address")
        } else {
            None
        };
        *from_there += 1;
        // Tireless, for a session bounds by itself what it sends: to the hall a window of lines, to its peer what the peer
        // takes. If it could be paused, it would not keep up with what it is to deliver.
        let spawn = Spawn::named(format!("session:{}", transport.peer)).tireless();
        let session = Session::new(Arc::clone(&self.about), hall.clone(), transport, refusal);
        let session = ctx.spawn_with(spawn, session);
        tracing::debug!(%host, refusal, "a connection");
        ctx.watch(&session, Message::SessionEnded);
        self.sessions.insert(session.id(), Guest { session, host });
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

    fn forget(&mut self, session: ActorId) {
        let Some(guest) = self.sessions.remove(&session) else { return };
        if let Some(count) = self.hosts.get_mut(&guest.host) {
            *count -= 1;
            if *count == 0 {
                self.hosts.remove(&guest.host);
            }
        }
    }

    fn dismiss(&self, why: &str) {
        for guest in self.sessions.values() {
            // One that has ended meanwhile has said goodbye already.
            let _ = guest.session.send(session::Message::Close(why.to_owned()));
        }
    }

    /// Ends in good order; told a second time, at once.
    fn close(&mut self, ctx: &mut Context<Self>) {
        let Stage::Open { hall, accepting } = mem::replace(&mut self.stage, Stage::Closing) else {
            return ctx.stop();
        };
        for running in &accepting {
            running.cancel("the server closes");
        }
        // With everybody leaving, nobody has to hear of it.
        let _ = hall.send(hall::Message::Closing);
        self.dismiss("Server closing");
        ctx.send_after(GOODBYE_TIME, Message::GoodbyeTimeOver);
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

        let accepting = match self.announce.take() {
            Some(announce) => self.listen(announce, ctx)?,
            None => Vec::new(),
        };
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
            Message::AcceptingEnded(_) => {}
            Message::HallReplaced => self.dismiss("Internal error"),
            Message::SessionEnded(ended) => self.forget(ended.id),
            Message::Signalled(signal) => {
                tracing::info!(?signal, sessions = self.sessions.len(), "closing");
                self.close(ctx);
            }
            Message::HungUp => self.read_again(ctx),
            Message::Reread(Ok(notices)) => {
                tracing::info!("the message of the day and the operators were read again");
                if let Stage::Open { hall, .. } = &self.stage {
                    let _ = hall.send(hall::Message::Reread(notices));
                }
            }
            Message::Reread(Err(error)) => tracing::warn!(%error, "everything stays as it was"),
            Message::GoodbyeTimeOver => ctx.stop(),
        }
        if self.sessions.is_empty() && matches!(self.stage, Stage::Closing) {
            ctx.stop();
        }
        Ok(())
    }
}

fn accept(incoming: Source<Connection>, ctx: &mut Context<Server>) -> Running {
    incoming.pipe(ctx.inlet(Message::Accepted)).start(ctx, Message::AcceptingEnded)
}
