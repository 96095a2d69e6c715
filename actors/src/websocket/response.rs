//! An answer of HTTP/1.1: a status, headers, a body that is there as a whole.

use std::fmt::Write as _;

use bytes::Bytes;

use super::headers::{clean, is_token};

/// An answer to a request that is none for a WebSocket. Its length is said by itself, and whether the connection stays.
///
/// There is no `date` among its headers: a server without a clock must not guess one. (RFC 9110, section 6.6.1.)
///
/// # Examples
/// ```
/// use roundsman::websocket::Response;
///
/// let page = Response::new(200).header("content-type", "text/html; charset=utf-8").body("<h1>Hello</h1>");
/// assert_eq!(page.status(), 200);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "an answer is nothing until it is given"]
pub struct Response {
    status: u16,
    headers: Vec<(String, String)>,
    body: Bytes,
    closes: bool,
}

impl Response {
    /// An answer with this status and an empty body.
    ///
    /// # Panics
    /// If the status is none of a final answer: 200 to 599.
    pub fn new(status: u16) -> Self {
        assert!((200..600).contains(&status), "{status} ends no request: use 200 to 599");
        Self { status, headers: Vec::new(), body: Bytes::new(), closes: false }
    }

    /// The same with a text that says what the status is.
    pub(super) fn plain(status: u16) -> Self {
        let body = format!("{status} {}\n", reason(status));
        Self::new(status).header("content-type", "text/plain").body(body)
    }

    /// Adds a header. What would end its line within `value` is sent as a space.
    ///
    /// # Panics
    /// If `name` can be the name of none, or is one that is said by itself: `connection`, `content-length`, `transfer-encoding`.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let own = ["connection", "content-length", "transfer-encoding"];
        assert!(
            is_token(name) && !own.iter().any(|own| name.eq_ignore_ascii_case(own)),
            "{name:?} is no name for a header here"
        );
        self.headers.push((name.to_owned(), clean(value)));
        self
    }

    /// What is in it. Not copied: one that is served again and again is a clone.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// The connection ends with it, though the client would keep it.
    pub fn close(mut self) -> Self {
        self.closes = true;
        self
    }

    /// Its status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    pub(super) fn closes(&self) -> bool {
        self.closes
    }

    /// As it is sent: its head, and its body. `HEAD` wants no more than the head.
    pub(super) fn write(self, head_only: bool, keeps: bool) -> [Bytes; 2] {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        for (name, value) in &self.headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        let has_body = !matches!(self.status, 204 | 304);
        if has_body {
            let _ = write!(head, "content-length: {}\r\n", self.body.len());
        }
        let stays = if keeps { "keep-alive" } else { "close" };
        // Who offers another protocol says that this concerns the next hop only. (RFC 9110, 7.8)
        let upgrades = self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("upgrade"));
        let _ =
            write!(head, "connection: {stays}{}\r\n\r\n", if upgrades { ", upgrade" } else { "" });
        let body = if has_body && !head_only { self.body } else { Bytes::new() };
        [head.into(), body]
    }
}

/// What a status is called. (RFC 9110, section 15. It may be empty.)
fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        413 => "Content Too Large",
        426 => "Upgrade Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        _ => "",
    }
}
