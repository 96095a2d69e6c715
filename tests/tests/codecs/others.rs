//! What others pack we unpack, and the other way round.

use std::io::{Read, Write};
use std::process::{Command, Stdio};

use bytes::Bytes;
use flate2::Compression;
use roundsman_tests::cuts::{cut, text};
use roundsman_tests::patience::must_end;
use roundsman_tests::seeds::Dice;

use crate::{CODECS, Codec, ONE_LOOP, run, run_all};

#[test]
fn gzip_gives_what_flate2_gives() {
    let mut dice = Dice::new(1);
    for len in [0, 1, 1_000, 300_000] {
        let bytes = text(len, &mut dice);
        for level in 0..=9 {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), Compression::new(level));
            encoder.write_all(&bytes).expect("memory takes it");
            let expected = encoder.finish().expect("memory takes it");
            let ours = run_all(Codec::Gzip.pack(level), &bytes).expect("packed");
            assert!(ours == expected, "level {level}, {len} bytes");
        }
    }
}

#[test]
fn the_libraries_unpack_what_we_pack() {
    let bytes = text(200_000, &mut Dice::new(2));
    let gz = run_all(Codec::Gzip.pack(6), &bytes).expect("packed");
    let mut back = Vec::new();
    flate2::read::GzDecoder::new(&*gz).read_to_end(&mut back).expect("it is gzip");
    assert!(back == bytes);
    let zst = run_all(Codec::Zstd.pack(6), &bytes).expect("packed");
    assert!(::zstd::decode_all(&*zst).expect("it is zstd") == bytes);
}

#[test]
fn we_unpack_what_the_libraries_pack() {
    let bytes = text(200_000, &mut Dice::new(3));
    for codec in CODECS {
        let packed = codec.packed(&bytes);
        assert!(run_all(codec.unpack(200_000), &packed).expect("it comes back") == bytes);
    }
}

/// What a program makes of its input. `None`, with a word about it, if it is not installed.
#[expect(clippy::disallowed_macros, reason = "a test that is skipped says so aloud")]
fn filtered(program: &str, arguments: &[&str], input: &[u8]) -> Option<Vec<u8>> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            eprintln!("SKIPPED: {program} cannot be run ({error}), so it was not compared");
            return None;
        }
    };
    let mut to = child.stdin.take().expect("it is piped");
    let input = input.to_vec();
    // On a thread of its own: it writes while it reads.
    Some(must_end(move || {
        let writing = roundsman_tests::peer::aside(move || to.write_all(&input));
        let output = child.wait_with_output().expect("it ends");
        writing.join().expect("it was written").expect("it was taken");
        assert!(output.status.success(), "{}", output.status);
        output.stdout
    }))
}

#[test]
fn the_programs_gzip_and_zstd_and_we_understand_each_other() {
    let mut dice = Dice::new(4);
    for len in [0, 10, 1_000_000] {
        let bytes = text(len, &mut dice);
        for (codec, program) in [(Codec::Gzip, "gzip"), (Codec::Zstd, "zstd")] {
            let ours = run_all(codec.pack(5), &bytes).expect("packed");
            let Some(back) = filtered(program, &["-dc"], &ours) else { continue };
            assert!(back == bytes, "{program} unpacks what we pack");
            for level in ["-1", "-9"] {
                let Some(theirs) = filtered(program, &["-c", level], &bytes) else { continue };
                // Twice, one after another, as `cat` makes it.
                let blocks = cut(&theirs.repeat(2), 90_000, &mut dice);
                let back = run(ONE_LOOP, codec.unpack(2 * len as u64), blocks).expect("unpacked");
                assert!(back == bytes.repeat(2), "we unpack what {program} {level} packs");
            }
        }
    }
}

#[test]
fn a_file_of_many_members_is_one_stream() {
    let bytes = text(10_000, &mut Dice::new(5));
    for codec in CODECS {
        let packed: Vec<u8> = bytes.chunks(100).flat_map(|part| codec.packed(part)).collect();
        let back = run(ONE_LOOP, codec.unpack(10_000), vec![Bytes::from(packed)]);
        assert!(back.expect("it is whole") == bytes, "{codec:?}");
    }
}
