//! A request of HTTP/1.1, as far as a server of WebSockets needs to know it: its head. It has no body here.

use super::HandshakeError;
use super::headers::{HEADERS_MAX, Headers};

/// The head of a request. (RFC 9112.)
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    method: String,
    target: String,
    minor: u8,
    headers: Headers,
}

impl Request {
    /// Of a whole head.
    pub(super) fn parse(head: &[u8]) -> Result<Self, HandshakeError> {
        let mut room = [httparse::EMPTY_HEADER; HEADERS_MAX];
        let mut parsed = httparse::Request::new(&mut room);
        match parsed.parse(head) {
            Ok(httparse::Status::Complete(_)) => {}
            Ok(httparse::Status::Partial) => return Err(HandshakeError::BadHead("it ends early")),
            Err(httparse::Error::TooManyHeaders) => return Err(HandshakeError::TooManyHeaders),
            Err(error) => return Err(HandshakeError::BadHead(said(error))),
        }
        let (Some(method), Some(target), Some(minor)) =
            (parsed.method, parsed.path, parsed.version)
        else {
            return Err(HandshakeError::BadHead("it has no request line"));
        };
        let headers = Headers::of(parsed.headers);
        let request = Self { method: method.to_owned(), target: target.to_owned(), minor, headers };
        // RFC 9112, section 3.2: whoever guesses what was meant helps whoever means two things.
        match request.headers.count("host") {
            1 => Ok(request),
            0 if minor == 0 => Ok(request),
            0 => Err(HandshakeError::BadHead("it names no host")),
            _ => Err(HandshakeError::BadHead("it names several hosts")),
        }
    }

    /// What is to be done: `GET`, mostly. In the case in which it came.
    #[must_use]
    pub fn method(&self) -> &str {
        &self.method
    }

    /// What it is to be done to, as it came: path and query.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The path: the target without its query, and without a scheme and a host. As it came: `%2e` is not decoded, and `..` is
    /// not resolved, so compare it with names that are served, and never join it to a folder.
    #[must_use]
    pub fn path(&self) -> &str {
        self.parted().0
    }

    /// What follows the first `?` of the target, if there is one.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        self.parted().1
    }

    fn parted(&self) -> (&str, Option<&str>) {
        let path = match self.target.split_once("://") {
            // The form for proxies, which every server has to take. (RFC 9112, section 3.2.2.)
            Some((scheme, rest)) if scheme.bytes().all(|byte| byte.is_ascii_alphabetic()) => {
                rest.find(['/', '?']).map_or("/", |at| &rest[at..])
            }
            _ => &self.target,
        };
        match path.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (path, None),
        }
    }

    /// The value of the first header with this name, in any case, if it is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)
    }

    /// All headers.
    #[must_use]
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// Whether it asks for a WebSocket. (RFC 6455, section 4.2.1, points 1, 3 and 4.)
    #[must_use]
    pub fn is_upgrade(&self) -> bool {
        self.minor >= 1
            && self.method == "GET"
            && self.headers.has("upgrade", "websocket")
            && self.headers.has("connection", "upgrade")
    }

    /// Whether a body follows it, which nobody reads here.
    pub(super) fn has_body(&self) -> bool {
        let is_empty = self.headers.all("content-length").all(|length| length == "0");
        !is_empty || self.headers.count("transfer-encoding") > 0
    }

    /// Whether the client has another request for the same connection. (RFC 9112, section 9.3.)
    pub(super) fn keeps_alive(&self) -> bool {
        let asks = |word| self.headers.has("connection", word);
        !self.has_body() && !asks("close") && (self.minor >= 1 || asks("keep-alive"))
    }
}

/// What is wrong with a head, as the library that reads it says.
pub(super) fn said(error: httparse::Error) -> &'static str {
    use httparse::Error;
    match error {
        Error::HeaderName => "the name of a header is not as it should be",
        Error::HeaderValue => "the value of a header is not as it should be",
        Error::NewLine => "a line does not end as it should",
        Error::Status => "the status is not as it should be",
        Error::Token => "the request line is not as it should be",
        Error::TooManyHeaders => "it has too many headers",
        Error::Version => "it is of another version of HTTP than 1.0 and 1.1",
    }
}

#[cfg(test)]
mod tests {
    //! Requests.

    use super::*;

    fn parse(head: &str) -> Result<Request, HandshakeError> {
        Request::parse(head.replace('\n', "\r\n").as_bytes())
    }

    #[test]
    fn a_target_is_parted_into_path_and_query() {
        for (target, path, query) in [
            ("/", "/", None),
            ("/a/b?c=d?e", "/a/b", Some("c=d?e")),
            ("http://host:1/a?b", "/a", Some("b")),
            ("http://host", "/", None),
            ("http://host?b", "", Some("b")),
            ("/go?to=http://there/", "/go", Some("to=http://there/")),
            ("*", "*", None),
        ] {
            let request = parse(&format!("GET {target} HTTP/1.1\nhost: a\n\n")).expect("a head");
            assert_eq!((request.path(), request.query()), (path, query), "{target}");
        }
    }

    #[test]
    fn a_host_is_named_once() {
        assert!(parse("GET / HTTP/1.1\n\n").is_err());
        assert!(parse("GET / HTTP/1.1\nHost: a\nhost: b\n\n").is_err());
        assert!(parse("GET / HTTP/1.0\n\n").is_ok());
    }

    #[test]
    fn who_keeps_the_connection() {
        for (rest, keeps) in [
            ("1.1\nhost: a", true),
            ("1.1\nhost: a\nconnection: foo, Close", false),
            ("1.1\nhost: a\ncontent-length: 0", true),
            ("1.1\nhost: a\ncontent-length: 1", false),
            ("1.1\nhost: a\ntransfer-encoding: chunked", false),
            ("1.0\nhost: a", false),
            ("1.0\nhost: a\nconnection: Keep-Alive", true),
        ] {
            let request = parse(&format!("GET / HTTP/{rest}\n\n")).expect("a head");
            assert_eq!(request.keeps_alive(), keeps, "{rest}");
        }
    }

    #[test]
    fn what_asks_for_a_websocket() {
        let asks = "host: a\nconnection: keep-alive, Upgrade\nupgrade: WebSocket";
        for (line, asks, is_upgrade) in [
            ("GET / HTTP/1.1", asks, true),
            ("POST / HTTP/1.1", asks, false),
            ("GET / HTTP/1.0", asks, false),
            ("GET / HTTP/1.1", "host: a\nupgrade: websocket", false),
            ("GET / HTTP/1.1", "host: a\nconnection: upgrade\nupgrade: h2c", false),
        ] {
            let request = parse(&format!("{line}\n{asks}\n\n")).expect("a head");
            assert_eq!(request.is_upgrade(), is_upgrade, "{line} {asks}");
        }
    }
}
