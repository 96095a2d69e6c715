//! What a browser gets: the page and its files over HTTP, and who may speak IRC over a WebSocket.
//!
//! Used by the server for what arrives at `--web`. The files are part of the program, so nothing is read while it
//! serves. The page is a client like any other: what it says goes through a session, and nothing here knows IRC.
//!
//! # What a page may do
//! Nothing that somebody says in a channel may become a part of the page. It makes elements and texts only; should it
//! ever be talked into more, the policy that goes with each answer lets scripts, styles and pictures come from here
//! alone, and lets nothing connect to anywhere else.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use bytes::Bytes;
use roundsman::websocket::{self, Options, Request, Response};

#[cfg(test)]
mod tests;

/// Where IRC is.
const IRC: &str = "/irc";
/// Where the page is; and IRC as well, for clients that name no path.
const PAGE: &str = "/";
/// One line a message, as text (IRCv3, WebSocket).
pub const TEXT: &str = "text.ircv3.net";
/// One line a message, as bytes.
pub const BINARY: &str = "binary.ircv3.net";
/// The longest message that is read to its end, in bytes; for a longer one the socket is closed (1009). What is longer
/// than a line and shorter than that is answered by 417, as everywhere.
const MESSAGE_MAX: usize = 16 * 1024;
/// How many connections may be between two requests, or before their first. Each browser opens up to six of them; how
/// many each host may have is said in `door.rs`.
const HANDSHAKES: usize = 1024;
/// The longest head of a request, in bytes; a longer one is answered by 431.
const HEAD_MAX: usize = 16 * 1024;
/// How long a client may take until the head of its request is there, and until it has taken the answer; however many
/// of its bytes come, one by one, meanwhile.
const REQUEST_TIME: Duration = Duration::from_secs(10);
/// How long a client may keep its connection after an answer.
const KEEP_ALIVE: Duration = Duration::from_secs(5);

/// A file of the page.
struct File {
    path: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
}

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

macro_rules! files {
    ($($path:literal $kind:ident $name:literal)*) => {
        &[$(File { path: $path, kind: $kind, bytes: include_bytes!(concat!("web/", $name)) }),*]
    };
}

const FILES: &[File] = files! {
    "/" HTML "index.html"
    "/chat.css" CSS "chat.css"
    "/icon.svg" SVG "icon.svg"
    "/theme.js" SCRIPT "theme.js"
    "/main.js" SCRIPT "main.js"
    "/commands.js" SCRIPT "commands.js"
    "/completion.js" SCRIPT "completion.js"
    "/composer.js" SCRIPT "composer.js"
    "/connection.js" SCRIPT "connection.js"
    "/dialogs.js" SCRIPT "dialogs.js"
    "/handlers.js" SCRIPT "handlers.js"
    "/history.js" SCRIPT "history.js"
    "/irc.js" SCRIPT "irc.js"
    "/log.js" SCRIPT "log.js"
    "/room.js" SCRIPT "room.js"
    "/session.js" SCRIPT "session.js"
    "/text.js" SCRIPT "text.js"
    "/view.js" SCRIPT "view.js"
};

/// The page and its files, ready to be given out.
pub struct Site(Vec<Page>);

struct Page {
    path: &'static str,
    kind: &'static str,
    bytes: Bytes,
    /// Its name for caches: another whenever the file is.
    tag: String,
}

impl Site {
    pub fn new() -> Self {
        let page = |file: &File| {
            let mut hasher = DefaultHasher::new();
            file.bytes.hash(&mut hasher);
            let (bytes, tag) = (Bytes::from_static(file.bytes), hasher.finish());
            Page { path: file.path, kind: file.kind, bytes, tag: format!("\"{tag:016x}\"") }
        };
        Self(FILES.iter().map(page).collect())
    }

    /// What answers a request that is none for a WebSocket.
    pub fn answer(&self, request: &Request) -> Response {
        let page = self.0.iter().find(|page| page.path == request.path());
        let response = match (page, request.method()) {
            (None, _) if request.path() == IRC => {
                let text = "426 Here is IRC, over a WebSocket\n";
                plain(426, text).header("upgrade", "websocket")
            }
            (None, _) => plain(404, "404 There is nothing here\n"),
            (Some(page), "GET" | "HEAD") => page.answer(request),
            (Some(_), _) => plain(405, "405 A page is read\n").header("allow", "GET, HEAD"),
        };
        let response = response.header("content-security-policy", &policy(request.header("host")));
        response
            .header("x-content-type-options", "nosniff")
            .header("referrer-policy", "no-referrer")
            .header("cross-origin-resource-policy", "same-origin")
    }
}

impl Page {
    fn answer(&self, request: &Request) -> Response {
        let mut known = request.headers().all("if-none-match").flat_map(|tags| tags.split(','));
        let is_known = known.any(|tag| tag.trim().trim_start_matches("W/") == self.tag);
        let response = if is_known {
            Response::new(304)
        } else {
            Response::new(200).header("content-type", self.kind).body(self.bytes.clone())
        };
        // To be asked each time whether it is still the same: a server that is started anew may have another page.
        response.header("cache-control", "no-cache").header("etag", &self.tag)
    }
}

fn plain(status: u16, text: &'static str) -> Response {
    let response = Response::new(status).header("content-type", "text/plain; charset=utf-8");
    response.header("cache-control", "no-store").body(text)
}

/// What the page may load, and from where. (Content Security Policy Level 3.)
///
/// `'self'` covers the WebSocket of the same host in browsers of today, and not in older ones of Apple and Mozilla;
/// so it is named as well, where the browser has said what it calls us.
fn policy(host: Option<&str>) -> String {
    let sockets = match host {
        Some(host) if is_authority(host) => format!(" ws://{host} wss://{host}"),
        _ => String::new(),
    };
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'{sockets}; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'"
    )
}

/// Whether it can stand in a policy without ending it.
fn is_authority(host: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
    !host.is_empty() && host.bytes().all(allowed)
}

/// Which WebSockets are taken: at `/irc` and at `/`, from our own page and from those of `origins`, and from whoever is no
/// browser.
pub fn server(origins: Vec<String>) -> websocket::Server {
    websocket::server()
        .protocols([TEXT, BINARY])
        .admit(move |request| admit(request, &origins))
        .options(Options::new().message_max(MESSAGE_MAX).head_max(HEAD_MAX).timeout(REQUEST_TIME))
        .handshakes(HANDSHAKES)
        .keep_alive(KEEP_ALIVE)
}

/// IRC is here, and a page from elsewhere that somebody looks at must not speak here in their name. (RFC 6455, section 10.2.)
fn admit(request: &Request, origins: &[String]) -> Result<(), Response> {
    if ![IRC, PAGE].contains(&request.path()) {
        return Err(plain(404, "404 There is nothing here\n"));
    }
    let Some(origin) = request.header("origin") else { return Ok(()) };
    let is_allowed = origins.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin));
    if is_allowed || is_own(origin, request.header("host").unwrap_or_default()) {
        return Ok(());
    }
    Err(plain(403, "403 That page may not connect; see --web-origin\n"))
}

/// Whether a page from `origin` has come from the host that it connects to. Browsers leave out the scheme's usual port;
/// the scheme itself may be another one than ours, for whoever is between us may speak TLS.
fn is_own(origin: &str, host: &str) -> bool {
    let (authority, usual) = match origin.split_once("://") {
        Some(("http", authority)) => (authority, ":80"),
        Some(("https", authority)) => (authority, ":443"),
        _ => return false,
    };
    let host = host.strip_suffix(usual).unwrap_or(host);
    !host.is_empty() && authority.eq_ignore_ascii_case(host)
}
