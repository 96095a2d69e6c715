//! A listener: a source of connections. Demand is willingness to accept.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use roundsman_runtime::{Actor, Context, DrainPhase, ExitReason, Outcome, Spawn};

use super::block_list::BlockList;
use super::connection::Connection;
use super::endpoint::Endpoint;
use super::happenings::ConnectionDropped;
use super::options::Options;
use super::seat::Seats;
use super::transport::{ListenSocket, StreamSocket, is_exhausted, is_of_the_connection};
use crate::stream::assembly::{Control, Counts, Reporter};
use crate::stream::{Cut, Demand, Downstream, Flow, PipeError, Source, Upstream};

/// The first wait after descriptors have run out; it doubles up to [`BACKOFF_MAX`].
const BACKOFF_MIN: Duration = Duration::from_millis(5);
const BACKOFF_MAX: Duration = Duration::from_secs(1);
/// Connections accepted in one turn; then others have theirs.
const ACCEPT_CAP: u32 = 64;

/// A socket that listens. Bound when it is made; it accepts once it is piped, and only what is asked for.
#[must_use = "a listener accepts nothing until it is piped"]
pub struct Listener {
    sockets: Vec<ListenSocket>,
    local: Endpoint,
    settings: Settings,
}

/// What is done with those who connect.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    pub(crate) options: Options,
    pub(crate) max_connections: Option<usize>,
    pub(crate) blocked: Option<Arc<BlockList>>,
    pub(crate) spread: bool,
}

impl Listener {
    pub(crate) fn new(sockets: Vec<ListenSocket>, settings: Settings) -> io::Result<Self> {
        let first = sockets.first().ok_or(io::ErrorKind::AddrNotAvailable)?;
        let local = first.endpoint()?;
        Ok(Self { sockets, local, settings })
    }

    /// Where it listens: with port 0 asked for, the port that the OS has chosen. With `localhost`, the address of IPv4.
    #[must_use]
    pub fn local(&self) -> &Endpoint {
        &self.local
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
            let name = format!("{} listener {}", self.local.family(), self.local);
            let reporter = assembly.enter(name);
            let member = reporter.member;
            let spawn = Spawn::named(format!("listener:{}", self.local)).tireless().unmourned();
            let doors = self.sockets.into_iter().map(Door::new);
            let acceptor = Acceptor {
                doors: doors.collect(),
                last: 0,
                settings: self.settings,
                seats: Seats::new(1),
                link: Some(link),
                reporter,
                demand: 0,
                backoff: BACKOFF_MIN,
                waiting: false,
                paused: false,
            };
            let address = assembly.stages.spawn_with(spawn, acceptor);
            assembly.set_control(member, address.recipient(Message::Control));
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
    doors: Vec<Door>,
    /// At which somebody was looked for last.
    last: usize,
    settings: Settings,
    seats: Seats,
    link: Option<Downstream<Connection>>,
    reporter: Reporter,
    demand: u64,
    backoff: Duration,
    waiting: bool,
    paused: bool,
}

/// One of its sockets.
struct Door {
    socket: ListenSocket,
    /// Where all its connections come to. `None`: the OS must be asked for each, for it listens on all addresses.
    local: Option<Endpoint>,
    ready: bool,
}

impl Door {
    fn new(socket: ListenSocket) -> Self {
        let local = socket.endpoint().ok();
        let is_one = |ip: IpAddr| !ip.is_unspecified() && ip == ip.to_canonical();
        let local = local.filter(|local| local.ip().is_some_and(is_one));
        Self { socket, local, ready: false }
    }

    /// Where a connection that has come through it is.
    fn local_of(&self, socket: &StreamSocket) -> io::Result<Endpoint> {
        match &self.local {
            Some(local) => Ok(local.clone()),
            None => socket.local_endpoint().or_else(|_| self.socket.endpoint()),
        }
    }
}

enum Message {
    /// Somebody is at this door.
    Ready(usize),
    Demand(Demand),
    /// There may be more than one turn is for.
    GoOn,
    /// Descriptors ran out a while ago: another try.
    Again,
    Control(Control),
}

impl Acceptor {
    fn accept(&mut self, ctx: &mut Context<Self>) {
        let mut accepted = 0;
        while self.demand > 0 && !self.waiting && !self.paused {
            let Some(which) = self.next_door() else { return };
            if accepted == ACCEPT_CAP {
                // Its own address takes messages while it runs.
                let _ = ctx.address().send(Message::GoOn);
                return;
            }
            accepted += 1;
            match self.doors[which].socket.accept() {
                Ok((socket, peer)) => {
                    self.backoff = BACKOFF_MIN;
                    if !self.welcome(which, socket, peer, ctx) {
                        return self.close(Ok(Counts::default()), ctx);
                    }
                }
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock => self.doors[which].ready = false,
                    // That one has gone again: the next, please.
                    io::ErrorKind::Interrupted => {}
                    _ if is_of_the_connection(&error) => self.say_dropped(which, &error, ctx),
                    _ if is_exhausted(&error) => self.back_off(which, &error, ctx),
                    _ => {
                        let error = self.reporter.error(error);
                        return self.close(Err(error), ctx);
                    }
                },
            }
        }
    }

    /// The next door at which somebody is. They take turns: a flood at one keeps nobody at the other waiting.
    fn next_door(&mut self) -> Option<usize> {
        let (count, last) = (self.doors.len(), self.last);
        let which =
            (1..=count).map(|step| (last + step) % count).find(|at| self.doors[*at].ready)?;
        self.last = which;
        Some(which)
    }

    /// Takes one in, unless it may not come. False if nobody wants more.
    fn welcome(
        &mut self,
        which: usize,
        socket: StreamSocket,
        peer: Endpoint,
        ctx: &Context<Self>,
    ) -> bool {
        if let Err(error) = self.may_come(&peer) {
            let local = self.doors[which].local_of(&socket);
            ctx.happens(|| ConnectionDropped::new(local, Some(peer), &error));
            return true;
        }
        // An option that cannot be set says that the peer has gone; the first read will say so too.
        if let Err(error) = socket.set_options(&self.settings.options) {
            tracing::debug!(%peer, %error, "options of a socket were not set");
        }
        let local = match self.doors[which].local_of(&socket) {
            Ok(local) => local,
            Err(error) => {
                let door = self.doors[which].socket.endpoint();
                ctx.happens(|| ConnectionDropped::new(door, Some(peer), &error));
                return true;
            }
        };
        self.demand -= 1;
        let home = if self.settings.spread { self.seats.emptiest() } else { 0 };
        let connection = Connection::new(socket, peer, local, Some(self.seats.take(home)));
        if self.settings.spread {
            connection.move_to(home);
        }
        self.link.as_mut().is_some_and(|link| link.take(Flow::Item(connection)))
    }

    fn may_come(&self, peer: &Endpoint) -> io::Result<()> {
        if let (Some(list), Some(ip)) = (&self.settings.blocked, peer.ip())
            && list.blocks(ip)
        {
            let text = "the listener's block list has this address";
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, text));
        }
        match self.settings.max_connections {
            Some(most) if self.seats.taken() >= most => {
                let text =
                    format!("{most} connections are open, as many as `max_connections` allows");
                Err(io::Error::new(io::ErrorKind::QuotaExceeded, text))
            }
            _ => Ok(()),
        }
    }

    /// Somebody has gone, or has to wait, who was not seen yet.
    fn say_dropped(&self, which: usize, error: &io::Error, ctx: &Context<Self>) {
        ctx.happens(|| ConnectionDropped::new(self.doors[which].socket.endpoint(), None, error));
    }

    fn back_off(&mut self, which: usize, error: &io::Error, ctx: &mut Context<Self>) {
        self.say_dropped(which, error, ctx);
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
        let upstream = Upstream::to(ctx.address(), Message::Demand);
        if let Some(link) = &mut self.link {
            link.take(Flow::Begin(upstream));
        }
        if self.settings.spread {
            self.seats = Seats::new(ctx.loops());
        }
        for (which, door) in self.doors.iter_mut().enumerate() {
            if let Err(error) = door.socket.register(ctx, move |_| Message::Ready(which)) {
                let error = self.reporter.error(error);
                self.close(Err(error), ctx);
                break;
            }
        }
        Ok(())
    }

    fn show(message: &Message) -> String {
        match message {
            Message::Ready(_) => "somebody is there".to_owned(),
            Message::Demand(demand) => demand.shown(),
            Message::GoOn => "goes on".to_owned(),
            Message::Again => "tries again".to_owned(),
            Message::Control(control) => control.shown(),
        }
    }

    fn receive(&mut self, message: Message, ctx: &mut Context<Self>) -> Outcome {
        match message {
            Message::Ready(which) => self.doors[which].ready = true,
            Message::GoOn => {}
            Message::Demand(Demand::More(amount)) => {
                self.demand = self.demand.saturating_add(amount);
            }
            Message::Demand(Demand::Cancel) => {
                self.close(Ok(Counts::default()), ctx);
                return Ok(());
            }
            Message::Again => self.waiting = false,
            Message::Control(Control::Abort(error)) => {
                self.close(Err(error), ctx);
                return Ok(());
            }
            Message::Control(Control::Pause) => self.paused = true,
            Message::Control(Control::Resume) => self.paused = false,
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
