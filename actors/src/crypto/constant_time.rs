//! Comparing what is secret.
//!
//! Used by digests and derived keys, and by users for what comes from outside.

use subtle::ConstantTimeEq;

/// Whether two pieces of bytes are the same, in a time that does not depend on where they differ, so that it does not tell
/// how much of a secret somebody has guessed. (Node: `crypto.timingSafeEqual`, which throws where the lengths differ.)
///
/// Of different lengths they are not the same, at once: a length is no secret here.
///
/// # Examples
/// ```
/// use roundsman::crypto::constant_time_eq;
///
/// assert!(constant_time_eq(b"token", b"token"));
/// assert!(!constant_time_eq(b"token", b"tokem"));
/// assert!(!constant_time_eq(b"token", b"token, and more"));
/// ```
#[must_use]
pub fn constant_time_eq(one: &[u8], other: &[u8]) -> bool {
    one.ct_eq(other).into()
}
