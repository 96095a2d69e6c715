//! Bytes cut into blocks, as a network might cut them.

use bytes::Bytes;

use crate::seeds::Dice;

/// The bytes in blocks of any length up to `most`.
#[must_use]
pub fn cut(bytes: &[u8], most: u64, dice: &mut Dice) -> Vec<Bytes> {
    let mut rest = Bytes::copy_from_slice(bytes);
    let mut blocks = Vec::new();
    while !rest.is_empty() {
        let len = 1 + dice.below(most) as usize;
        blocks.push(rest.split_to(len.min(rest.len())));
    }
    blocks
}

/// So many bytes that can be packed somewhat: words of a small dictionary, and noise now and then.
#[must_use]
pub fn text(len: usize, dice: &mut Dice) -> Vec<u8> {
    let words = ["the ", "roundsman ", "walks ", "his ", "round ", "and ", "empties ", "boxes, "];
    let mut text = Vec::with_capacity(len + 16);
    while text.len() < len {
        match dice.below(20) {
            0 => text.extend((0..8).map(|_| dice.below(256) as u8)),
            _ => text.extend_from_slice(dice.pick(&words).as_bytes()),
        }
    }
    text.truncate(len);
    text
}
