//! What is held back, and until when.

use super::*;

/// What goes on of each of these blocks, as one.
fn passed(blocks: &[&[u8]]) -> Vec<Vec<u8>> {
    let mut held = Held::default();
    let pass =
        |block: &&[u8]| held.pass(Bytes::copy_from_slice(block)).unwrap_or_default().to_vec();
    blocks.iter().map(pass).collect()
}

#[test]
fn what_has_an_end_goes_on_and_the_rest_waits_for_its_own() {
    assert_eq!(passed(&[b"a\r\nb\nc"]), [b"a\r\nb\n"]);
    assert_eq!(passed(&[b"a", b"b", b"\n", b"c"]), [&b""[..], b"", b"ab\n", b""]);
    assert_eq!(passed(&[b"a\nb", b"c\nd\ne"]), [&b"a\n"[..], b"bc\nd\n"]);
}

#[test]
fn a_block_of_whole_lines_is_not_copied() {
    let block = Bytes::from_static(b"a\nb\n");
    let passed = Held::default().pass(block.clone()).expect("all of it");
    assert_eq!(passed.as_ptr(), block.as_ptr());
}

#[test]
fn what_is_too_long_for_a_line_is_not_held() {
    let longest = [b'x'; FRAME_MAX + 1];
    assert_eq!(passed(&[&longest, b"x", b"y\n"]), [&b""[..], &[b'x'; FRAME_MAX + 2], b"y\n"]);
    let begun = [b"a\n", &longest[..]].concat();
    assert_eq!(passed(&[&begun, b"\r\n"]), [b"a\n".to_vec(), [&longest[..], b"\r\n"].concat()]);
}
