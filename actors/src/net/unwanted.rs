//! What the engine does with what comes when nobody wants it: it is read and dropped, up to [`DROPPED_MAX`].
//!
//! A socket that is closed over unread bytes resets the connection, and the peer may lose what it was sent last. And a peer
//! that says all it has to say before it reads would never read, if nobody took that from it.

use std::io;

use roundsman_runtime::Readiness;

use super::block;
use super::engine::{Engine, READ_CAP, ReadHalf, WriteHalf};
use super::station::Ctx;

/// The most that is dropped of one connection, in bytes: more than Linux lets be on its way, unless it is told to (6 MiB
/// here and 4 MiB there: `tcp_rmem`, `tcp_wmem`).
const DROPPED_MAX: u32 = 16 * 1024 * 1024;

/// Whether what comes is dropped, and how much of it may still be. Small, for each connection has one.
#[derive(Default)]
pub(super) struct Unwanted {
    /// So many bytes, and one. 0: nothing is dropped yet.
    left: u32,
}

impl Unwanted {
    /// From now on what comes is dropped. Said again, it changes nothing.
    pub(super) fn begin(&mut self) {
        if !self.is_dropped() {
            self.left = DROPPED_MAX + 1;
        }
    }

    pub(super) fn is_dropped(&self) -> bool {
        self.left > 0
    }

    /// Whether as much was dropped as may be.
    pub(super) fn is_too_much(&self) -> bool {
        self.left == 1
    }

    /// How much may be dropped at once.
    fn at_once(&self) -> usize {
        if self.is_dropped() { READ_CAP.min(self.left as usize - 1) } else { READ_CAP }
    }

    fn dropped(&mut self, bytes: usize) {
        if self.is_dropped() {
            let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
            self.left = self.left.saturating_sub(bytes).max(1);
        }
    }
}

impl Engine {
    /// Once our end follows what waits, nobody is going to want what comes.
    pub(super) fn drop_input_if_ending(&mut self, ctx: &mut Ctx<'_>) {
        let WriteHalf::Open(writing) = &self.write else { return };
        let is_read = match self.read {
            ReadHalf::Unused => !self.released,
            ReadHalf::Open(_) | ReadHalf::Leaving(_) => true,
            ReadHalf::Ended => self.at_end,
        };
        if writing.is_ending() && !is_read && !self.unwanted.is_dropped() && self.socket.can_read()
        {
            self.unwanted.begin();
            self.drop_input_in_turns(ctx);
        }
    }

    /// The same as [`drop_input`](Self::drop_input), up to whatever there is, a cap at a time: no event says that there is
    /// more.
    pub(super) fn drop_input_in_turns(&mut self, ctx: &mut Ctx<'_>) {
        self.drop_input();
        if let (true, Some(source)) = (self.has_input_to_drop(), self.source) {
            ctx.ready_again(source, Readiness::READABLE);
        }
    }

    /// Whether there may be something to drop, and it may be dropped.
    pub(super) fn has_input_to_drop(&self) -> bool {
        self.readable && !self.socket.is_shared() && !self.unwanted.is_too_much()
    }

    /// Reads what is there and drops it, until the socket has no more, or the cap.
    pub(super) fn drop_input(&mut self) {
        if self.socket.is_shared() {
            return;
        }
        let mut left = self.unwanted.at_once();
        while self.readable && left > 0 {
            match block::read(left, |room| self.socket.read(room)) {
                Ok((bytes, _)) if bytes.is_empty() => self.end_input(),
                Ok((bytes, full)) => {
                    left -= bytes.len().min(left);
                    self.unwanted.dropped(bytes.len());
                    self.readable = full || self.hung_up || !self.socket.short_read_is_last();
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.readable = false,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // A failure, of which the writing half hears by itself.
                Err(_) => self.end_input(),
            }
        }
    }

    /// Nothing more comes of what is dropped.
    fn end_input(&mut self) {
        self.readable = false;
        self.at_end = true;
        if let ReadHalf::Unused = self.read {
            self.read = ReadHalf::Ended;
        }
    }
}
