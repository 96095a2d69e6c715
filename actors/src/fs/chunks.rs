//! Buffers that files are read into, used again once nobody has their bytes any more.
//!
//! A reader lends each chunk out as [`Bytes`] and keeps a handle. When the last other handle is gone the buffer is its
//! own again: a pipeline that keeps up turns over a few buffers, however long the file.

use std::collections::VecDeque;

use bytes::Bytes;

/// Chunks lent out that are looked at again. What is lent beyond is freed by whoever drops it.
const LENT_MAX: usize = 8;

/// The buffers of one reader.
pub(crate) struct Chunks {
    size: usize,
    /// The oldest first.
    lent: VecDeque<Bytes>,
    free: Vec<Vec<u8>>,
}

impl Chunks {
    /// Buffers of `size` bytes each.
    pub(crate) fn new(size: usize) -> Self {
        Self { size, lent: VecDeque::new(), free: Vec::new() }
    }

    /// So many empty buffers.
    pub(crate) fn take(&mut self, count: usize) -> Vec<Vec<u8>> {
        (0..count).map(|_| self.buffer()).collect()
    }

    fn buffer(&mut self) -> Vec<u8> {
        if let Some(buffer) = self.free.pop() {
            return buffer;
        }
        let returned = self.lent.iter().position(Bytes::is_unique);
        let reclaimed = returned.and_then(|index| self.lent.remove(index)?.try_into_mut().ok());
        match reclaimed {
            Some(mut bytes) => {
                // Cleared first: nothing of it is to be moved.
                bytes.clear();
                bytes.into()
            }
            None => Vec::with_capacity(self.size),
        }
    }

    /// What a buffer was filled with.
    pub(crate) fn lend(&mut self, filled: Vec<u8>) -> Bytes {
        if filled.len() <= self.size / 4 {
            // Whoever keeps a few bytes does not keep a whole chunk.
            let bytes = Bytes::copy_from_slice(&filled);
            self.give_back(filled);
            return bytes;
        }
        let bytes = Bytes::from(filled);
        if self.lent.len() == LENT_MAX {
            self.lent.pop_front();
        }
        self.lent.push_back(bytes.clone());
        bytes
    }

    /// A buffer that was not used.
    pub(crate) fn give_back(&mut self, mut buffer: Vec<u8>) {
        buffer.clear();
        if self.free.len() < LENT_MAX {
            self.free.push(buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    //! Buffers lent and returned.

    use super::*;

    fn filled(chunks: &mut Chunks) -> (Bytes, *const u8) {
        let mut buffer = chunks.take(1).remove(0);
        let at = buffer.as_ptr();
        buffer.resize(1000, 7);
        (chunks.lend(buffer), at)
    }

    #[test]
    fn a_buffer_comes_back_once_its_bytes_are_gone() {
        let mut chunks = Chunks::new(1000);
        let (first, at) = filled(&mut chunks);
        let (second, other) = filled(&mut chunks);
        assert_ne!(at, other, "the first is still in use");
        let part = first.slice(500..);
        drop(first);
        let (_third, other) = filled(&mut chunks);
        assert_ne!(at, other, "a part of it is still in use");
        drop(part);
        let (_fourth, again) = filled(&mut chunks);
        assert_eq!(at, again);
        drop(second);
    }

    #[test]
    fn what_is_kept_for_ever_is_forgotten() {
        let mut chunks = Chunks::new(1000);
        let kept: Vec<_> = (0..100).map(|_| filled(&mut chunks).0).collect();
        assert_eq!(chunks.lent.len(), LENT_MAX);
        assert!(kept.iter().all(|bytes| bytes.len() == 1000 && bytes.iter().all(|b| *b == 7)));
    }

    #[test]
    fn a_few_bytes_do_not_keep_a_chunk() {
        let mut chunks = Chunks::new(1000);
        let mut buffer = chunks.take(1).remove(0);
        buffer.extend_from_slice(b"abc");
        assert_eq!(chunks.lend(buffer), "abc");
        assert_eq!((chunks.lent.len(), chunks.free.len()), (0, 1));
    }
}
