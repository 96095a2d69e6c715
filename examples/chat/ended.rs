//! The stage in front of `lines`: what a client has not ended is no line.
//!
//! Used by the transport over sockets. `lines` gives the rest of a stream as its last line, as one wants it of a file; of a
//! client that is gone it may be half a command, which means something else than the whole.

use std::mem;

use bytes::Bytes;
use roundsman::stream::{Stage, filter_map};

use super::wire::FRAME_MAX;

#[cfg(test)]
mod tests;

/// Gives bytes on up to the last end of a line, and the rest when that has an end; or when it is longer than a line
/// with its CR can be, for `lines` to say so. What is left when nothing more comes is dropped.
pub fn ended() -> Stage<Bytes, Bytes> {
    let mut held = Held::default();
    filter_map(move |block| held.pass(block))
}

/// The beginning of a line.
#[derive(Default)]
struct Held(Vec<u8>);

impl Held {
    /// What may go on, now that this block has come.
    fn pass(&mut self, mut block: Bytes) -> Option<Bytes> {
        let ended = block.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let begun = if ended > 0 { 0 } else { self.0.len() };
        let is_too_long = begun + block.len() - ended > FRAME_MAX + 1;
        let rest = block.split_off(if is_too_long { block.len() } else { ended });
        if !block.is_empty() && !self.0.is_empty() {
            self.0.extend_from_slice(&block);
            block = mem::take(&mut self.0).into();
        }
        self.0.extend_from_slice(&rest);
        (!block.is_empty()).then_some(block)
    }
}
