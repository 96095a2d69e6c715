//! Whole files, as jobs.

use std::fs;
use std::io;
use std::sync::mpsc;

use roundsman::fs::{FsError, metadata, read, write, write_atomic};
use roundsman::{Job, JobError};
use roundsman_tests::folder::Folder;
use roundsman_tests::patience::must_end;
use roundsman_tests::role::Role;
use roundsman_tests::trial::World;

use crate::in_worlds;

/// What comes of a job.
fn outcome<T: Send + 'static>(world: World, job: Job<T, FsError>) -> Result<T, JobError<FsError>> {
    let (sender, results) = mpsc::channel();
    must_end(move || {
        let role = Role::new(move |result, ctx| {
            // The test waits for it.
            let _ = sender.send(result);
            ctx.stop();
            Ok(())
        });
        let root = role.started(|ctx| {
            ctx.start(job, |result| result);
            Ok(())
        });
        world.runtime().run(|| root).expect("the root does not fail");
    });
    results.recv().expect("a job has one result")
}

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
