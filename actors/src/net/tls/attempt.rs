//! A client's attempt: it connects, shakes hands, and tells how that went.

use std::time::Duration;

use roundsman_runtime::{Actor, Context, JobError, Lane, Outcome, Recipient, Spawn, try_job};
use rustls::pki_types::ServerName;

use super::handshake::Handshake;
use super::{Client, ConfigError, HandshakeError, TlsError, client};
use crate::net::connect::Kind;
use crate::net::{Connect, ConnectError, Connection, Endpoint, Target, tcp};

/// How long a handshake may take, unless said otherwise.
const TIMEOUT: Duration = Duration::from_secs(10);

/// An attempt to connect to `to` by TCP and TLS, trusting whom this system trusts. (Node: `tls.connect`.)
///
/// The roots of the system are read anew each time, in a job of the pool, which takes some milliseconds; and no session is
/// resumed. Who connects more often keeps a [`Client`].
///
/// # Examples
/// ```no_run
/// # use roundsman::net::{Connection, tls};
/// # use roundsman::prelude::*;
/// # struct Caller;
/// # enum Msg { Connected(Result<Connection, tls::TlsError>) }
/// # impl Actor for Caller {
/// #     type Message = Msg;
/// #     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
/// tls::connect("example.org:443").start(ctx, Msg::Connected);
/// #         Ok(())
/// #     }
/// #     fn receive(&mut self, _: Msg, _: &mut Context<Self>) -> Outcome { Ok(()) }
/// # }
/// ```
pub fn connect(to: impl Into<Target>) -> TlsConnect {
    TlsConnect::new(None, tcp::connect(to))
}

/// An attempt to connect and to shake hands, as a blueprint: nothing happens until [`start`](Self::start).
#[derive(Clone, Debug)]
#[must_use = "nothing is connected until `start`"]
pub struct TlsConnect {
    /// `None`: one that trusts whom the system trusts.
    client: Option<Client>,
    connect: Connect,
    name: Option<String>,
    timeout: Duration,
}

impl TlsConnect {
    pub(super) fn new(client: Option<Client>, connect: Connect) -> Self {
        Self { client, connect, name: None, timeout: TIMEOUT }
    }

    /// The name that the server must have a certificate for, and that it is asked for (SNI); or an address, for which it must
    /// have one. Default: the host to which the attempt leads. One that leads to a Unix socket, or to several addresses,
    /// needs to be told. (Node: `servername`.)
    pub fn server_name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// How long the handshake may take, once there is a connection. Default 10 s. [`Connect::timeout`] bounds what comes before.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Makes the attempt; the outcome arrives as the actor's own message. The attempt ends with the actor.
    pub fn start<A, F>(self, ctx: &mut Context<'_, A>, map: F)
    where
        A: Actor,
        F: Fn(Result<Connection, TlsError>) -> A::Message + Send + Sync + 'static,
    {
        let tell = ctx.recipient(map);
        let spawn = Spawn::named(format!("tls:{}", self.connect.to)).tireless();
        ctx.spawn_with(spawn, Attempt { plan: self, name: None, tell });
    }

    fn server(&self) -> Result<ServerName<'static>, HandshakeError> {
        let name = self.name.clone().or_else(|| host(&self.connect.to));
        let name = name.unwrap_or_else(|| self.connect.to.to_string());
        // A name may be written with the dot of the root; certificates have it without.
        let bare = name.strip_suffix('.').unwrap_or(&name).to_owned();
        ServerName::try_from(bare).map_err(|_| HandshakeError::BadName { name })
    }
}

/// The host to which an attempt leads, if there is one.
fn host(target: &Target) -> Option<String> {
    match &target.0 {
        Kind::Name { host, .. } => Some(host.clone()),
        Kind::Endpoints(endpoints) => match endpoints.as_slice() {
            [Endpoint::Ip(address)] => Some(address.ip().to_string()),
            _ => None,
        },
        Kind::Unreadable(_) => None,
    }
}

/// The actor of an attempt.
struct Attempt {
    plan: TlsConnect,
    name: Option<ServerName<'static>>,
    tell: Recipient<Result<Connection, TlsError>>,
}

enum Message {
    /// The roots of the system were read.
    Read(Result<Client, JobError<ConfigError>>),
    Connected(Result<Connection, ConnectError>),
    Done(Result<Connection, HandshakeError>),
}

impl Attempt {
    fn shake_hands(&mut self, connection: &Connection, ctx: &mut Context<Self>) {
        let (Some(client), Some(name)) = (&self.plan.client, self.name.take()) else { return };
        let (timeout, tell) = (self.plan.timeout, ctx.recipient(Message::Done));
        match Handshake::connect(connection, client, name, timeout, tell) {
            Ok(handshake) => _ = ctx.spawn_with(Spawn::new().tireless(), handshake),
            Err(error) => self.refuse(error, ctx),
        }
    }

    fn refuse(&mut self, why: HandshakeError, ctx: &mut Context<Self>) {
        let with = self.plan.connect.to.to_string();
        self.tell(Err(TlsError::Handshake { with, why }), ctx);
    }

    fn tell(&mut self, outcome: Result<Connection, TlsError>, ctx: &mut Context<Self>) {
        // If whoever asked has ended, the socket is closed with the outcome.
        self.tell.complete(outcome);
        ctx.stop();
    }
}

impl Actor for Attempt {
    type Message = Message;

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        // An address that is none says so better than a name that is none.
        let is_unreadable = matches!(self.plan.connect.to.0, Kind::Unreadable(_));
        match self.plan.server() {
            Ok(name) => self.name = Some(name),
            Err(_) if is_unreadable => {}
            Err(error) => {
                self.refuse(error, ctx);
                return Ok(());
            }
        }
        if self.plan.client.is_some() || is_unreadable {
            self.plan.connect.clone().start(ctx, Message::Connected);
        } else {
            let read = || client().resumption(false).build();
            ctx.start(try_job(Lane::Fs, read).named("tls::connect"), Message::Read);
        }
        Ok(())
    }

    fn receive(&mut self, message: Message, ctx: &mut Context<Self>) -> Outcome {
        match message {
            Message::Read(Ok(client)) => {
                self.plan.client = Some(client);
                self.plan.connect.clone().start(ctx, Message::Connected);
            }
            Message::Read(Err(JobError::Failed(error))) => self.tell(Err(error.into()), ctx),
            Message::Read(Err(error)) => {
                let reason = error.to_string();
                self.tell(Err(ConfigError::NoSystemRoots { reason }.into()), ctx);
            }
            Message::Connected(Ok(connection)) => self.shake_hands(&connection, ctx),
            Message::Connected(Err(error)) => self.tell(Err(error.into()), ctx),
            Message::Done(Ok(connection)) => self.tell(Ok(connection), ctx),
            Message::Done(Err(error)) => self.refuse(error, ctx),
        }
        Ok(())
    }
}
