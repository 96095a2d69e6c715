//! A key made of a password, and why there is none.
//!
//! What [`pbkdf2`](super::pbkdf2()) and [`argon2id`](super::argon2id()) answer.

use std::fmt;

use bytes::Bytes;

use super::{RandomError, constant_time_eq};

/// The longest key that is derived: 64 KiB.
pub const DERIVED_LEN_MAX: usize = 64 * 1024;

/// A key made of a password. Compared in constant time; its `Debug` says its length, and nothing else. Cheap to clone.
///
/// It is not wiped from memory as it goes.
#[derive(Clone, Eq)]
pub struct DerivedKey(Bytes);

impl DerivedKey {
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }

    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Its bytes, to send on.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.0
    }
}

impl PartialEq for DerivedKey {
    fn eq(&self, other: &Self) -> bool {
        constant_time_eq(&self.0, &other.0)
    }
}

impl AsRef<[u8]> for DerivedKey {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for DerivedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DerivedKey({} bytes)", self.0.len())
    }
}

/// Why no key was made of a password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeriveError {
    /// No such key.
    #[error("a key of {len} bytes, and it may have {min} to {max}")]
    Len {
        /// What was asked for.
        len: usize,
        /// The least, in bytes.
        min: usize,
        /// The most, in bytes.
        max: usize,
    },
    /// Without a round, PBKDF2 is nothing.
    #[error("PBKDF2 with 0 rounds, and it takes 1 at least: some 100,000 slow a guesser down")]
    NoRounds,
    /// The salt of Argon2 is too short.
    #[error("a salt of {len} bytes, and Argon2 takes {min} at least: `crypto::random(16)` is one")]
    Salt {
        /// What was given.
        len: usize,
        /// The least, in bytes.
        min: usize,
    },
    /// No such amount of memory.
    #[error("Argon2 in {kib} KiB of memory, and it may be {min} (8 for each lane) to {max}")]
    Memory {
        /// What was asked for.
        kib: u32,
        /// The least, in KiB.
        min: u32,
        /// The most, in KiB.
        max: u32,
    },
    /// No such number of passes.
    #[error("Argon2 with {passes} passes, and it may be 1 to {max}: more memory is worth more")]
    Passes {
        /// What was asked for.
        passes: u32,
        /// The most.
        max: u32,
    },
    /// No such number of lanes.
    #[error("Argon2 with {lanes} lanes, and it may be 1 to {max}")]
    Lanes {
        /// What was asked for.
        lanes: u32,
        /// The most.
        max: u32,
    },
    /// The associated data of Argon2 are too long.
    #[error("{len} bytes of associated data, and Argon2 takes {max} here at most: hash them first")]
    AssociatedData {
        /// What was given.
        len: usize,
        /// The most, in bytes.
        max: usize,
    },
    /// A text that is not what [`hash_password`](super::hash_password()) gives.
    #[error("this is no password hash of Argon2 as `$argon2id$v=19$…`: {why}")]
    NoPasswordHash {
        /// What is wrong with it.
        why: String,
    },
    /// There was no salt to be had.
    #[error("no salt: {0}")]
    Random(#[from] RandomError),
    /// There is not so much memory, or the function refuses for a reason of its own.
    #[error("the function refuses: {why}")]
    Refused {
        /// In its words.
        why: String,
    },
}
