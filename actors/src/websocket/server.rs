//! What a server says of the WebSockets that it takes: where they are, who may come, what they speak.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::handshake::{self, is_key};
use super::headers::is_token;
use super::{HandshakeError, Options, Request, Response};

/// So many connections are looked after at once, unless said otherwise.
const HANDSHAKES: usize = 256;
/// How long a client may keep a connection between two requests. (Node: `keepAliveTimeout`.)
const KEEP_ALIVE: Duration = Duration::from_secs(5);

/// A server that takes WebSockets at every path, from every page, with no subprotocol.
pub fn server() -> Server {
    Server {
        path: None,
        protocols: Vec::new(),
        origins: None,
        admit: None,
        options: Options::new(),
        handshakes: HANDSHAKES,
        keep_alive: KEEP_ALIVE,
    }
}

/// What a server says, for [`accept`](super::accept()) and [`accept_with_http`](super::accept_with_http()).
#[derive(Clone)]
#[must_use = "a server does nothing until it is given to `accept`"]
pub struct Server {
    path: Option<String>,
    protocols: Vec<String>,
    origins: Option<Vec<String>>,
    admit: Option<Arc<Admit>>,
    pub(super) options: Options,
    pub(super) handshakes: usize,
    pub(super) keep_alive: Duration,
}

type Admit = dyn Fn(&Request) -> Result<(), Response> + Send + Sync;

/// What is to be done about a request.
pub(super) enum Verdict {
    /// It is none for a WebSocket.
    Plain,
    /// It becomes one, with this head of an answer and this subprotocol.
    Upgrade(String, Option<String>),
    /// It does not.
    Refuse(Response, HandshakeError),
}

impl Server {
    /// Takes WebSockets at this path only; elsewhere they are answered by 404. Compared as it comes, without the query.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// The subprotocols that are spoken. Of those that a client offers, in its order of preference, the first that stands here
    /// is chosen. A client that offers none of them, or none at all, is taken without: [`Socket::protocol`](super::Socket::protocol)
    /// tells. (RFC 6455, section 1.9. Node's `ws`: `handleProtocols`.)
    ///
    /// # Panics
    /// If one of them can be the name of none.
    pub fn protocols<P: Into<String>>(mut self, spoken: impl IntoIterator<Item = P>) -> Self {
        self.protocols = tokens(spoken);
        self
    }

    /// Pages from these origins may connect, and no others: `https://example.org`. Others are answered by 403. Browsers say
    /// where a page is from; a client that says nothing is no browser, and is taken. (RFC 6455, section 10.2.)
    pub fn origins<O: Into<String>>(mut self, allowed: impl IntoIterator<Item = O>) -> Self {
        self.origins = Some(allowed.into_iter().map(Into::into).collect());
        self
    }

    /// Asks this function about every request for a WebSocket that is as it should be: `Err` is answered instead. For cookies and
    /// tokens. It runs on the loop and must not block; a panic of it ends that connection.
    pub fn admit<F>(mut self, f: F) -> Self
    where
        F: Fn(&Request) -> Result<(), Response> + Send + Sync + 'static,
    {
        self.admit = Some(Arc::new(f));
        self
    }

    /// Limits and times, of sockets and of their handshakes.
    pub fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// How many connections may be under way at once: those whose request has not come, or is being answered, or that wait for
    /// another. Default 256; at least 1. WebSockets that were given out do not count.
    pub fn handshakes(mut self, most: usize) -> Self {
        self.handshakes = most.max(1);
        self
    }

    /// How long a client may keep its connection between two requests that are answered. Default 5 s.
    /// (Node: `keepAliveTimeout`.)
    pub fn keep_alive(mut self, timeout: Duration) -> Self {
        self.keep_alive = timeout;
        self
    }

    /// Looks at a request. (RFC 6455, section 4.2.)
    pub(super) fn judge(&self, request: &Request) -> Verdict {
        if !request.is_upgrade() {
            return Verdict::Plain;
        }
        match self.agree(request) {
            Ok((answer, protocol)) => Verdict::Upgrade(answer, protocol),
            Err((response, error)) => Verdict::Refuse(response, error),
        }
    }

    fn agree(
        &self,
        request: &Request,
    ) -> Result<(String, Option<String>), (Response, HandshakeError)> {
        let refuse = |status, error| Err((Response::plain(status), error));
        let headers = request.headers();
        if let Some(path) = &self.path
            && path != request.path()
        {
            return refuse(404, HandshakeError::NotFound { path: request.path().to_owned() });
        }
        let version = request.header("sec-websocket-version").unwrap_or_default();
        if version != "13" {
            let error = HandshakeError::Version { version: version.to_owned() };
            let response = Response::plain(426).header("upgrade", "websocket");
            return Err((response.header("sec-websocket-version", "13"), error));
        }
        let key = match request.header("sec-websocket-key") {
            Some(key) if is_key(key) && headers.count("sec-websocket-key") == 1 => key,
            _ => return refuse(400, HandshakeError::BadKey),
        };
        if let (Some(allowed), Some(origin)) = (&self.origins, request.header("origin"))
            && !allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin))
        {
            return refuse(403, HandshakeError::Origin { origin: origin.to_owned() });
        }
        if let Some(admit) = &self.admit
            && let Err(response) = admit(request)
        {
            let status = response.status();
            return Err((response, HandshakeError::Denied { status }));
        }
        let mut offered = headers.list("sec-websocket-protocol");
        let protocol =
            offered.find(|offered| self.protocols.iter().any(|spoken| spoken == offered));
        let protocol = protocol.map(str::to_owned);
        Ok((handshake::answer(key, protocol.as_deref()), protocol))
    }
}

/// The names of subprotocols.
pub(super) fn tokens<P: Into<String>>(names: impl IntoIterator<Item = P>) -> Vec<String> {
    let names: Vec<String> = names.into_iter().map(Into::into).collect();
    for name in &names {
        assert!(is_token(name), "{name:?} is no name for a subprotocol");
    }
    names
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, protocols, origins, admit, options, handshakes, keep_alive } = self;
        f.debug_struct("Server")
            .field("path", path)
            .field("protocols", protocols)
            .field("origins", origins)
            .field("admit", &admit.is_some())
            .field("options", options)
            .field("handshakes", handshakes)
            .field("keep_alive", keep_alive)
            .finish()
    }
}
