//! HMAC: a digest that only who has the key can make, of bytes in hand and of streams.
//!
//! Beside [`algorithm`](super::algorithm), whose functions it keys. It keeps no keys and wipes no memory.

use std::fmt;

use ::hmac::{KeyInit, Mac, SimpleHmac};
use bytes::Bytes;
use roundsman_runtime::{Job, Lane, Recipient, job};
use sha3::digest::block_api::BlockSizeUser;
use sha3::{Sha3_224, Sha3_256, Sha3_384, Sha3_512};

use super::algorithm::Hasher;
use super::hashing::{Recipe, keep_digest, stage};
use super::jobs::sized;
use super::{Algorithm, Digest};
use crate::stream::{Sink, Stage};

/// A function that HMAC (FIPS 198-1, RFC 2104) is defined with: one of SHA-3 whose digest has a length of its own. Its
/// `Display` says both: `hmac-sha3-256`.
///
/// There is none for SHAKE, whose keyed form is KMAC, another function: [`TryFrom`] says so.
///
/// # Examples
/// ```
/// use roundsman::crypto::{Algorithm, HmacAlgorithm, NoHmac};
///
/// assert_eq!(HmacAlgorithm::try_from(Algorithm::Sha3_256), Ok(HmacAlgorithm::Sha3_256));
/// let shake = Algorithm::Shake128 { len: 32 };
/// assert!(matches!(HmacAlgorithm::try_from(shake), Err(NoHmac { .. })));
/// assert_eq!(HmacAlgorithm::Sha3_256.to_string(), "hmac-sha3-256");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HmacAlgorithm {
    /// HMAC-SHA3-224: a digest of 28 bytes.
    Sha3_224,
    /// HMAC-SHA3-256: a digest of 32 bytes.
    Sha3_256,
    /// HMAC-SHA3-384: a digest of 48 bytes.
    Sha3_384,
    /// HMAC-SHA3-512: a digest of 64 bytes.
    Sha3_512,
}

impl HmacAlgorithm {
    /// The length of its digest in bytes.
    #[must_use]
    pub fn digest_len(self) -> usize {
        Algorithm::from(self).digest_len()
    }

    /// The HMAC of `data` under `key`, here and now; as long as [`Algorithm::digest`] takes, and two blocks more. A key may
    /// have any length; one that is longer than a block of the function (72 to 144 bytes) is hashed first, as FIPS 198-1
    /// says.
    ///
    /// # Examples
    /// ```
    /// use roundsman::crypto::HmacAlgorithm;
    ///
    /// let mac = HmacAlgorithm::Sha3_256.mac(b"key", b"what was said");
    /// assert!(mac.matches(HmacAlgorithm::Sha3_256.mac(b"key", b"what was said").as_bytes()));
    /// assert_ne!(mac, HmacAlgorithm::Sha3_256.mac(b"key", b"what was not said"));
    /// ```
    #[must_use]
    pub fn mac(self, key: &[u8], data: &[u8]) -> Digest {
        let mut hasher = self.hasher(key);
        hasher.update(data);
        hasher.finish()
    }

    fn name(self) -> &'static str {
        match self {
            Self::Sha3_224 => "hmac-sha3-224",
            Self::Sha3_256 => "hmac-sha3-256",
            Self::Sha3_384 => "hmac-sha3-384",
            Self::Sha3_512 => "hmac-sha3-512",
        }
    }

    fn hasher(self, key: &[u8]) -> Box<dyn Hasher> {
        match self {
            Self::Sha3_224 => Keyed::<Sha3_224>::boxed(key),
            Self::Sha3_256 => Keyed::<Sha3_256>::boxed(key),
            Self::Sha3_384 => Keyed::<Sha3_384>::boxed(key),
            Self::Sha3_512 => Keyed::<Sha3_512>::boxed(key),
        }
    }

    fn recipe(self, key: Bytes) -> Recipe {
        let make = move || self.hasher(&key);
        Recipe { name: self.name(), len: self.digest_len(), make: Box::new(make) }
    }
}

impl fmt::Display for HmacAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl From<HmacAlgorithm> for Algorithm {
    fn from(algorithm: HmacAlgorithm) -> Self {
        match algorithm {
            HmacAlgorithm::Sha3_224 => Self::Sha3_224,
            HmacAlgorithm::Sha3_256 => Self::Sha3_256,
            HmacAlgorithm::Sha3_384 => Self::Sha3_384,
            HmacAlgorithm::Sha3_512 => Self::Sha3_512,
        }
    }
}

impl TryFrom<Algorithm> for HmacAlgorithm {
    type Error = NoHmac;

    fn try_from(algorithm: Algorithm) -> Result<Self, NoHmac> {
        match algorithm {
            Algorithm::Sha3_224 => Ok(Self::Sha3_224),
            Algorithm::Sha3_256 => Ok(Self::Sha3_256),
            Algorithm::Sha3_384 => Ok(Self::Sha3_384),
            Algorithm::Sha3_512 => Ok(Self::Sha3_512),
            Algorithm::Shake128 { .. } | Algorithm::Shake256 { .. } => Err(NoHmac { algorithm }),
        }
    }
}

/// HMAC is not defined with this function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "there is no HMAC with {algorithm}, whose digest has any length: take one of SHA-3, as sha3-256"
)]
#[non_exhaustive]
pub struct NoHmac {
    /// Which.
    pub algorithm: Algorithm,
}

/// The HMAC of bytes in hand under a key, as a job: on the spot or on the pool, as by [`hash`](super::hash()).
/// (Node: `createHmac(..).update(data).digest()`.)
///
/// To check one that came from outside, compare with [`Digest::matches`] or `==`, whose time does not tell how much of it
/// was right.
///
/// # Examples
/// ```
/// use bytes::Bytes;
/// use roundsman::crypto::{self, Digest, HmacAlgorithm};
/// use roundsman::prelude::*;
/// use roundsman::JobError;
///
/// /// Believes a message that has the right HMAC at its end.
/// struct Door(Bytes);
///
/// impl Actor for Door {
///     type Message = Result<Digest, JobError>;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         let mac = crypto::hmac(HmacAlgorithm::Sha3_256, "key", "open, please");
///         ctx.start(mac, |mac| mac);
///         Ok(())
///     }
///
///     fn receive(&mut self, mac: Self::Message, ctx: &mut Context<Self>) -> Outcome {
///         assert!(mac?.matches(&self.0));
///         ctx.stop();
///         Ok(())
///     }
/// }
///
/// let came = HmacAlgorithm::Sha3_256.mac(b"key", b"open, please").into_bytes();
/// Runtime::builder().loops(1).build()?.run(|| Door(came))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn hmac(
    algorithm: HmacAlgorithm,
    key: impl Into<Bytes>,
    data: impl Into<Bytes>,
) -> Job<Digest> {
    let (key, data) = (key.into(), data.into());
    let bytes = [key.len(), data.len(), algorithm.digest_len()];
    let bytes = bytes.into_iter().fold(0, usize::saturating_add);
    let mac = job(Lane::Crypto, move || algorithm.mac(&key, &data)).named(algorithm.name());
    sized(mac, bytes)
}

/// Bytes that pass as they are; the HMAC of all of them goes to `to` at the end. In everything else it is
/// [`hash_through`](super::hash_through()).
pub fn hmac_through(
    algorithm: HmacAlgorithm,
    key: impl Into<Bytes>,
    to: Recipient<Digest>,
) -> Stage<Bytes, Bytes> {
    stage(algorithm.recipe(key.into()), move |digest| to.complete(digest))
}

/// Bytes taken to their end; their HMAC is the pipeline's result. In everything else it is [`hasher`](super::hasher()).
/// (Node: `pipeline(source, createHmac(..))`.)
///
/// # Examples
/// ```
/// use bytes::Bytes;
/// use roundsman::crypto::{Digest, HmacAlgorithm, hmac_hasher};
/// use roundsman::prelude::*;
/// use roundsman::stream::{PipeError, Source};
///
/// struct Signing;
///
/// impl Actor for Signing {
///     type Message = Result<Digest, PipeError>;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         let blocks = Source::iter(["a", "bc"].map(Bytes::from));
///         blocks.pipe(hmac_hasher(HmacAlgorithm::Sha3_512, "key")).start(ctx, |mac| mac);
///         Ok(())
///     }
///
///     fn receive(&mut self, mac: Self::Message, ctx: &mut Context<Self>) -> Outcome {
///         assert_eq!(mac?, HmacAlgorithm::Sha3_512.mac(b"key", b"abc"));
///         ctx.stop();
///         Ok(())
///     }
/// }
///
/// Runtime::builder().loops(1).build()?.run(|| Signing)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn hmac_hasher(algorithm: HmacAlgorithm, key: impl Into<Bytes>) -> Sink<Bytes, Digest> {
    keep_digest(algorithm.recipe(key.into()))
}

/// An HMAC in the making.
struct Keyed<D: sha3::Digest + BlockSizeUser>(SimpleHmac<D>);

impl<D> Keyed<D>
where
    D: sha3::Digest + BlockSizeUser + Send + 'static,
{
    fn boxed(key: &[u8]) -> Box<dyn Hasher> {
        // The error of another algorithm's keys: HMAC takes one of any length.
        Box::new(Self(SimpleHmac::new_from_slice(key).expect("HMAC takes a key of any length")))
    }
}

impl<D: sha3::Digest + BlockSizeUser + Send> Hasher for Keyed<D> {
    fn update(&mut self, data: &[u8]) {
        Mac::update(&mut self.0, data);
    }

    fn finish(self: Box<Self>) -> Digest {
        Digest::new(Bytes::copy_from_slice(&self.0.finalize().into_bytes()))
    }
}
