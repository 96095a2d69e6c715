//! What a server says before it accepts: who it is, what it speaks, whether clients must say who they are.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::ServerConfig;
use rustls::crypto::ring::{self, Ticketer};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};

use super::ConfigError;
use super::certificates::{Certificates, Pair, roots};

/// How many handshakes are under way at once, unless said otherwise.
const HANDSHAKES: usize = 256;
/// How long one may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The settings of a server; [`ServerBuilder::build`] makes it. (Node: `tls.createServer`.)
///
/// `certificate` is a PEM file with the server's certificate and those in between, in this order; `key` one with its key:
/// PKCS#8, PKCS#1 or SEC1, without a password.
///
/// # Examples
/// ```
/// use roundsman::net::tls;
///
/// let error = tls::server("no/such/cert.pem", "no/such/key.pem").build().unwrap_err();
/// assert!(error.to_string().starts_with("reading no/such/cert.pem: "));
/// ```
pub fn server(certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> ServerBuilder {
    ServerBuilder {
        certificates: vec![Pair { certificate: certificate.into(), key: key.into() }],
        alpn: Vec::new(),
        client_roots: Vec::new(),
        clients_optional: false,
        resumption: true,
    }
}

/// A server that is to be, as a blueprint: no file is read until [`build`](Self::build).
#[derive(Clone, Debug)]
#[must_use = "nothing is read until `build`"]
pub struct ServerBuilder {
    certificates: Vec<Pair>,
    alpn: Vec<Vec<u8>>,
    client_roots: Vec<PathBuf>,
    clients_optional: bool,
    resumption: bool,
}

impl ServerBuilder {
    /// One more certificate, for other names. A client is shown the first that is for the name that it asks for, or the first
    /// of all; the names are those in the certificates. (RFC 6066: SNI; Node: `addContext`.)
    pub fn certificate(mut self, certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        self.certificates.push(Pair { certificate: certificate.into(), key: key.into() });
        self
    }

    /// The application protocols that we speak, the best first. A client that names some and none of these is refused; one
    /// that names none is not. Default: none. (RFC 7301; Node: `ALPNProtocols`.)
    pub fn alpn<P: Into<Vec<u8>>>(mut self, protocols: impl IntoIterator<Item = P>) -> Self {
        self.alpn = protocols.into_iter().map(Into::into).collect();
        self
    }

    /// Clients must show a certificate that was issued by one of those in this PEM file; may be said several times. (Node:
    /// `requestCert`, `ca`.)
    ///
    /// A client of TLS 1.3 may believe that the handshake is done before it hears that it is refused: its first read fails.
    pub fn client_roots(mut self, path: impl Into<PathBuf>) -> Self {
        self.client_roots.push(path.into());
        self
    }

    /// Clients need not show a certificate. One that is shown must be as [`client_roots`](Self::client_roots) says. (Node:
    /// `rejectUnauthorized`.)
    pub fn clients_optional(mut self) -> Self {
        self.clients_optional = true;
        self
    }

    /// Whether clients may go on with earlier sessions. Default true, by tickets, whose keys live in this server's memory and
    /// change every six hours: it keeps nothing for each client.
    pub fn resumption(mut self, on: bool) -> Self {
        self.resumption = on;
        self
    }

    /// Reads the files. This blocks: call it before the runtime runs, or in a [job](crate::job).
    ///
    /// # Errors
    /// A file cannot be read, is not what it should be, or a key does not belong to its certificate; the error names it.
    pub fn build(self) -> Result<Server, ConfigError> {
        let provider = Arc::new(ring::default_provider());
        let read = |pair: &Pair| pair.read(&provider).map(Arc::new);
        let certificates: Result<Vec<_>, _> = self.certificates.iter().map(read).collect();
        let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(ConfigError::Refused)?;
        let config = if self.client_roots.is_empty() {
            config.with_no_client_auth()
        } else {
            let trusted = Arc::new(roots(&self.client_roots)?);
            let verifier = WebPkiClientVerifier::builder_with_provider(trusted, provider.clone());
            let verifier =
                if self.clients_optional { verifier.allow_unauthenticated() } else { verifier };
            let verifier = verifier
                .build()
                .map_err(|error| ConfigError::Refused(rustls::Error::General(error.to_string())))?;
            config.with_client_cert_verifier(verifier)
        };
        let mut config = config.with_cert_resolver(Arc::new(Certificates(certificates?)));
        config.alpn_protocols = self.alpn;
        config.session_storage = Arc::new(NoServerSessionStorage {});
        if self.resumption {
            config.ticketer = Ticketer::new().map_err(ConfigError::Refused)?;
        } else {
            config.send_tls13_tickets = 0;
        }
        Ok(Server::from(Arc::new(config)))
    }
}

/// A server's side of TLS, for [`accept`](super::accept()). A handle: clones share what [`replace`](Self::replace) replaces.
///
/// One that rustls alone can express is made by [`From`]: `Server::from(Arc::new(config))`. Its early data stays unused.
#[derive(Clone)]
#[must_use = "a server does nothing until it is given to `accept`"]
pub struct Server {
    config: Arc<Mutex<Arc<ServerConfig>>>,
    pub(super) handshakes: usize,
    pub(super) timeout: Duration,
}

impl Server {
    /// How many handshakes may be under way at once, and connections wait that are done and not asked for. Each takes up to
    /// 100 KiB of memory. Default 256; at least 1.
    pub fn handshakes(mut self, most: usize) -> Self {
        self.handshakes = most.max(1);
        self
    }

    /// How long a handshake may take, everything included. Default 10 s. (Node: `handshakeTimeout`, 120 s.)
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Handshakes that begin from now on are as `with` says: another certificate, before the old one expires. Those that have
    /// begun, and connections, stay as they are. Sessions of before are not resumed. (Node: `setSecureContext`.)
    ///
    /// Any thread may do it, and an actor [at SIGHUP](crate::Context::on_signal). Reading the files blocks, so
    /// [`build`](ServerBuilder::build) belongs into a job, and this to its result.
    pub fn replace(&self, with: &Self) {
        let new = with.config();
        *self.config.lock().unwrap_or_else(PoisonError::into_inner) = new;
    }

    /// As it is now.
    pub(super) fn config(&self) -> Arc<ServerConfig> {
        // Nothing in here is left half done by a panic.
        Arc::clone(&self.config.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl From<Arc<ServerConfig>> for Server {
    fn from(config: Arc<ServerConfig>) -> Self {
        let config = Arc::new(Mutex::new(config));
        Self { config, handshakes: HANDSHAKES, timeout: TIMEOUT }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { handshakes, timeout, .. } = self;
        f.debug_struct("Server")
            .field("handshakes", handshakes)
            .field("timeout", timeout)
            .finish_non_exhaustive()
    }
}
