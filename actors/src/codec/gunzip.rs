//! `gunzip`: gzip (RFC 1952) unpacked, with a limit on what comes out.

use bytes::{Buf, Bytes};
use flate2::{Crc, Decompress, FlushDecompress, Status};
use roundsman_runtime::Lane;

use super::CodecError;
use super::error::Allowance;
use crate::stream::{Goal, Source, Stage, Transform, transform};

/// gzip unpacked, to at most `limit` bytes in all. (Node: `zlib.createGunzip`.)
///
/// Several members, one after another, are one stream, as for `gunzip`; the limit is for all of them. What follows the
/// last member and does not begin as one is ignored, as by `gunzip`: zeros silently, anything else with a warning in the log.
///
/// - Demand: blocks of at most 16 KiB, unpacked as they are wanted, so memory is bounded whatever the input is.
/// - End: an input that is cut short is a failure, and so is an empty one.
/// - A failure is a [`CodecError`]: more than `limit` bytes, input cut short, input that is broken (each member has a
///   checksum). What was unpacked before may have gone on: the pipeline's result says whether it is whole.
/// - Failure and cancel pass through.
/// - Memory: about 50 KiB for its dictionary.
///
/// # Examples
/// ```
/// use roundsman::codec::{CodecError, gunzip, gzip};
/// use roundsman::prelude::*;
/// use roundsman::stream::{PipeError, Source, Summary, for_each};
///
/// struct Careful;
///
/// impl Actor for Careful {
///     type Message = Result<Summary, PipeError>;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         let bomb = Source::iter([vec![0; 1_000_000].into()]).through(gzip(9));
///         bomb.through(gunzip(10_000)).pipe(for_each(drop)).start(ctx, |result| result);
///         Ok(())
///     }
///
///     fn receive(&mut self, result: Self::Message, ctx: &mut Context<Self>) -> Outcome {
///         let error = result.expect_err("it is too large");
///         assert_eq!(error.cause_as(), Some(&CodecError::TooLarge { limit: 10_000 }));
///         ctx.stop();
///         Ok(())
///     }
/// }
///
/// Runtime::builder().loops(1).build()?.run(|| Careful)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn gunzip(limit: u64) -> Stage<Bytes, Bytes> {
    transform("gunzip", move || Ok(Gunzip::new(limit)))
}

impl Source<Bytes> {
    /// gzip unpacked, to at most `limit` bytes in all. See [`gunzip`](gunzip()).
    pub fn gunzip(self, limit: u64) -> Self {
        self.through(gunzip(limit))
    }
}

/// Members of gzip, taken apart.
struct Gunzip {
    part: Part,
    inflate: Decompress,
    /// Of the header, then of what the member unpacks to.
    crc: Crc,
    /// The beginning of a field of fixed length.
    field: Vec<u8>,
    /// The flags of the header in hand that have not been looked at.
    flags: u8,
    allowance: Allowance,
    /// Bytes of input that were used.
    at: u64,
    /// Members that have ended.
    members: u64,
}

/// What comes next in the input.
#[derive(Clone, Copy)]
enum Part {
    /// The ten bytes that a member begins with.
    Begin,
    /// The length of the extra field.
    ExtraLen,
    /// So much of the extra field.
    Extra(usize),
    /// What ends with a zero: the name, then the comment.
    Text,
    HeaderCrc,
    Body,
    Trailer,
    /// Nothing of ours.
    Ignored,
}

const HAS_CRC: u8 = 0b10;
const HAS_EXTRA: u8 = 0b100;
const HAS_NAME: u8 = 0b1000;
const HAS_COMMENT: u8 = 0b1_0000;
const RESERVED: u8 = 0b1110_0000;

impl Gunzip {
    fn new(limit: u64) -> Self {
        Self {
            part: Part::Begin,
            inflate: Decompress::new(false),
            crc: Crc::new(),
            field: Vec::new(),
            flags: 0,
            allowance: Allowance::new(limit),
            at: 0,
            members: 0,
        }
    }

    fn corrupt(&self, what: &'static str) -> CodecError {
        CodecError::Corrupt { at: self.at, what: what.into() }
    }

    /// Takes `bytes` bytes off the input.
    fn skip(&mut self, bytes: usize, input: &mut Bytes) {
        self.at += bytes as u64;
        input.advance(bytes);
    }

    /// The same, of the header, whose checksum they count for.
    fn skip_header(&mut self, bytes: usize, input: &mut Bytes) {
        self.crc.update(&input[..bytes]);
        self.skip(bytes, input);
    }

    /// Gathers a field of `N` bytes, if so many have come.
    fn gather<const N: usize>(&mut self, input: &mut Bytes) -> Option<[u8; N]> {
        let missing = (N - self.field.len()).min(input.len());
        self.field.extend_from_slice(&input[..missing]);
        self.skip(missing, input);
        let field = <[u8; N]>::try_from(&*self.field).ok()?;
        self.field.clear();
        Some(field)
    }

    /// The first bytes of a member; or of what is none.
    fn begin(&mut self, input: &mut Bytes) -> Result<(), CodecError> {
        const MAGIC: [u8; 2] = [0x1f, 0x8b];
        // The two bytes that tell are looked at as they come, for what is no member may be shorter than one.
        while let Some(expected) = MAGIC.get(self.field.len()) {
            let Some(byte) = input.first().copied() else { return Ok(()) };
            if byte == *expected {
                self.field.push(byte);
                self.skip(1, input);
            } else if self.members == 0 {
                return Err(self.corrupt("it does not begin as gzip does"));
            } else {
                if byte != 0 || !self.field.is_empty() {
                    let at = self.at;
                    tracing::warn!(at, "what follows the last member of gzip is ignored");
                }
                self.part = Part::Ignored;
                return Ok(());
            }
        }
        let Some(begin) = self.gather::<10>(input) else { return Ok(()) };
        let [_, _, method, flags, ..] = begin;
        if method != 8 {
            return Err(self.corrupt("its method of compression is not deflate"));
        }
        if flags & RESERVED != 0 {
            return Err(self.corrupt("its header has flags that nobody knows"));
        }
        self.crc.reset();
        self.crc.update(&begin);
        self.flags = flags;
        self.next_of_header();
        Ok(())
    }

    /// The next part of the header that is there, or the body.
    fn next_of_header(&mut self) {
        let parts = [
            (HAS_EXTRA, Part::ExtraLen),
            (HAS_NAME, Part::Text),
            (HAS_COMMENT, Part::Text),
            (HAS_CRC, Part::HeaderCrc),
        ];
        for (flag, part) in parts {
            if self.flags & flag != 0 {
                self.flags &= !flag;
                self.part = part;
                return;
            }
        }
        self.crc.reset();
        self.inflate.reset(false);
        self.part = Part::Body;
    }

    /// One part of a header, or as much of it as has come.
    fn header(&mut self, input: &mut Bytes) -> Result<(), CodecError> {
        match self.part {
            Part::ExtraLen => {
                if let Some(len) = self.gather::<2>(input) {
                    self.crc.update(&len);
                    self.part = Part::Extra(usize::from(u16::from_le_bytes(len)));
                }
            }
            Part::Extra(left) => {
                let here = left.min(input.len());
                self.skip_header(here, input);
                self.part = Part::Extra(left - here);
                if here == left {
                    self.next_of_header();
                }
            }
            Part::HeaderCrc => {
                let sum = self.crc.sum() as u16;
                if let Some(expected) = self.gather::<2>(input) {
                    if u16::from_le_bytes(expected) != sum {
                        return Err(self.corrupt("the checksum of its header does not fit"));
                    }
                    self.next_of_header();
                }
            }
            _ => match memchr::memchr(0, input) {
                Some(end) => {
                    self.skip_header(end + 1, input);
                    self.next_of_header();
                }
                None => self.skip_header(input.len(), input),
            },
        }
        Ok(())
    }

    /// Unpacks into what is left of `out`. False if that is full.
    fn body(&mut self, input: &mut Bytes, out: &mut Vec<u8>) -> Result<bool, CodecError> {
        let (taken, made) = (self.inflate.total_in(), out.len());
        let status = self.inflate.decompress_vec(input, out, FlushDecompress::None);
        self.skip((self.inflate.total_in() - taken) as usize, input);
        let Ok(status) = status else {
            return Err(self.corrupt("what is packed cannot be unpacked"));
        };
        self.crc.update(&out[made..]);
        self.allowance.spend(out.len() - made)?;
        if status == Status::StreamEnd {
            self.part = Part::Trailer;
            return Ok(true);
        }
        Ok(out.len() < out.capacity())
    }

    fn trailer(&mut self, input: &mut Bytes) -> Result<(), CodecError> {
        let Some(trailer) = self.gather::<8>(input) else { return Ok(()) };
        let [sum, amount] = [self.crc.sum(), self.crc.amount()].map(u32::to_le_bytes);
        if trailer[..4] != sum {
            return Err(self.corrupt("the checksum of what was packed does not fit"));
        }
        if trailer[4..] != amount {
            return Err(self.corrupt("the length of what was packed does not fit"));
        }
        self.members += 1;
        self.part = Part::Begin;
        Ok(())
    }

    /// Nothing more comes.
    fn finish(&self) -> Result<(), CodecError> {
        match self.part {
            Part::Ignored => Ok(()),
            Part::Begin if self.members > 0 && self.field.is_empty() => Ok(()),
            _ => Err(CodecError::Truncated { at: self.at }),
        }
    }
}

impl Transform for Gunzip {
    type Error = CodecError;
    const LANE: Lane = Lane::User;
    const INLINE_MAX: usize = 4 * 1024;

    fn run(
        &mut self,
        input: &mut Bytes,
        goal: Goal,
        out: &mut Vec<u8>,
    ) -> Result<bool, CodecError> {
        loop {
            match self.part {
                // It may have more to put out than it takes in.
                Part::Body => {
                    if !self.body(input, out)? {
                        return Ok(false);
                    }
                }
                _ if input.is_empty() => {}
                Part::Begin => self.begin(input)?,
                Part::Trailer => self.trailer(input)?,
                Part::Ignored => self.skip(input.len(), input),
                _ => self.header(input)?,
            }
            if input.is_empty() {
                break;
            }
        }
        if goal == Goal::Finished {
            self.finish()?;
        }
        Ok(true)
    }
}
