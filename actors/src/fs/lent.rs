//! Buffers of a pool thread that it reads into again, once nobody has their bytes any more.
//!
//! Used by the jobs of a [`File`](super::file). An allocator gives large pieces back to the OS as they are freed, and
//! fetching them anew, page by page, takes longer than to read what is cached. It keeps a megabyte at most.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::ops::RangeInclusive;

use bytes::Bytes;

/// What is smaller is quickly had; what is larger, rarely needed again.
const SIZES: RangeInclusive<usize> = 4 * 1024..=64 * 1024;
/// Buffers that are looked at again. What is lent beyond is freed by whoever drops it.
const LENT_MAX: usize = 16;

thread_local! {
    /// The oldest first. Each was filled whole, so its length is its capacity.
    static LENT: RefCell<VecDeque<Bytes>> = const { RefCell::new(VecDeque::new()) };
}

/// An empty buffer with room for so much.
///
/// # Errors
/// `OutOfMemory`.
pub(crate) fn room(len: usize) -> io::Result<Vec<u8>> {
    if SIZES.contains(&len)
        && let Some(buffer) = LENT.with_borrow_mut(|lent| returned(lent, len))
    {
        return Ok(buffer);
    }
    let mut buffer = Vec::new();
    buffer.try_reserve_exact(len).map_err(|_| io::ErrorKind::OutOfMemory)?;
    Ok(buffer)
}

fn returned(lent: &mut VecDeque<Bytes>, len: usize) -> Option<Vec<u8>> {
    let index = lent.iter().position(|bytes| bytes.len() == len && bytes.is_unique())?;
    let mut bytes = lent.remove(index)?.try_into_mut().ok()?;
    // Cleared first: nothing of it is to be moved.
    bytes.clear();
    Some(bytes.into())
}

/// What a buffer was filled with. A few bytes do not keep a large one.
pub(crate) fn lend(buffer: Vec<u8>) -> Bytes {
    if buffer.len() <= buffer.capacity() / 4 {
        return Bytes::copy_from_slice(&buffer);
    }
    let whole = buffer.len() == buffer.capacity() && SIZES.contains(&buffer.len());
    let bytes = Bytes::from(buffer);
    if whole {
        LENT.with_borrow_mut(|lent| {
            if lent.len() == LENT_MAX {
                lent.pop_front();
            }
            lent.push_back(bytes.clone());
        });
    }
    bytes
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
        drop(part);
        assert_eq!(filled(8192).1, at);
    }

    #[test]
    fn what_is_kept_by_others_is_forgotten() {
        let kept: Vec<_> = (0..100).map(|_| filled(4096).0).collect();
        assert_eq!(LENT.with_borrow(VecDeque::len), LENT_MAX);
        assert!(kept.iter().all(|bytes| bytes.iter().all(|byte| *byte == 7)));
    }
}
