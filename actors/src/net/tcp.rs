//! TCP: options only; the work is done by the engine that all stream sockets share.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use super::connect::Connect;
use super::listener::Listener;
use super::transport::ListenSocket;

/// Connections that the OS holds until they are accepted. (Node and libuv: 511.)
const BACKLOG: i32 = 511;

/// A listener could not be had.
#[derive(Debug)]
pub struct ListenError {
    address: String,
    source: io::Error,
}

impl ListenError {
    /// What kind of error the OS gave: `AddrInUse`, `PermissionDenied`, …
    #[must_use]
    pub fn kind(&self) -> io::ErrorKind {
        self.source.kind()
    }
}

impl fmt::Display for ListenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let remedy = match self.kind() {
            io::ErrorKind::AddrInUse => {
                "; another process listens there: choose another port, or 0 for any"
            }
            io::ErrorKind::PermissionDenied => "; ports below 1024 need the right to bind them",
            io::ErrorKind::AddrNotAvailable => "; this machine has no such address",
            _ => "",
        };
        write!(f, "cannot listen on {}: {}{remedy}", self.address, self.source)
    }
}

impl std::error::Error for ListenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

/// A socket that listens on `address`, with a backlog of 511. Port 0 lets the OS choose: see [`Listener::local_addr`].
///
/// Accepted connections have `TCP_NODELAY` set: the writes of a round are joined anyhow.
///
/// # Errors
/// The address is in use, not this machine's, or may not be bound; the error says what to do.
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
    let address = address.to_string();
    let listener = parse(&address)
        .and_then(|address| ListenSocket::bind(address, BACKLOG))
        .and_then(|socket| Listener::new(socket, true));
    listener.map_err(|source| ListenError { address, source })
}

/// Reads an address. No name is looked up but `localhost`: a look-up would block the loop.
fn parse(address: &str) -> io::Result<SocketAddr> {
    let numeric = match address.strip_prefix("localhost:") {
        Some(port) => format!("127.0.0.1:{port}"),
        None => address.to_owned(),
    };
    numeric.parse().map_err(|_| {
        io::Error::new(
            io::ErrorKind::InvalidInput,
            "it takes IP:PORT, [IPv6]:PORT or localhost:PORT",
        )
    })
}

/// An attempt to connect to `to`; [`Connect::start`] makes it.
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
/// tcp::connect("127.0.0.1:6667".parse()?).start(ctx, Msg::Connected);
/// #         Ok(())
/// #     }
/// #     fn receive(&mut self, _: Msg, _: &mut Context<Self>) -> Outcome { Ok(()) }
/// # }
/// ```
pub fn connect(to: SocketAddr) -> Connect {
    Connect::new(to)
}
