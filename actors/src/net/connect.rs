//! Connecting: an attempt with a deadline, whose outcome is a message.
//!
//! Several addresses are tried as RFC 8305 (Happy Eyeballs, version 2) has it: in turn of their families, the next a
//! moment after the last, or at once when one has failed; the first that succeeds ends the others. A name is looked up by
//! [`dns::lookup`](crate::dns::lookup()), which gives the addresses of both families at once.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use roundsman_runtime::{Actor, Context, Outcome, Recipient, SourceId, Spawn, TimerId};

use super::connection::Connection;
use super::endpoint::Endpoint;
use super::eyeballs;
use super::options::Options;
use super::transport::StreamSocket;
use crate::dns::{self, Addresses, LookupError};

/// How long an attempt may take, unless said otherwise.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How long one address has before the next is tried, too. (RFC 8305, section 5: recommended.)
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);
/// And the least and the most that may be said. (The same: 10 ms must not be undercut; 2 s.)
const ATTEMPT_DELAYS: [Duration; 2] = [Duration::from_millis(10), Duration::from_secs(2)];
/// When a Unix socket that took no more is tried again.
const FULL_DELAY: Duration = Duration::from_millis(10);

/// Where an attempt leads: an address, several, or a name and a port.
#[derive(Clone, Debug)]
pub struct Target(pub(super) Kind);

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Endpoints(Vec<Endpoint>),
    Name {
        host: String,
        port: u16,
    },
    /// What was said, and is neither.
    Unreadable(String),
}

impl Target {
    pub(crate) fn local(endpoint: Endpoint) -> Self {
        Self(Kind::Endpoints(vec![endpoint]))
    }

    fn of_host(host: &str, port: u16) -> Self {
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        match bare.parse::<IpAddr>() {
            Ok(ip) => SocketAddr::new(ip, port).into(),
            Err(_) => Self(Kind::Name { host: bare.to_owned(), port }),
        }
    }
}

impl From<SocketAddr> for Target {
    fn from(address: SocketAddr) -> Self {
        Self(Kind::Endpoints(vec![address.into()]))
    }
}

impl From<Vec<SocketAddr>> for Target {
    fn from(addresses: Vec<SocketAddr>) -> Self {
        Self(Kind::Endpoints(addresses.into_iter().map(Endpoint::Ip).collect()))
    }
}

impl From<Endpoint> for Target {
    fn from(endpoint: Endpoint) -> Self {
        Self::local(endpoint)
    }
}

impl From<&Endpoint> for Target {
    fn from(endpoint: &Endpoint) -> Self {
        Self::local(endpoint.clone())
    }
}

impl From<(&str, u16)> for Target {
    fn from((host, port): (&str, u16)) -> Self {
        Self::of_host(host, port)
    }
}

impl From<(String, u16)> for Target {
    fn from((host, port): (String, u16)) -> Self {
        Self::of_host(&host, port)
    }
}

impl From<(IpAddr, u16)> for Target {
    fn from(address: (IpAddr, u16)) -> Self {
        SocketAddr::from(address).into()
    }
}

impl From<&str> for Target {
    /// `192.0.2.1:80`, `[2001:db8::1]:80` or `host:80`.
    fn from(text: &str) -> Self {
        if let Ok(address) = text.parse::<SocketAddr>() {
            return address.into();
        }
        match text.rsplit_once(':').map(|(host, port)| (host, port.parse())) {
            Some((host, Ok(port))) if !host.is_empty() => Self::of_host(host, port),
            _ => Self(Kind::Unreadable(text.to_owned())),
        }
    }
}

impl From<&String> for Target {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

impl From<String> for Target {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Endpoints(endpoints) => match endpoints.as_slice() {
                [] => f.write_str("no address"),
                [one] => one.fmt(f),
                [first, rest @ ..] => write!(f, "{first} and {} more", rest.len()),
            },
            Kind::Name { host, port } => write!(f, "{host}:{port}"),
            Kind::Unreadable(text) => write!(f, "{text:?}"),
        }
    }
}

/// An attempt to connect, as a blueprint: nothing happens until [`start`](Self::start).
#[derive(Clone, Debug)]
#[must_use = "nothing is connected until `start`"]
pub struct Connect {
    pub(super) to: Target,
    options: Options,
    from: Option<SocketAddr>,
    timeout: Duration,
    attempt_delay: Duration,
}

/// Why connecting failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The OS, or the peer, said no.
    #[error("connecting to {to}: {source}")]
    Io {
        /// The address.
        to: Endpoint,
        /// What was said.
        source: io::Error,
    },
    /// None of several addresses has let us in.
    #[error("connecting to {to}: {}", all(attempts))]
    All {
        /// What was to be reached.
        to: String,
        /// Every address that was tried, in the order in which they failed.
        attempts: Vec<FailedAttempt>,
    },
    /// The name has no address, or it cannot be said.
    #[error("connecting to {to}: {source}")]
    Lookup {
        /// What was to be reached.
        to: String,
        /// What the look-up has said.
        source: LookupError,
    },
    /// Nobody answered in time.
    #[error(
        "connecting to {to}: no answer within {timeout:?} (set by `Connect::timeout`){}",
        and(attempts)
    )]
    Timeout {
        /// What was to be reached.
        to: String,
        /// How long was waited.
        timeout: Duration,
        /// The addresses that had failed until then.
        attempts: Vec<FailedAttempt>,
    },
    /// What was to be reached is neither an address nor a name with a port.
    #[error("connecting to {to}: it takes HOST:PORT, IP:PORT or [IPv6]:PORT")]
    BadTarget {
        /// What was said.
        to: String,
    },
}

/// An address that has not let us in.
#[derive(Debug, thiserror::Error)]
#[error("{to}: {source}")]
#[non_exhaustive]
pub struct FailedAttempt {
    /// The address.
    pub to: Endpoint,
    /// What was said.
    pub source: io::Error,
}

impl ConnectError {
    /// What kind of error it was: the OS's, of several the last; `TimedOut`; for a name `NotFound`, `InvalidInput`, or `Other`.
    #[must_use]
    pub fn kind(&self) -> io::ErrorKind {
        match self {
            Self::Io { source, .. } => source.kind(),
            Self::All { attempts, .. } => attempts
                .last()
                .map_or(io::ErrorKind::AddrNotAvailable, |attempt| attempt.source.kind()),
            Self::Lookup { source, .. } => match source {
                LookupError::NotFound { .. } | LookupError::NoData { .. } => {
                    io::ErrorKind::NotFound
                }
                LookupError::BadName { .. } => io::ErrorKind::InvalidInput,
                _ => io::ErrorKind::Other,
            },
            Self::Timeout { .. } => io::ErrorKind::TimedOut,
            Self::BadTarget { .. } => io::ErrorKind::InvalidInput,
        }
    }
}

fn all(attempts: &[FailedAttempt]) -> String {
    match attempts {
        [] => "it has no address".to_owned(),
        attempts => attempts.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
    }
}

fn and(attempts: &[FailedAttempt]) -> String {
    if attempts.is_empty() { String::new() } else { format!("; {}", all(attempts)) }
}

impl Connect {
    pub(crate) fn new(to: Target) -> Self {
        let (timeout, attempt_delay) = (TIMEOUT, ATTEMPT_DELAY);
        Self { to, options: Options::new(), from: None, timeout, attempt_delay }
    }

    /// Whether small writes go out at once (`TCP_NODELAY`). Default true: the writes of a round are joined anyhow.
    pub fn nodelay(mut self, on: bool) -> Self {
        self.options = self.options.nodelay(on);
        self
    }

    /// Options of the socket. (TCP)
    pub fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// The address from which to connect; port 0 lets the OS choose one. Peers of the other family are then out of reach.
    /// (Node: `localAddress`, `localPort`.)
    pub fn local_address(mut self, address: SocketAddr) -> Self {
        self.from = Some(address);
        self
    }

    /// How long the attempt may take, everything included. Default 30 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Of several addresses, how long one has before the next is tried, too. Default 250 ms; at least 10 ms, at most 2 s.
    /// (RFC 8305: "Connection Attempt Delay"; Node: `autoSelectFamilyAttemptTimeout`.)
    pub fn attempt_delay(mut self, delay: Duration) -> Self {
        let [least, most] = ATTEMPT_DELAYS;
        self.attempt_delay = delay.clamp(least, most);
        self
    }

    /// Makes the attempt; the outcome arrives as the actor's own message. The attempt ends with the actor.
    pub fn start<A, F>(self, ctx: &mut Context<'_, A>, map: F)
    where
        A: Actor,
        F: Fn(Result<Connection, ConnectError>) -> A::Message + Send + Sync + 'static,
    {
        let tell = ctx.recipient(map);
        let spawn = Spawn::named(format!("connect:{}", self.to)).tireless();
        ctx.spawn_with(spawn, Attempt::new(self, tell));
    }
}

/// The actor of an attempt.
struct Attempt {
    connect: Connect,
    tell: Recipient<Result<Connection, ConnectError>>,
    /// Still to be tried.
    next: VecDeque<Endpoint>,
    /// Being tried. Places stay as they are: readiness names them.
    open: Vec<Option<Open>>,
    failed: Vec<FailedAttempt>,
    /// When the next is tried, at the latest.
    timer: Option<TimerId>,
}

/// One address that is being tried.
struct Open {
    socket: StreamSocket,
    source: SourceId,
    to: Endpoint,
}

enum Message {
    /// The name has been looked up.
    Found(Result<Addresses, LookupError>),
    Ready(usize),
    /// The last one has had its time for itself.
    Next,
    TimedOut,
}

impl Attempt {
    fn new(connect: Connect, tell: Recipient<Result<Connection, ConnectError>>) -> Self {
        let (next, open, failed) = (VecDeque::new(), Vec::new(), Vec::new());
        Self { connect, tell, next, open, failed, timer: None }
    }

    fn begin(&mut self, ctx: &mut Context<Self>) {
        match &self.connect.to.0 {
            Kind::Endpoints(endpoints) => self.try_all(endpoints.clone(), ctx),
            Kind::Name { host, .. } => {
                // It ends with this actor, and so with the deadline.
                dns::lookup(host).start(ctx, Message::Found);
            }
            Kind::Unreadable(_) => {
                let to = self.connect.to.to_string();
                self.tell(Err(ConnectError::BadTarget { to }), ctx);
            }
        }
    }

    fn found(&mut self, found: Result<Addresses, LookupError>, ctx: &mut Context<Self>) {
        let Kind::Name { port, .. } = &self.connect.to.0 else { return };
        match found {
            Ok(addresses) => {
                let endpoints = addresses.with_port(*port).into_iter().map(Endpoint::Ip);
                self.try_all(endpoints.collect(), ctx);
            }
            Err(source) => {
                let to = self.connect.to.to_string();
                self.tell(Err(ConnectError::Lookup { to, source }), ctx);
            }
        }
    }

    fn try_all(&mut self, endpoints: Vec<Endpoint>, ctx: &mut Context<Self>) {
        let ordered = eyeballs::in_turn(endpoints.iter().filter_map(Endpoint::socket_addr));
        let others = endpoints.into_iter().filter(|endpoint| endpoint.socket_addr().is_none());
        self.next = ordered.into_iter().map(Endpoint::Ip).chain(others).collect();
        self.try_next(ctx);
    }

    /// Tries the next address, and those after it for as long as they fail at once.
    fn try_next(&mut self, ctx: &mut Context<Self>) {
        if let Some(timer) = self.timer.take() {
            ctx.cancel(timer);
        }
        while let Some(to) = self.next.pop_front() {
            match self.open(&to, ctx) {
                Ok(()) => {
                    if !self.next.is_empty() {
                        let delay = self.connect.attempt_delay;
                        self.timer = Some(ctx.send_after(delay, Message::Next));
                    }
                    return;
                }
                // A Unix socket whose backlog is full: nothing will say when it is not.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.next.push_front(to);
                    self.timer = Some(ctx.send_after(FULL_DELAY, Message::Next));
                    return;
                }
                Err(source) => self.failed.push(FailedAttempt { to, source }),
            }
        }
        if self.open.iter().all(Option::is_none) {
            self.give_up(ctx);
        }
    }

    fn open(&mut self, to: &Endpoint, ctx: &mut Context<Self>) -> io::Result<()> {
        let mut socket = match to {
            Endpoint::Ip(to) => {
                StreamSocket::connect_tcp(*to, self.connect.from, &self.connect.options)?
            }
            to => StreamSocket::connect_local(to)?,
        };
        let place = self.open.len();
        let source = socket.register(ctx, move |_| Message::Ready(place))?;
        self.open.push(Some(Open { socket, source, to: to.clone() }));
        Ok(())
    }

    /// Looks whether it is decided how one of them went.
    fn look(&mut self, place: usize, ctx: &mut Context<Self>) {
        let Some(open) = &self.open[place] else { return };
        let decided = match open.socket.connected() {
            Ok(None) => return,
            Ok(Some(peer)) => open.socket.local_endpoint().map(|local| (peer, local)),
            Err(error) => Err(error),
        };
        let Some(Open { mut socket, source, to }) = self.open[place].take() else { return };
        // It is registered anew on the loop where it will live.
        let connection = decided.and_then(|(peer, local)| {
            socket.set_options(&self.connect.options)?;
            socket.deregister(ctx, source)?;
            Ok(Connection::new(socket, peer, local, None))
        });
        match connection {
            Ok(connection) => self.tell(Ok(connection), ctx),
            Err(source) => {
                self.failed.push(FailedAttempt { to, source });
                self.try_next(ctx);
            }
        }
    }

    fn give_up(&mut self, ctx: &mut Context<Self>) {
        let mut attempts = std::mem::take(&mut self.failed);
        let error = match (attempts.len(), attempts.pop()) {
            (1, Some(FailedAttempt { to, source })) => ConnectError::Io { to, source },
            (_, last) => {
                attempts.extend(last);
                ConnectError::All { to: self.connect.to.to_string(), attempts }
            }
        };
        self.tell(Err(error), ctx);
    }

    fn tell(&mut self, outcome: Result<Connection, ConnectError>, ctx: &mut Context<Self>) {
        // If whoever asked has ended, the socket is closed with the outcome.
        self.tell.complete(outcome);
        ctx.stop();
    }
}

impl Actor for Attempt {
    type Message = Message;

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        ctx.send_after(self.connect.timeout, Message::TimedOut);
        self.begin(ctx);
        Ok(())
    }

    fn show(message: &Message) -> String {
        match message {
            Message::Found(Ok(_)) => "the name is found".to_owned(),
            Message::Found(Err(error)) => error.to_string(),
            Message::Ready(_) => "an attempt is decided".to_owned(),
            Message::Next => "time for the next address".to_owned(),
            Message::TimedOut => "the time is over".to_owned(),
        }
    }

    fn receive(&mut self, message: Message, ctx: &mut Context<Self>) -> Outcome {
        match message {
            Message::Found(found) => self.found(found, ctx),
            Message::Ready(place) => self.look(place, ctx),
            Message::Next => {
                self.timer = None;
                self.try_next(ctx);
            }
            Message::TimedOut => {
                let (to, timeout) = (self.connect.to.to_string(), self.connect.timeout);
                let attempts = std::mem::take(&mut self.failed);
                self.tell(Err(ConnectError::Timeout { to, timeout, attempts }), ctx);
            }
        }
        Ok(())
    }
}
