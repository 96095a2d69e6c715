//! `unzstd`: Zstandard (RFC 8878) unpacked, with a limit on what comes out.

use std::io;

use ::zstd::stream::raw::{DParameter, Decoder, InBuffer, Operation, OutBuffer};
use bytes::{Buf, Bytes};
use roundsman_runtime::Lane;

use super::CodecError;
use super::error::Allowance;
use crate::stream::{Goal, Source, Stage, Transform, transform};

/// The largest window of a frame, as a power of two: 8 MiB, as RFC 9659 has it for what comes over the net.
const WINDOW_LOG_MAX: u32 = 23;

/// Zstandard unpacked, to at most `limit` bytes in all. (Node: `zlib.createZstdDecompress`.)
///
/// Several frames, one after another, are one stream, as for `unzstd`; the limit is for all of them. Anything else that
/// follows a frame is an error, as for `unzstd`.
///
/// - Demand: blocks of at most 16 KiB, unpacked as they are wanted, so memory is bounded whatever the input is: by the
///   window of its frames, of which no more than 8 MiB are granted. Higher levels than 19, and `zstd --long`, take more.
/// - End: an input that is cut short is a failure, and so is an empty one.
/// - A failure is a [`CodecError`]: more than `limit` bytes, too large a window, input cut short, input that is broken.
///   What was unpacked before may have gone on: the pipeline's result says whether it is whole.
/// - Failure and cancel pass through.
///
/// # Examples
/// ```
/// use bytes::Bytes;
/// use roundsman::codec::{CodecError, unzstd};
/// use roundsman::prelude::*;
/// use roundsman::stream::{PipeError, Source, Summary, for_each};
///
/// struct Careful;
///
/// impl Actor for Careful {
///     type Message = Result<Summary, PipeError>;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         let cut = Source::iter([Bytes::from_static(&[0x28, 0xb5, 0x2f, 0xfd])]);
///         cut.through(unzstd(1024)).pipe(for_each(drop)).start(ctx, |result| result);
///         Ok(())
///     }
///
///     fn receive(&mut self, result: Self::Message, ctx: &mut Context<Self>) -> Outcome {
///         let error = result.expect_err("it is cut short");
///         assert_eq!(error.cause_as(), Some(&CodecError::Truncated { at: 4 }));
///         ctx.stop();
///         Ok(())
///     }
/// }
///
/// Runtime::builder().loops(1).build()?.run(|| Careful)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn unzstd(limit: u64) -> Stage<Bytes, Bytes> {
    transform("unzstd", move || Unzstd::new(limit))
}

impl Source<Bytes> {
    /// Zstandard unpacked, to at most `limit` bytes in all. See [`unzstd`](unzstd()).
    pub fn unzstd(self, limit: u64) -> Self {
        self.through(unzstd(limit))
    }
}

/// Frames of Zstandard, taken apart.
struct Unzstd {
    decoder: Decoder<'static>,
    allowance: Allowance,
    /// Bytes of input that were used.
    at: u64,
    /// The last frame has ended, and no other has begun.
    whole: bool,
    /// It may have more to put out without taking anything in.
    full: bool,
}

impl Unzstd {
    fn new(limit: u64) -> Result<Self, CodecError> {
        let prepare = || {
            let mut decoder = Decoder::new()?;
            decoder.set_parameter(DParameter::WindowLogMax(WINDOW_LOG_MAX))?;
            Ok(decoder)
        };
        let decoder = prepare().map_err(|error| broken(0, &error))?;
        let allowance = Allowance::new(limit);
        Ok(Self { decoder, allowance, at: 0, whole: false, full: false })
    }
}

/// What the library has to say of its input.
fn broken(at: u64, error: &io::Error) -> CodecError {
    let what = error.to_string();
    // It gives no numbers.
    if what == "Frame requires too much memory for decoding" {
        return CodecError::WindowTooLarge { at, limit: 1 << WINDOW_LOG_MAX };
    }
    CodecError::Corrupt { at, what: what.into() }
}

impl Transform for Unzstd {
    type Error = CodecError;
    const LANE: Lane = Lane::User;
    const INLINE_MAX: usize = 4 * 1024;

    fn run(
        &mut self,
        input: &mut Bytes,
        goal: Goal,
        out: &mut Vec<u8>,
    ) -> Result<bool, CodecError> {
        while self.full || !input.is_empty() {
            let made = out.len();
            if made == out.capacity() {
                return Ok(false);
            }
            let mut from = InBuffer::around(input);
            let hint = self.decoder.run(&mut from, &mut OutBuffer::around_pos(out, made));
            let used = from.pos();
            self.full = out.len() == out.capacity();
            self.at += used as u64;
            input.advance(used);
            self.whole = hint.map_err(|error| broken(self.at, &error))? == 0;
            self.full &= !self.whole;
            self.allowance.spend(out.len() - made)?;
        }
        if goal == Goal::Finished && !self.whole {
            return Err(CodecError::Truncated { at: self.at });
        }
        Ok(true)
    }
}
