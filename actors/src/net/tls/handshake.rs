//! A handshake: the actor that has a connection's socket before the connection is given out with TLS on top.
//!
//! Spawned by [`accept`](super::accept()) and by an attempt to connect. It tells its one outcome, and ends.

use std::sync::Arc;
use std::time::Duration;

use roundsman_runtime::{
    Actor, Context, DrainPhase, ExitReason, Outcome, Placement, Recipient, SourceId,
};
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, Connection as Tls, ServerConnection};

use super::{Client, HandshakeError, HandshakeFailed, Server, TlsInfo};
use crate::net::Connection;
use crate::net::connection::Life;
use crate::net::ends::Ends;
use crate::net::idle::Rule;
use crate::net::session::{Secured, Session};

/// Who hears how it went.
pub(super) type Tell = Recipient<Result<Connection, HandshakeError>>;

/// The actor of a handshake.
pub(super) struct Handshake {
    /// Until it is given out.
    session: Option<Box<Session>>,
    source: Option<SourceId>,
    ends: Arc<Ends>,
    /// Where the connection is to live.
    home: Placement,
    /// What is to be done once nothing goes over it.
    idle: Option<Box<Rule>>,
    side: Side,
    timeout: Duration,
    /// Until it was told.
    tell: Option<Tell>,
}

enum Side {
    /// The name that it has asked for.
    Client(String),
    Server,
}

pub(super) enum Message {
    Ready,
    TimedOut,
}

impl Handshake {
    /// Of a server, over a connection that nobody has piped.
    pub(super) fn accept(
        connection: &Connection,
        server: &Server,
        tell: Tell,
    ) -> Result<Self, HandshakeError> {
        let tls = ServerConnection::new(server.config()).map_err(HandshakeError::Protocol)?;
        Self::over(connection, tls.into(), Side::Server, server.timeout, tell)
    }

    /// Of a client.
    pub(super) fn connect(
        connection: &Connection,
        client: &Client,
        name: ServerName<'static>,
        timeout: Duration,
        tell: Tell,
    ) -> Result<Self, HandshakeError> {
        let asked = Side::Client(name.to_str().into_owned());
        let tls = ClientConnection::new(Arc::clone(&client.config), name)
            .map_err(HandshakeError::Protocol)?;
        Self::over(connection, tls.into(), asked, timeout, tell)
    }

    fn over(
        connection: &Connection,
        tls: Tls,
        side: Side,
        timeout: Duration,
        tell: Tell,
    ) -> Result<Self, HandshakeError> {
        let mut state = connection.shared.lock();
        let socket = match std::mem::replace(&mut state.life, Life::Closed) {
            Life::Idle(socket) => socket,
            other => {
                state.life = other;
                return Err(HandshakeError::InUse);
            }
        };
        Ok(Self {
            session: Some(Box::new(Session::new(socket, tls))),
            source: None,
            ends: Arc::clone(&connection.shared.ends),
            home: state.home,
            idle: state.idle.take(),
            side,
            timeout,
            tell: Some(tell),
        })
    }

    /// Where it is to be done: where the connection will live.
    pub(super) fn home(&self) -> Placement {
        self.home
    }

    fn go_on(&mut self, ctx: &mut Context<Self>) {
        let Some(session) = &mut self.session else { return };
        match session.shake_hands() {
            Ok(true) => self.give(ctx),
            Ok(false) => {}
            Err(error) => self.fail(error, ctx),
        }
    }

    /// It is done: what was the socket's is the connection's.
    fn give(&mut self, ctx: &mut Context<Self>) {
        let Some(mut session) = self.session.take() else { return };
        // It is registered anew on the loop where it will live.
        if let Some(source) = self.source.take()
            && let Err(error) = session.below_mut().deregister(ctx, source)
        {
            return self.fail(HandshakeError::of_socket(error), ctx);
        }
        let asked = match &self.side {
            Side::Client(name) => Some(name.clone()),
            Side::Server => None,
        };
        let secured = Secured(Some(Arc::new(TlsInfo::of(session.tls(), asked))));
        let ends = Arc::clone(&self.ends);
        let connection =
            Connection::between(ends, session.into(), self.home, self.idle.take(), secured);
        if let Some(tell) = self.tell.take() {
            // If whoever asked has ended, the socket is closed with the outcome.
            tell.complete(Ok(connection));
        }
        ctx.stop();
    }

    fn fail(&mut self, error: HandshakeError, ctx: &mut Context<Self>) {
        let Some(tell) = self.tell.take() else { return };
        self.session = None;
        if let Side::Server = self.side {
            let (peer, local) = (&self.ends.peer, &self.ends.local);
            ctx.happens(|| HandshakeFailed::new(peer, local, &error));
        }
        self.ends.close(Some(Arc::new(error.clone().into_io())));
        tell.complete(Err(error));
        ctx.stop();
    }
}

impl Drop for Handshake {
    /// One that never began, for whoever wanted it has ended, could not say so as it ended.
    fn drop(&mut self) {
        if self.tell.is_some() {
            self.ends.close(Some(Arc::new(HandshakeError::Stopped.into_io())));
        }
    }
}

impl Actor for Handshake {
    type Message = Message;

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        ctx.send_after(self.timeout, Message::TimedOut);
        let Some(session) = &mut self.session else { return Ok(()) };
        match session.below_mut().register(ctx, |_| Message::Ready) {
            Ok(source) => {
                self.source = Some(source);
                self.go_on(ctx);
            }
            Err(error) => self.fail(HandshakeError::of_socket(error), ctx),
        }
        Ok(())
    }

    fn receive(&mut self, message: Message, ctx: &mut Context<Self>) -> Outcome {
        match message {
            Message::Ready => self.go_on(ctx),
            Message::TimedOut => self.fail(HandshakeError::TimedOut(self.timeout), ctx),
        }
        Ok(())
    }

    /// A planned stop: nobody is let in any more.
    fn draining(&mut self, _: DrainPhase, ctx: &mut Context<Self>) -> Outcome {
        if let Side::Server = self.side {
            self.fail(HandshakeError::Stopped, ctx);
        }
        Ok(())
    }

    fn stopping(&mut self, _: &ExitReason, ctx: &mut Context<Self>) {
        self.fail(HandshakeError::Stopped, ctx);
    }
}
