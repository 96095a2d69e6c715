//! Lines out of blocks, cut anywhere.

use super::*;
use crate::stream::framing::decoding;
use crate::stream::gathered::Gathered;
use crate::stream::stage::Operator;

/// Cuts `blocks` into lines of at most `max`.
fn cut(max: usize, blocks: &[&[u8]]) -> Vec<Result<String, u64>> {
    cut_by(Lines::new(max), blocks)
}

fn cut_by(lines: Lines, blocks: &[&[u8]]) -> Vec<Result<String, u64>> {
    let mut got = Gathered(Vec::new());
    let mut lines = decoding("lines", lines);
    for block in blocks {
        lines.push(Bytes::copy_from_slice(block), &mut got).unwrap();
    }
    lines.end(&mut got).unwrap();
    let text = |line: &Bytes| String::from_utf8_lossy(line).into_owned();
    got.0.iter().map(|line| line.as_ref().map(text).map_err(|error| error.at)).collect()
}

fn ok(line: &str) -> Result<String, u64> {
    Ok(line.to_owned())
}

#[test]
fn both_line_ends_are_cut_off_and_empty_lines_are_lines() {
    assert_eq!(cut(9, &[b"a\r\nb\n\n\r\nc\r"]), [ok("a"), ok("b"), ok(""), ok(""), ok("c")]);
}

#[test]
fn where_lines_have_ends_what_has_none_is_dropped() {
    let ended = || Lines { drops_rest: true, ..Lines::new(3) };
    assert_eq!(cut_by(ended(), &[b"a\r\nb", b"c\nd", b"e"]), [ok("a"), ok("bc")]);
    assert_eq!(cut_by(ended(), &[b"a\n"]), [ok("a")]);
    assert_eq!(cut_by(ended(), &[b"abc"]), []);
    // Too long is told as soon as it is, whether an end comes or not.
    assert_eq!(cut_by(ended(), &[b"abcdef"]), [Err(0)]);
}

#[test]
fn a_line_of_exactly_the_limit_passes_with_either_end() {
    assert_eq!(cut(3, &[b"abc\r\nabc\nabc"]), [ok("abc"), ok("abc"), ok("abc")]);
}

#[test]
fn a_line_over_the_limit_is_reported_once_with_its_place_and_skipped() {
    assert_eq!(cut(3, &[b"ok\nabcd\nok\n"]), [ok("ok"), Err(3), ok("ok")]);
    assert_eq!(
        cut(3, &[b"ok\nab", b"cdef", b"ghij", b"kl\nok\nxxxx"]),
        [ok("ok"), Err(3), ok("ok"), Err(19)]
    );
}

#[test]
fn the_cuts_between_blocks_change_nothing() {
    let text: &[u8] = b"one\r\n\r\nfar too long for this\r\ntwo\nthree\r\nfour5\rx\n";
    let whole = cut(5, &[text]);
    for at in 0..=text.len() {
        for then in at..=text.len() {
            assert_eq!(
                cut(5, &[&text[..at], &text[at..then], &text[then..]]),
                whole,
                "cut at {at} and {then}"
            );
        }
    }
    let bytes: Vec<&[u8]> = text.chunks(1).collect();
    assert_eq!(cut(5, &bytes), whole);
}
