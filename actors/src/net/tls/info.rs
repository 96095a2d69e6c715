//! What a handshake has agreed on.

use std::fmt;

use bytes::Bytes;
use rustls::{Connection as Tls, HandshakeKind, ProtocolVersion};

use crate::net::Connection;

/// What a handshake has agreed on; see [`Connection::tls`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsInfo {
    version: Version,
    cipher_suite: String,
    alpn: Option<Bytes>,
    server_name: Option<String>,
    resumed: bool,
    certificates: Vec<Bytes>,
}

/// A version of TLS. Older ones are not spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Version {
    /// RFC 5246.
    Tls12,
    /// RFC 8446.
    Tls13,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tls12 => "TLS 1.2",
            Self::Tls13 => "TLS 1.3",
        })
    }
}

impl TlsInfo {
    /// Of a handshake that is done; `asked` is the name that a client has asked for.
    pub(super) fn of(tls: &Tls, asked: Option<String>) -> Self {
        let server_name = match tls {
            Tls::Client(_) => asked,
            Tls::Server(server) => server.server_name().map(str::to_owned),
        };
        let suite = tls.negotiated_cipher_suite().map(|suite| suite.suite());
        let certificates = tls.peer_certificates().unwrap_or_default();
        Self {
            version: match tls.protocol_version() {
                Some(ProtocolVersion::TLSv1_2) => Version::Tls12,
                _ => Version::Tls13,
            },
            cipher_suite: suite
                .and_then(|suite| suite.as_str().map(str::to_owned))
                .unwrap_or_default(),
            alpn: tls.alpn_protocol().map(Bytes::copy_from_slice),
            server_name,
            resumed: tls.handshake_kind() == Some(HandshakeKind::Resumed),
            certificates: certificates.iter().map(|der| Bytes::copy_from_slice(der)).collect(),
        }
    }

    /// The version that both speak. (Node: `getProtocol`.)
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// The cipher suite, by its name in RFC 8446 or the registry of IANA: `TLS13_AES_256_GCM_SHA384`. (Node: `getCipher`.)
    #[must_use]
    pub fn cipher_suite(&self) -> &str {
        &self.cipher_suite
    }

    /// The application protocol that both speak: `b"h2"`. `None` if one of them has named none. (RFC 7301; Node:
    /// `alpnProtocol`.)
    #[must_use]
    pub fn alpn(&self) -> Option<&[u8]> {
        self.alpn.as_deref()
    }

    /// The name of the server that the client has asked for. `None` on a server if the client said none, or has connected to
    /// an address. (RFC 6066: SNI; Node: `servername`.)
    #[must_use]
    pub fn server_name(&self) -> Option<&str> {
        self.server_name.as_deref()
    }

    /// Whether an earlier session went on, without certificates being exchanged anew. (Node: `isSessionReused`.)
    #[must_use]
    pub fn resumed(&self) -> bool {
        self.resumed
    }

    /// The peer's certificates as DER, its own first, then those who have issued it. Checked; on a server empty, unless it
    /// asks clients for theirs ([`ServerBuilder::client_roots`](super::ServerBuilder::client_roots)). (Node:
    /// `getPeerCertificate`.)
    #[must_use]
    pub fn peer_certificates(&self) -> &[Bytes] {
        &self.certificates
    }
}

impl Connection {
    /// What TLS has agreed on with the peer. `None` if this is a connection without TLS.
    ///
    /// Feature `tls`.
    #[must_use]
    pub fn tls(&self) -> Option<&TlsInfo> {
        self.shared.secured.0.as_deref()
    }
}
