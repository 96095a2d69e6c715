//! Whole files, as jobs.

use std::fs;
use std::io;

use roundsman::JobError;
use roundsman::fs::{append, metadata, read, read_to_string, write, write_atomic};
use roundsman_tests::folder::Folder;
use roundsman_tests::trial::World;

use crate::{REAL, failure, in_worlds, outcome};

#[test]
fn what_is_written_is_read() {
    let folder = Folder::new();
    in_worlds(|world, seed| {
        let path = folder.file("motd");
        let text = format!("be kind, {seed} times");
        for job in [write(&path, text.clone()), write_atomic(&path, text.clone())] {
            outcome(world, job).expect("it can be written");
            assert_eq!(outcome(world, read(&path)).expect("it can be read"), text);
            let size = outcome(world, metadata(&path)).expect("it is there").len();
            assert_eq!(size, text.len() as u64);
            fs::remove_file(&path).expect("it is there");
        }
        assert!(folder.names().is_empty());
    });
}

#[test]
fn an_error_says_what_was_tried_and_with_which_path() {
    let folder = Folder::new();
    let path = folder.file("no such folder/motd");
    let shown = path.display().to_string();
    let error = outcome(World::Real { loops: 1 }, read(&path)).expect_err("no such file");
    let JobError::Failed(error) = error else { panic!("{error}") };
    assert_eq!((error.operation, error.kind()), ("reading", io::ErrorKind::NotFound));
    assert!(error.to_string().starts_with(&format!("reading {shown}: ")), "{error}");
    let error = outcome(World::Real { loops: 1 }, write(&path, "!")).expect_err("no such folder");
    assert!(error.to_string().contains(&format!("writing {shown}: ")), "{error}");
}

#[test]
fn an_atomic_write_that_fails_leaves_nothing_behind() {
    let folder = Folder::new();
    fs::create_dir(folder.file("motd")).expect("it can be created");
    fs::write(folder.file("motd/child"), "").expect("it can be written");
    // A directory is no file that another could replace.
    let job = write_atomic(folder.file("motd"), "!");
    let error = outcome(World::Real { loops: 1 }, job).expect_err("a directory");
    assert!(error.to_string().contains("replacing "), "{error}");
    assert_eq!(folder.names().len(), 1, "{:?}", folder.names());
}

#[test]
fn what_is_appended_stands_behind_what_was_there() {
    let folder = Folder::new();
    in_worlds(|world, _| {
        let path = folder.file("diary");
        for line in ["it rained\n", "it rained on\n"] {
            outcome(world, append(&path, line)).expect("it can be written");
        }
        let text = outcome(world, read_to_string(&path)).expect("it is text");
        assert_eq!(text, "it rained\nit rained on\n");
        fs::remove_file(path).expect("it is there");
    });
}

#[test]
fn what_is_no_text_is_not_read_as_text() {
    let folder = Folder::new();
    let path = folder.with("picture", [0xff, 0xd8]);
    let error = failure(outcome(REAL, read_to_string(&path)));
    assert_eq!((error.kind(), &error.path), (io::ErrorKind::InvalidData, &path));
}

#[test]
fn a_name_as_long_as_names_may_be_is_written_to_atomically() {
    let folder = Folder::new();
    let path = folder.file(&"x".repeat(255));
    outcome(REAL, write_atomic(&path, "something")).expect("there is room");
    assert_eq!(fs::read_to_string(&path).expect("it is there"), "something");
}
