//! Which hash function, and the one place that knows the crates behind it.

use std::fmt;

use bytes::Bytes;
use sha3::{Sha3_224, Sha3_256, Sha3_384, Sha3_512};
use shake::{ExtendableOutput, Shake128, Shake256};

use super::Digest;

/// A hash function of SHA-3 (FIPS 202). Its `Display` is Node's and OpenSSL's name of it: `sha3-256`.
///
/// # Examples
/// ```
/// use roundsman::crypto::Algorithm;
///
/// assert_eq!(Algorithm::Sha3_512.digest_len(), 64);
/// assert_eq!(Algorithm::Shake128 { len: 20 }.digest_len(), 20);
/// assert_eq!(Algorithm::Sha3_256.to_string(), "sha3-256");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// SHA3-224: a digest of 28 bytes.
    Sha3_224,
    /// SHA3-256: a digest of 32 bytes.
    Sha3_256,
    /// SHA3-384: a digest of 48 bytes.
    Sha3_384,
    /// SHA3-512: a digest of 64 bytes.
    Sha3_512,
    /// SHAKE128, whose digest is as long as one likes. Twice its strength of 128 bits is 32 bytes.
    Shake128 {
        /// The length of the digest in bytes.
        len: usize,
    },
    /// SHAKE256, whose digest is as long as one likes. Twice its strength of 256 bits is 64 bytes.
    Shake256 {
        /// The length of the digest in bytes.
        len: usize,
    },
}

impl Algorithm {
    /// The length of its digest in bytes.
    #[must_use]
    pub fn digest_len(self) -> usize {
        match self {
            Self::Sha3_224 => 28,
            Self::Sha3_256 => 32,
            Self::Sha3_384 => 48,
            Self::Sha3_512 => 64,
            Self::Shake128 { len } | Self::Shake256 { len } => len,
        }
    }

    /// The digest of `data`, here and now: it takes about 3 ms for each MiB. On a loop, for a few KiB at most; else
    /// there is [`hash`](super::hash()), which is a job.
    ///
    /// # Examples
    /// ```
    /// use roundsman::crypto::Algorithm;
    ///
    /// let digest = Algorithm::Sha3_224.digest(b"abc");
    /// assert_eq!(digest.to_string(), "e642824c3f8cf24ad09234ee7d3c766fc9a3a5168d0c94ad73b46fdf");
    /// ```
    #[must_use]
    pub fn digest(self, data: &[u8]) -> Digest {
        let mut hasher = self.hasher();
        hasher.update(data);
        hasher.finish()
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Sha3_224 => "sha3-224",
            Self::Sha3_256 => "sha3-256",
            Self::Sha3_384 => "sha3-384",
            Self::Sha3_512 => "sha3-512",
            Self::Shake128 { .. } => "shake128",
            Self::Shake256 { .. } => "shake256",
        }
    }

    pub(super) fn hasher(self) -> Box<dyn Hasher> {
        match self {
            Self::Sha3_224 => Box::new(Fixed(Sha3_224::default())),
            Self::Sha3_256 => Box::new(Fixed(Sha3_256::default())),
            Self::Sha3_384 => Box::new(Fixed(Sha3_384::default())),
            Self::Sha3_512 => Box::new(Fixed(Sha3_512::default())),
            Self::Shake128 { len } => Box::new(Extendable { state: Shake128::default(), len }),
            Self::Shake256 { len } => Box::new(Extendable { state: Shake256::default(), len }),
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A hash in the making.
pub(super) trait Hasher: Send {
    fn update(&mut self, data: &[u8]);
    fn finish(self: Box<Self>) -> Digest;
}

/// One whose digest has a length of its own.
struct Fixed<D>(D);

impl<D: sha3::Digest + Send> Hasher for Fixed<D> {
    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    fn finish(self: Box<Self>) -> Digest {
        Digest::new(Bytes::copy_from_slice(&self.0.finalize()))
    }
}

/// One whose digest is as long as was asked for.
struct Extendable<X> {
    state: X,
    len: usize,
}

impl<X: ExtendableOutput + Send> Hasher for Extendable<X> {
    fn update(&mut self, data: &[u8]) {
        self.state.update(data);
    }

    fn finish(self: Box<Self>) -> Digest {
        let mut digest = vec![0; self.len];
        self.state.finalize_xof_into(&mut digest);
        Digest::new(digest.into())
    }
}
