//! What a decoder keeps, what it copies, and that it cuts off no more than is asked for.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use roundsman::stream::{
    FrameError, Item, Prefix, Source, Stage, StreamContext, encode_length_delimited, fixed,
    length_delimited, split,
};
use roundsman::{Context, stream};
use roundsman_tests::outcome::{ONE_LOOP, result};
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds;

use crate::{frames, run};

#[test]
fn a_frame_within_a_block_is_not_copied() {
    let block = Bytes::from(b"\x03abc\x02de".to_vec());
    let within = |frame: &Bytes| block.as_ptr_range().contains(&frame.as_ptr());
    for stage in [length_delimited(Prefix::U8, 9), fixed(7), split("e", 9)] {
        let (decoded, _) = run(stage, vec![block.clone()]);
        assert!(!decoded.is_empty() && decoded.iter().all(within));
    }
}

#[test]
fn a_long_frame_is_sent_as_it_is_and_a_short_one_with_its_prefix() {
    let long = Bytes::from(vec![7; 10_000]);
    let items = vec![long.clone(), Bytes::from("short")];
    let (encoded, error) = run(encode_length_delimited(Prefix::U16, 10_000), items);
    let [prefix, frame, short] = &encoded[..] else { panic!("{error:?}: {encoded:?}") };
    assert_eq!(prefix[..], 10_000_u16.to_be_bytes());
    assert_eq!((frame, frame.as_ptr()), (&long, long.as_ptr()));
    assert_eq!(short, &b"\x00\x05short"[..]);
}

/// A block that counts its bytes as long as it is alive.
struct Block {
    bytes: Vec<u8>,
    alive: Arc<AtomicUsize>,
}

impl AsRef<[u8]> for Block {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        self.alive.fetch_sub(self.bytes.len(), Ordering::SeqCst);
    }
}

const BLOCK: usize = 16 * 1024;

/// Reads up to 64 MiB in blocks of 16 KiB; returns the most that a decoder keeps of blocks, and what it fails with.
fn reads(stage: Stage<Bytes, Bytes>, head: &'static [u8]) -> (usize, Option<FrameError>) {
    let (alive, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let peak = Arc::clone(&most);
    let blocks = (0..64 * 64).map(move |number| {
        let mut bytes = vec![b'x'; BLOCK];
        if number == 0 {
            bytes[..head.len()].copy_from_slice(head);
        }
        let now = alive.fetch_add(BLOCK, Ordering::SeqCst) + BLOCK;
        peak.fetch_max(now, Ordering::SeqCst);
        Bytes::from_owner(Block { bytes, alive: Arc::clone(&alive) })
    });
    let error = result(ONE_LOOP, Source::iter(blocks).through(stage).count()).err();
    let error = error.map(|error| error.cause_as::<FrameError>().cloned().expect("its own error"));
    (most.load(Ordering::SeqCst), error)
}

#[test]
fn a_frame_without_an_end_is_given_up_at_its_limit() {
    let (most, error) = reads(split("end", 100_000), b"");
    assert_eq!(error, Some(FrameError::Endless { at: 0, max: 100_000 }));
    assert!(most <= 2 * BLOCK, "{most} bytes of blocks were alive at once");
}

#[test]
fn blocks_are_let_go_while_a_frame_is_put_together() {
    // One frame of almost 64 MiB.
    let (most, error) = reads(length_delimited(Prefix::U32, usize::MAX), b"\x03\xff\xff\xfc");
    assert_eq!(error, None);
    assert!(most <= 2 * BLOCK, "{most} bytes of blocks were alive at once");
}

#[test]
fn small_frames_of_a_large_block_are_cut_off_as_they_are_asked_for() {
    let cut_off = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&cut_off);
    let root = move || {
        let mut kept: Vec<Item<u64>> = Vec::new();
        Role::new(move |item: Option<Item<u64>>, ctx: &mut Context<'_, _>| {
            match item {
                Some(item) => kept.push(item),
                None => ctx.stop(),
            }
            Ok(())
        })
        .started(move |ctx| {
            let block = Bytes::from(vec![0; 1 << 20]);
            let frames = Source::iter([block.clone(), block]).through(fixed(1));
            let numbers = frames.enumerate().map(move |(number, _)| {
                count.fetch_add(1, Ordering::SeqCst);
                number
            });
            let ended = |_: Result<stream::Summary, stream::PipeError>| None;
            numbers.pipe(ctx.inlet(Some)).start(ctx, ended);
            ctx.send_after(std::time::Duration::from_secs(1), None);
            Ok(())
        })
    };
    play(seeds::world(1, 1), root).expect("the root does not fail");
    assert_eq!(cut_off.load(Ordering::SeqCst), 16, "the window of a link");
}

#[test]
fn a_million_frames_of_one_block_all_arrive() {
    let block = Bytes::from(vec![b';'; 1 << 20]);
    let count = result(ONE_LOOP, Source::once(block).through(split(";", 1)).boundary().count());
    assert_eq!(count.expect("a count"), 1 << 20);
}

#[test]
fn empty_blocks_and_empty_streams_are_no_frames() {
    for stage in [length_delimited(Prefix::U8, 9), fixed(7), split("e", 9)] {
        assert_eq!(run(stage, frames(["", "", ""])), (Vec::new(), None));
    }
}
