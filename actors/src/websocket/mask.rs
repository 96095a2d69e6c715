//! The mask that a client puts on what it sends, so that no proxy takes it for something else. (RFC 6455, section 5.3.)

/// A mask, and how far into its four bytes the payload is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mask {
    key: [u8; 4],
    at: usize,
}

impl Mask {
    pub(super) fn new(key: [u8; 4]) -> Self {
        Self { key, at: 0 }
    }

    /// Puts it on the next bytes of the payload, or takes it off.
    pub(super) fn apply(&mut self, bytes: &mut [u8]) {
        let mut key = self.key;
        key.rotate_left(self.at);
        let [a, b, c, d] = key;
        let word = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
        self.at = (self.at + bytes.len()) % key.len();
        let (words, rest) = bytes.as_chunks_mut();
        for eight in words {
            *eight = (u64::from_ne_bytes(*eight) ^ word).to_ne_bytes();
        }
        for (byte, key) in rest.iter_mut().zip(key.iter().cycle()) {
            *byte ^= key;
        }
    }
}

#[cfg(test)]
mod tests {
    //! Masks, and payloads in pieces.

    use super::*;

    #[test]
    fn a_payload_in_pieces_is_masked_as_one() {
        let key = [1, 2, 4, 8];
        let plain: Vec<u8> = (0..100).collect();
        let expected: Vec<u8> =
            plain.iter().enumerate().map(|(at, byte)| byte ^ key[at % 4]).collect();
        for cut in 0..plain.len() {
            let (mut bytes, mut mask) = (plain.clone(), Mask::new(key));
            let (left, right) = bytes.split_at_mut(cut);
            mask.apply(left);
            mask.apply(right);
            assert_eq!(bytes, expected, "cut at {cut}");
        }
    }
}
