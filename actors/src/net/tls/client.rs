//! What a client says before it connects: whom it trusts, who it is, what it speaks.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls::crypto::ring;

use super::certificates::{Pair, roots, system_roots};
use super::{ConfigError, TlsConnect};
use crate::net::Connect;

/// The settings of a client; [`ClientBuilder::build`] makes it. (Node: `tls.createSecureContext`.)
///
/// # Examples
/// ```
/// use roundsman::net::tls;
///
/// let error = tls::client().roots("no/such/root.pem").build().unwrap_err();
/// assert!(error.to_string().starts_with("reading no/such/root.pem: "));
/// ```
pub fn client() -> ClientBuilder {
    ClientBuilder {
        roots: Vec::new(),
        system: false,
        certificate: None,
        alpn: Vec::new(),
        resumption: true,
    }
}

/// A client that is to be, as a blueprint: no file is read until [`build`](Self::build).
#[derive(Clone, Debug)]
#[must_use = "nothing is read until `build`"]
pub struct ClientBuilder {
    roots: Vec<PathBuf>,
    system: bool,
    certificate: Option<Pair>,
    alpn: Vec<Vec<u8>>,
    resumption: bool,
}

impl ClientBuilder {
    /// Trusts servers whose certificates were issued by those in this PEM file; may be said several times. Those of the
    /// system are then trusted only if [`system_roots`](Self::system_roots) says so. (Node: `ca`.)
    pub fn roots(mut self, path: impl Into<PathBuf>) -> Self {
        self.roots.push(path.into());
        self
    }

    /// Trusts those, too, whom this system trusts. Default if no [`roots`](Self::roots) are given. The variables SSL_CERT_FILE
    /// and SSL_CERT_DIR name others, as with OpenSSL.
    pub fn system_roots(mut self) -> Self {
        self.system = true;
        self
    }

    /// Who we are, for servers that ask: a PEM file with our certificate and those in between, and one with its key. (Node:
    /// `cert`, `key`.)
    pub fn certificate(mut self, certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        self.certificate = Some(Pair { certificate: certificate.into(), key: key.into() });
        self
    }

    /// The application protocols that we speak, the best first: `["h2", "http/1.1"]`. Default: none are named. (RFC 7301;
    /// Node: `ALPNProtocols`.)
    pub fn alpn<P: Into<Vec<u8>>>(mut self, protocols: impl IntoIterator<Item = P>) -> Self {
        self.alpn = protocols.into_iter().map(Into::into).collect();
        self
    }

    /// Whether to go on with earlier sessions, which spares a signature on each side. Default true: of up to 256 servers, in
    /// memory, shared by all clones of the client.
    pub fn resumption(mut self, on: bool) -> Self {
        self.resumption = on;
        self
    }

    /// Reads the files. This blocks: call it before the runtime runs, or in a [job](crate::job).
    ///
    /// # Errors
    /// A file cannot be read, or is not what it should be; the error names it. Or this system has no roots.
    pub fn build(self) -> Result<Client, ConfigError> {
        let provider = Arc::new(ring::default_provider());
        let mut trusted = roots(&self.roots)?;
        if self.system || self.roots.is_empty() {
            trusted.extend(system_roots()?.roots);
        }
        let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(ConfigError::Refused)?
            .with_root_certificates(trusted);
        let mut config = match &self.certificate {
            None => config.with_no_client_auth(),
            Some(pair) => {
                let certified = Arc::new(pair.read(&provider)?);
                let shown = rustls::sign::SingleCertAndKey::from(certified);
                config.with_client_cert_resolver(Arc::new(shown))
            }
        };
        config.alpn_protocols = self.alpn;
        if !self.resumption {
            config.resumption = Resumption::disabled();
        }
        Ok(Client::from(Arc::new(config)))
    }
}

/// A client's side of TLS: settings that are ready for any number of connections. Cheap to clone.
///
/// One that rustls alone can express is made by [`From`]: `Client::from(Arc::new(config))`. Its early data stays unused.
#[derive(Clone)]
pub struct Client {
    pub(super) config: Arc<ClientConfig>,
}

impl Client {
    /// An attempt to connect, and to shake hands then. The server must have a certificate for the host to which `connect`
    /// leads, unless [`TlsConnect::server_name`] says another.
    ///
    /// # Examples
    /// ```no_run
    /// # use roundsman::net::{Connection, tcp, tls};
    /// # use roundsman::prelude::*;
    /// # struct Caller(tls::Client);
    /// # enum Msg { Connected(Result<Connection, tls::TlsError>) }
    /// # impl Actor for Caller {
    /// #     type Message = Msg;
    /// #     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
    /// #         let client = &self.0;
    /// client.connect(tcp::connect("irc.example.org:6697")).start(ctx, Msg::Connected);
    /// #         Ok(())
    /// #     }
    /// #     fn receive(&mut self, _: Msg, _: &mut Context<Self>) -> Outcome { Ok(()) }
    /// # }
    /// ```
    pub fn connect(&self, connect: Connect) -> TlsConnect {
        TlsConnect::new(Some(self.clone()), connect)
    }
}

impl From<Arc<ClientConfig>> for Client {
    fn from(config: Arc<ClientConfig>) -> Self {
        Self { config }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client")
    }
}
