//! How many descriptors this process may have open.
//!
//! Called by programs as they start. It closes none, and waits for none.

use std::io;

use super::os;

/// Allows as many open descriptors as the system lets a process have without privileges; returns how many that are.
///
/// A connection is a descriptor, and systems start programs with a soft limit of as little as 256 or 1,024. It is that low for
/// the sake of `select(2)`, which nothing here uses. Whoever serves many calls this first: what is accepted beyond the limit
/// waits until others have closed. Child processes that are spawned later inherit the limit.
///
/// `None`: there is no limit, or, elsewhere than on Unix, none of this kind. A limit is never lowered. (POSIX: `setrlimit`,
/// `RLIMIT_NOFILE`. Node does the same as it starts, in the same way: where the hard limit is no number, the largest that
/// the system takes is searched for, up to 1,048,576.)
///
/// # Errors
/// What the system says. The limit is what it was.
///
/// # Examples
/// ```
/// use roundsman::process;
///
/// let limit = process::raise_descriptor_limit()?;
/// assert!(limit.is_none_or(|most| most > 3), "there are always the standard streams");
/// assert_eq!(process::raise_descriptor_limit()?, limit, "it is as high as it gets");
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn raise_descriptor_limit() -> io::Result<Option<u64>> {
    os::raise_descriptor_limit()
}
