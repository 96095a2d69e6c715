//! Hashing: SHA-3 of bytes in hand, as jobs of the pool, and of streams, as stages and sinks.
//!
//! The functions come from the crates `sha3` and `shake`. Bytes in hand are hashed by a job, named after the function:
//! [`sha3_256(bytes)`](sha3_256()). A stream is hashed while it passes by ([`hash_through`]) or ends here ([`hasher`]).
//! Nothing here holds a key: it signs nothing and encrypts nothing.
//!
//! | Node | here |
//! |---|---|
//! | `crypto.hash('sha3-256', data)` | `ctx.start(crypto::sha3_256(data), Msg::Hashed)` |
//! | `createHash('sha3-256')` as a stream | [`hasher`]`(Algorithm::Sha3_256)`, a sink |
//! | `source.pipe(hash)` beside `source.pipe(file)` | [`hash_through`], a stage: one way, and the file is not ahead of the hash |
//! | `createHash('shake256', { outputLength: 32 })` | `Algorithm::Shake256 { len: 32 }` |
//! | `digest('hex')` | [`Digest`]'s `Display` |

mod algorithm;
mod digest;
mod hashing;
mod jobs;

pub use algorithm::Algorithm;
pub use digest::{Digest, ParseDigestError};
pub use hashing::{hash_through, hasher};
pub use jobs::{hash, sha3_224, sha3_256, sha3_384, sha3_512, shake128, shake256};
