//! The decoders: any bytes are read without a panic, and to the same end however they are cut into blocks; what was
//! decoded gives the same bytes when it is encoded again.
//!
//! The first byte says which decoder; the second, the longest frame allowed; the third, how long blocks are.
#![no_main]

use std::sync::mpsc;

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use roundsman::prelude::*;
use roundsman::stream::{
    FrameError, PipeError, Prefix, Source, Stage, Summary, encode_fixed, encode_length_delimited,
    encode_split, fixed, length_delimited, split,
};

/// A decoder, and the encoder whose bytes it reads.
fn pair(which: u8, max: usize) -> (Stage<Bytes, Bytes>, Stage<Bytes, Bytes>) {
    let widths = [Prefix::U8, Prefix::U16, Prefix::U24, Prefix::U32, Prefix::U64];
    let prefix = widths[usize::from(which) % widths.len()];
    let prefix = if which & 64 == 0 { prefix } else { prefix.little_endian() };
    match which % 4 {
        0 => (fixed(max + 1), encode_fixed(max + 1)),
        1 => (split("\n", max), encode_split("\n")),
        2 => (split("aab", max), encode_split("aab")),
        _ => (length_delimited(prefix, max), encode_length_delimited(prefix, max)),
    }
}

/// Runs a stage, and ends with it.
struct Runner {
    stage: Option<Stage<Bytes, Bytes>>,
    items: Vec<Bytes>,
    tell: mpsc::Sender<Result<Bytes, FrameError>>,
}

impl Actor for Runner {
    type Message = Result<Summary, PipeError>;

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        let Some(stage) = self.stage.take() else { return Ok(()) };
        let tell = self.tell.clone();
        let frames = Source::iter(std::mem::take(&mut self.items)).through(stage);
        frames.try_for_each(move |frame| tell.send(Ok(frame))).start(ctx, |summary| summary);
        Ok(())
    }

    fn receive(&mut self, summary: Self::Message, ctx: &mut Context<Self>) -> Outcome {
        if let Err(error) = summary {
            let cause = error.cause_as::<FrameError>().cloned();
            self.tell.send(Err(cause.expect("nothing else fails")))?;
        }
        ctx.stop();
        Ok(())
    }
}

/// What a stage makes of `items`, and its error if it fails.
fn run(stage: Stage<Bytes, Bytes>, items: Vec<Bytes>) -> (Vec<Bytes>, Option<FrameError>) {
    let (tell, told) = mpsc::channel();
    let runner = Runner { stage: Some(stage), items, tell };
    let runtime = Runtime::builder().simulated(1).loops(1).build();
    if let Err(error) = runtime.map(|runtime| runtime.run(|| runner)).unwrap() {
        panic!("{error}");
    }
    let (mut frames, mut failure) = (Vec::new(), None);
    for frame in told {
        match frame {
            Ok(frame) => frames.push(frame),
            Err(error) => failure = Some(error),
        }
    }
    (frames, failure)
}

fuzz_target!(|input: &[u8]| {
    let [which, max, block, text @ ..] = input else { return };
    let (max, block) = (usize::from(*max), usize::from(*block) + 1);
    let decode = || pair(*which, max).0;
    let blocks = text.chunks(block).map(Bytes::copy_from_slice).collect();
    let (frames, error) = run(decode(), blocks);
    assert_eq!((frames.clone(), error), run(decode(), vec![Bytes::copy_from_slice(text)]));
    let (again, error) = run(pair(*which, max).1, frames);
    assert_eq!(error, None, "what was decoded can be encoded");
    assert!(text.starts_with(&again.concat()), "and gives what was read");
});
