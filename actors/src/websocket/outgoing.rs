//! What is to be sent: frames, in order, and pongs and a ping that go before whatever frame has not begun.
//!
//! Filled by a [`Host`](super::host), emptied as its connection asks. Pongs have a few places, a ping has one, and messages come by
//! demand: what a peer sends makes nothing here grow without bound.

use std::collections::VecDeque;

use bytes::Bytes;

use super::frame::{HEAD_MAX, Opcode, write_head};
use super::mask::Mask;

/// So many bytes get their mask at once, as they go.
const MASKED_MAX: usize = 64 * 1024;
/// A payload up to this length goes with its head, in one piece.
const JOINED_MAX: usize = 1024;

/// So many pings wait for their answer. Of more, the oldest get none, which they need not. (RFC 6455, section 5.5.3.)
const PONGS_MAX: usize = 16;

/// Frames on their way out.
#[derive(Default)]
pub(super) struct Outgoing {
    pieces: VecDeque<Piece>,
    /// Bytes in them.
    waiting: usize,
    pongs: VecDeque<Bytes>,
    ping: Option<Bytes>,
}

struct Piece {
    bytes: Bytes,
    /// Put on as it goes: a large payload is copied for it, piece by piece.
    mask: Option<Mask>,
    /// Whether a frame begins with it: what is urgent may go before.
    begins: bool,
}

impl Outgoing {
    /// A frame that is a message, or a Close. A client's has a mask.
    pub(super) fn push(&mut self, opcode: Opcode, payload: Bytes, key: Option<[u8; 4]>) {
        if payload.len() <= JOINED_MAX {
            return self.enter(joined(opcode, &payload, key), None, true);
        }
        let mut head = Vec::with_capacity(HEAD_MAX);
        write_head(opcode, payload.len(), key, &mut head);
        self.enter(head.into(), None, true);
        self.enter(payload, key.map(Mask::new), false);
    }

    /// Bytes that are no frame: a request, an answer. Nothing goes before them.
    pub(super) fn push_raw(&mut self, bytes: Bytes) {
        self.enter(bytes, None, false);
    }

    fn enter(&mut self, bytes: Bytes, mask: Option<Mask>, begins: bool) {
        if !bytes.is_empty() {
            self.waiting += bytes.len();
            self.pieces.push_back(Piece { bytes, mask, begins });
        }
    }

    /// The answer to a ping.
    pub(super) fn push_pong(&mut self, payload: &[u8], key: Option<[u8; 4]>) {
        if self.pongs.len() == PONGS_MAX {
            self.pongs.pop_front();
        }
        self.pongs.push_back(joined(Opcode::Pong, payload, key));
    }

    pub(super) fn set_ping(&mut self, payload: &[u8], key: Option<[u8; 4]>) {
        self.ping = Some(joined(Opcode::Ping, payload, key));
    }

    /// The next bytes. A frame that has begun goes on first.
    pub(super) fn pop(&mut self) -> Option<Bytes> {
        if self.pieces.front().is_none_or(|piece| piece.begins)
            && let Some(urgent) = self.pongs.pop_front().or_else(|| self.ping.take())
        {
            return Some(urgent);
        }
        let piece = self.pieces.front_mut()?;
        let Some(mask) = &mut piece.mask else {
            let piece = self.pieces.pop_front()?;
            self.waiting -= piece.bytes.len();
            return Some(piece.bytes);
        };
        let mut part = piece.bytes.split_to(MASKED_MAX.min(piece.bytes.len())).to_vec();
        mask.apply(&mut part);
        self.waiting -= part.len();
        if piece.bytes.is_empty() {
            self.pieces.pop_front();
        }
        Some(part.into())
    }

    /// Bytes of frames that wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Whether nothing waits at all.
    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty() && self.pongs.is_empty() && self.ping.is_none()
    }

    /// Nothing of what waits is sent.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Our Close, behind everything else: nothing may come after it.
    pub(super) fn push_close(&mut self, payload: Bytes, key: Option<[u8; 4]>) {
        self.ping = None;
        for pong in std::mem::take(&mut self.pongs) {
            self.push_raw(pong);
        }
        self.push(Opcode::Close, payload, key);
    }
}

/// A frame in one piece.
fn joined(opcode: Opcode, payload: &[u8], key: Option<[u8; 4]>) -> Bytes {
    let mut frame = Vec::with_capacity(HEAD_MAX + payload.len());
    write_head(opcode, payload.len(), key, &mut frame);
    let begin = frame.len();
    frame.extend_from_slice(payload);
    if let Some(key) = key {
        Mask::new(key).apply(&mut frame[begin..]);
    }
    frame.into()
}

#[cfg(test)]
mod tests {
    //! What goes first.

    use super::*;

    fn drained(outgoing: &mut Outgoing) -> Vec<u8> {
        std::iter::from_fn(|| outgoing.pop()).flatten().collect()
    }

    #[test]
    fn a_pong_goes_before_the_next_frame_and_not_into_one() {
        let mut outgoing = Outgoing::default();
        outgoing.push(Opcode::Binary, vec![7; 70_000].into(), None);
        outgoing.push(Opcode::Text, "next".into(), None);
        assert_eq!(outgoing.pop().map(|head| head.len()), Some(10));
        outgoing.push_pong(b"!", None);
        assert_eq!(outgoing.pop().map(|payload| payload.len()), Some(70_000));
        assert_eq!(outgoing.pop().as_deref(), Some(&b"\x8a\x01!"[..]));
        assert_eq!(outgoing.pop().as_deref(), Some(&b"\x81\x04next"[..]));
        assert!(outgoing.is_empty());
        assert_eq!(outgoing.waiting(), 0);
    }

    #[test]
    fn of_many_pings_the_latest_are_answered_in_order() {
        let mut outgoing = Outgoing::default();
        for number in 0..20_u8 {
            outgoing.push_pong(&[number], None);
        }
        let expected: Vec<u8> = (4..20).flat_map(|number| [0x8a, 1, number]).collect();
        assert_eq!(drained(&mut outgoing), expected);
    }

    #[test]
    fn no_frame_goes_before_the_answer_that_makes_a_websocket() {
        let mut outgoing = Outgoing::default();
        outgoing.push_raw("HTTP".into());
        outgoing.push_pong(b"1", None);
        assert_eq!(drained(&mut outgoing), b"HTTP\x8a\x011");
    }

    #[test]
    fn nothing_comes_behind_a_close() {
        let mut outgoing = Outgoing::default();
        outgoing.set_ping(b"", None);
        outgoing.push_pong(b"1", None);
        outgoing.push_close(Bytes::new(), None);
        assert_eq!(drained(&mut outgoing), b"\x8a\x011\x88\x00");
    }

    #[test]
    fn a_large_payload_is_masked_as_a_small_one_is() {
        let payload: Vec<u8> = (0..200_000_u32).map(|at| at as u8).collect();
        let mut outgoing = Outgoing::default();
        let key = [9, 8, 7, 6];
        outgoing.push(Opcode::Binary, payload.clone().into(), Some(key));
        let sent = drained(&mut outgoing);
        assert_eq!(sent, joined(Opcode::Binary, &payload, Some(key)));
        assert_eq!(outgoing.waiting(), 0);
    }
}
