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
    /// What comes behind it. Boxed, for an idle connection has neither.
    more: Option<Box<More>>,
    len: usize,
}

#[derive(Default)]
struct More {
    /// In order; `joined` comes behind them.
    pieces: VecDeque<Bytes>,
    joined: BytesMut,
}

impl More {
    fn close_joined(&mut self) {
        if !self.joined.is_empty() {
            self.pieces.push_back(self.joined.split().freeze());
        }
    }
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
        let more = self.more.get_or_insert_default();
        if len > SMALL {
            more.close_joined();
            more.pieces.push_back(piece);
            return;
        }
        if more.joined.is_empty() && more.pieces.back().unwrap_or(&self.first).len() <= SMALL {
            // The piece before it is no longer alone: one slice for both.
            let last = more.pieces.pop_back().unwrap_or_else(|| mem::take(&mut self.first));
            more.joined.reserve(SMALL);
            more.joined.extend_from_slice(&last);
        }
        more.joined.extend_from_slice(&piece);
        if more.joined.len() >= JOINED {
            more.close_joined();
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
        let written = match &self.more {
            None => one(to, &self.first)?,
            Some(more) if self.first.is_empty() && more.pieces.is_empty() => one(to, &more.joined)?,
            Some(more) => {
                let mut slices = [IoSlice::new(&[]); SLICES];
                let pieces = more.pieces.iter().map(|piece| &piece[..]);
                let all = [&self.first[..]].into_iter().chain(pieces).chain([&more.joined[..]]);
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
        while let (true, Some(more)) = (written > 0, &mut self.more) {
            let Some(first) = more.pieces.front_mut() else {
                more.joined.advance(written);
                break;
            };
            if first.len() > written {
                first.advance(written);
                break;
            }
            written -= first.len();
            more.pieces.pop_front();
        }
        if self.len == 0 {
            // An idle connection holds no buffers.
            self.more = None;
        }
    }
}

#[cfg(test)]
mod tests;
