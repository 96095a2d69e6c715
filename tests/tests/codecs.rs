//! Compression: whatever is packed comes back, others can read it, and nothing that somebody sends does harm.

#[path = "codecs/broken.rs"]
mod broken;
#[path = "codecs/limits.rs"]
mod limits;
#[path = "codecs/others.rs"]
mod others;
#[path = "codecs/there_and_back.rs"]
mod there_and_back;

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use roundsman::codec::{CodecError, gunzip, gzip, unzstd, zstd};
use roundsman::stream::{PipeError, Source, Stage, collect};
use roundsman_tests::outcome::{ONE_LOOP, result};
use roundsman_tests::trial::World;

/// A pair of stages: there, and back.
#[derive(Clone, Copy, Debug)]
enum Codec {
    Gzip,
    Zstd,
}

const CODECS: [Codec; 2] = [Codec::Gzip, Codec::Zstd];

impl Codec {
    fn pack(self, level: u32) -> Stage<Bytes, Bytes> {
        match self {
            Self::Gzip => gzip(level),
            Self::Zstd => zstd(level as i32),
        }
    }

    fn unpack(self, limit: u64) -> Stage<Bytes, Bytes> {
        match self {
            Self::Gzip => gunzip(limit),
            Self::Zstd => unzstd(limit),
        }
    }

    /// As the library packs it, at once.
    fn packed(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Gzip => {
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), Compression::default());
                encoder.write_all(bytes).expect("memory takes it");
                encoder.finish().expect("memory takes it")
            }
            Self::Zstd => {
                let mut encoder = ::zstd::Encoder::new(Vec::new(), 3).expect("an encoder");
                encoder.include_checksum(true).expect("an encoder");
                encoder.write_all(bytes).expect("memory takes it");
                encoder.finish().expect("memory takes it")
            }
        }
    }
}

/// What comes out of a stage, as one.
fn run(world: World, stage: Stage<Bytes, Bytes>, blocks: Vec<Bytes>) -> Result<Vec<u8>, PipeError> {
    let blocks = result(world, Source::iter(blocks).through(stage).pipe(collect()))?;
    Ok(blocks.concat())
}

/// The same, whole and in one world, with the stage's own error.
fn run_all(stage: Stage<Bytes, Bytes>, bytes: &[u8]) -> Result<Vec<u8>, CodecError> {
    run(ONE_LOOP, stage, vec![Bytes::copy_from_slice(bytes)])
        .map_err(|error| error.cause_as::<CodecError>().expect("its own error").clone())
}
