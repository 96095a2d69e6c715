//! Hashing: SHA-3 of bytes in hand, as jobs, and of streams, as stages and sinks; with a key, and of passwords.
//!
//! The functions come from RustCrypto's crates. Bytes in hand are hashed by a job, named after the function:
//! [`sha3_256(bytes)`](sha3_256()), [`hmac`]. A stream is hashed while it passes by ([`hash_through`], [`hmac_through`]) or
//! ends here ([`hasher`], [`hmac_hasher`]). Keys come from passwords by [`argon2id`] and [`pbkdf2()`], or from [`random`].
//! It keeps no key, wipes none from memory, signs nothing by a key pair and encrypts nothing.
//!
//! | Node | here |
//! |---|---|
//! | `crypto.hash('sha3-256', data)` | `ctx.start(crypto::sha3_256(data), Msg::Hashed)` |
//! | `createHash('sha3-256')` as a stream | [`hasher`]`(Algorithm::Sha3_256)`, a sink |
//! | `source.pipe(hash)` beside `source.pipe(file)` | [`hash_through`], a stage: one way, and the file is not ahead of the hash |
//! | `createHash('shake256', { outputLength: 32 })` | `Algorithm::Shake256 { len: 32 }` |
//! | `digest('hex')` | [`Digest`]'s `Display` |
//! | `createHmac('sha3-256', key)` | [`hmac`], [`hmac_through`], [`hmac_hasher`] |
//! | `pbkdf2(password, salt, rounds, len, 'sha3-256', f)` | [`pbkdf2()`]`(password, salt, rounds, len, HmacAlgorithm::Sha3_256)` |
//! | `argon2('argon2id', ..)` | [`argon2id`], [`hash_password`] |
//! | `randomBytes(n)` | [`random`]`(n)` |
//! | `timingSafeEqual(a, b)` | [`constant_time_eq`]`(a, b)`; `==` of digests and derived keys |

mod algorithm;
mod argon2;
mod constant_time;
mod derived_key;
mod digest;
mod hashing;
mod hmac;
mod jobs;
mod pbkdf2;
mod random;

pub use algorithm::Algorithm;
pub use argon2::{
    ARGON2_MEMORY_MAX, ARGON2_PASSES_MAX, Argon2Params, argon2id, hash_password, verify_password,
    verify_password_with,
};
pub use constant_time::constant_time_eq;
pub use derived_key::{DERIVED_LEN_MAX, DeriveError, DerivedKey};
pub use digest::{Digest, ParseDigestError};
pub use hashing::{hash_through, hasher};
pub use hmac::{HmacAlgorithm, NoHmac, hmac, hmac_hasher, hmac_through};
pub use jobs::{IN_PLACE_MAX, hash, sha3_224, sha3_256, sha3_384, sha3_512, shake128, shake256};
pub use pbkdf2::pbkdf2;
pub use random::{RANDOM_MAX, RandomError, random};
