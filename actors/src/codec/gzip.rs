//! `gzip`: bytes packed as one member of gzip (RFC 1952).

use bytes::{Buf, Bytes};
use flate2::{Compress, Compression, Crc, FlushCompress, Status};
use roundsman_runtime::Lane;

use super::CodecError;
use crate::stream::{Goal, Source, Stage, Transform, transform};

/// Bytes packed as gzip, with a `level` from 0 (not at all) by 1 (fast) and 6 (usual) to 9 (small); more is taken for 9.
/// (Node: `zlib.createGzip`.)
///
/// - Demand: blocks of at most 16 KiB, made as they are wanted. Packing holds bytes back until it has enough of them, so a
///   conversation wants [`gzip_flushing`].
/// - End: the rest follows, then the end. No input at all gives a valid file of nothing.
/// - Failure and cancel pass through.
/// - What it gives depends on the bytes and the level alone: the time stays out of it.
/// - Memory: about 400 KiB for its tables.
///
/// # Examples
/// ```
/// use bytes::Bytes;
/// use roundsman::codec::{gunzip, gzip};
/// use roundsman::prelude::*;
/// use roundsman::stream::{PipeError, Source, collect};
///
/// struct Packing;
///
/// impl Actor for Packing {
///     type Message = Result<Vec<Bytes>, PipeError>;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         let text = Source::iter([Bytes::from("so much ").repeat(9).into(), Bytes::from("to say")]);
///         let there_and_back = text.through(gzip(6)).through(gunzip(1024));
///         there_and_back.pipe(collect()).start(ctx, |blocks| blocks);
///         Ok(())
///     }
///
///     fn receive(&mut self, blocks: Self::Message, ctx: &mut Context<Self>) -> Outcome {
///         assert!(blocks?.concat().ends_with(b"so much to say"));
///         ctx.stop();
///         Ok(())
///     }
/// }
///
/// Runtime::builder().loops(1).build()?.run(|| Packing)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn gzip(level: u32) -> Stage<Bytes, Bytes> {
    transform("gzip", move || Ok(Gzip::new(level, false)))
}

/// The same, but nothing is held back: whenever no more input waits, all that has come can be unpacked from what has gone
/// out. (Node: `flush: Z_SYNC_FLUSH`.) For conversations; it costs five bytes each time, and packs small pieces less well.
pub fn gzip_flushing(level: u32) -> Stage<Bytes, Bytes> {
    transform("gzip_flushing", move || Ok(Gzip::new(level, true)))
}

impl Source<Bytes> {
    /// Bytes packed as gzip. See [`gzip`](gzip()).
    pub fn gzip(self, level: u32) -> Self {
        self.through(gzip(level))
    }

    /// Bytes packed as gzip, none held back. See [`gzip_flushing`](gzip_flushing()).
    pub fn gzip_flushing(self, level: u32) -> Self {
        self.through(gzip_flushing(level))
    }
}

/// A member of gzip in the making.
struct Gzip {
    deflate: Compress,
    crc: Crc,
    /// What is to go out before anything else: the header, later the trailer.
    pending: Bytes,
    flushes: bool,
    /// All input is packed, and the trailer has its turn.
    packed: bool,
}

impl Gzip {
    fn new(level: u32, flushes: bool) -> Self {
        let level = level.min(9);
        Self {
            deflate: Compress::new(Compression::new(level), false),
            crc: Crc::new(),
            pending: Bytes::copy_from_slice(&header(level)),
            flushes,
            packed: false,
        }
    }

    /// Puts out what is to go first. True if nothing is left of it.
    fn put_pending(&mut self, out: &mut Vec<u8>) -> bool {
        let room = out.capacity() - out.len();
        out.extend_from_slice(&self.pending.split_to(room.min(self.pending.len())));
        self.pending.is_empty()
    }

    /// One call of the library. Whether it says that the end is out.
    fn deflate(
        &mut self,
        input: &mut Bytes,
        flush: FlushCompress,
        out: &mut Vec<u8>,
    ) -> Result<bool, CodecError> {
        let before = self.deflate.total_in();
        let status = self.deflate.compress_vec(input, out, flush);
        let used = (self.deflate.total_in() - before) as usize;
        self.crc.update(&input[..used]);
        input.advance(used);
        match status {
            Ok(status) => Ok(status == Status::StreamEnd),
            Err(error) => Err(CodecError::Compressor(error.to_string().into())),
        }
    }

    fn trailer(&self) -> Bytes {
        [self.crc.sum().to_le_bytes(), self.crc.amount().to_le_bytes()].concat().into()
    }
}

/// No name, no time, no system: the same for everybody.
fn header(level: u32) -> [u8; 10] {
    let effort = match level {
        9 => 2,
        ..=1 => 4,
        _ => 0,
    };
    [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, effort, 255]
}

impl Transform for Gzip {
    type Error = CodecError;
    const LANE: Lane = Lane::User;
    const INLINE_MAX: usize = 4 * 1024;

    fn run(
        &mut self,
        input: &mut Bytes,
        goal: Goal,
        out: &mut Vec<u8>,
    ) -> Result<bool, CodecError> {
        if !self.put_pending(out) {
            return Ok(false);
        }
        let flush = match goal {
            Goal::Used => FlushCompress::None,
            Goal::Flushed => FlushCompress::Sync,
            Goal::Finished => FlushCompress::Finish,
        };
        while !self.packed {
            if out.len() == out.capacity() {
                return Ok(false);
            }
            let ended = self.deflate(input, flush, out)?;
            if ended {
                self.pending = self.trailer();
                self.packed = true;
            } else if input.is_empty() && out.len() < out.capacity() && goal != Goal::Finished {
                return Ok(true);
            }
        }
        Ok(self.put_pending(out))
    }

    fn flushes(&self) -> bool {
        self.flushes
    }
}
