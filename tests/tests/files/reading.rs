//! A file as a source.

use std::fs;
use std::io::{self, Write};
use std::ops::Bound;
use std::sync::mpsc;
use std::time::Duration;

use bytes::Bytes;
use roundsman::fs::{FsError, reader};
use roundsman::stream::{Item, PipeError, StreamContext, Summary, collect};
use roundsman_tests::folder::Folder;
use roundsman_tests::outcome::{ONE_LOOP, result};
use roundsman_tests::patience::must_end;
use roundsman_tests::peer::aside;
use roundsman_tests::role::Role;
use roundsman_tests::seeds::Dice;
use roundsman_tests::trial::World;
use roundsman_tests::{again, seeds};

use crate::{in_worlds, open_descriptors, pattern};

#[test]
fn whatever_the_chunks_and_the_range_the_bytes_are_those_of_the_file() {
    let folder = Folder::new();
    in_worlds(|world, seed| {
        let mut dice = Dice::new(seed);
        let content = pattern(dice.pick(&[0, 1, 999, 1000, 1001, 70_000, 300_000]));
        let path = folder.with("numbers", &content);
        let chunk = dice.pick(&[1000, 64 * 1024, 1_000_000]);
        let len = content.len() as u64;
        let from = dice.below(len + 10);
        let to = from + dice.below(len + 10);
        let source = reader(&path).chunk(chunk).range(from..to).source();
        let chunks = result(world, source.pipe(collect())).expect("they can be read");
        assert!(chunks.iter().all(|bytes| !bytes.is_empty() && bytes.len() <= chunk));
        let expected = &content[from.min(len) as usize..to.min(len) as usize];
        assert_eq!(chunks.concat(), expected, "{from}..{to} of {len}");
    });
}

#[test]
fn every_way_to_say_a_range_says_the_same() {
    let folder = Folder::new();
    let path = folder.with("letters", "abcdef");
    let read = |reader: roundsman::fs::Reader| {
        result(ONE_LOOP, reader.source().pipe(collect())).expect("it can be read").concat()
    };
    assert_eq!(read(reader(&path).range(..)), b"abcdef");
    assert_eq!(read(reader(&path).range(2..)), b"cdef");
    assert_eq!(read(reader(&path).range(..2)), b"ab");
    assert_eq!(read(reader(&path).range(1..=2)), b"bc");
    assert_eq!(read(reader(&path).range((Bound::Excluded(1), Bound::Included(9)))), b"cdef");
    assert_eq!(read(reader(&path).range(3..3)), b"");
}

#[test]
fn a_file_that_is_not_there_fails_the_pipeline_and_is_named() {
    let folder = Folder::new();
    let path = folder.file("nothing");
    in_worlds(|world, _| {
        let error = result(world, reader(&path).source().for_each(drop)).expect_err("no file");
        assert_eq!(error.io_kind(), Some(io::ErrorKind::NotFound));
        let cause = error.cause_as::<FsError>().expect("an error of fs");
        assert_eq!((cause.operation, &cause.path), ("opening", &path));
        assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    });
}

#[test]
fn that_a_file_is_not_there_needs_no_demand() {
    let folder = Folder::new();
    let path = folder.file("nothing");
    must_end(move || {
        let role = Role::new(|end: Option<Result<Summary, PipeError>>, ctx| {
            assert!(end.expect("no item").is_err());
            ctx.stop();
            Ok(())
        });
        let root = role.started(|ctx| {
            // An inlet that keeps everything asks for a window, and a paused pipeline for nothing.
            let sink = ctx.inlet(|_: Item<Bytes>| None);
            reader(path).source().boundary().pipe(sink).start(ctx, Some);
            Ok(())
        });
        ONE_LOOP.runtime().run(|| root).expect("the root does not fail");
    });
}

#[test]
fn a_directory_cannot_be_read() {
    let folder = Folder::new();
    let source = reader(folder.path()).source();
    let error = result(ONE_LOOP, source.for_each(drop)).expect_err("a directory");
    assert_eq!(error.io_kind(), Some(io::ErrorKind::IsADirectory));
}

enum Step {
    Chunk(Item<Bytes>),
    Later,
    Ended(Result<Summary, PipeError>),
}

#[test]
fn no_more_than_two_chunks_are_read_ahead_of_what_is_asked_for() {
    const CHUNK: usize = 16 * 1024;
    let (old, new) = (vec![b'o'; 4 << 20], vec![b'n'; 4 << 20]);
    seeds::each_world(30, 1..=2, |seed, loops| {
        let folder = Folder::new();
        let path = folder.with("page", &old);
        let (new, (sender, count)) = (new.clone(), mpsc::channel());
        must_end(move || {
            let (mut kept, mut is_later) = (Vec::new(), false);
            let reading = path.clone();
            let role = Role::new(move |step, ctx| {
                match step {
                    Step::Chunk(chunk) => {
                        let old = chunk.iter().filter(|byte| **byte == b'o').count();
                        sender.send(old)?;
                        if !is_later {
                            kept.push(chunk);
                        }
                    }
                    Step::Later => {
                        // Nothing moves any more: what comes from here on was not read yet.
                        fs::write(&path, &new)?;
                        is_later = true;
                        kept.clear();
                    }
                    Step::Ended(end) => {
                        assert_eq!(end?.bytes, 4 << 20);
                        ctx.stop();
                    }
                }
                Ok(())
            });
            let root = role.started(move |ctx| {
                let source = reader(reading).chunk(CHUNK).source();
                source.pipe(ctx.inlet(Step::Chunk)).start(ctx, Step::Ended);
                ctx.send_after(Duration::from_secs(1), Step::Later);
                Ok(())
            });
            let world = World::Simulated { seed, loops };
            world.runtime().run(|| root).expect("the root does not fail");
        });
        let old: usize = count.iter().sum();
        assert!(old >= 64 * 1024, "the window is used: {old}");
        assert!(old <= 64 * 1024 + 3 * CHUNK, "{old} bytes were read before they were asked for");
    });
}

#[test]
fn a_reader_that_is_cancelled_half_way_leaves_no_descriptor() {
    if !again::is_child() {
        let name = "reading::a_reader_that_is_cancelled_half_way_leaves_no_descriptor";
        again::run(name, "", &[]);
        return;
    }
    let folder = Folder::new();
    let path = folder.with("long", pattern(10 << 20));
    let before = open_descriptors();
    in_worlds(|world, _| {
        let path = path.clone();
        must_end(move || {
            let mut running = None;
            let (sender, given) = mpsc::channel();
            let role = Role::new(move |step, ctx| {
                match step {
                    Step::Chunk(chunk) => {
                        drop(chunk);
                        let running: &roundsman::stream::Running =
                            running.get_or_insert_with(|| given.recv().expect("it was started"));
                        running.cancel("enough");
                    }
                    Step::Later => {}
                    Step::Ended(end) => {
                        assert!(end.is_err_and(|error| error.is_cancelled()));
                        ctx.stop();
                    }
                }
                Ok(())
            });
            let root = role.started(move |ctx| {
                let pipeline = reader(path).source().pipe(ctx.inlet(Step::Chunk));
                sender.send(pipeline.start(ctx, Step::Ended))?;
                Ok(())
            });
            world.runtime().run(|| root).expect("the root does not fail");
        });
    });
    // A job that was running when its runtime ended lets go of the file as it ends.
    must_end(move || {
        while open_descriptors() != before {
            std::thread::yield_now();
        }
    });
}

#[test]
fn chunks_that_are_kept_do_not_change_as_the_file_is_read_on() {
    let folder = Folder::new();
    let content = pattern(5_000_000);
    let path = folder.with("numbers", &content);
    in_worlds(|world, seed| {
        // Every other one goes, and with it its buffer.
        let mut dice = Dice::new(seed);
        let mut at = 0;
        let kept = reader(&path).chunk(50_000).source().fold(Vec::new(), move |mut kept, chunk| {
            let begin = at;
            at += chunk.len();
            if dice.below(2) == 0 {
                kept.push((begin, chunk));
            }
            kept
        });
        for (begin, chunk) in result(world, kept).expect("it can be read") {
            assert!(chunk == content[begin..begin + chunk.len()], "at {begin}");
        }
    });
}

/// Straight into a file, or read here.
#[test]
fn a_fifo_is_read_as_it_comes() {
    let folder = Folder::new();
    for to in [None, Some(folder.file("to"))] {
        let path = folder.fifo("fifo");
        let writer = path.clone();
        let writing = aside(move || {
            let mut fifo = fs::OpenOptions::new().write(true).open(writer).expect("it opens");
            fifo.write_all(b"first").expect("somebody reads");
            fifo.write_all(&pattern(300_000)).expect("somebody reads");
        });
        let expected = [b"first".to_vec(), pattern(300_000)].concat();
        match to {
            None => {
                let all = result(World::Real { loops: 1 }, reader(&path).source().pipe(collect()));
                assert!(all.expect("it can be read").concat() == expected);
            }
            Some(to) => {
                let copied = reader(&path).source().pipe(roundsman::fs::writer(&to).sink());
                let summary = result(World::Real { loops: 1 }, copied).expect("it can be read");
                assert_eq!(summary.bytes, 300_005);
                assert!(fs::read(to).expect("it is there") == expected);
            }
        }
        writing.join().expect("everything is read");
    }
}

#[test]
fn a_fifo_is_read_up_to_the_end_of_a_range_and_has_no_other_places() {
    let folder = Folder::new();
    for (from, expected) in [(0, Some("numbe")), (2, None)] {
        let path = folder.fifo("fifo");
        let writer = path.clone();
        let writing = aside(move || {
            let fifo = fs::OpenOptions::new().write(true).open(writer);
            // It may be closed by then.
            let _ = fifo.expect("it opens").write_all(b"numbers");
        });
        let source = reader(&path).range(from..5).source();
        let read = result(World::Real { loops: 1 }, source.pipe(collect()));
        match expected {
            Some(expected) => {
                assert_eq!(read.expect("it can be read").concat(), expected.as_bytes());
            }
            None => assert_eq!(
                read.expect_err("it has no place 2").io_kind(),
                Some(io::ErrorKind::NotSeekable)
            ),
        }
        writing.join().expect("it does not panic");
    }
}
