//! TCP: options only; the work is done by the engine that all stream sockets share.

use super::connect::{Connect, Target};
use super::listen::{Listen, Place};
use super::listener::Listener;

pub use super::listen::ListenError;
pub use super::options::Options;

/// A socket that listens on `address`, as [`listener`]`(address).bind()`.
///
/// # Errors
/// As [`Listen::bind`].
///
/// # Examples
/// An echo server:
/// ```no_run
/// use roundsman::net::{Connection, tcp};
/// use roundsman::prelude::*;
/// use roundsman::stream::{Item, PipeError, Summary};
///
/// struct Echo;
///
/// enum Msg {
///     Accepted(Item<Connection>),
///     Closed(Result<Summary, PipeError>),
/// }
///
/// impl Actor for Echo {
///     type Message = Msg;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         let listener = tcp::listen("127.0.0.1:7")?;
///         listener.incoming().pipe(ctx.inlet(Msg::Accepted)).start(ctx, Msg::Closed);
///         Ok(())
///     }
///
///     fn receive(&mut self, message: Msg, ctx: &mut Context<Self>) -> Outcome {
///         if let Msg::Accepted(conn) = message {
///             conn.reader().pipe(conn.writer()).start(ctx, Msg::Closed);
///         }
///         Ok(())
///     }
/// }
///
/// Runtime::builder().build()?.run(|| Echo)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn listen(address: impl ToString) -> Result<Listener, ListenError> {
    listener(address).bind()
}

/// A socket that is to listen on `address`; [`Listen`] has its options, and [`Listen::bind`] makes it. Port 0 lets the OS
/// choose: see [`Listener::local`]. (Node: `net.createServer`, `listen`.)
///
/// | `address` | where it listens |
/// |---|---|
/// | `127.0.0.1:80`, `[::1]:80` | there |
/// | `localhost:80` | on 127.0.0.1 and on ::1, as far as this machine has them; with port 0 on the same port of both |
/// | `[::]:80` | on every address of both families, unless [`only_v6`](Listen::only_v6) |
/// | `*:80` | the same; where there is no IPv6, on every address of IPv4 |
///
/// No other name is looked up: that would block.
///
/// # Examples
/// ```
/// use roundsman::net::tcp;
///
/// let listener = tcp::listener("localhost:0").backlog(128).max_connections(1000).bind()?;
/// assert!(listener.local().ip().is_some_and(|ip| ip.is_loopback()));
/// # Ok::<(), tcp::ListenError>(())
/// ```
pub fn listener(address: impl ToString) -> Listen {
    Listen::new(Place::Tcp(address.to_string()))
}

/// An attempt to connect to `to`; [`Connect::start`] makes it. (Node: `net.connect`.)
///
/// `to` is an address, `SocketAddr` or a text; or `host:port`, or a pair of both, whose host is [looked up](crate::dns::lookup())
/// and whose addresses are tried as RFC 8305 (Happy Eyeballs) has it; or the addresses themselves, as a `Vec<SocketAddr>`.
///
/// # Examples
/// ```no_run
/// # use roundsman::net::{Connection, ConnectError, tcp};
/// # use roundsman::prelude::*;
/// # struct Client;
/// # enum Msg { Connected(Result<Connection, ConnectError>) }
/// # impl Actor for Client {
/// #     type Message = Msg;
/// #     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
/// tcp::connect("irc.example.org:6667").start(ctx, Msg::Connected);
/// tcp::connect(("irc.example.org", 6667)).start(ctx, Msg::Connected);
/// #         Ok(())
/// #     }
/// #     fn receive(&mut self, _: Msg, _: &mut Context<Self>) -> Outcome { Ok(()) }
/// # }
/// ```
pub fn connect(to: impl Into<Target>) -> Connect {
    Connect::new(to.into())
}
