//! Open files: how they are opened, and the order of their jobs.

use std::fs;
use std::io::{self, SeekFrom};
use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use roundsman::fs::{File, FsError, OpenOptions, create, open};
use roundsman::stream::{Source, collect};
use roundsman::{Address, JobError, Placement};
use roundsman_tests::again;
use roundsman_tests::folder::Folder;
use roundsman_tests::outcome::result;
use roundsman_tests::patience::must_end;
use roundsman_tests::role::Role;
use roundsman_tests::trial::World;

use crate::{REAL, failure, in_worlds, open_descriptors, outcome, outcomes, pattern};

/// A file that is read and written; created if it is not there.
fn opened(path: &Path) -> File {
    let options = OpenOptions::new().read(true).write(true).create(true);
    outcome(REAL, options.open(path)).expect("it can be opened")
}

fn content(path: &Path) -> String {
    fs::read_to_string(path).expect("it is there")
}

#[test]
fn what_was_started_before_in_the_same_handler_is_done_before() {
    let folder = Folder::new();
    in_worlds(|world, seed| {
        let path = folder.file(&format!("{seed}"));
        let file = opened(&path);
        let empty = |done: roundsman::Job<(), FsError>| done;
        let written =
            outcomes(world, (0..20).map(|n| empty(file.write(format!("{n},")))).collect());
        assert!(written.into_iter().all(|done| done.is_ok()));
        let expected: String = (0..20).map(|n| format!("{n},")).collect();
        assert_eq!(content(&path), expected);
        fs::remove_file(path).expect("it is there");
    });
}

/// What two actors do to one file, on two loops: each writes a number and hands over to the other.
#[test]
fn the_order_is_that_in_which_actors_start_them_on_whichever_loops() {
    enum Step {
        Turn(u32, Address<Step>),
        Written(Result<(), JobError<FsError>>),
    }
    const NUMBERS: u32 = 60;
    fn writer(file: File, end: mpsc::Sender<()>) -> Role<Step> {
        Role::new(move |step, ctx| {
            match step {
                Step::Turn(NUMBERS, _) => {}
                Step::Turn(number, other) => {
                    ctx.start(file.write(format!("{number},")), Step::Written);
                    other.send(Step::Turn(number + 1, ctx.address().clone()))?;
                }
                Step::Written(done) => {
                    done?;
                    end.send(())?;
                }
            }
            Ok(())
        })
    }
    let folder = Folder::new();
    in_worlds(|world, seed| {
        let path = folder.file(&format!("{seed}"));
        let file = opened(&path);
        let (end, ended) = mpsc::channel();
        must_end(move || {
            let root = Role::<()>::idle().started(move |ctx| {
                let spawn = |ctx: &mut roundsman::Context<'_, _>| {
                    let (file, end) = (file.clone(), end.clone());
                    ctx.spawn_on(Placement::RoundRobin, move || writer(file, end))
                };
                let (one, other) = (spawn(ctx), spawn(ctx));
                one.send(Step::Turn(0, other)).map_err(|_| "it has just begun")?;
                Ok(())
            });
            world.runtime().run(|| root).expect("the root does not fail");
        });
        assert_eq!(ended.iter().count() as u32, NUMBERS);
        let expected: String = (0..NUMBERS).map(|n| format!("{n},")).collect();
        assert_eq!(content(&path), expected);
        fs::remove_file(path).expect("it is there");
    });
}

#[test]
fn reads_at_a_place_see_what_was_written_before_them_and_nothing_later() {
    let folder = Folder::new();
    let path = folder.with("page", "....");
    in_worlds(|world, _| {
        let file = opened(&path);
        let mut jobs = Vec::new();
        for letter in ["a", "b", "c"] {
            // Answers nothing, so that all jobs are of one type.
            let write = file.write_at(0, letter.repeat(4));
            jobs.push(Wanted::Write(write));
            jobs.extend((0..5).map(|at| Wanted::Read(file.read_at(at % 3, 2))));
        }
        let seen = run(world, jobs);
        let expected: Vec<_> = ["aa", "bb", "cc"].into_iter().flat_map(|two| [two; 5]).collect();
        assert_eq!(seen, expected);
    });
}

enum Wanted {
    Write(roundsman::Job<(), FsError>),
    Read(roundsman::Job<Bytes, FsError>),
}

/// Starts these in one handler; what the reads have found, in the order in which they were started.
fn run(world: World, jobs: Vec<Wanted>) -> Vec<Bytes> {
    let (sender, found) = mpsc::channel();
    must_end(move || {
        let role = Role::new(move |(rank, bytes): (usize, Result<Bytes, JobError<FsError>>), _| {
            sender.send((rank, bytes?))?;
            Ok(())
        });
        let root = role.started(move |ctx| {
            for (rank, job) in jobs.into_iter().enumerate() {
                match job {
                    Wanted::Write(job) => {
                        ctx.start(job, move |done| (rank, done.map(|()| Bytes::new())));
                    }
                    Wanted::Read(job) => _ = ctx.start(job, move |bytes| (rank, bytes)),
                }
            }
            Ok(())
        });
        world.runtime().run(|| root).expect("the root does not fail");
    });
    let mut found: Vec<_> = found.iter().collect();
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().map(|(_, bytes)| bytes).filter(|bytes| !bytes.is_empty()).collect()
}

#[test]
fn one_handle_stands_at_one_place_whoever_has_a_clone() {
    let folder = Folder::new();
    let path = folder.with("letters", "abcdefgh");
    in_worlds(|world, _| {
        let file = outcome(REAL, open(&path)).expect("it is there");
        let other = file.clone();
        let reads = vec![file.read(3), other.read(3), file.read(9), other.read(9)];
        let read = outcomes(world, reads).into_iter().map(|bytes| bytes.expect("it can be read"));
        assert_eq!(read.collect::<Vec<_>>(), ["abc", "def", "gh", ""]);
        let to = outcome(world, file.seek(SeekFrom::End(-2))).expect("it has places");
        assert_eq!(to, 6);
        assert_eq!(outcome(world, other.read(0)).expect("it can be read"), "");
        assert_eq!(outcome(world, other.read(9)).expect("it can be read"), "gh");
    });
}

#[test]
fn a_read_at_a_place_gives_all_that_was_asked_for_but_at_the_end() {
    let folder = Folder::new();
    let bytes = pattern(100_000);
    let path = folder.with("numbers", &bytes);
    in_worlds(|world, _| {
        let file = outcome(REAL, open(&path)).expect("it is there");
        let read = |at, len| outcome(world, file.read_at(at, len)).expect("it can be read");
        assert_eq!(read(17, 70_000), bytes[17..70_017]);
        assert_eq!(read(99_990, 70_000), bytes[99_990..]);
        assert_eq!(read(100_000, 10), "");
        assert_eq!(read(1 << 60, 10), "");
        assert_eq!(read(5, 0), "");
    });
}

#[test]
fn a_buffer_that_is_filled_again_is_the_same_and_keeps_what_was_in_it() {
    let folder = Folder::new();
    let path = folder.with("letters", "abcdefgh");
    let file = outcome(REAL, open(&path)).expect("it is there");
    let mut buffer = Vec::with_capacity(6);
    buffer.extend_from_slice(b">");
    let at = buffer.as_ptr();
    let filled = outcome(REAL, file.read_at_into(2, buffer)).expect("it can be read");
    assert_eq!((filled.as_slice(), filled.as_ptr()), (&b">cdefg"[..], at));
    let filled = outcome(REAL, file.read_at_into(7, Vec::with_capacity(6)));
    assert_eq!(filled.expect("it can be read"), b"h");
}

#[test]
fn more_than_there_is_memory_for_is_an_error_and_no_panic() {
    let folder = Folder::new();
    let file = outcome(REAL, open(folder.with("letters", "abc"))).expect("it is there");
    for job in [file.read(usize::MAX), file.read_at(0, usize::MAX)] {
        assert_eq!(failure(outcome(REAL, job)).kind(), io::ErrorKind::OutOfMemory);
    }
}

#[test]
fn the_options_say_what_becomes_of_what_is_there() {
    let folder = Folder::new();
    let path = folder.file("page");
    let write = |options: OpenOptions, text: &'static str| {
        let file = outcome(REAL, options.open(&path))?;
        outcome(REAL, file.write(text))?;
        outcome(REAL, file.close())
    };
    let new = OpenOptions::new;
    let kind = |outcome| failure::<()>(outcome).kind();
    assert_eq!(kind(write(new().write(true), "?")), io::ErrorKind::NotFound);
    write(new().write(true).create_new(true), "abcdef").expect("it is created");
    assert_eq!(kind(write(new().write(true).create_new(true), "?")), io::ErrorKind::AlreadyExists);
    write(new().append(true), "gh").expect("it is there");
    assert_eq!(content(&path), "abcdefgh");
    write(new().write(true), "ABC").expect("it is there");
    assert_eq!(content(&path), "ABCdefgh");
    write(new().write(true).truncate(true), "x").expect("it is there");
    assert_eq!(content(&path), "x");
    assert_eq!(kind(write(new(), "?")), io::ErrorKind::InvalidInput);
    assert!(write(new().read(true), "?").is_err(), "it was not opened to be written");
    outcome(REAL, create(&path)).expect("it can be created");
    assert_eq!(content(&path), "");
}

#[test]
fn two_who_append_do_not_overwrite_each_other() {
    let folder = Folder::new();
    let path = folder.file("log");
    let append = OpenOptions::new().append(true).create(true);
    in_worlds(|world, _| {
        let files = [0, 1].map(|_| outcome(REAL, append.open(&path)).expect("it can be opened"));
        let lines = (0..40).map(|n| files[n % 2].write(format!("{n}\n"))).collect();
        assert!(outcomes(world, lines).into_iter().all(|done| done.is_ok()));
        let text = content(&path);
        let mut lines: Vec<u32> = text.lines().map(|line| line.parse().expect("whole")).collect();
        lines.sort_unstable();
        assert!(lines.into_iter().eq(0..40), "{text}");
        fs::remove_file(&path).expect("it is there");
    });
}

#[test]
#[cfg(unix)]
fn a_file_is_created_with_the_mode_that_was_said() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let path = folder.file("secret");
    let options = OpenOptions::new().write(true).create(true).mode(0o600);
    let file = outcome(REAL, options.open(&path)).expect("it can be created");
    let mode = |file: &File| {
        outcome(REAL, file.metadata()).expect("it is open").permissions().mode() & 0o777
    };
    assert_eq!(mode(&file), 0o600);
    let open = fs::Permissions::from_mode(0o640);
    outcome(REAL, file.set_permissions(open)).expect("it is ours");
    assert_eq!(mode(&file), 0o640);
}

#[test]
fn an_error_names_the_path_and_what_was_tried_and_stops_nobody() {
    let folder = Folder::new();
    let path = folder.with("letters", "abc");
    in_worlds(|world, _| {
        let file = outcome(REAL, open(&path)).expect("it is there");
        let mut done = outcomes(world, vec![file.write("?"), file.sync_all()]);
        assert!(done.remove(1).is_ok());
        let error = failure(done.remove(0));
        assert_eq!((error.operation, &error.path), ("writing", &path));
    });
    let missing = folder.file("nothing");
    let error = failure(outcome(REAL, open(&missing)));
    assert_eq!((error.operation, &error.path), ("opening", &missing));
    assert!(error.to_string().starts_with(&format!("opening {}: ", missing.display())), "{error}");
}

#[test]
fn a_file_is_as_long_and_as_old_as_was_said() {
    let folder = Folder::new();
    let path = folder.with("letters", "abcdef");
    let file = opened(&path);
    outcome(REAL, file.set_len(3)).expect("it can be cut");
    outcome(REAL, file.sync_data()).expect("the disk takes it");
    let day = SystemTime::UNIX_EPOCH + Duration::from_secs(86_400);
    outcome(REAL, file.set_times(fs::FileTimes::new().set_modified(day))).expect("it is ours");
    let metadata = outcome(REAL, file.metadata()).expect("it is open");
    assert_eq!((metadata.len(), metadata.modified().expect("it has one")), (3, day));
}

#[test]
fn the_streams_of_an_open_file_are_of_that_file_whatever_is_at_its_path() {
    let folder = Folder::new();
    let path = folder.file("page");
    in_worlds(|world, _| {
        let file = opened(&path);
        fs::rename(&path, folder.file("moved")).expect("it is there");
        fs::write(&path, "another").expect("it can be written");
        let pieces = ["be ", "kind"].map(Bytes::from);
        let written = result(world, Source::iter(pieces).pipe(file.writer().sync().sink()));
        assert_eq!(written.expect("it can be written").bytes, 7);
        let read = result(world, file.reader().chunk(2).range(3..6).source().pipe(collect()));
        assert_eq!(read.expect("it can be read"), ["ki", "n"].map(Bytes::from));
        assert_eq!(content(&path), "another");
        folder.names().iter().for_each(|name| fs::remove_file(folder.file(name)).expect("there"));
    });
}

#[test]
fn a_file_is_closed_when_nobody_has_it_any_more_and_close_tells() {
    if !again::is_child() {
        let name = "handles::a_file_is_closed_when_nobody_has_it_any_more_and_close_tells";
        again::run(name, "", &[]);
        return;
    }
    let folder = Folder::new();
    let path = folder.with("letters", "abc");
    let before = open_descriptors();
    in_worlds(|world, _| {
        let (close, opening) = (path.clone(), path.clone());
        must_end(move || {
            enum Step {
                Opened(Result<File, JobError<FsError>>),
                Read(Result<Bytes, JobError<FsError>>),
            }
            let root = Role::new(|step, ctx| {
                match step {
                    // Dropped by an actor, while a job of it is under way.
                    Step::Opened(file) => _ = ctx.start(file?.read(3), Step::Read),
                    Step::Read(bytes) => assert_eq!(bytes?, "abc"),
                }
                Ok(())
            });
            let root = root.started(move |ctx| {
                for _ in 0..5 {
                    ctx.start(open(&opening), Step::Opened);
                }
                Ok(())
            });
            world.runtime().run(|| root).expect("the root does not fail");
        });
        // Nothing is left to be waited for: this handle's job has closed it.
        let file = outcome(REAL, open(close)).expect("it is there");
        outcome(REAL, file.close()).expect("it does not fail");
    });
    must_end(move || {
        while open_descriptors() != before {
            std::thread::yield_now();
        }
    });
}
