//! PBKDF2: a key from a password by many rounds of HMAC. For what others have chosen; else there is
//! [`argon2`](super::argon2).

use ::hmac::SimpleHmac;
use bytes::Bytes;
use roundsman_runtime::{Job, Lane, try_job};
use sha3::{Sha3_224, Sha3_256, Sha3_384, Sha3_512};

use super::derived_key::DERIVED_LEN_MAX;
use super::{DeriveError, DerivedKey, HmacAlgorithm};

/// Makes a key of `len` bytes of a password by PBKDF2 (RFC 8018) with an HMAC of SHA-3, always on the pool, in
/// [`Lane::Crypto`]. (Node: `crypto.pbkdf2`, with its arguments in its order.)
///
/// 100,000 rounds of HMAC-SHA3-256 take some 0.1 s, and again for each 32 bytes of the key. It cannot be stopped once it has
/// begun. A salt may have any length; 16 random bytes are one. SHA-1 and SHA-2 are not offered. It costs a guesser with
/// many machines little: for new passwords use [`hash_password`](super::hash_password()).
///
/// # Errors
/// [`DeriveError::NoRounds`]; [`DeriveError::Len`] unless the key has 1 to [`DERIVED_LEN_MAX`] bytes.
///
/// # Examples
/// ```
/// use roundsman::crypto::{self, DeriveError, DerivedKey, HmacAlgorithm};
/// use roundsman::prelude::*;
/// use roundsman::JobError;
///
/// struct Deriving;
///
/// impl Actor for Deriving {
///     type Message = Result<DerivedKey, JobError<DeriveError>>;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         let key = crypto::pbkdf2("password", "salt", 2, 20, HmacAlgorithm::Sha3_256);
///         ctx.start(key, |key| key);
///         Ok(())
///     }
///
///     fn receive(&mut self, key: Self::Message, ctx: &mut Context<Self>) -> Outcome {
///         assert_eq!(key?.as_bytes()[..4], [0x4c, 0x91, 0x5b, 0xae]);
///         ctx.stop();
///         Ok(())
///     }
/// }
///
/// Runtime::builder().loops(1).build()?.run(|| Deriving)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn pbkdf2(
    password: impl Into<Bytes>,
    salt: impl Into<Bytes>,
    rounds: u32,
    len: usize,
    algorithm: HmacAlgorithm,
) -> Job<DerivedKey, DeriveError> {
    let (password, salt) = (password.into(), salt.into());
    try_job(Lane::Crypto, move || derive(&password, &salt, rounds, len, algorithm)).named("pbkdf2")
}

fn derive(
    password: &[u8],
    salt: &[u8],
    rounds: u32,
    len: usize,
    algorithm: HmacAlgorithm,
) -> Result<DerivedKey, DeriveError> {
    if rounds == 0 {
        return Err(DeriveError::NoRounds);
    }
    if len == 0 || len > DERIVED_LEN_MAX {
        return Err(DeriveError::Len { len, min: 1, max: DERIVED_LEN_MAX });
    }
    let mut key = vec![0; len];
    let done = match algorithm {
        HmacAlgorithm::Sha3_224 => {
            ::pbkdf2::pbkdf2::<SimpleHmac<Sha3_224>>(password, salt, rounds, &mut key)
        }
        HmacAlgorithm::Sha3_256 => {
            ::pbkdf2::pbkdf2::<SimpleHmac<Sha3_256>>(password, salt, rounds, &mut key)
        }
        HmacAlgorithm::Sha3_384 => {
            ::pbkdf2::pbkdf2::<SimpleHmac<Sha3_384>>(password, salt, rounds, &mut key)
        }
        HmacAlgorithm::Sha3_512 => {
            ::pbkdf2::pbkdf2::<SimpleHmac<Sha3_512>>(password, salt, rounds, &mut key)
        }
    };
    // It speaks of the password, of which HMAC takes any length.
    done.map_err(|error| DeriveError::Refused { why: error.to_string() })?;
    Ok(DerivedKey::new(key))
}
