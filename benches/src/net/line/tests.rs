//! What is sent is what is read.

use super::{LINE, Line, PROBE};

#[test]
fn a_line_is_read_as_it_was_sent() {
    for line in [Line { speaker: b'7', number: 1_234_567_890 }, Line { speaker: PROBE, number: 0 }]
    {
        assert_eq!(Line::decode(&line.encode()), Some(line));
    }
}

#[test]
fn a_line_with_any_byte_changed_is_not_taken_for_the_same() {
    let line = Line { speaker: b'7', number: 42 };
    for index in 0..LINE {
        let mut text = line.encode();
        text[index] ^= 1;
        assert_ne!(Line::decode(&text), Some(line), "byte {index}");
    }
}
