//! Bytes in hand, hashed by a job: on the spot if they are few, else on the pool.

use bytes::Bytes;
use roundsman_runtime::{Job, Lane, job};

use super::{Algorithm, Digest};

/// So many bytes, key and digest included, are hashed where the job is started; more of them on the pool: 2 KiB.
///
/// To hash 2 KiB takes about as long as the way to the pool and back, some 8 µs without load. Measured one after another on
/// two cores of an AMD EPYC: 64 bytes take 1.5 µs in place and 9.0 µs by the pool, 2 KiB 13 and 19 µs; from 8 KiB on both
/// come to the same, and the loop is free meanwhile only by the pool (`cargo run --release -p roundsman-benches --bin
/// hashing`).
pub const IN_PLACE_MAX: usize = 2 * 1024;

/// Hashes bytes. (Node: `crypto.hash`.)
///
/// Up to [`IN_PLACE_MAX`] bytes are hashed [in place](Job::in_place), more of them on the pool, in [`Lane::Crypto`]. In either
/// way the digest is a message, and handled after the handler that has started the job.
///
/// It takes about 3 ms for each MiB, and cannot be stopped once it has begun: what is larger than a few MiB, or not in
/// memory yet, is better [streamed](super::hasher).
///
/// # Examples
/// ```
/// use roundsman::crypto::{self, Digest};
/// use roundsman::prelude::*;
/// use roundsman::JobError;
///
/// struct Hashing;
///
/// impl Actor for Hashing {
///     type Message = Result<Digest, JobError>;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         ctx.start(crypto::sha3_256("abc"), |digest| digest);
///         Ok(())
///     }
///
///     fn receive(&mut self, digest: Self::Message, ctx: &mut Context<Self>) -> Outcome {
///         assert!(digest?.to_string().starts_with("3a985da74fe225b2045c172d6bd390bd"));
///         ctx.stop();
///         Ok(())
///     }
/// }
///
/// Runtime::builder().loops(1).build()?.run(|| Hashing)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn hash(algorithm: Algorithm, data: impl Into<Bytes>) -> Job<Digest> {
    let data = data.into();
    let bytes = data.len().saturating_add(algorithm.digest_len());
    sized(job(Lane::Crypto, move || algorithm.digest(&data)).named(algorithm.name()), bytes)
}

/// A job that hashes so many bytes.
pub(super) fn sized<T, E>(job: Job<T, E>, bytes: usize) -> Job<T, E>
where
    T: Send + 'static,
    E: Send + 'static,
{
    if bytes <= IN_PLACE_MAX { job.in_place() } else { job }
}

/// The SHA3-224 of bytes, a digest of 28 bytes. See [`hash`].
pub fn sha3_224(data: impl Into<Bytes>) -> Job<Digest> {
    hash(Algorithm::Sha3_224, data)
}

/// The SHA3-256 of bytes, a digest of 32 bytes. See [`hash`].
pub fn sha3_256(data: impl Into<Bytes>) -> Job<Digest> {
    hash(Algorithm::Sha3_256, data)
}

/// The SHA3-384 of bytes, a digest of 48 bytes. See [`hash`].
pub fn sha3_384(data: impl Into<Bytes>) -> Job<Digest> {
    hash(Algorithm::Sha3_384, data)
}

/// The SHA3-512 of bytes, a digest of 64 bytes. See [`hash`].
pub fn sha3_512(data: impl Into<Bytes>) -> Job<Digest> {
    hash(Algorithm::Sha3_512, data)
}

/// The SHAKE128 of bytes, a digest of `len` bytes. See [`hash`].
pub fn shake128(data: impl Into<Bytes>, len: usize) -> Job<Digest> {
    hash(Algorithm::Shake128 { len }, data)
}

/// The SHAKE256 of bytes, a digest of `len` bytes. See [`hash`].
pub fn shake256(data: impl Into<Bytes>, len: usize) -> Job<Digest> {
    hash(Algorithm::Shake256 { len }, data)
}
