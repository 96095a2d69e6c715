//! A hash that is the same in each run: of what has happened, and for tables that only this module reads.
//!
//! It mixes as `FxHash` does (rotate, exclusive or, multiply): quick, and no match for whoever seeks collisions.

use std::hash::Hasher;

/// Takes whole words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mixer(u64);

impl Hasher for Mixer {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    #[inline]
    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    #[inline]
    fn write_usize(&mut self, word: usize) {
        self.write_u64(word as u64);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
