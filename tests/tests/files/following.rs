//! A file that grows while it is read.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use roundsman::Drain;
use roundsman::fs::reader;
use roundsman::stream::{Item, PipeError, StreamContext, Summary};
use roundsman_tests::folder::Folder;
use roundsman_tests::outcome::result;
use roundsman_tests::patience::must_end;
use roundsman_tests::role::Role;
use roundsman_tests::seeds;
use roundsman_tests::trial::World;

enum Step {
    Chunk(Item<Bytes>),
    Change(usize),
    Over,
    Ended(Result<Summary, PipeError>),
}

fn append(path: &Path, text: &str) {
    let file = OpenOptions::new().append(true).create(true).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).expect("it can be written");
}

/// Follows `log` in a folder of its own; once a second comes the next of these changes. Then it is cancelled. What has
/// come in all must be `expected`.
#[track_caller]
fn followed(changes: &'static [fn(&Folder)], expected: &'static str) {
    seeds::each_world(60, [1], |seed, loops| {
        must_end(move || {
            let folder = Folder::new();
            let path: PathBuf = folder.with("log", "one ");
            let mut seen = String::new();
            let mut running = None;
            let (sender, given) = std::sync::mpsc::channel();
            let role = Role::new(move |step, ctx| {
                match step {
                    Step::Chunk(chunk) => seen.push_str(std::str::from_utf8(&chunk)?),
                    Step::Change(index) => changes[index](&folder),
                    Step::Over => {
                        let running: &mut roundsman::stream::Running =
                            running.get_or_insert(given.recv()?);
                        running.cancel("it is over");
                    }
                    Step::Ended(end) => {
                        assert!(end.expect_err("it never ends").is_cancelled());
                        assert_eq!(seen, expected);
                        ctx.stop();
                    }
                }
                Ok(())
            });
            let root = role.started(move |ctx| {
                let source = reader(path).follow().poll_every(Duration::from_millis(100)).source();
                sender.send(source.pipe(ctx.inlet(Step::Chunk)).start(ctx, Step::Ended))?;
                for index in 0..changes.len() {
                    ctx.send_after(Duration::from_secs(1 + index as u64), Step::Change(index));
                }
                ctx.send_after(Duration::from_secs(1 + changes.len() as u64), Step::Over);
                Ok(())
            });
            roundsman_tests::role::play(seeds::world(seed, loops), || root).expect("no failure");
        });
    });
}

#[test]
fn what_is_appended_comes() {
    followed(
        &[
            |folder| append(&folder.file("log"), "two "),
            |_| (),
            |folder| append(&folder.file("log"), "three"),
        ],
        "one two three",
    );
}

#[test]
fn a_file_that_was_cut_is_read_from_its_beginning() {
    followed(
        &[
            |folder| append(&folder.file("log"), "two "),
            |folder| fs::write(folder.file("log"), "new ").expect("it can be written"),
            |folder| append(&folder.file("log"), "newer"),
        ],
        "one two new newer",
    );
}

#[test]
fn after_a_rotation_the_old_file_is_read_to_its_end_and_then_the_new_one() {
    followed(
        &[
            |folder| {
                fs::rename(folder.file("log"), folder.file("log.1")).expect("it can be renamed");
                // Whoever writes has not opened the new one yet.
                append(&folder.file("log.1"), "two ");
            },
            |folder| append(&folder.file("log.1"), "three "),
            |folder| {
                append(&folder.file("log.1"), "last ");
                append(&folder.file("log"), "first ");
            },
            |folder| append(&folder.file("log"), "second"),
        ],
        "one two three last first second",
    );
}

#[test]
fn a_new_file_that_is_longer_than_the_old_one_comes_whole() {
    followed(
        &[
            |folder| {
                let new = folder.with("log.new", "a long beginning");
                fs::rename(new, folder.file("log")).expect("it can be renamed");
            },
            |_| (),
        ],
        "one a long beginning",
    );
}

#[test]
fn a_file_that_is_gone_may_come_back() {
    followed(
        &[
            |folder| fs::remove_file(folder.file("log")).expect("it can be removed"),
            |_| (),
            |folder| append(&folder.file("log"), "back"),
        ],
        "one back",
    );
}

#[test]
fn it_ends_at_the_end_of_its_range() {
    let folder = Folder::new();
    let path = folder.with("log", "one two");
    let source = reader(path).follow().range(..3).source();
    let summary = result(World::Real { loops: 1 }, source.for_each(drop)).expect("it ends");
    assert_eq!(summary.bytes, 3);
}

#[test]
fn a_planned_stop_ends_it_with_what_is_there() {
    let folder = Folder::new();
    let path = folder.with("log", "one ");
    seeds::each_world(60, 1..=2, |seed, loops| {
        let path = path.clone();
        must_end(move || {
            let role = Role::new(|step, ctx| {
                match step {
                    Step::Over => ctx.shutdown(Drain::default()),
                    Step::Ended(end) => assert_eq!(end?.bytes, 4),
                    Step::Chunk(_) | Step::Change(_) => {}
                }
                Ok(())
            });
            let root = role.started(move |ctx| {
                let source = reader(path).follow().source();
                source.for_each(drop).start(ctx, Step::Ended);
                ctx.send_after(Duration::from_secs(seed % 3), Step::Over);
                Ok(())
            });
            roundsman_tests::role::play(seeds::world(seed, loops), || root).expect("no failure");
        });
    });
}
