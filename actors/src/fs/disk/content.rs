//! What is in a file of a simulated disk, as far as it outlives a crash: what was synced, and what was written since.
//!
//! Pure: it is told of each write, and draws what a crash leaves by a function that is passed in. What programs read is in
//! a file of the OS; see [`volume`](super::volume).

use std::collections::VecDeque;

/// Changes of one file that wait for a sync, at most; then the oldest is written back by itself, as a kernel does.
const WAITING_MAX: usize = 1024;
/// The same in bytes.
const WAITING_BYTES_MAX: usize = 1024 * 1024;

/// What is in a file.
#[derive(Debug, Default)]
pub(super) struct Content {
    /// Its length as programs see it.
    pub(super) len: u64,
    /// What no crash takes.
    safe: Vec<u8>,
    /// What was done since, in order.
    waiting: VecDeque<Edit>,
    waiting_bytes: usize,
}

#[derive(Debug)]
enum Edit {
    Write { at: u64, bytes: Vec<u8> },
    SetLen(u64),
}

impl Content {
    /// One that was on the disk before anything began.
    pub(super) fn settled(bytes: &[u8]) -> Self {
        Self { len: bytes.len() as u64, safe: bytes.to_owned(), ..Self::default() }
    }

    /// What no crash takes.
    pub(super) fn safe(&self) -> &[u8] {
        &self.safe
    }

    pub(super) fn write(&mut self, at: u64, bytes: &[u8]) {
        self.len = self.len.max(at + bytes.len() as u64);
        self.wait(Edit::Write { at, bytes: bytes.to_owned() });
    }

    pub(super) fn set_len(&mut self, len: u64) {
        self.len = len;
        self.wait(Edit::SetLen(len));
    }

    fn wait(&mut self, edit: Edit) {
        self.waiting_bytes += edit.bytes();
        self.waiting.push_back(edit);
        while self.waiting.len() > WAITING_MAX || self.waiting_bytes > WAITING_BYTES_MAX {
            let Some(oldest) = self.waiting.pop_front() else { break };
            self.waiting_bytes -= oldest.bytes();
            oldest.apply(&mut self.safe);
        }
    }

    /// Everything is safe from here on.
    pub(super) fn sync(&mut self) {
        self.waiting_bytes = 0;
        self.waiting.drain(..).for_each(|edit| edit.apply(&mut self.safe));
    }

    /// A sync has failed: what waited is never written, and no later sync says so.
    pub(super) fn forget(&mut self) {
        self.waiting_bytes = 0;
        self.waiting.clear();
    }

    /// What is left after a crash, as drawn: everything, or nothing, of what was not synced; the first of it, the last piece
    /// torn; or some of it, whole or torn.
    pub(super) fn crash(&mut self, below: &dyn Fn(usize) -> usize) {
        let count = self.waiting.len();
        if count > 0 {
            let edits = self.waiting.drain(..);
            match below(4) {
                0 => edits.for_each(|edit| edit.apply(&mut self.safe)),
                1 => drop(edits),
                2 => {
                    let whole = count - below(count + 1);
                    for (index, edit) in edits.enumerate().take(whole + 1) {
                        let edit = if index < whole { Some(edit) } else { edit.torn(below) };
                        edit.into_iter().for_each(|edit| edit.apply(&mut self.safe));
                    }
                }
                _ => {
                    for edit in edits {
                        let edit = if below(2) == 0 { Some(edit) } else { edit.torn(below) };
                        edit.into_iter().for_each(|edit| edit.apply(&mut self.safe));
                    }
                }
            }
        }
        (self.waiting_bytes, self.len) = (0, self.safe.len() as u64);
    }
}

impl Edit {
    fn bytes(&self) -> usize {
        match self {
            Self::Write { bytes, .. } => bytes.len(),
            Self::SetLen(_) => 0,
        }
    }

    /// What is left of it if it was under way: the first bytes of what was written.
    fn torn(self, below: &dyn Fn(usize) -> usize) -> Option<Self> {
        match self {
            Self::Write { at, mut bytes } => {
                bytes.truncate(below(bytes.len()));
                (!bytes.is_empty()).then_some(Self::Write { at, bytes })
            }
            Self::SetLen(_) => None,
        }
    }

    fn apply(self, to: &mut Vec<u8>) {
        match self {
            Self::Write { at, bytes } => {
                // Of what is longer the disk would have had no room: it fits into memory.
                let at = at as usize;
                let end = at + bytes.len();
                if to.len() < end {
                    to.resize(end, 0);
                }
                to[at..end].copy_from_slice(&bytes);
            }
            Self::SetLen(len) => to.resize(len as usize, 0),
        }
    }
}

#[cfg(test)]
mod tests;
