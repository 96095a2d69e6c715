//! What is cut short, broken, or never was what it should be.

use std::io::Write;

use bytes::Bytes;
use flate2::{Compression, GzBuilder};
use proptest::prelude::*;
use roundsman::codec::{CodecError, gunzip};
use roundsman_tests::cuts::{cut, text};
use roundsman_tests::seeds::{self, Dice};

use crate::{CODECS, Codec, ONE_LOOP, run, run_all};

/// A member with everything that a header may have.
fn full_member(content: &[u8]) -> Vec<u8> {
    let builder =
        GzBuilder::new().filename("round.txt").comment("his").mtime(7).extra(vec![9; 300]);
    let mut encoder = builder.write(Vec::new(), Compression::fast());
    encoder.write_all(content).expect("memory takes it");
    let mut member = encoder.finish().expect("memory takes it");
    // The library writes no checksum of the header.
    let header = 10 + 2 + 300 + "round.txt".len() + 1 + "his".len() + 1;
    member[3] |= 0b10;
    let mut crc = flate2::Crc::new();
    crc.update(&member[..header]);
    member.splice(header..header, (crc.sum() as u16).to_le_bytes());
    member
}

#[test]
fn an_input_that_is_cut_short_is_never_taken_for_whole() {
    let content = text(300, &mut Dice::new(2));
    let mut cases: Vec<_> = CODECS.map(|codec| (codec, codec.packed(&content))).into();
    cases.push((Codec::Gzip, full_member(&content)));
    for (codec, packed) in cases {
        for len in 0..packed.len() {
            let result = run_all(codec.unpack(1_000), &packed[..len]);
            assert_eq!(result, Err(CodecError::Truncated { at: len as u64 }), "{codec:?}");
        }
        assert_eq!(run_all(codec.unpack(1_000), &packed).expect("all of it"), content);
    }
}

#[test]
fn an_input_in_which_a_bit_has_changed_is_never_taken_for_another() {
    let content = text(200, &mut Dice::new(3));
    for codec in CODECS {
        let packed = codec.packed(&content);
        for at in 0..packed.len() * 8 {
            let mut changed = packed.clone();
            changed[at / 8] ^= 1 << (at % 8);
            // Some bits say nothing: when it was packed, and by what.
            if let Ok(other) = run_all(codec.unpack(1_000), &changed) {
                assert!(other == content, "{codec:?}: bit {at}");
            }
        }
    }
}

#[test]
fn an_error_says_where_the_input_is_broken() {
    for codec in CODECS {
        let content = text(100_000, &mut Dice::new(4));
        let mut packed = codec.packed(&content);
        let middle = packed.len() / 2;
        packed[middle..middle + 40].fill(0xff);
        let blocks = packed.chunks(1_000).map(Bytes::copy_from_slice).collect();
        let error = run(ONE_LOOP, codec.unpack(200_000), blocks).expect_err("it is broken");
        let Some(CodecError::Corrupt { at, .. }) = error.cause_as() else { panic!("{error:?}") };
        // One library tells the block; the other finds out later, or only from the checksum.
        let near = middle as u64 - 1_000..=packed.len() as u64;
        assert!(near.contains(at), "{error} and not at {middle}");
        assert!(error.to_string().contains(&format!("near byte {at}")), "{error}");
    }
}

#[test]
fn a_checksum_of_gzip_that_does_not_fit_is_an_error_that_says_so() {
    let packed = Codec::Gzip.packed(b"round and round");
    for (from_end, what) in [(8, "checksum of what was packed"), (4, "length of what was packed")] {
        let mut changed = packed.clone();
        let at = packed.len() - from_end;
        changed[at] ^= 1;
        let error = run_all(gunzip(100), &changed).expect_err("it does not fit").to_string();
        assert!(error.contains(what), "{error}");
    }
    let mut member = full_member(b"x");
    member[4] ^= 1;
    let error = run_all(gunzip(100), &member).expect_err("it does not fit").to_string();
    assert!(error.contains("checksum of its header"), "{error}");
}

#[test]
fn a_header_of_gzip_that_nobody_knows_is_an_error() {
    let packed = Codec::Gzip.packed(b"x");
    for (at, value, what) in
        [(0, 0, "begin"), (1, 0, "begin"), (2, 7, "method"), (3, 0x80, "flags")]
    {
        let mut changed = packed.clone();
        changed[at] = value;
        let error = run_all(gunzip(100), &changed).expect_err("it is unknown").to_string();
        assert!(error.contains(what), "{error}");
    }
}

#[test]
fn everything_that_a_header_of_gzip_may_have_is_skipped_however_it_is_cut() {
    let content = text(500, &mut Dice::new(5));
    let twice = [full_member(&content), full_member(&content)].concat();
    for seed in seeds::seeds(100) {
        let blocks = cut(&twice, 1 + seed % 40, &mut Dice::new(seed));
        let back = run(ONE_LOOP, gunzip(1_000), blocks).expect("it is whole");
        assert!(back == content.repeat(2), "seed {seed}");
    }
}

#[test]
fn what_follows_the_last_member_of_gzip_and_is_none_is_ignored() {
    let packed = Codec::Gzip.packed(b"round");
    for garbage in [&[0; 600][..], b"garbage", &[0x1f, 0, 3], &[0, 0x1f, 0x8b]] {
        let input = [&packed, garbage].concat();
        for most in [1, 7, 1_000] {
            let blocks = cut(&input, most, &mut Dice::new(most));
            let back = run(ONE_LOOP, gunzip(100), blocks).expect("it is whole");
            assert_eq!(back, b"round");
        }
    }
}

#[test]
fn what_follows_and_begins_as_a_member_must_be_one() {
    let packed = Codec::Gzip.packed(b"round");
    for (rest, at) in [(&[0x1f][..], 1), (&[0x1f, 0x8b], 2), (&packed[..15], 15)] {
        let error = run_all(gunzip(100), &[&packed, rest].concat()).expect_err("it is cut short");
        assert_eq!(error, CodecError::Truncated { at: (packed.len() + at) as u64 });
    }
}

#[test]
fn what_follows_a_frame_of_zstd_must_be_one() {
    let packed = Codec::Zstd.packed(b"round");
    let error = run_all(Codec::Zstd.unpack(100), &[&packed, &b"garbage"[..]].concat());
    assert!(matches!(error, Err(CodecError::Corrupt { .. })), "{error:?}");
    // A frame that says of itself that it is to be skipped is one.
    let skipped = [0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3];
    let input = [&skipped[..], &packed, &skipped, &packed].concat();
    assert_eq!(run_all(Codec::Zstd.unpack(100), &input).expect("it is whole"), b"roundround");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn whatever_comes_is_unpacked_or_refused(
        noise in proptest::collection::vec(any::<u8>(), 0..300),
        keep in 0_usize..40,
        is_gzip: bool,
    ) {
        let codec = if is_gzip { Codec::Gzip } else { Codec::Zstd };
        // A good beginning leads further than noise alone.
        let mut input = codec.packed(b"round and round and round");
        input.truncate(keep);
        input.extend(noise);
        let blocks = cut(&input, 50, &mut Dice::new(keep as u64));
        if let Err(error) = run(ONE_LOOP, codec.unpack(100_000), blocks) {
            prop_assert!(error.cause_as::<CodecError>().is_some(), "{}", error);
        }
    }
}

#[test]
fn an_empty_block_in_between_changes_nothing() {
    for codec in CODECS {
        let packed = Bytes::from(codec.packed(b"round"));
        let blocks =
            vec![Bytes::new(), packed.slice(..5), Bytes::new(), packed.slice(5..), Bytes::new()];
        assert_eq!(run(ONE_LOOP, codec.unpack(100), blocks).expect("it is whole"), b"round");
    }
}
