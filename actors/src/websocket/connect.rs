//! A client's handshake, as a blueprint.

use std::sync::Arc;

use roundsman_runtime::{Actor, Context, Placement, Spawn};

use super::calling::Calling;
use super::fate::Fate;
use super::handshake::Question;
use super::headers::{clean, is_token};
use super::host::{Host, Phase};
use super::server::tokens;
use super::{HandshakeError, Options, Socket};
use crate::net::Connection;

/// A handshake over a connection that nobody has piped, TCP or TLS: `host` is the server's name, with its port unless that is
/// 80, or 443 with TLS; `path` is what is asked for, with its query. Both as they are to be sent. (Browsers: `new WebSocket`.)
///
/// # Panics
/// If they could not stand in a request: there is a space, a control character, or none at all.
///
/// # Examples
/// ```no_run
/// use roundsman::net::{ConnectError, Connection, tcp};
/// use roundsman::prelude::*;
/// use roundsman::websocket::{self, HandshakeError, Socket};
///
/// enum Msg {
///     Connected(Result<Connection, ConnectError>),
///     Opened(Result<Socket, HandshakeError>),
/// }
///
/// struct Caller;
///
/// impl Actor for Caller {
///     type Message = Msg;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         tcp::connect("localhost:9001").start(ctx, Msg::Connected);
///         Ok(())
///     }
///
///     fn receive(&mut self, message: Msg, ctx: &mut Context<Self>) -> Outcome {
///         match message {
///             Msg::Connected(connection) => {
///                 websocket::connect(&connection?, "localhost:9001", "/chat").start(ctx, Msg::Opened);
///             }
///             Msg::Opened(socket) => socket?.close(1000, "only looking"),
///         }
///         Ok(())
///     }
/// }
/// # Runtime::builder().build()?.run(|| Caller)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn connect(
    connection: &Connection,
    host: impl Into<String>,
    path: impl Into<String>,
) -> Connect {
    let (host, target) = (host.into(), path.into());
    for part in [&host, &target] {
        let is_good = !part.is_empty() && !part.contains(|c: char| c.is_control() || c == ' ');
        assert!(is_good, "{part:?} cannot stand in a request");
    }
    let (protocols, headers) = (Vec::new(), Vec::new());
    let question = Question { host, target, protocols, headers };
    Connect { connection: connection.clone(), question, options: Options::new() }
}

/// A client's handshake, as a blueprint: nothing happens until [`start`](Self::start).
#[derive(Clone, Debug)]
#[must_use = "nothing is said until `start`"]
pub struct Connect {
    connection: Connection,
    question: Question,
    options: Options,
}

impl Connect {
    /// The subprotocols that are offered, in order of preference. A server that speaks none of them may be connected all the
    /// same, as [`Socket::protocol`] tells; one that answers with another has failed.
    ///
    /// # Panics
    /// If one of them can be the name of none.
    pub fn protocols<P: Into<String>>(mut self, offered: impl IntoIterator<Item = P>) -> Self {
        self.question.protocols = tokens(offered);
        self
    }

    /// Adds a header to the request: `origin`, `cookie`, `authorization`. What would end its line within `value` is sent as a
    /// space.
    ///
    /// # Panics
    /// If `name` can be the name of none.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        assert!(is_token(name), "{name:?} is no name for a header");
        self.question.headers.push((name.to_owned(), clean(value)));
        self
    }

    /// Limits and times.
    pub fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// Shakes hands; the outcome arrives as the actor's own message. The attempt ends with the actor; the socket does not, but
    /// with its last handle and pipeline.
    ///
    /// It lives on the loop to which the connection was [moved](Connection::move_to), else on this one.
    pub fn start<A, F>(self, ctx: &mut Context<'_, A>, map: F)
    where
        A: Actor,
        F: Fn(Result<Socket, HandshakeError>) -> A::Message + Send + Sync + 'static,
    {
        let Self { connection, question, options } = self;
        let calling = Calling::new(question, &options, ctx.recipient(map));
        let fate = Arc::new(Fate::new(connection.peer(), connection.local()));
        let spawn = Spawn::named_by(Arc::clone(&fate) as Arc<_>).tireless().unmourned();
        let home = connection.home().map_or(Placement::Here, Placement::Loop);
        ctx.scope().without_parent().spawn_on(home, spawn, move || {
            Host::new(connection, fate, options, Phase::Calling(Box::new(calling)))
        });
    }
}
