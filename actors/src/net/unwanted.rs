//! What the engine does with what comes when nobody wants it: it is read and dropped, so that the end of a connection does
//! not reset it.
//!
//! A socket that is closed over unread bytes resets the connection, and the peer may lose what it was sent last.

use std::io;
use std::time::Duration;

use roundsman_runtime::Readiness;

use super::block;
use super::engine::{Engine, Message, READ_CAP, ReadHalf, WriteHalf};
use super::station::Ctx;

/// How long a peer whose end shows only within its bytes is waited for, once nothing more is wanted of it.
const LINGER: Duration = Duration::from_secs(5);

impl Engine {
    /// The same as [`drop_input`](Self::drop_input), up to whatever there is, a cap at a time: no event says that there is
    /// more.
    pub(super) fn drop_input_in_turns(&mut self, ctx: &mut Ctx<'_>) {
        self.drop_input();
        if let (true, false, Some(source)) = (self.readable, self.socket.is_shared(), self.source) {
            ctx.ready_again(source, Readiness::READABLE);
        }
    }

    /// Reads what is there and drops it, until the socket has no more, or the cap.
    pub(super) fn drop_input(&mut self) {
        if self.socket.is_shared() {
            return;
        }
        let mut left = READ_CAP;
        while self.readable && left > 0 {
            match block::read(left, |room| self.socket.read(room)) {
                Ok((bytes, _)) if bytes.is_empty() => self.end_input(),
                Ok((bytes, full)) => {
                    left -= bytes.len().min(left);
                    self.readable = full || !self.socket.short_read_is_last();
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.readable = false,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // A failure, of which the writing half hears by itself.
                Err(_) => self.end_input(),
            }
        }
    }

    /// Nothing more comes of what is dropped.
    pub(super) fn end_input(&mut self) {
        self.readable = false;
        if let ReadHalf::Unused = self.read {
            self.read = ReadHalf::Ended;
        }
    }

    /// Whether the peer's end is waited for although nothing more is wanted of it: what it has said before it shows its end
    /// within its bytes may come when the socket is closed, and would reset the connection; the peer may then lose what it
    /// was sent last.
    pub(super) fn lingers(&mut self, ctx: &mut Ctx<'_>) -> bool {
        let is_left = self.socket.ends_within() && matches!(self.write, WriteHalf::Ended);
        if !is_left || self.failure.is_some() || !matches!(self.read, ReadHalf::Unused) {
            return false;
        }
        if !std::mem::replace(&mut self.drops_input, true) {
            ctx.send_after(LINGER, Message::Lingered);
        }
        self.drop_input_in_turns(ctx);
        matches!(self.read, ReadHalf::Unused)
    }
}
