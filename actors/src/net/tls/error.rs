//! What goes wrong with TLS, and what to do about it.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::{AlertDescription, CertificateError, Error, InvalidMessage, PeerIncompatible};

use crate::net::ConnectError;

/// Why a client has no connection with TLS.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// There is no connection at all.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The roots of this system cannot be had.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The peer is there, but the handshake has failed.
    #[error("TLS handshake with {with}: {why}")]
    Handshake {
        /// What was to be reached.
        with: String,
        /// Why.
        #[source]
        why: HandshakeError,
    },
}

impl TlsError {
    /// Why the handshake has failed, if that is what has.
    #[must_use]
    pub fn handshake(&self) -> Option<&HandshakeError> {
        match self {
            Self::Handshake { why, .. } => Some(why),
            Self::Connect(_) | Self::Config(_) => None,
        }
    }
}

/// Why a handshake has failed; or what TLS says of a connection later, as the text of an I/O error.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HandshakeError {
    /// The peer's certificate leads to no root that is trusted here.
    #[error(
        "the peer's certificate was issued by nobody who is trusted here: \
         add the root that has issued it with `roots`, and have the peer send all certificates in between"
    )]
    UnknownIssuer,
    /// The certificate belongs to somebody else.
    #[error(
        "the peer's certificate is for {presented}, not for {name}: connect to a name that it has, or say one with `server_name`"
    )]
    WrongName {
        /// Who was asked for.
        name: String,
        /// Whose it is.
        presented: String,
    },
    /// The certificate was valid once.
    #[error(
        "the peer's certificate has expired: it must be renewed there, unless the clock here is wrong"
    )]
    Expired,
    /// The certificate will be valid.
    #[error(
        "the peer's certificate is not valid yet: the clock is wrong, here or where it was issued"
    )]
    NotValidYet,
    /// The certificate is refused for another reason.
    #[error("the peer's certificate is not accepted: {reason}")]
    BadCertificate {
        /// Which.
        reason: String,
    },
    /// The peer has shown no certificate, and must.
    #[error("the peer has sent no certificate, and `client_roots` asks for one")]
    NoCertificate,
    /// There is no version of TLS, or no cipher, that both have.
    #[error(
        "both sides speak TLS, but not the same: {reason}; here it is TLS 1.2 and 1.3, with the ciphers of rustls"
    )]
    NothingInCommon {
        /// What is missing.
        reason: String,
    },
    /// Both have application protocols, but none in common.
    #[error(
        "none of the application protocols (ALPN) is spoken by both sides: say others with `alpn`"
    )]
    NoAlpn,
    /// The peer speaks something else.
    #[error(
        "the peer does not speak TLS, it begins with {begins:?}: is this the port for TLS, and does the other side use it?"
    )]
    NotTls {
        /// What came first, printable characters only.
        begins: String,
    },
    /// The peer has sent an alert.
    #[error("the peer has refused by the alert `{alert}`{}", remedy(alert))]
    Refused {
        /// Its name in RFC 8446, section 6.
        alert: String,
    },
    /// The peer has not done its part in time.
    #[error("it was not done within {0:?}, as `timeout` says")]
    TimedOut(Duration),
    /// The peer has ended the connection in the middle of the handshake.
    #[error("the peer has hung up before it was done")]
    HungUp,
    /// The peer has ended the connection without saying that it has said everything. (RFC 8446, section 6.1.)
    #[error(
        "the stream is truncated: the peer's connection has ended without `close_notify`, so what came may not be all"
    )]
    Truncated,
    /// What was said as the server's name can be no name in a certificate.
    #[error(
        "{name:?} is no name that a certificate could have: say the server's with `server_name`"
    )]
    BadName {
        /// What was said, or derived from where the attempt leads.
        name: String,
    },
    /// The connection was piped, or aborted, before it came here.
    #[error("the connection was used or aborted before its handshake")]
    InUse,
    /// The actor of the handshake was stopped, or the runtime is being stopped as planned.
    #[error("it was stopped before it was done")]
    Stopped,
    /// The connection has failed.
    #[error("{0}")]
    Io(#[source] Arc<io::Error>),
    /// The peer breaks the protocol, or anything else that rustls says.
    #[error("{0}")]
    Protocol(#[source] Error),
}

/// Why there is no configuration. Each names the file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A file cannot be read.
    #[error("reading {}: {source}", .path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// What the OS said.
        source: io::Error,
    },
    /// A file is not what it should be.
    #[error("{} is not as it should be: {reason}", .path.display())]
    Pem {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The key does not belong to the certificate.
    #[error("the key in {} is not that of the first certificate in {}", .key.display(), .certificate.display())]
    KeyMismatch {
        /// The file of the certificate.
        certificate: PathBuf,
        /// That of the key.
        key: PathBuf,
    },
    /// No root of this system was found.
    #[error(
        "this system has no root certificates that could be read ({reason}): install them (`ca-certificates`), set SSL_CERT_FILE, or say a file with `roots`"
    )]
    NoSystemRoots {
        /// What was tried, and what came of it.
        reason: String,
    },
    /// What rustls says of the whole.
    #[error("TLS cannot be set up so: {0}")]
    Refused(#[source] Error),
}

/// What may be done about an alert.
fn remedy(alert: &str) -> &'static str {
    match alert {
        "UnknownCA" | "BadCertificate" | "CertificateUnknown" => {
            ": it does not trust our certificate, or who has issued it"
        }
        "CertificateExpired" => ": our certificate has expired",
        "CertificateRequired" => ": it wants a certificate of ours, see `certificate`",
        "UnrecognisedName" => ": it has no certificate for the name that was asked for",
        "ProtocolVersion" | "HandshakeFailure" | "InsufficientSecurity" => {
            ": it may speak older versions of TLS only, or other ciphers"
        }
        _ => "",
    }
}

impl HandshakeError {
    /// What kind of I/O error it is: the socket's; `TimedOut`; `UnexpectedEof` if the peer has hung up;
    /// `ConnectionAborted` if it was stopped here; `InvalidInput` for a name; else `InvalidData`.
    #[must_use]
    pub fn kind(&self) -> io::ErrorKind {
        match self {
            Self::Io(error) => error.kind(),
            Self::TimedOut(_) => io::ErrorKind::TimedOut,
            Self::HungUp | Self::Truncated => io::ErrorKind::UnexpectedEof,
            Self::Stopped | Self::InUse => io::ErrorKind::ConnectionAborted,
            Self::BadName { .. } => io::ErrorKind::InvalidInput,
            _ => io::ErrorKind::InvalidData,
        }
    }

    /// The same as an I/O error, for those who know of no TLS.
    pub(crate) fn into_io(self) -> io::Error {
        io::Error::new(self.kind(), self)
    }

    /// Of an error of the session, which may be that of the socket.
    pub(crate) fn of(error: io::Error, opening: &[u8]) -> Self {
        match error.downcast::<Self>() {
            Ok(Self::Protocol(error)) => Self::of_tls(error, opening),
            Ok(why) => why,
            Err(error) => Self::of_socket(error),
        }
    }

    pub(crate) fn of_socket(error: io::Error) -> Self {
        Self::Io(Arc::new(error))
    }

    /// Of what rustls says. `opening` is what the peer has sent first, if that is of interest.
    pub(crate) fn of_tls(error: Error, opening: &[u8]) -> Self {
        match error {
            Error::InvalidMessage(what) if is_no_tls(&what, opening) => {
                let text = opening.iter().take_while(|byte| matches!(byte, b' '..=b'~'));
                Self::NotTls { begins: text.map(|byte| char::from(*byte)).collect() }
            }
            Error::InvalidCertificate(error) => Self::of_certificate(error),
            Error::NoCertificatesPresented => Self::NoCertificate,
            Error::NoApplicationProtocol
            | Error::AlertReceived(AlertDescription::NoApplicationProtocol) => Self::NoAlpn,
            Error::AlertReceived(alert) => {
                let alert = alert.as_str().map_or_else(|| format!("{alert:?}"), str::to_owned);
                Self::Refused { alert }
            }
            Error::PeerIncompatible(what) => {
                Self::NothingInCommon { reason: incompatible(&what).to_owned() }
            }
            error => Self::Protocol(error),
        }
    }

    fn of_certificate(error: CertificateError) -> Self {
        use CertificateError as Bad;
        match error {
            Bad::UnknownIssuer => Self::UnknownIssuer,
            Bad::Expired | Bad::ExpiredContext { .. } => Self::Expired,
            Bad::NotValidYet | Bad::NotValidYetContext { .. } => Self::NotValidYet,
            Bad::NotValidForNameContext { expected, presented } => Self::WrongName {
                name: expected.to_str().into_owned(),
                presented: named(&presented),
            },
            Bad::Other(what) if what.to_string().contains("CaUsedAsEndEntity") => {
                let reason = "it is a root (CA:TRUE), which may issue others but not stand for a server: issue one with it";
                Self::BadCertificate { reason: reason.to_owned() }
            }
            error => Self::BadCertificate { reason: error.to_string() },
        }
    }
}

/// Names in a certificate, without what rustls wraps them in.
fn named(presented: &[String]) -> String {
    if presented.is_empty() {
        return "no name".to_owned();
    }
    let bare = |name: &String| match name.split_once('"') {
        Some((_, rest)) => rest.trim_end_matches(['"', ')']).to_owned(),
        None => name.clone(),
    };
    presented.iter().map(bare).collect::<Vec<_>>().join(", ")
}

/// Whether the peer's first bytes are no record of TLS: no such type of content, nor a version of it.
fn is_no_tls(what: &InvalidMessage, opening: &[u8]) -> bool {
    let says_so = matches!(
        what,
        InvalidMessage::InvalidContentType
            | InvalidMessage::UnknownProtocolVersion
            | InvalidMessage::MessageTooLarge
    );
    says_so && !matches!(opening, [20..=24, 3, ..] | [])
}

fn incompatible(what: &PeerIncompatible) -> &'static str {
    match what {
        PeerIncompatible::NoCipherSuitesInCommon => "they have no cipher suite in common",
        PeerIncompatible::NoKxGroupsInCommon => "they have no way to exchange keys in common",
        PeerIncompatible::NoSignatureSchemesInCommon
        | PeerIncompatible::NoCertificateRequestSignatureSchemesInCommon => {
            "they have no way to sign in common: is the key of a kind that the peer takes?"
        }
        PeerIncompatible::ServerDoesNotSupportTls12Or13
        | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
        | PeerIncompatible::SupportedVersionsExtensionRequired
        | PeerIncompatible::Tls12NotOffered
        | PeerIncompatible::Tls12NotOfferedOrEnabled => "they have no version in common",
        _ => "the peer lacks what is asked for here",
    }
}
