//! A file as a sink.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use bytes::Bytes;
use roundsman::fs::{FsError, Writer, reader, writer};
use roundsman::stream::{PipeError, Source, Summary, outlet};
use roundsman::{Context, Lane, Runtime, job};
use roundsman_tests::folder::Folder;
use roundsman_tests::outcome::{ONE_LOOP, result};
use roundsman_tests::patience::must_end;
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds::Dice;
use roundsman_tests::trial::World;

use crate::{in_worlds, pattern};

/// Each way to write that begins with nothing.
fn ways(path: &Path) -> [Writer; 4] {
    let plain = writer(path);
    [plain.clone(), plain.clone().append(), plain.clone().create_new().sync(), plain.atomic()]
}

fn text(parts: &[&'static str]) -> Source<Bytes> {
    Source::iter(parts.iter().map(|part| Bytes::from(*part)).collect::<Vec<_>>())
}

#[test]
fn however_they_are_cut_the_bytes_are_in_the_file_when_the_result_comes() {
    let folder = Folder::new();
    in_worlds(|world, seed| {
        let mut dice = Dice::new(seed);
        let content = pattern(dice.pick(&[0, 1, 5_000, 200_000, 2_000_000]));
        let most = dice.pick(&[10_000, 100_000]);
        let mut rest = Bytes::from(content.clone());
        let mut pieces = Vec::new();
        while !rest.is_empty() {
            let len = dice.below(most) as usize;
            pieces.push(rest.split_to(len.min(rest.len())));
        }
        for writer in ways(&folder.file("numbers")) {
            let count = pieces.len() as u64;
            let source = Source::iter(pieces.clone()).boundary();
            let summary = result(world, source.pipe(writer.sink())).expect("it can be written");
            assert!(fs::read(folder.file("numbers")).expect("it is there") == content);
            assert_eq!((summary.items, summary.bytes), (count, content.len() as u64));
            fs::remove_file(folder.file("numbers")).expect("it is there");
        }
        assert!(folder.names().is_empty(), "{:?}", folder.names());
    });
}

#[test]
fn a_file_is_copied_to_another() {
    let folder = Folder::new();
    let content = pattern(3_000_000);
    let from = folder.with("from", &content);
    in_worlds(|world, _| {
        let sink = writer(folder.file("to")).sink();
        let copied = result(world, reader(&from).source().pipe(sink)).expect("it is copied");
        assert_eq!(copied.bytes, 3_000_000);
        assert!(fs::read(folder.file("to")).expect("it is there") == content);
    });
}

#[test]
fn what_was_there_goes_or_stays_as_was_said() {
    let folder = Folder::new();
    let path = folder.with("motd", "be kind");
    let write = |writer: Writer| result(ONE_LOOP, text(&["!"]).pipe(writer.sink()));
    write(writer(&path).append()).expect("it can be written");
    assert_eq!(fs::read(&path).expect("it is there"), b"be kind!");
    let error = write(writer(&path).create_new()).expect_err("it is there");
    assert_eq!(error.io_kind(), Some(io::ErrorKind::AlreadyExists));
    assert_eq!(fs::read(&path).expect("it is there"), b"be kind!");
    write(writer(&path)).expect("it can be written");
    assert_eq!(fs::read(&path).expect("it is there"), b"!");
}

#[test]
fn a_file_that_cannot_be_opened_fails_the_pipeline_before_anything_comes() {
    let folder = Folder::new();
    in_worlds(|world, _| {
        let path = folder.file("no such folder/motd");
        for writer in ways(&path) {
            // Nothing is ever pushed, and the outlet stays.
            let (source, kept) = outlet(1);
            let error = result(world, source.pipe(writer.sink())).expect_err("no such folder");
            assert_eq!(error.io_kind(), Some(io::ErrorKind::NotFound), "{error}");
            drop(kept);
        }
    });
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_fails_the_pipeline_and_lets_its_source_go() {
    in_worlds(|world, _| {
        let endless = Source::iter(std::iter::repeat_n(Bytes::from(pattern(10_000)), 1_000_000));
        let sink = writer("/dev/full").sink();
        let error = result(world, endless.pipe(sink)).expect_err("it is full");
        assert_eq!(error.io_kind(), Some(io::ErrorKind::StorageFull));
        let cause = error.cause_as::<FsError>().expect("an error of fs");
        assert_eq!((cause.operation, cause.path.to_str()), ("writing", Some("/dev/full")));
        assert_eq!(error.stage(), "fs::writer /dev/full");
    });
}

#[test]
fn an_atomic_write_that_fails_leaves_the_old_file_and_nothing_else() {
    in_worlds(|world, seed| {
        let folder = Folder::new();
        let path = folder.with("motd", "be kind");
        let fail_at = Dice::new(seed).below(50);
        let failing = Source::iter(0..50_u64).boundary().map(move |n| {
            assert!(n != fail_at, "it was told to");
            Bytes::from(vec![b'x'; 10_000])
        });
        let sink = writer(&path).atomic().sink();
        result(world, failing.boundary().pipe(sink)).expect_err("it failed");
        assert_eq!(folder.names().into_iter().collect::<Vec<_>>(), ["motd"]);
        assert_eq!(fs::read(&path).expect("it is there"), b"be kind");
    });
}

enum Step {
    Later,
    Ended(Result<Summary, PipeError>),
}

#[test]
fn an_atomic_write_that_is_cancelled_leaves_the_old_file_and_nothing_else() {
    in_worlds(|world, seed| {
        let folder = Folder::new();
        let path = folder.with("motd", "be kind");
        let beside = path.clone();
        must_end(move || {
            let (sender, running) = mpsc::channel::<roundsman::stream::Running>();
            let role = Role::new(move |step, ctx| {
                match step {
                    Step::Later => running.recv()?.cancel("enough"),
                    Step::Ended(end) => {
                        assert!(end.is_err_and(|error| error.is_cancelled()));
                        // The temporary is gone by now.
                        assert_eq!(fs::read_dir(beside.parent().expect("a folder"))?.count(), 1);
                        ctx.stop();
                    }
                }
                Ok(())
            });
            let root = role.started(move |ctx| {
                let endless = Source::iter(std::iter::repeat(Bytes::from(pattern(10_000))));
                let pipeline = endless.pipe(writer(path).atomic().sink());
                sender.send(pipeline.start(ctx, Step::Ended))?;
                ctx.send_after(Duration::from_micros(seed * 100), Step::Later);
                Ok(())
            });
            world.runtime().run(|| root).expect("the root does not fail");
        });
        assert_eq!(fs::read(folder.file("motd")).expect("it is there"), b"be kind");
    });
}

#[test]
fn an_atomic_write_whose_owner_ends_leaves_the_old_file_and_nothing_else() {
    in_worlds(|world, seed| {
        let folder = Folder::new();
        let path = folder.with("motd", "be kind");
        must_end(move || {
            let role = Role::new(|_: Step, ctx| {
                ctx.stop();
                Ok(())
            });
            let root = role.started(move |ctx| {
                let endless = Source::iter(std::iter::repeat(Bytes::from(pattern(10_000))));
                endless.pipe(writer(path).atomic().sink()).start(ctx, Step::Ended);
                ctx.send_after(Duration::from_micros(seed * 100), Step::Later);
                Ok(())
            });
            world.runtime().run(|| root).expect("the root does not fail");
        });
        assert_eq!(folder.names().into_iter().collect::<Vec<_>>(), ["motd"]);
        assert_eq!(fs::read(folder.file("motd")).expect("it is there"), b"be kind");
    });
}

#[test]
fn no_loop_removes_what_a_writer_leaves_whose_owner_has_ended() {
    enum Step {
        Look,
        Opened,
        OwnerGone,
        Removed,
    }
    let folder = Folder::new();
    let path = folder.file("motd");
    must_end(move || {
        let (source, outlet) = outlet::<Bytes>(1);
        let owner = Role::<()>::new(move |(), ctx| {
            let _ = &outlet;
            ctx.stop();
            Ok(())
        });
        let owner = owner.started(move |ctx| {
            source.pipe(writer(path).atomic().sink()).start(ctx, drop);
            Ok(())
        });
        let (go_on, held) = mpsc::channel::<()>();
        let (mut go_on, mut held, mut address) = (Some(go_on), Some(held), None);
        let (mut owner, mut begun) = (Some(owner), false);
        let look = || job(Lane::Fs, || ());
        let role = Role::new(move |step, ctx: &mut Context<'_, Role<Step>>| {
            let files = folder.names().len();
            match step {
                Step::Look => {
                    if let Some(owner) = owner.take() {
                        let owner = ctx.spawn(owner);
                        ctx.watch(&owner, |_| Step::OwnerGone);
                        address = Some(owner);
                    }
                    // Once more when it is there: then the job that has opened it is home.
                    let there = std::mem::replace(&mut begun, files > 0);
                    let next = if there { Step::Opened } else { Step::Look };
                    ctx.start(look(), |_| next);
                }
                Step::Opened => {
                    let (busy, is_busy) = mpsc::channel();
                    let held = held.take().ok_or("it is opened once")?;
                    let hold = move || {
                        _ = busy.send(());
                        _ = held.recv();
                    };
                    job(Lane::Fs, hold).detach();
                    // The one thread of the pool has something else to do from here on.
                    is_busy.recv()?;
                    let owner = address.as_ref().ok_or("it was spawned")?;
                    owner.send(()).map_err(|_| "it runs")?;
                }
                Step::OwnerGone => {
                    assert_eq!(files, 1, "this loop has removed it");
                    go_on = None;
                    // Behind the one that removes it.
                    ctx.start(look(), |_| Step::Removed);
                }
                Step::Removed => {
                    assert!(go_on.is_none() && files == 0);
                    ctx.stop();
                }
            }
            Ok(())
        });
        let root = role.started(|ctx| Ok(ctx.address().send(Step::Look).map_err(|_| "it runs")?));
        let builder = Runtime::builder().loops(1).pool_threads(1).no_watchdog();
        play(builder, || root).expect("the root does not fail");
    });
}

#[test]
#[cfg(unix)]
fn a_new_file_has_the_mode_that_was_said_and_an_atomic_one_that_of_the_old() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let path = folder.file("secret");
    let write = |writer: Writer| {
        result(ONE_LOOP, text(&["!"]).pipe(writer.sink())).expect("it can be written");
        fs::metadata(&path).expect("it is there").permissions().mode() & 0o777
    };
    assert_eq!(write(writer(&path).mode(0o600)), 0o600);
    assert_eq!(write(writer(&path).atomic()), 0o600);
    assert_eq!(write(writer(&path).atomic().mode(0o640)), 0o640);
}

#[test]
fn writers_of_the_same_file_at_once_do_not_mix_if_they_are_atomic() {
    let folder = Folder::new();
    let path = folder.file("motd");
    must_end(move || {
        let mut left = 20;
        let role = Role::new(move |step, ctx| {
            if let Step::Ended(end) = step {
                assert_eq!(end?.bytes, 100_000);
            }
            left -= 1;
            if left == 0 {
                ctx.stop();
            }
            Ok(())
        });
        let target = path.clone();
        let root = role.started(move |ctx| {
            for n in 0..20 {
                let pieces = std::iter::repeat_n(Bytes::from(vec![n; 1_000]), 100);
                let sink = writer(&target).atomic().sink();
                Source::iter(pieces).pipe(sink).start(ctx, Step::Ended);
            }
            Ok(())
        });
        World::Real { loops: 2 }.runtime().run(|| root).expect("the root does not fail");
        let content = fs::read(path).expect("it is there");
        assert_eq!(content.len(), 100_000);
        assert!(content.iter().all(|byte| *byte == content[0]));
    });
    assert_eq!(folder.names().len(), 1);
}
