//! Why bytes could not be packed or unpacked.

use std::borrow::Cow;

/// Why a stage of [`codec`](super) has failed. It is the [cause](crate::stream::PipeError::cause_as) of the pipeline's
/// error. `at` counts bytes of the stage's input from the start of the stream: it is as near as the
/// library tells: where it had read to, or the beginning of the block in which it found the fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// It unpacks to more than the stage allows: a bomb, or a limit that is too low.
    #[error(
        "it unpacks to more than {limit} bytes: if such input is to be expected, give the stage a higher limit"
    )]
    TooLarge {
        /// The limit, in bytes of output in all.
        limit: u64,
    },
    /// The input has ended too soon.
    #[error("it was cut short: it ends at byte {at}, and more should follow")]
    Truncated {
        /// The length of the input.
        at: u64,
    },
    /// The input is not what it should be.
    #[error("it is broken near byte {at}: {what}")]
    Corrupt {
        /// Where, in bytes from the start of the input.
        at: u64,
        /// What is wrong.
        what: Cow<'static, str>,
    },
    /// To unpack it takes more memory than a stranger is given.
    #[error(
        "at byte {at} begins what takes a window of more than {limit} bytes to unpack: pack it with a level of 19 or less and without `--long`"
    )]
    WindowTooLarge {
        /// Where, in bytes from the start of the input.
        at: u64,
        /// The limit, in bytes.
        limit: u64,
    },
    /// The library that packs refuses to work.
    #[error("the compressor failed: {0}")]
    Compressor(Cow<'static, str>),
}

/// How much may come out of a stage, in all.
#[derive(Clone, Copy, Debug)]
pub(super) struct Allowance {
    limit: u64,
    left: u64,
}

impl Allowance {
    pub(super) fn new(limit: u64) -> Self {
        Self { limit, left: limit }
    }

    /// So much has come out.
    pub(super) fn spend(&mut self, bytes: usize) -> Result<(), CodecError> {
        let left = self.left.checked_sub(bytes as u64);
        self.left = left.ok_or(CodecError::TooLarge { limit: self.limit })?;
        Ok(())
    }
}
