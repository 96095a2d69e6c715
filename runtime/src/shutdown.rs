//! How long a child may take to stop before it is cut off.
//!
//! Part of what is said of a new actor ([`Spawn::shutdown`](crate::Spawn::shutdown)); its parent's loop keeps the time.

use std::time::Duration;

/// How long a child that was told to stop may take, its own code alone: its children have times of their own.
///
/// When the time has run out the child is dead, whatever it does: its address is closed, its parent goes on without it.
/// It is buried as soon as its loop comes to it; [`Actor::stopping`](crate::Actor::stopping) is not called then. A
/// supervisor that was stopping it to build it anew fails: at a dead address nobody can be built. (OTP: shutdown.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shutdown {
    /// So long, in milliseconds at least 1. Default: 5 s.
    Within(Duration),
    /// It is cut off at once and not told. (OTP: `brutal_kill`.) Where it is to be built anew with a sibling, its loop
    /// has 1 s to come to it.
    Now,
    /// As long as it likes. (OTP: `infinity`.)
    Never,
}

impl Default for Shutdown {
    fn default() -> Self {
        Self::Within(Duration::from_secs(5))
    }
}

const NEVER: u32 = u32::MAX;

impl Shutdown {
    /// In four bytes, for the cell's header.
    pub(crate) fn to_raw(self) -> u32 {
        match self {
            Self::Now => 0,
            Self::Never => NEVER,
            Self::Within(time) => {
                u32::try_from(time.as_millis()).unwrap_or(NEVER).clamp(1, NEVER - 1)
            }
        }
    }

    pub(crate) fn from_raw(raw: u32) -> Self {
        match raw {
            0 => Self::Now,
            NEVER => Self::Never,
            millis => Self::Within(Duration::from_millis(u64::from(millis))),
        }
    }
}
