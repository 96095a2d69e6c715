//! Buffers that are read into again, once nobody has their bytes any more.
//!
//! Used by the jobs of a [`File`](super::file). An allocator gives large pieces back to the OS as they are freed, and
//! fetching them anew, page by page, takes longer than to read what is cached. All pool threads share what came back, the
//! last first: that is the one whose memory a core still has at hand. Four megabytes at most are kept.

use std::collections::VecDeque;
use std::io;
use std::mem;
use std::ops::RangeInclusive;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

/// What is smaller is quickly had; what is larger, rarely needed again.
const SIZES: RangeInclusive<usize> = 4 * 1024..=64 * 1024;
/// Buffers that wait to be filled again; the one that has waited longest goes first.
const RETURNED_MAX: usize = 64;

/// Locked for the moment of a push or a search, also by a loop that drops bytes.
static RETURNED: Mutex<Returned> = Mutex::new(Returned(VecDeque::new()));

/// Empty buffers, the last that came back at the end.
struct Returned(VecDeque<Vec<u8>>);

impl Returned {
    fn take(&mut self, capacity: usize) -> Option<Vec<u8>> {
        let last = self.0.iter().rposition(|buffer| buffer.capacity() == capacity)?;
        self.0.remove(last)
    }

    /// Keeps a buffer; hands out the one that has to go for it.
    fn put(&mut self, mut buffer: Vec<u8>) -> Option<Vec<u8>> {
        buffer.clear();
        let oldest = if self.0.len() == RETURNED_MAX { self.0.pop_front() } else { None };
        self.0.push_back(buffer);
        oldest
    }
}

/// The bytes of a buffer, which returns with the last that has any of them.
struct Lent(Vec<u8>);

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let buffer = mem::take(&mut self.0);
        let oldest = returned().put(buffer);
        // Freed with nobody waiting for the lock.
        drop(oldest);
    }
}

/// An empty buffer with room for so much.
///
/// # Errors
/// `OutOfMemory`.
pub(crate) fn room(len: usize) -> io::Result<Vec<u8>> {
    if SIZES.contains(&len)
        && let Some(buffer) = returned().take(len)
    {
        return Ok(buffer);
    }
    let mut buffer = Vec::new();
    buffer.try_reserve_exact(len).map_err(|_| io::ErrorKind::OutOfMemory)?;
    Ok(buffer)
}

/// What a buffer was filled with. A few bytes do not keep a large one.
pub(crate) fn lend(buffer: Vec<u8>) -> Bytes {
    if buffer.len() <= buffer.capacity() / 4 {
        Bytes::copy_from_slice(&buffer)
    } else if SIZES.contains(&buffer.capacity()) {
        Bytes::from_owner(Lent(buffer))
    } else {
        buffer.into()
    }
}

fn returned() -> MutexGuard<'static, Returned> {
    // Nothing panics while it is held.
    RETURNED.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    //! Buffers lent and returned.

    use super::*;

    fn filled(len: usize) -> (Bytes, *const u8) {
        let mut buffer = room(len).expect("there is memory");
        assert_eq!(buffer.capacity(), len);
        let at = buffer.as_ptr();
        buffer.resize(len, 7);
        (lend(buffer), at)
    }

    #[test]
    fn a_buffer_is_used_again_once_its_bytes_are_gone_and_not_before() {
        let (first, at) = filled(8192);
        let part = first.slice(100..);
        drop(first);
        assert_ne!(filled(8192).1, at, "a part of it is still in use");
        assert!(part.iter().all(|byte| *byte == 7));
        drop(part);
        assert_eq!(filled(8192).1, at);
    }

    #[test]
    fn few_bytes_do_not_keep_a_large_buffer() {
        let mut buffer = room(16 * 1024).expect("there is memory");
        buffer.extend(b"few");
        let at = buffer.as_ptr();
        let few = lend(buffer);
        assert_eq!(few, "few");
        assert_ne!(few.as_ptr(), at);
    }

    #[test]
    fn of_too_many_that_return_the_oldest_goes() {
        let mut returned = Returned(VecDeque::new());
        for capacity in 1..=RETURNED_MAX {
            assert_eq!(returned.put(Vec::with_capacity(capacity)), None);
        }
        let gone = returned.put(vec![7; 1000]).expect("there were enough");
        assert_eq!(gone.capacity(), 1);
        assert_eq!(returned.take(1000).as_deref(), Some(&[][..]), "it is empty");
        assert_eq!(returned.take(1000), None);
    }
}
