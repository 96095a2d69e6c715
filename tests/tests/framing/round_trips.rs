//! What an encoder has put together its decoder takes apart, however the bytes are cut into blocks.

use bytes::Bytes;
use proptest::prelude::*;
use roundsman::stream::{
    Prefix, Source, Stage, encode_fixed, encode_length_delimited, encode_lines, encode_split,
    fixed, length_delimited, lines, split,
};
use roundsman_tests::outcome::{ONE_LOOP, result};

use crate::{cut, frames, run, sizes};

/// Every width, both ways.
const PREFIXES: [Prefix; 10] = [
    Prefix::U8,
    Prefix::U16,
    Prefix::U24,
    Prefix::U32,
    Prefix::U64,
    Prefix::U8.little_endian(),
    Prefix::U16.little_endian(),
    Prefix::U24.little_endian(),
    Prefix::U32.little_endian(),
    Prefix::U64.little_endian(),
];

fn decodes_what_it_encodes(
    encode: Stage<Bytes, Bytes>,
    decode: Stage<Bytes, Bytes>,
    frames: Vec<Bytes>,
    sizes: &[usize],
) -> Result<(), TestCaseError> {
    let (encoded, error) = run(encode, frames.clone());
    prop_assert_eq!(error, None);
    let (decoded, error) = run(decode, cut(&encoded.concat(), sizes));
    prop_assert_eq!(error, None);
    prop_assert_eq!(decoded, frames);
    Ok(())
}

fn frames_of(bytes: &[u8]) -> impl Strategy<Value = Vec<Bytes>> {
    let byte = prop::sample::select(bytes.to_vec());
    let frame = prop::collection::vec(byte, 0..20).prop_map(Bytes::from);
    prop::collection::vec(frame, 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn length_delimited_frames_come_back(
        frames in frames_of(&[0, 1, 2, 255]),
        prefix in prop::sample::select(PREFIXES.to_vec()),
        sizes in sizes(),
    ) {
        let (encode, decode) = (encode_length_delimited(prefix, 20), length_delimited(prefix, 20));
        decodes_what_it_encodes(encode, decode, frames, &sizes)?;
    }

    #[test]
    fn frames_with_a_delimiter_of_one_byte_come_back(frames in frames_of(b"abc"), sizes in sizes()) {
        decodes_what_it_encodes(encode_split(";"), split(";", 20), frames, &sizes)?;
    }

    #[test]
    fn frames_with_a_longer_delimiter_come_back(
        // Bytes of the delimiter, but never all of it.
        frames in frames_of(b"a-"),
        sizes in sizes(),
    ) {
        decodes_what_it_encodes(encode_split("--=-"), split("--=-", 20), frames, &sizes)?;
    }

    #[test]
    fn frames_of_a_fixed_size_come_back(
        frames in prop::collection::vec(prop::array::uniform3(0_u8..), 0..20),
        sizes in sizes(),
    ) {
        let frames = frames.into_iter().map(|frame| Bytes::from(frame.to_vec())).collect();
        decodes_what_it_encodes(encode_fixed(3), fixed(3), frames, &sizes)?;
    }

    #[test]
    fn lines_come_back(texts in frames_of(b"ab "), sizes in sizes()) {
        let (encoded, error) = run(encode_lines(), texts.clone());
        prop_assert_eq!(error, None);
        let source = Source::iter(cut(&encoded.concat(), &sizes)).through(lines(20));
        let decoded = result(ONE_LOOP, source.collect()).expect("lines");
        prop_assert_eq!(decoded.into_iter().collect::<Result<Vec<_>, _>>(), Ok(texts));
    }
}

#[test]
fn a_prefix_has_its_width_and_order() {
    let encoded = |prefix| run(encode_length_delimited(prefix, 9), frames(["abc"])).0.concat();
    assert_eq!(encoded(Prefix::U8), b"\x03abc");
    assert_eq!(encoded(Prefix::U16), b"\x00\x03abc");
    assert_eq!(encoded(Prefix::U24), b"\x00\x00\x03abc");
    assert_eq!(encoded(Prefix::default()), b"\x00\x00\x00\x03abc");
    assert_eq!(encoded(Prefix::U64), b"\x00\x00\x00\x00\x00\x00\x00\x03abc");
    assert_eq!(encoded(Prefix::U24.little_endian()), b"\x03\x00\x00abc");
    assert_eq!(encoded(Prefix::U64.little_endian()), b"\x03\x00\x00\x00\x00\x00\x00\x00abc");
}

#[test]
fn a_prefix_knows_what_it_can_say() {
    let most = PREFIXES.map(Prefix::len_max);
    let expected = [u8::MAX.into(), u16::MAX.into(), 0xff_ffff, u32::MAX.into(), u64::MAX];
    assert_eq!((&most[..5], &most[5..]), (&expected[..], &expected[..]));
}

#[test]
fn a_delimiter_that_overlaps_itself_ends_the_frame_where_it_is_first_found() {
    let text = b"a;;;b;;;;";
    for size in 1..text.len() {
        let (decoded, error) = run(split(";;", 9), cut(text, &[size]));
        assert_eq!((decoded, error), (frames(["a", ";b", ""]), None), "in blocks of {size}");
    }
}
