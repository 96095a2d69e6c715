//! What goes wrong with files: a disk that is full, a file that shrinks or goes while it is read, a FIFO to which nobody
//! writes, a directory where a file should be.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

use bytes::Bytes;
use roundsman::fs::{
    FsError, append, copy, create, metadata, open, read, read_to_string, reader, write,
    write_atomic, writer,
};
use roundsman::stream::{Item, PipeError, Source, StreamContext, Summary, collect};
use roundsman::{Drain, Job, JobError, Runtime};
use roundsman_tests::folder::Folder;
use roundsman_tests::outcome::result;
use roundsman_tests::patience::must_end;
use roundsman_tests::role::Role;

use crate::{REAL, failure, in_worlds, outcome, pattern};

// A disk that is full.

/// A file system of so little room that it is soon full. Dropped, it is gone.
struct SmallDisk(Folder);

impl SmallDisk {
    const BYTES: usize = 256 * 1024;

    /// None if this user may not mount one, which is said.
    fn mount() -> Option<Self> {
        let folder = Folder::new();
        let options = format!("size={}", Self::BYTES);
        let arguments = ["-t", "tmpfs", "-o", &options, "tmpfs"];
        if as_root("mount", &arguments, folder.path()) {
            return Some(Self(folder));
        }
        assert!(std::env::var("CI").as_deref() != Ok("true"), "CI may mount a tmpfs");
        #[expect(clippy::disallowed_macros, reason = "what is skipped is said")]
        let () = eprintln!("!!! skipped: only root may mount a small tmpfs");
        None
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.file(name)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        as_root("umount", &[], self.0.path());
    }
}

/// Runs a command as root, with or without sudo. False if it fails.
fn as_root(program: &str, arguments: &[&str], path: &Path) -> bool {
    let run = |command: &mut Command| {
        command.args(arguments).arg(path).output().is_ok_and(|output| output.status.success())
    };
    run(&mut Command::new(program)) || run(Command::new("sudo").args(["-n", program]))
}

/// More than the small disk has room for.
fn too_much() -> Bytes {
    pattern(2 * SmallDisk::BYTES).into()
}

#[test]
fn a_full_disk_is_an_error_that_names_the_file_and_goes_by() {
    let Some(disk) = SmallDisk::mount() else { return };
    let outside = Folder::new();
    let large = outside.with("large", too_much());
    in_worlds(|world, _| {
        let path = disk.file("page");
        for job in [write(&path, too_much()), append(&path, too_much())] {
            let error = failure(outcome(world, job));
            assert_eq!((error.kind(), &error.path), (io::ErrorKind::StorageFull, &path));
            fs::remove_file(&path).expect("a part is there");
        }
        let error = failure(outcome(world, copy(&large, &path)));
        assert_eq!((error.kind(), error.to.as_ref()), (io::ErrorKind::StorageFull, Some(&path)));
        fs::remove_file(&path).expect("a part is there");
        let file = outcome(world, create(&path)).expect("there is room for a name");
        let error = failure(outcome(world, file.write(too_much())));
        assert_eq!((error.kind(), &error.path), (io::ErrorKind::StorageFull, &path));
        // Once there is room again, it goes on.
        outcome(world, file.set_len(0)).expect("it can be cut");
        outcome(world, file.write_at(0, "be kind")).expect("there is room");
        assert_eq!(fs::read(&path).expect("it is there"), b"be kind");
        fs::remove_file(&path).expect("it is there");
    });
}

#[test]
fn a_full_disk_leaves_the_old_file_where_the_new_one_was_to_appear() {
    let Some(disk) = SmallDisk::mount() else { return };
    let path = disk.file("page");
    fs::write(&path, "old").expect("there is room");
    in_worlds(|world, _| {
        let error = failure(outcome(world, write_atomic(&path, too_much())));
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        let piped = Source::once(too_much()).pipe(writer(&path).atomic().sink());
        let error = result(world, piped).expect_err("it is full");
        assert_eq!(error.io_kind(), Some(io::ErrorKind::StorageFull));
        assert_eq!(fs::read(&path).expect("it is there"), b"old");
        assert_eq!(disk.0.names().len(), 1, "no temporary is left: {:?}", disk.0.names());
    });
}

/// From memory, and from a file, which the kernel moves.
#[test]
fn a_full_disk_fails_the_pipeline_that_writes_to_it() {
    let Some(disk) = SmallDisk::mount() else { return };
    let outside = Folder::new();
    let large = outside.with("large", too_much());
    in_worlds(|world, _| {
        for source in [Source::once(too_much()), reader(&large).source()] {
            let path = disk.file("page");
            let error = result(world, source.pipe(writer(&path).sink())).expect_err("it is full");
            assert_eq!(error.io_kind(), Some(io::ErrorKind::StorageFull), "{error}");
            fs::remove_file(&path).expect("a part is there");
        }
    });
}

#[test]
#[cfg(target_os = "linux")]
fn a_device_that_is_full_is_an_error_too() {
    let full = Path::new("/dev/full");
    in_worlds(|world, _| {
        for job in [write(full, "!"), append(full, "!")] {
            assert_eq!(failure(outcome(world, job)).kind(), io::ErrorKind::StorageFull);
        }
        let file = outcome(world, create(full)).expect("it can be opened");
        assert_eq!(failure(outcome(world, file.write("!"))).kind(), io::ErrorKind::StorageFull);
        let piped = Source::once(Bytes::from("!")).pipe(writer(full).sink());
        let error = result(world, piped).expect_err("it is full");
        assert_eq!(error.io_kind(), Some(io::ErrorKind::StorageFull));
    });
}

// A file that changes while it is read.

enum Step {
    /// It is dropped at once.
    Chunk,
    Ended(Result<Summary, PipeError>),
}

/// Reads a file of 2 MiB, and does this to it once the first chunk has come; how it ended.
fn read_while(meddle: fn(&Path), follow: bool) -> Vec<Result<Summary, PipeError>> {
    let folder = Folder::new();
    let path = folder.with("long", pattern(2 << 20));
    let ends = std::cell::RefCell::new(Vec::new());
    in_worlds(|world, _| {
        if !path.exists() || fs::metadata(&path).expect("it is there").len() != 2 << 20 {
            folder.with("long", pattern(2 << 20));
        }
        let (reading, meddled) = (path.clone(), path.clone());
        let (sender, ended) = mpsc::channel();
        must_end(move || {
            let mut first = true;
            let role = Role::new(move |step, ctx| {
                match step {
                    Step::Chunk if std::mem::take(&mut first) => meddle(&meddled),
                    Step::Chunk => {}
                    Step::Ended(end) => {
                        sender.send(end)?;
                        ctx.stop();
                    }
                }
                Ok(())
            });
            let root = role.started(move |ctx| {
                let reader = reader(reading);
                let reader = if follow { reader.follow().range(..1 << 20) } else { reader };
                reader
                    .source()
                    .pipe(ctx.inlet(|_: Item<Bytes>| Step::Chunk))
                    .start(ctx, Step::Ended);
                Ok(())
            });
            world.runtime().run(|| root).expect("the root does not fail");
        });
        ends.borrow_mut().push(ended.recv().expect("it ends"));
    });
    ends.into_inner()
}

#[test]
fn a_file_that_is_truncated_while_it_is_read_ends_there() {
    let truncate = |path: &Path| {
        let file = fs::OpenOptions::new().write(true).open(path).expect("it is there");
        file.set_len(100).expect("it can be cut");
    };
    for end in read_while(truncate, false) {
        let bytes = end.expect("no error").bytes;
        assert!((64 * 1024..2 << 20).contains(&bytes), "{bytes}");
    }
}

#[test]
#[cfg(unix)]
fn a_file_that_is_removed_while_it_is_read_is_read_to_its_end() {
    for follow in [false, true] {
        for end in read_while(|path| fs::remove_file(path).expect("it is there"), follow) {
            assert_eq!(end.expect("no error").bytes, if follow { 1 << 20 } else { 2 << 20 });
        }
    }
}

// A FIFO to which nobody writes.

/// Starts `many` pipelines from a FIFO to which nobody writes, and then jobs, on a pool of two threads. Then it stops.
fn with_silent_fifos(
    many: usize,
    wait: Duration,
    stop: fn(&mut roundsman::Context<'_, Role<Met>>),
) {
    let folder = Folder::new();
    let (fifo, page) = (folder.fifo("fifo"), folder.with("page", "be kind"));
    let ends = must_end(move || {
        let (sender, ends) = mpsc::channel();
        let role = Role::new(move |met, ctx| {
            match met {
                Met::Wait => {
                    for _ in 0..20 {
                        ctx.start(read(&page), Met::Read);
                    }
                }
                Met::Read(bytes) => {
                    assert_eq!(bytes?, "be kind");
                    sender.send(())?;
                    stop(ctx);
                }
                Met::Ended => {}
            }
            Ok(())
        });
        let root = role.started(move |ctx| {
            for _ in 0..many {
                reader(&fifo).source().for_each(drop).start(ctx, |_| Met::Ended);
            }
            ctx.send_after(wait, Met::Wait);
            Ok(())
        });
        let runtime = Runtime::builder().loops(1).pool_threads(2).build().expect("a runtime");
        runtime.run(|| root).expect("the root does not fail");
        ends
    });
    assert!(ends.iter().count() >= 1, "other jobs have gone on");
}

enum Met {
    Wait,
    Read(Result<Bytes, JobError<FsError>>),
    Ended,
}

#[test]
#[cfg(unix)]
fn fifos_to_which_nobody_writes_hold_no_thread_and_no_stop() {
    with_silent_fifos(20, Duration::from_millis(20), |ctx| ctx.stop());
}

#[test]
#[cfg(unix)]
fn a_planned_stop_ends_what_reads_a_silent_fifo() {
    with_silent_fifos(3, Duration::ZERO, |ctx| ctx.shutdown(Drain::default()));
}

#[test]
#[cfg(unix)]
fn a_job_that_reads_a_fifo_ends_with_the_last_writer_or_with_its_actor() {
    use std::io::Write;
    let folder = Folder::new();
    let path = folder.fifo("fifo");
    let writer = path.clone();
    let writing = roundsman_tests::peer::aside(move || {
        let mut fifo = fs::OpenOptions::new().write(true).open(writer).expect("it opens");
        fifo.write_all(&pattern(300_000)).expect("somebody reads");
    });
    assert!(outcome(REAL, read(&path)).expect("it can be read") == pattern(300_000));
    writing.join().expect("everything is read");
    // Nobody writes any more: the actor goes, and the runtime waits for the job.
    must_end(move || {
        let role = Role::<Option<Result<Bytes, JobError<FsError>>>>::new(|_, ctx| {
            ctx.stop();
            Ok(())
        });
        let root = role.started(move |ctx| {
            ctx.start(read(path), Some);
            ctx.send_after(Duration::from_millis(20), None);
            Ok(())
        });
        REAL.runtime().run(|| root).expect("the root does not fail");
    });
}

#[test]
#[cfg(unix)]
fn a_fifo_is_opened_by_nothing_that_would_wait_for_its_other_end() {
    let folder = Folder::new();
    let path = folder.fifo("fifo");
    for error in [failure(outcome(REAL, open(&path))), failure(outcome(REAL, create(&path)))] {
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert!(error.to_string().contains("fs::reader"), "{error}");
    }
    for job in [write(&path, "!"), append(&path, "!")] {
        assert_eq!(failure(outcome(REAL, job)).kind(), io::ErrorKind::NotConnected);
    }
    let file = folder.with("file", "something");
    let error = failure(outcome(REAL, copy(file, &path)));
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    assert!(error.to_string().contains("fs::writer"), "{error}");
    assert!(outcome(REAL, metadata(&path)).is_ok());
}

// A directory where a file should be.

#[test]
fn a_directory_is_no_file() {
    let folder = Folder::new();
    let path = folder.path().to_owned();
    let is_named = |error: &FsError| {
        assert_eq!((error.kind(), &error.path), (io::ErrorKind::IsADirectory, &path), "{error}");
    };
    in_worlds(|world, _| {
        let nothing = |job: Job<(), FsError>| is_named(&failure(outcome(world, job)));
        nothing(write(&path, "!"));
        nothing(append(&path, "!"));
        is_named(&failure(outcome(world, read(&path))));
        is_named(&failure(outcome(world, read_to_string(&path))));
        is_named(&failure(outcome(world, create(&path))));
        let piped = result(world, reader(&path).source().pipe(collect()));
        is_named(piped.expect_err("a directory").cause_as().expect("an error of fs"));
        let piped = Source::once(Bytes::from("!")).pipe(writer(&path).sink());
        let piped = result(world, piped);
        is_named(piped.expect_err("a directory").cause_as().expect("an error of fs"));
        let error = failure(outcome(world, copy(&path, folder.file("copy"))));
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    });
}

#[test]
#[cfg(unix)]
fn a_directory_can_be_opened_to_be_synced_and_not_to_be_read() {
    let folder = Folder::new();
    let dir = outcome(REAL, open(folder.path())).expect("it can be opened");
    outcome(REAL, dir.sync_all()).expect("it can be synced");
    assert_eq!(failure(outcome(REAL, dir.read(10))).kind(), io::ErrorKind::IsADirectory);
}
