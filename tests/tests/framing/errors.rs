//! What is wrong with a frame is an error that names it; what is before it has gone on, however the bytes are cut.

use bytes::Bytes;
use proptest::prelude::*;
use roundsman::stream::{
    FrameError, Prefix, Source, encode_fixed, encode_length_delimited, encode_lines, encode_split,
    fixed, length_delimited, split,
};
use roundsman_tests::outcome::{ONE_LOOP, result};

use crate::{cut, frames, run, sizes};

/// Frames, and what is wrong with the next.
type Decoded = (Vec<Bytes>, Option<FrameError>);

/// Length-delimited frames cut out of the whole text at leisure.
fn length_delimited_at_leisure(text: &[u8], max: usize) -> Decoded {
    let (mut at, mut decoded) = (0, Vec::new());
    while at < text.len() {
        let (there, begun) = (text.len() - at, at as u64);
        let truncated = |missing: usize| {
            let (got, missing) = (there as u64, missing as u64);
            Some(FrameError::Truncated { at: begun, got, missing })
        };
        if there < 2 {
            return (decoded, truncated(2 - there));
        }
        let len = usize::from(u16::from_be_bytes([text[at], text[at + 1]]));
        if len > max {
            let (len, max) = (len as u64, max as u64);
            return (decoded, Some(FrameError::TooLong { at: begun, len, max }));
        }
        if there < 2 + len {
            return (decoded, truncated(2 + len - there));
        }
        decoded.push(Bytes::copy_from_slice(&text[at + 2..at + 2 + len]));
        at += 2 + len;
    }
    (decoded, None)
}

/// The same for frames that end with `==`.
fn split_at_leisure(text: &[u8], max: usize) -> Decoded {
    let (mut at, mut decoded) = (0, Vec::new());
    while at < text.len() {
        let (rest, begun) = (&text[at..], at as u64);
        let end = rest.windows(2).position(|bytes| bytes == b"==");
        if end.unwrap_or(rest.len().saturating_sub(1)) > max {
            return (decoded, Some(FrameError::Endless { at: begun, max: max as u64 }));
        }
        let Some(end) = end else {
            let missing = if rest.ends_with(b"=") { 1 } else { 2 };
            let got = rest.len() as u64;
            return (decoded, Some(FrameError::Truncated { at: begun, got, missing }));
        };
        decoded.push(Bytes::copy_from_slice(&rest[..end]));
        at += end + 2;
    }
    (decoded, None)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_bytes_give_the_same_length_delimited_frames_and_error(
        text in prop::collection::vec(prop::sample::select(vec![0_u8, 0, 0, 1, 2, 5]), 0..60),
        max in 0_usize..300,
        sizes in sizes(),
    ) {
        let decoded = run(length_delimited(Prefix::U16, max), cut(&text, &sizes));
        prop_assert_eq!(decoded, length_delimited_at_leisure(&text, max));
    }

    #[test]
    fn any_bytes_give_the_same_split_frames_and_error(
        text in prop::collection::vec(prop::sample::select(b"==ab".to_vec()), 0..60),
        max in 0_usize..12,
        sizes in sizes(),
    ) {
        let decoded = run(split("==", max), cut(&text, &sizes));
        prop_assert_eq!(decoded, split_at_leisure(&text, max));
    }

    #[test]
    fn any_bytes_give_the_same_fixed_frames_and_error(
        text in prop::collection::vec(0_u8.., 0..60),
        size in 1_usize..9,
        sizes in sizes(),
    ) {
        let expected: Vec<_> = text.chunks_exact(size).map(Bytes::copy_from_slice).collect();
        let (decoded, error) = run(fixed(size), cut(&text, &sizes));
        prop_assert_eq!(decoded, expected);
        let got = (text.len() % size) as u64;
        let (at, missing) = (text.len() as u64 - got, size as u64 - got);
        prop_assert_eq!(error, (got > 0).then_some(FrameError::Truncated { at, got, missing }));
    }

    #[test]
    fn what_encode_split_lets_pass_is_read_as_one_frame_and_what_it_does_not_is_not(
        frame in prop::collection::vec(prop::sample::select(b"a;;".to_vec()), 0..8),
    ) {
        let text = [&frame[..], b";;"].concat();
        let early = text.windows(2).position(|bytes| bytes == b";;") != Some(frame.len());
        let (encoded, error) = run(encode_split(";;"), vec![Bytes::from(frame)]);
        prop_assert_eq!(error.is_some(), early);
        prop_assert_eq!(encoded.concat(), if early { Vec::new() } else { text });
    }
}

/// The error of a stage, as it reads.
fn says(stage: roundsman::stream::Stage<Bytes, Bytes>, items: Vec<Bytes>) -> String {
    let error = result(ONE_LOOP, Source::iter(items).through(stage).count());
    error.expect_err("it fails").to_string()
}

#[test]
fn the_largest_lengths_are_errors_and_no_panics() {
    for prefix in [Prefix::U64, Prefix::U64.little_endian()] {
        let (_, error) = run(length_delimited(prefix, 1024), vec![Bytes::from(vec![255; 64])]);
        let expected = FrameError::TooLong { at: 0, len: u64::MAX, max: 1024 };
        assert_eq!(error, Some(expected));
        let (_, error) = run(length_delimited(prefix, usize::MAX), vec![Bytes::from(vec![255; 9])]);
        let missing = u64::MAX - 1;
        assert_eq!(error, Some(FrameError::Truncated { at: 0, got: 9, missing }));
    }
    let (_, error) = run(split("end", usize::MAX), frames(["abc"]));
    assert_eq!(error, Some(FrameError::Truncated { at: 0, got: 3, missing: 3 }));
    let (_, error) = run(fixed(usize::MAX), frames(["abc"]));
    assert!(matches!(error, Some(FrameError::Truncated { got: 3, .. })));
}

#[test]
fn the_messages_name_the_place_the_limit_and_the_remedy() {
    let text = says(length_delimited(Prefix::U8, 4), frames(["\x02ab\x05abcde"]));
    let (place, limit) = ("begins at byte 3 has 5 bytes", "4 are allowed: raise the limit");
    assert!(text.starts_with("length_delimited: ") && text.contains(place), "{text}");
    assert!(text.contains(limit), "{text}");
    let text = says(split(";", 4), frames(["ab;", "abcdef;"]));
    assert!(text.contains("at byte 3 has no end within 4 bytes: raise the limit"), "{text}");
    let text = says(fixed(4), frames(["abcdef"]));
    assert!(text.contains("at byte 4: 2 of its bytes are there, 2 are missing"), "{text}");
    let text = says(encode_split("\r\n"), frames(["ab", "c\r\nd"]));
    assert!(text.contains("byte 4 holds the delimiter \"\\r\\n\" after 1 bytes"), "{text}");
    let text = says(encode_fixed(2), frames(["ab", "abc"]));
    assert!(text.contains("byte 2 has 3 bytes, and every frame has 2"), "{text}");
    let text = says(encode_length_delimited(Prefix::U8, 999), vec![Bytes::from(vec![0; 256])]);
    assert!(
        text.contains("256 bytes, and a prefix of 1 bytes can say 255: take a wider"),
        "{text}"
    );
    let text = says(encode_length_delimited(Prefix::U8, 3), frames(["", "abcd"]));
    assert!(text.contains("at byte 1 has 4 bytes, and 3 are allowed"), "{text}");
}

#[test]
fn a_line_that_holds_a_line_end_is_not_sent() {
    let (sent, error) = run(encode_lines(), frames(["one", "two\nthree"]));
    assert_eq!(sent, frames(["one\n"]));
    let delimiter = Bytes::from("\n");
    assert_eq!(error, Some(FrameError::HoldsDelimiter { at: 4, offset: 3, delimiter }));
}

#[test]
#[should_panic(expected = "a fixed size is 1 or more")]
fn a_fixed_size_of_0_is_refused() {
    drop(fixed(0));
}

#[test]
#[should_panic(expected = "give it 1 or more")]
fn an_empty_delimiter_is_refused() {
    drop(split("", 9));
}
