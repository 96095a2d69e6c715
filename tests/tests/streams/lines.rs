//! `lines`: bytes cut into lines, none longer than a limit, whatever comes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use roundsman::stream::{LineTooLong, Source, collect, ended_lines, lines};
use roundsman_tests::seeds::{self, Dice};

use crate::{ONE_LOOP, result};

type Line = Result<Bytes, LineTooLong>;

fn lines_of(blocks: Vec<Bytes>, max: usize) -> Vec<Line> {
    result(ONE_LOOP, Source::iter(blocks).through(lines(max)).pipe(collect())).expect("lines")
}

fn ended_lines_of(blocks: Vec<Bytes>, max: usize) -> Vec<Line> {
    result(ONE_LOOP, Source::iter(blocks).through(ended_lines(max)).pipe(collect())).expect("lines")
}

/// Those that have an end; one that is too long is told before that.
fn ended(mut lines: Vec<Line>, text: &[u8], max: usize) -> Vec<Line> {
    let rest = text.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    if !rest.is_empty() && rest.len() <= max + 1 {
        lines.pop();
    }
    lines
}

/// The same lines, cut out of the whole text at leisure.
fn expected(text: &[u8], max: usize) -> Vec<Line> {
    let mut at = 0;
    let mut lines = Vec::new();
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let content = line.strip_suffix(b"\n").unwrap_or(line);
        let content = content.strip_suffix(b"\r").unwrap_or(content);
        lines.push(match content.len() <= max {
            true => Ok(Bytes::copy_from_slice(content)),
            false => Err(LineTooLong { at, max }),
        });
        at += line.len() as u64;
    }
    lines
}

#[test]
fn however_the_text_is_cut_the_lines_are_the_same() {
    for seed in seeds::seeds(500) {
        let mut dice = Dice::new(seed);
        let letters = [b'a', b'b', b'\r', b'\n', b'\n'];
        let text: Vec<u8> = (0..dice.below(80)).map(|_| dice.pick(&letters)).collect();
        let max = dice.below(6) as usize;
        let mut rest = Bytes::from(text.clone());
        let mut blocks = Vec::new();
        while !rest.is_empty() {
            let len = 1 + dice.below(9) as usize;
            blocks.push(rest.split_to(len.min(rest.len())));
        }
        let expected = expected(&text, max);
        let of = format!("seed {seed}, max {max}: {text:?}");
        assert_eq!(lines_of(blocks.clone(), max), expected, "{of}");
        assert_eq!(ended_lines_of(blocks, max), ended(expected, &text, max), "{of}");
    }
}

#[test]
fn a_line_that_is_just_not_too_long_may_have_its_cr_and_lf_in_other_blocks() {
    let text = |parts: &[&'static str]| parts.iter().map(|part| Bytes::from(*part)).collect();
    let four = || vec![Ok(Bytes::from("abcd")), Ok(Bytes::from("e"))];
    assert_eq!(lines_of(text(&["abcd\r\ne"]), 4), four());
    assert_eq!(lines_of(text(&["abcd\r", "\ne"]), 4), four());
    assert_eq!(lines_of(text(&["abcd", "\r", "\n", "e\r\n"]), 4), four());
    let too_long = |at| Err(LineTooLong { at, max: 4 });
    assert_eq!(lines_of(text(&["abcde", "\ne"]), 4), [too_long(0), Ok(Bytes::from("e"))]);
    assert_eq!(lines_of(text(&["a\nabcd\r", "\r\ne"]), 4)[1], too_long(2));
}

#[test]
fn a_line_that_is_too_long_is_reported_once_and_skipped() {
    let blocks = ["good\n", "far too", " long ", "as it is", "\ngood again\n"];
    let lines = lines_of(blocks.into_iter().map(Bytes::from).collect(), 10);
    let [first, second, third] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!(first.as_deref(), Ok(&b"good"[..]));
    assert_eq!(*second, Err(LineTooLong { at: 5, max: 10 }));
    assert_eq!(third.as_deref(), Ok(&b"good again"[..]));
    let text = second.clone().unwrap_err().to_string();
    assert!(text.contains("byte 5") && text.contains("10 bytes"), "{text}");
}

/// A block that knows how many of its kind are alive.
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

/// Runs 64 MiB of blocks of 16 KiB through `lines(512)` and a boundary; returns the lines and the most bytes alive.
fn sixty_four_mib(block: &[u8]) -> (usize, usize, usize) {
    let bytes = block.to_vec();
    let alive = Arc::new(AtomicUsize::new(0));
    let most = Arc::new(AtomicUsize::new(0));
    let peak = Arc::clone(&most);
    let blocks = (0..64 * 64).map(move |_| {
        let now = alive.fetch_add(bytes.len(), Ordering::SeqCst) + bytes.len();
        peak.fetch_max(now, Ordering::SeqCst);
        Bytes::from_owner(Block { bytes: bytes.clone(), alive: Arc::clone(&alive) })
    });
    let counts = roundsman::stream::fold((0, 0), |(good, bad), line: Line| match line {
        Ok(_) => (good + 1, bad),
        Err(_) => (good, bad + 1),
    });
    let source = Source::iter(blocks).boundary().through(lines(512)).boundary();
    let (good, bad) = result(ONE_LOOP, source.pipe(counts)).expect("counts");
    (good, bad, most.load(Ordering::SeqCst))
}

#[test]
fn a_line_without_an_end_is_not_kept() {
    let (good, bad, most) = sixty_four_mib(&[b'x'; 16 * 1024]);
    assert_eq!((good, bad), (0, 1));
    assert!(most <= 80 * 1024, "{most} bytes were alive at once");
}

#[test]
fn lines_that_are_passed_on_keep_no_more_than_two_windows() {
    let mut block = [b'x'; 16 * 1024];
    block[8 * 1024] = b'\n';
    let (good, bad, most) = sixty_four_mib(&block);
    assert_eq!((good, bad), (0, 64 * 64 + 1));
    assert!(most <= 160 * 1024, "{most} bytes were alive at once");
}
