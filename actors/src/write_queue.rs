//! What waits to be written to one socket or file: small pieces joined, large ones shared.
//!
//! Filled as messages come; a socket's is written at the end of the round, a file's by the next job, so that all pieces until
//! then are one system call. It knows neither; it hands slices out and is told how much of them went.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::mem;

use bytes::{Buf, Bytes, BytesMut};

/// A piece of up to so many bytes is copied behind others: cheaper than a slice of its own.
const SMALL: usize = 1024;
/// Joined pieces are closed off at this size.
const JOINED: usize = 16 * 1024;
/// Slices in one system call. (Linux takes 1,024; more than these gain nothing.)
const SLICES: usize = 64;

/// What waits to be written.
#[derive(Default)]
pub(crate) struct WriteQueue {
    /// Comes first, and mostly alone; empty if it does not.
    first: Bytes,
    /// In order behind it; `joined` comes behind them.
    pieces: VecDeque<Bytes>,
    joined: BytesMut,
    len: usize,
}

impl WriteQueue {
    /// Adds a piece.
    pub(crate) fn push(&mut self, piece: Bytes) {
        let len = piece.len();
        if len == 0 {
            return;
        }
        let alone = self.len == 0;
        self.len += len;
        if alone {
            self.first = piece;
            return;
        }
        if len > SMALL {
            self.close_joined();
            self.pieces.push_back(piece);
            return;
        }
        let last = self.pieces.back().unwrap_or(&self.first);
        if self.joined.is_empty() && last.len() <= SMALL {
            // One slice for both.
            let last = self.pieces.pop_back().unwrap_or_else(|| mem::take(&mut self.first));
            self.joined.reserve(SMALL);
            self.joined.extend_from_slice(&last);
        }
        self.joined.extend_from_slice(&piece);
        if self.joined.len() >= JOINED {
            self.close_joined();
        }
    }

    fn close_joined(&mut self) {
        if !self.joined.is_empty() {
            self.pieces.push_back(self.joined.split().freeze());
        }
    }

    /// Bytes that wait.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Writes once. `one` writes a single slice, `many` several.
    ///
    /// # Errors
    /// What they say; nothing has been written then.
    pub(crate) fn write<W>(
        &mut self,
        to: &mut W,
        one: impl FnOnce(&mut W, &[u8]) -> io::Result<usize>,
        many: impl FnOnce(&mut W, &[IoSlice<'_>]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let written = match (self.first.is_empty(), self.pieces.is_empty(), self.joined.is_empty())
        {
            (false, true, true) => one(to, &self.first)?,
            (true, true, _) => one(to, &self.joined)?,
            _ => {
                let mut slices = [IoSlice::new(&[]); SLICES];
                let pieces = self.pieces.iter().map(|piece| &piece[..]);
                let all = [&self.first[..]].into_iter().chain(pieces).chain([&self.joined[..]]);
                let all = all.filter(|slice| !slice.is_empty());
                let mut used = 0;
                for (slice, bytes) in slices.iter_mut().zip(all) {
                    *slice = IoSlice::new(bytes);
                    used += 1;
                }
                many(to, &slices[..used])?
            }
        };
        self.advance(written);
        Ok(written)
    }

    fn advance(&mut self, mut written: usize) {
        self.len -= written;
        let of_first = written.min(self.first.len());
        if of_first == self.first.len() {
            // Advanced to its end it would still hold the bytes.
            self.first = Bytes::new();
        } else {
            self.first.advance(of_first);
        }
        written -= of_first;
        while written > 0 {
            let Some(first) = self.pieces.front_mut() else {
                self.joined.advance(written);
                break;
            };
            if first.len() > written {
                first.advance(written);
                break;
            }
            written -= first.len();
            self.pieces.pop_front();
        }
        if self.len == 0 {
            // An idle connection holds no buffers.
            self.joined = BytesMut::new();
            self.pieces = VecDeque::new();
        }
    }
}

#[cfg(test)]
mod tests;
