//! `zstd`: bytes packed as one frame of Zstandard (RFC 8878).

use std::io;

use ::zstd::stream::raw::{CParameter, Encoder, InBuffer, Operation, OutBuffer};
use bytes::{Buf, Bytes};
use roundsman_runtime::Lane;

use super::CodecError;
use crate::stream::{Goal, Source, Stage, Transform, transform};

/// How much libzstd gathers before it packs it.
const GATHERED: usize = 128 * 1024;
/// The highest level whose output everybody can unpack; see [`unzstd`](super::unzstd()).
const LEVEL_MAX: i32 = 19;

/// Bytes packed as Zstandard, with a `level` from 1 (fast) to 19 (small); 0 stands for 3, the usual one; below 0 it is
/// faster still and packs less; more than 19 is taken for 19. With a checksum. (Node: `zlib.createZstdCompress`.)
///
/// - Demand: blocks of at most 16 KiB, made as they are wanted. Packing holds up to 128 KiB back, so a conversation wants
///   [`zstd_flushing`].
/// - End: the rest follows, then the end. No input at all gives a valid file of nothing.
/// - Failure and cancel pass through.
/// - What it gives depends on the bytes, the level and the version of libzstd alone.
/// - Memory: its tables, whose size depends on the level: about 1 MiB at 1, 4 MiB at 3, 15 MiB at 9, 70 MiB at 15, and
///   more above that. Count it for each stream that runs at once.
///
/// # Examples
/// ```
/// use bytes::Bytes;
/// use roundsman::codec::{unzstd, zstd};
/// use roundsman::prelude::*;
/// use roundsman::stream::{PipeError, Source, collect};
///
/// struct Packing;
///
/// impl Actor for Packing {
///     type Message = Result<Vec<Bytes>, PipeError>;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         let text = Source::iter(["so much", " to say"].map(Bytes::from));
///         let there_and_back = text.through(zstd(3)).through(unzstd(1024));
///         there_and_back.pipe(collect()).start(ctx, |blocks| blocks);
///         Ok(())
///     }
///
///     fn receive(&mut self, blocks: Self::Message, ctx: &mut Context<Self>) -> Outcome {
///         assert_eq!(blocks?.concat(), b"so much to say");
///         ctx.stop();
///         Ok(())
///     }
/// }
///
/// Runtime::builder().loops(1).build()?.run(|| Packing)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn zstd(level: i32) -> Stage<Bytes, Bytes> {
    transform("zstd", move || Zstd::new(level, false))
}

/// The same, but nothing is held back: whenever no more input waits, all that has come can be unpacked from what has gone
/// out. (Node: `flush: ZSTD_e_flush`.) For conversations; it costs a few bytes each time, and packs small pieces less well.
pub fn zstd_flushing(level: i32) -> Stage<Bytes, Bytes> {
    transform("zstd_flushing", move || Zstd::new(level, true))
}

impl Source<Bytes> {
    /// Bytes packed as Zstandard. See [`zstd`](zstd()).
    pub fn zstd(self, level: i32) -> Self {
        self.through(zstd(level))
    }

    /// Bytes packed as Zstandard, none held back. See [`zstd_flushing`](zstd_flushing()).
    pub fn zstd_flushing(self, level: i32) -> Self {
        self.through(zstd_flushing(level))
    }
}

/// A frame of Zstandard in the making.
struct Zstd {
    encoder: Encoder<'static>,
    /// How much of the input is gathered, at most, and not packed yet.
    gathered: usize,
    /// How many bytes of the lowest levels one byte counts for, roughly.
    cost: usize,
    flushes: bool,
}

impl Zstd {
    fn new(level: i32, flushes: bool) -> Result<Self, CodecError> {
        let level = level.min(LEVEL_MAX);
        let mut encoder = Encoder::new(level).map_err(failed)?;
        encoder.set_parameter(CParameter::ChecksumFlag(true)).map_err(failed)?;
        let cost = match level {
            ..=4 => 1,
            5..=9 => 4,
            10..=15 => 16,
            _ => 64,
        };
        Ok(Self { encoder, gathered: 0, cost, flushes })
    }
}

fn failed(error: io::Error) -> CodecError {
    CodecError::Compressor(error.to_string().into())
}

impl Transform for Zstd {
    type Error = CodecError;
    const LANE: Lane = Lane::User;
    const INLINE_MAX: usize = 16 * 1024;

    fn run(
        &mut self,
        input: &mut Bytes,
        goal: Goal,
        out: &mut Vec<u8>,
    ) -> Result<bool, CodecError> {
        let made = out.len();
        let mut from = InBuffer::around(input);
        let mut to = OutBuffer::around_pos(out, made);
        let is_full = |to: &OutBuffer<'_, Vec<u8>>| to.pos() == to.capacity();
        while from.pos() < from.src.len() && !is_full(&to) {
            self.encoder.run(&mut from, &mut to).map_err(failed)?;
        }
        let used = from.pos();
        let all = used == input.len();
        let reached = all
            && !is_full(&to)
            && match goal {
                Goal::Used => true,
                Goal::Flushed => self.encoder.flush(&mut to).map_err(failed)? == 0,
                Goal::Finished => self.encoder.finish(&mut to, true).map_err(failed)? == 0,
            };
        self.gathered = match goal {
            Goal::Used => (self.gathered + used) % GATHERED,
            Goal::Flushed | Goal::Finished => 0,
        };
        input.advance(used);
        Ok(reached)
    }

    fn effort(&self, input: usize, last: bool) -> usize {
        // It works once it has gathered enough; until then it copies.
        let gathered = self.gathered + input;
        let works = last || self.flushes || gathered >= GATHERED;
        if works { gathered.saturating_mul(self.cost) } else { input / 16 }
    }

    fn flushes(&self) -> bool {
        self.flushes
    }
}
