//! What all encoders have in common: something goes before a frame, or after it.

use bytes::{Bytes, BytesMut};

use super::FrameError;
use crate::stream::unpacked::{Unpack, Unpacked};
use crate::stream::{PipeError, Stage};

/// As long as this, a frame and what goes with it are copied into one block; a longer frame goes on as it is.
const COPIED_MAX: usize = 4096;

/// Says what goes with a frame.
pub(super) trait Encode: Send + 'static {
    /// What goes with the frame that is to begin at byte `at`.
    fn encode(&mut self, at: u64, frame: &Bytes) -> Result<With, FrameError>;
}

/// What goes with a frame.
pub(super) enum With {
    Nothing,
    Before(Bytes),
    After(Bytes),
}

/// A stage that encodes; its failures have its name.
pub(super) fn encoded(name: &'static str, encode: impl Encode) -> Stage<Bytes, Bytes> {
    let encoder = Encoder { name, encode, at: 0, frame: None, rest: None };
    Stage::pure(name, Unpacked::new(encoder))
}

struct Encoder<E> {
    name: &'static str,
    encode: E,
    /// Bytes of the frames before.
    at: u64,
    frame: Option<Bytes>,
    /// What is still to be given of the frame before.
    rest: Option<Bytes>,
}

impl<E: Encode> Unpack<Bytes> for Encoder<E> {
    type Out = Bytes;

    fn fill(&mut self, frame: Bytes) {
        self.frame = Some(frame);
    }

    fn next(&mut self) -> Result<Option<Bytes>, PipeError> {
        if self.rest.is_some() {
            return Ok(self.rest.take());
        }
        let Some(frame) = self.frame.take() else { return Ok(None) };
        let with = self.encode.encode(self.at, &frame);
        let (first, second) = match with.map_err(|error| PipeError::new(self.name, error))? {
            With::Nothing => {
                self.at += frame.len() as u64;
                return Ok(Some(frame));
            }
            With::Before(before) => (before, frame),
            With::After(after) => (frame, after),
        };
        let len = first.len() + second.len();
        self.at += len as u64;
        if len > COPIED_MAX {
            self.rest = Some(second);
            return Ok(Some(first));
        }
        let mut both = BytesMut::with_capacity(len);
        both.extend_from_slice(&first);
        both.extend_from_slice(&second);
        Ok(Some(both.freeze()))
    }

    fn is_empty(&self) -> bool {
        self.frame.is_none() && self.rest.is_none()
    }
}
