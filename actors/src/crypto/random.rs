//! Random bytes from the OS, for keys, salts and tokens.
//!
//! Not from the runtime's seed: see [`Context::random`](crate::Context::random) for what a simulation must repeat.

use std::io;

use bytes::Bytes;

/// The most that [`random`] gives at once: 64 KiB.
pub const RANDOM_MAX: usize = 64 * 1024;

/// Random bytes that nobody can guess, from the OS (`getrandom`). (Node: `crypto.randomBytes`.)
///
/// It is done in place, some 0.2 ms for [`RANDOM_MAX`] bytes and below 1 µs for a key: no loop waits for it. Only in the
/// first moments after the machine has started the OS may wait until it has gathered enough.
///
/// **Under simulation, too, they come from the OS**, and no seed repeats them: a secret must not follow from a number in a
/// test. What has to be repeatable and need not be secret comes from [`Context::random`](crate::Context::random).
///
/// # Errors
/// [`RandomError::TooMuch`] beyond [`RANDOM_MAX`]; [`RandomError::Os`] if the OS has none to give.
///
/// # Examples
/// ```
/// use roundsman::crypto::{self, RANDOM_MAX, RandomError};
///
/// let key = crypto::random(32)?;
/// assert_eq!(key.len(), 32);
/// assert_ne!(key, crypto::random(32)?);
/// assert!(matches!(crypto::random(RANDOM_MAX + 1), Err(RandomError::TooMuch { .. })));
/// # Ok::<(), RandomError>(())
/// ```
pub fn random(len: usize) -> Result<Bytes, RandomError> {
    if len > RANDOM_MAX {
        return Err(RandomError::TooMuch { len });
    }
    let mut bytes = vec![0; len];
    getrandom::fill(&mut bytes).map_err(|error| RandomError::Os(error.into()))?;
    Ok(bytes.into())
}

/// Why there are no random bytes.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RandomError {
    /// More than is given at once.
    #[error(
        "{len} random bytes at once, and at most {RANDOM_MAX} are given: stretch 32 of them with `crypto::shake256`"
    )]
    TooMuch {
        /// How many were asked for.
        len: usize,
    },
    /// The OS gives none.
    #[error("the OS gives no random bytes: {0}")]
    Os(#[source] io::Error),
}
