//! The lines of the chat benchmark: who says it, and the how-many-eth of that speaker it is.

/// The length of a line, its end included.
pub const LINE: usize = 32;

/// How many digits the number has.
const DIGITS: usize = 10;

/// Where the number begins.
const NUMBER: usize = 2;

/// Speakers are digits; this one asks whether everybody is in the room already.
pub const PROBE: u8 = b'P';

/// One line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// A digit, or [`PROBE`].
    pub speaker: u8,
    /// Counts the speaker's lines from 0.
    pub number: u64,
}

impl Line {
    /// As it is sent.
    pub fn encode(self) -> [u8; LINE] {
        let mut text = *b"S 0000000000 ..................\n";
        text[0] = self.speaker;
        let mut rest = self.number;
        for digit in text[NUMBER..NUMBER + DIGITS].iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        text
    }

    /// `None` if `text` is not what [`encode`](Self::encode) makes.
    pub fn decode(text: &[u8; LINE]) -> Option<Self> {
        let mut number = 0;
        for digit in &text[NUMBER..NUMBER + DIGITS] {
            number = number * 10 + u64::from(digit.checked_sub(b'0').filter(|&digit| digit < 10)?);
        }
        let line = Self { speaker: text[0], number };
        (line.encode() == *text).then_some(line)
    }
}

#[cfg(test)]
mod tests;
