//! What a decoder has read and not cut into frames yet.

use bytes::{Bytes, BytesMut};

/// As much is reserved ahead of what has come, when a frame says that it is long: its word alone takes no more.
const AHEAD_MAX: usize = 64 * 1024;

/// The beginning of a frame, out of earlier blocks, and the block in hand.
pub(crate) struct Input {
    /// Copied out of earlier blocks, so that none of them is kept.
    partial: BytesMut,
    block: Bytes,
    at: u64,
}

impl Input {
    pub(super) fn new() -> Self {
        Self { partial: BytesMut::new(), block: Bytes::new(), at: 0 }
    }

    /// Another block, after the one before was used up.
    pub(super) fn fill(&mut self, block: Bytes) {
        debug_assert!(self.block.is_empty(), "a decoder uses up its block, or gives a frame");
        self.block = block;
    }

    /// Where the next frame begins, in bytes from the start of the stream.
    pub(crate) fn at(&self) -> u64 {
        self.at
    }

    /// Bytes that are there.
    pub(crate) fn len(&self) -> usize {
        self.partial.len() + self.block.len()
    }

    /// What was kept of earlier blocks.
    pub(crate) fn partial(&self) -> &[u8] {
        &self.partial
    }

    /// The block in hand, after that.
    pub(crate) fn block(&self) -> &[u8] {
        &self.block
    }

    /// Cuts off so many bytes: without copying if they are within one block.
    ///
    /// # Panics
    /// If there are not so many.
    pub(crate) fn take(&mut self, len: usize) -> Bytes {
        self.at += len as u64;
        if self.partial.is_empty() {
            return self.block.split_to(len);
        }
        match len.checked_sub(self.partial.len()) {
            Some(rest) => {
                self.partial.extend_from_slice(&self.block.split_to(rest));
                // The next partial frame gets memory of its own: this one is kept for as long as its user likes.
                std::mem::take(&mut self.partial).freeze()
            }
            None => self.partial.split_to(len).freeze(),
        }
    }

    /// Keeps the rest of the block, the beginning of a frame that has `want` bytes at least.
    pub(crate) fn keep(&mut self, want: usize) {
        let ahead = want.saturating_sub(self.len()).min(AHEAD_MAX);
        self.partial.reserve(self.block.len() + ahead);
        self.partial.extend_from_slice(&std::mem::take(&mut self.block));
    }

    /// Lets everything go.
    pub(crate) fn skip_all(&mut self) {
        self.at += self.len() as u64;
        self.partial = BytesMut::new();
        self.block = Bytes::new();
    }
}
