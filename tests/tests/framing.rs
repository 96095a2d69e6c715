//! Framing: what is put together comes apart again however it is cut, what is wrong is named with its place, and no peer
//! makes memory grow.

#[path = "framing/blocks.rs"]
mod blocks;
#[path = "framing/errors.rs"]
mod errors;
#[path = "framing/round_trips.rs"]
mod round_trips;

use std::sync::mpsc;

use bytes::Bytes;
use roundsman::stream::{FrameError, Source, Stage};
use roundsman_tests::outcome::{ONE_LOOP, result};

/// What a stage makes of `items`, and its error if it fails.
fn run(stage: Stage<Bytes, Bytes>, items: Vec<Bytes>) -> (Vec<Bytes>, Option<FrameError>) {
    let (tell, told) = mpsc::channel();
    let pipeline = Source::iter(items).through(stage).try_for_each(move |frame| tell.send(frame));
    let error = result(ONE_LOOP, pipeline).err();
    let error = error.map(|error| error.cause_as::<FrameError>().cloned().expect("its own error"));
    (told.try_iter().collect(), error)
}

/// Text cut into blocks after so many bytes each, again and again; a 0 gives an empty block.
fn cut(text: &[u8], sizes: &[usize]) -> Vec<Bytes> {
    let mut rest = Bytes::copy_from_slice(text);
    let mut blocks = Vec::new();
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        blocks.push(rest.split_to((*size).min(rest.len())));
    }
    blocks
}

/// How a text may be cut: some sizes, one of which is not 0.
fn sizes() -> impl proptest::strategy::Strategy<Value = Vec<usize>> {
    use proptest::prelude::*;
    prop::collection::vec(0_usize..12, 0..6).prop_flat_map(|sizes| {
        (1_usize..40).prop_map(move |last| [sizes.clone(), vec![last]].concat())
    })
}

/// Texts as frames.
fn frames<const N: usize>(texts: [&'static str; N]) -> Vec<Bytes> {
    texts.map(Bytes::from).to_vec()
}
