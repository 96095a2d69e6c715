//! A text while it comes: UTF-8 that is checked byte by byte, so that what is none is known as soon as it shows.

use bytestring::ByteString;

use super::ProtocolError;

/// A text of which more may come. Pieces may part a character.
#[derive(Debug, Default)]
pub(super) struct Text {
    text: String,
    /// The first bytes of a character whose last have not come.
    begun: [u8; 4],
    begun_len: usize,
}

impl Text {
    /// Takes the next piece.
    pub(super) fn push(&mut self, mut piece: &[u8]) -> Result<(), ProtocolError> {
        while self.begun_len > 0
            && let [next, rest @ ..] = piece
        {
            // A character has four bytes at most: with the fourth it is whole, or none.
            self.begun[self.begun_len] = *next;
            self.begun_len += 1;
            piece = rest;
            match std::str::from_utf8(&self.begun[..self.begun_len]) {
                Ok(character) => {
                    self.text.push_str(character);
                    self.begun_len = 0;
                }
                Err(error) if error.error_len().is_none() => {}
                Err(_) => return Err(ProtocolError::NotUtf8),
            }
        }
        let (whole, begun) = match std::str::from_utf8(piece) {
            Ok(whole) => (whole, &[][..]),
            Err(error) if error.error_len().is_none() => {
                let (whole, begun) = piece.split_at(error.valid_up_to());
                (std::str::from_utf8(whole).map_err(|_| ProtocolError::NotUtf8)?, begun)
            }
            Err(_) => return Err(ProtocolError::NotUtf8),
        };
        self.text.push_str(whole);
        if !begun.is_empty() {
            self.begun[..begun.len()].copy_from_slice(begun);
            self.begun_len = begun.len();
        }
        Ok(())
    }

    /// It is whole.
    pub(super) fn finish(mut self) -> Result<ByteString, ProtocolError> {
        if self.begun_len > 0 {
            return Err(ProtocolError::NotUtf8);
        }
        if wastes(self.text.capacity(), self.text.len()) {
            self.text.shrink_to_fit();
        }
        Ok(self.text.into())
    }

    pub(super) fn len(&self) -> usize {
        self.text.len() + self.begun_len
    }
}

/// Whether a buffer that has grown by doubling holds so much more than it needs that a smaller one is worth its copy.
pub(super) fn wastes(capacity: usize, len: usize) -> bool {
    capacity - len > len / 4
}

#[cfg(test)]
mod tests {
    //! UTF-8 in pieces.

    use super::*;

    fn in_two(bytes: &[u8], cut: usize) -> Result<ByteString, ProtocolError> {
        let mut text = Text::default();
        text.push(&bytes[..cut])?;
        text.push(&bytes[cut..])?;
        text.finish()
    }

    #[test]
    fn a_character_may_be_parted_anywhere() {
        let text = "aé€😀\u{10ffff}z";
        for cut in 0..=text.len() {
            assert_eq!(in_two(text.as_bytes(), cut).as_deref(), Ok(text), "cut at {cut}");
        }
    }

    #[test]
    fn what_can_become_no_character_is_refused_before_it_would_be_whole() {
        // The first is beyond Unicode, the second a surrogate, the third longer than it need be.
        for begin in [&[0xf4, 0x90][..], &[0xed, 0xa0], &[0xc0], &[0xff], &[0xe0, 0x80]] {
            let mut text = Text::default();
            let pushed = begin.iter().try_for_each(|byte| text.push(&[*byte]));
            assert_eq!(pushed, Err(ProtocolError::NotUtf8), "{begin:x?}");
        }
    }

    #[test]
    fn a_text_that_ends_within_a_character_is_none() {
        assert_eq!(in_two(&"€".as_bytes()[..2], 1), Err(ProtocolError::NotUtf8));
    }
}
