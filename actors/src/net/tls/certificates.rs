//! Certificates, keys and roots: read from PEM files, or found on this system; and which of several a client is shown.
//!
//! Used by the builders. Everything that reads blocks.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::verify_server_name;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::{ClientHello, ParsedCertificate, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys, RootCertStore};

use super::ConfigError;

/// Where a certificate is, and its key.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
}

impl Pair {
    /// Reads both, and looks whether they belong together.
    pub(super) fn read(&self, provider: &CryptoProvider) -> Result<CertifiedKey, ConfigError> {
        let chain = certificates(&self.certificate)?;
        let key = key(&self.key)?;
        CertifiedKey::from_der(chain, key, provider).map_err(|error| self.refusal(error))
    }

    fn refusal(&self, error: Error) -> ConfigError {
        let Self { certificate, key } = self.clone();
        match error {
            Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                ConfigError::KeyMismatch { certificate, key }
            }
            Error::InvalidCertificate(error) => {
                ConfigError::Pem { path: certificate, reason: error.to_string() }
            }
            Error::General(reason) => ConfigError::Pem { path: key, reason },
            error => ConfigError::Refused(error),
        }
    }
}

/// The certificates in a file.
pub(super) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, ConfigError> {
    let text = read(path)?;
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    match all {
        Ok(all) if all.is_empty() => {
            let reason = "there is no certificate (BEGIN CERTIFICATE) in it".to_owned();
            Err(ConfigError::Pem { path: path.to_owned(), reason })
        }
        Ok(all) => Ok(all),
        Err(error) => Err(ConfigError::Pem { path: path.to_owned(), reason: error.to_string() }),
    }
}

fn key(path: &Path) -> Result<PrivateKeyDer<'static>, ConfigError> {
    PrivateKeyDer::from_pem_slice(&read(path)?).map_err(|error| {
        let reason = match error {
            pem::Error::NoItemsFound => {
                "there is no private key (BEGIN PRIVATE KEY) in it; one with a password is not read"
                    .to_owned()
            }
            error => error.to_string(),
        };
        ConfigError::Pem { path: path.to_owned(), reason }
    })
}

fn read(path: &Path) -> Result<Vec<u8>, ConfigError> {
    fs::read(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })
}

/// The roots in these files.
pub(super) fn roots(paths: &[PathBuf]) -> Result<RootCertStore, ConfigError> {
    let mut roots = RootCertStore::empty();
    for path in paths {
        for certificate in certificates(path)? {
            roots.add(certificate).map_err(|error| ConfigError::Pem {
                path: path.clone(),
                reason: error.to_string(),
            })?;
        }
    }
    Ok(roots)
}

/// The roots of this system, as far as they can be read.
pub(super) fn system_roots() -> Result<RootCertStore, ConfigError> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (_, unreadable) = roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let said: Vec<_> = found.errors.iter().map(ToString::to_string).collect();
        let reason = match said.is_empty() {
            true => format!("{unreadable} that are none"),
            false => said.join("; "),
        };
        return Err(ConfigError::NoSystemRoots { reason });
    }
    Ok(roots)
}

/// The certificates of a server: a client is shown the first that is for the name it asks for, or the first of all.
#[derive(Debug)]
pub(super) struct Certificates(pub(super) Vec<Arc<CertifiedKey>>);

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let asked = hello.server_name().and_then(|name| ServerName::try_from(name).ok());
        let named = asked.and_then(|name| self.0.iter().find(|one| is_for(one, &name)));
        named.or(self.0.first()).cloned()
    }
}

/// Whether a certificate is for a name, by RFC 6125: `*.example.org` is for `irc.example.org`.
fn is_for(one: &CertifiedKey, name: &ServerName<'_>) -> bool {
    let Ok(certificate) = one.end_entity_cert() else { return false };
    let Ok(parsed) = ParsedCertificate::try_from(certificate) else { return false };
    verify_server_name(&parsed, name).is_ok()
}
