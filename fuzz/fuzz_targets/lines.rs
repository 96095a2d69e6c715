//! The stage `lines` against a plain split of the same bytes, however they are cut into blocks.
//!
//! The first byte is the longest line allowed; the second says how long blocks are.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use roundsman::prelude::*;
use roundsman::stream::{LineTooLong, PipeError, Source, collect, lines};

type Parsed = Vec<Result<Bytes, LineTooLong>>;

/// Runs the stage, and compares.
struct Reader {
    max: usize,
    block: usize,
    text: Bytes,
}

impl Actor for Reader {
    type Message = Result<Parsed, PipeError>;

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        let chunks = self.text.chunks(self.block).map(Bytes::copy_from_slice);
        let blocks: Vec<_> = chunks.collect();
        Source::iter(blocks).through(lines(self.max)).pipe(collect()).start(ctx, |parsed| parsed);
        Ok(())
    }

    fn receive(&mut self, parsed: Self::Message, ctx: &mut Context<Self>) -> Outcome {
        assert_eq!(parsed?, split(&self.text, self.max));
        ctx.stop();
        Ok(())
    }
}

/// What the stage should say.
fn split(text: &[u8], max: usize) -> Parsed {
    let mut at = 0;
    let mut parsed = Vec::new();
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let body = line.strip_suffix(b"\n").unwrap_or(line);
        let body = body.strip_suffix(b"\r").unwrap_or(body);
        let too_long = body.len() > max;
        let line_or_not = Bytes::copy_from_slice(body);
        parsed.push(if too_long { Err(LineTooLong { at, max }) } else { Ok(line_or_not) });
        at += line.len() as u64;
    }
    parsed
}

fuzz_target!(|input: &[u8]| {
    let [max, block, text @ ..] = input else { return };
    let reader = Reader {
        max: usize::from(*max),
        block: usize::from(*block) + 1,
        text: Bytes::copy_from_slice(text),
    };
    let runtime = Runtime::builder().simulated(1).loops(1).build();
    if let Err(error) = runtime.map(|runtime| runtime.run(|| reader)).unwrap() {
        panic!("{error}");
    }
});
