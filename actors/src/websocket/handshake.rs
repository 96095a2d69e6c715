//! The handshake's own words: keys and what answers them, and the two heads. (RFC 6455, section 4.)

use std::fmt::Write as _;

use base64ct::{Base64, Encoding};
use sha1::{Digest, Sha1};

use super::HandshakeError;
use super::headers::{HEADERS_MAX, Headers};
use super::request::said;

/// What is hashed behind a key. (RFC 6455, section 1.3.)
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// A key of a client: 16 random bytes.
pub(super) fn key(random: [u64; 2]) -> String {
    let bytes: Vec<u8> = random.iter().flat_map(|word| word.to_ne_bytes()).collect();
    Base64::encode_string(&bytes)
}

/// Whether that is one.
pub(super) fn is_key(key: &str) -> bool {
    matches!(Base64::decode(key, &mut [0; 16]), Ok(bytes) if bytes.len() == 16)
}

/// What answers a key, so that nothing else than a server of WebSockets would.
pub(super) fn accept_key(key: &str) -> String {
    let hash = Sha1::new().chain_update(key).chain_update(GUID).finalize();
    Base64::encode_string(&hash)
}

/// The head of the answer that makes a connection a WebSocket.
pub(super) fn answer(key: &str, protocol: Option<&str>) -> String {
    let accept = accept_key(key);
    let mut head = format!(
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: {accept}\r\n"
    );
    if let Some(protocol) = protocol {
        let _ = write!(head, "sec-websocket-protocol: {protocol}\r\n");
    }
    head.push_str("\r\n");
    head
}

/// What a client asks for.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) host: String,
    pub(super) target: String,
    pub(super) protocols: Vec<String>,
    /// Further headers.
    pub(super) headers: Vec<(String, String)>,
}

impl Question {
    /// The head of the request.
    pub(super) fn write(&self, key: &str) -> String {
        let Self { host, target, protocols, headers } = self;
        let mut head = format!(
            "GET {target} HTTP/1.1\r\nhost: {host}\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-key: {key}\r\nsec-websocket-version: 13\r\n"
        );
        if !protocols.is_empty() {
            let _ = write!(head, "sec-websocket-protocol: {}\r\n", protocols.join(", "));
        }
        for (name, value) in headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        head.push_str("\r\n");
        head
    }

    /// Looks at the head of the answer. The subprotocol that the server has chosen. (RFC 6455, section 4.1.)
    pub(super) fn judge(&self, key: &str, head: &[u8]) -> Result<Option<String>, HandshakeError> {
        let mut room = [httparse::EMPTY_HEADER; HEADERS_MAX];
        let mut parsed = httparse::Response::new(&mut room);
        match parsed.parse(head) {
            Ok(httparse::Status::Complete(_)) => {}
            Ok(httparse::Status::Partial) => return Err(HandshakeError::BadHead("it ends early")),
            Err(httparse::Error::TooManyHeaders) => return Err(HandshakeError::TooManyHeaders),
            Err(error) => return Err(HandshakeError::BadHead(said(error))),
        }
        match parsed.code {
            Some(101) => {}
            status => return Err(HandshakeError::Refused { status: status.unwrap_or_default() }),
        }
        let bad = |what| Err(HandshakeError::BadAnswer(what));
        let headers = Headers::of(parsed.headers);
        if !headers.has("upgrade", "websocket") || !headers.has("connection", "upgrade") {
            return bad("it does not say that the connection becomes a WebSocket");
        }
        if headers.get("sec-websocket-accept") != Some(&accept_key(key)) {
            return bad("it does not answer our key");
        }
        if headers.count("sec-websocket-extensions") > 0 {
            return bad("it names extensions, and none was offered");
        }
        match headers.get("sec-websocket-protocol") {
            None => Ok(None),
            Some(chosen) if self.protocols.iter().any(|offered| offered == chosen) => {
                Ok(Some(chosen.to_owned()))
            }
            Some(_) => bad("it names a subprotocol that was not offered"),
        }
    }
}

#[cfg(test)]
mod tests {
    //! The example of the RFC, and answers that are none.

    use super::*;

    #[test]
    fn the_key_of_the_rfc_is_answered_as_there() {
        assert_eq!(accept_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn a_key_is_16_bytes() {
        assert!(is_key("dGhlIHNhbXBsZSBub25jZQ=="));
        assert!(is_key(&key([1, 2])));
        for none in ["", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25j", "*", &"A".repeat(400)] {
            assert!(!is_key(none), "{none}");
        }
    }

    #[test]
    fn an_answer_must_belong_to_the_question() {
        let question = Question {
            host: "host".to_owned(),
            target: "/".to_owned(),
            protocols: vec!["a".to_owned(), "b".to_owned()],
            headers: Vec::new(),
        };
        let key = key([1, 2]);
        let judge = |head: String| question.judge(&key, head.as_bytes());
        let good = answer(&key, Some("b"));
        assert_eq!(judge(good.clone()).ok().flatten().as_deref(), Some("b"));
        assert!(matches!(judge(answer(&key, None)), Ok(None)));
        for bad in [
            answer("another", None),
            answer(&key, Some("c")),
            good.replace("upgrade: websocket", "upgrade: h2c"),
            good.replace("connection: Upgrade", "connection: close"),
            good.replace("upgrade: websocket", "upgrade: websocket\r\nsec-websocket-extensions: x"),
        ] {
            assert!(matches!(judge(bad.clone()), Err(HandshakeError::BadAnswer(_))), "{bad}");
        }
        let refused = judge(good.replace("101 Switching Protocols", "403 Forbidden"));
        assert!(matches!(refused, Err(HandshakeError::Refused { status: 403 })));
    }
}
