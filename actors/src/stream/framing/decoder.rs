//! What all decoders have in common: they are asked for one frame at a time.

use bytes::Bytes;

use super::{FrameError, Input};
use crate::stream::unpacked::{Unpack, Unpacked};
use crate::stream::{PipeError, Stage};

/// Cuts bytes into frames, one at a time.
pub(crate) trait Decode: Send + 'static {
    type Frame: Send + 'static;

    /// Cuts off the next frame; or, if it is not there whole, uses up the block, keeping what belongs to that frame.
    fn decode(&mut self, input: &mut Input) -> Result<Option<Self::Frame>, FrameError>;

    /// Nothing more comes: what is left over, if that is a frame.
    fn finish(&mut self, input: &mut Input) -> Result<Option<Self::Frame>, FrameError>;
}

/// A stage that decodes; its failures have its name.
pub(crate) fn decoded<D: Decode>(name: &'static str, decode: D) -> Stage<Bytes, D::Frame> {
    Stage::pure(name, decoding(name, decode))
}

/// The operator in it.
pub(crate) fn decoding<D: Decode>(name: &'static str, decode: D) -> Unpacked<Decoder<D>, Bytes> {
    Unpacked::new(Decoder { name, decode, input: Input::new() })
}

/// Decodes block after block.
pub(crate) struct Decoder<D> {
    name: &'static str,
    decode: D,
    input: Input,
}

impl<D: Decode> Unpack<Bytes> for Decoder<D> {
    type Out = D::Frame;

    fn fill(&mut self, block: Bytes) {
        self.input.fill(block);
    }

    fn next(&mut self) -> Result<Option<D::Frame>, PipeError> {
        if self.is_empty() {
            return Ok(None);
        }
        self.decode.decode(&mut self.input).map_err(|error| PipeError::new(self.name, error))
    }

    fn is_empty(&self) -> bool {
        self.input.block().is_empty()
    }

    fn finish(&mut self) -> Result<Option<D::Frame>, PipeError> {
        self.decode.finish(&mut self.input).map_err(|error| PipeError::new(self.name, error))
    }
}
