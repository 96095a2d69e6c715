//! Certificates for tests of TLS, made in the test: a root, what it has issued, and their files.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};

use crate::folder::Folder;

/// A root, in a folder of its own.
pub struct Authority {
    folder: Folder,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// The files of one certificate.
#[derive(Clone, Debug)]
pub struct Files {
    /// The certificate.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

impl Authority {
    /// A new one, which nobody knows.
    ///
    /// # Panics
    /// If no key can be made.
    #[must_use]
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // Its name is its own: by the name it is found.
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let name = format!("root {} for tests", COUNT.fetch_add(1, Ordering::Relaxed));
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().expect("a key");
        let issuer = CertifiedIssuer::self_signed(params, key).expect("a certificate");
        let folder = Folder::new();
        folder.with("root.pem", issuer.pem());
        Self { folder, issuer }
    }

    /// The file of its own certificate.
    #[must_use]
    pub fn root(&self) -> PathBuf {
        self.folder.file("root.pem")
    }

    /// A file of this name beside them.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.file(name)
    }

    /// Its own certificate as if it were a server's.
    #[must_use]
    pub fn as_files(&self) -> Files {
        let key = self.folder.with("root.key.pem", self.issuer.key().serialize_pem());
        Files { certificate: self.root(), key }
    }

    /// Issues a certificate for a name, or an address.
    #[must_use]
    pub fn issue(&self, name: &str) -> Files {
        self.issue_with(name, |_| {})
    }

    /// The same, of one that ran out long ago.
    #[must_use]
    pub fn issue_expired(&self, name: &str) -> Files {
        self.issue_with(name, |params| {
            params.not_before = date_time_ymd(2001, 1, 1);
            params.not_after = date_time_ymd(2002, 1, 1);
        })
    }

    fn issue_with(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Files {
        let mut params = CertificateParams::new([name.to_owned()]).expect("a name");
        change(&mut params);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        let bare = name.replace('*', "any");
        Files {
            certificate: self.folder.with(&format!("{bare}.pem"), certificate.pem()),
            key: self.folder.with(&format!("{bare}.key.pem"), key.serialize_pem()),
        }
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

impl Files {
    /// Copies both over those of another.
    ///
    /// # Panics
    /// If they cannot be written.
    pub fn replace(&self, other: &Self) {
        let copy = |from: &Path, to: &Path| fs::copy(from, to).expect("a file can be written");
        copy(&self.certificate, &other.certificate);
        copy(&self.key, &other.key);
    }
}
