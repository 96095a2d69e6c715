//! Temporary files and directories.

use std::fs;
use std::io;

use roundsman::JobError;
use roundsman::fs::{FsError, TempDir, temp_dir, temp_dir_in, temp_file, temp_file_in};
use roundsman_tests::folder::Folder;
use roundsman_tests::patience::must_end;
use roundsman_tests::role::Role;

use crate::{REAL, failure, in_worlds, outcome};

#[test]
fn a_temporary_file_is_written_read_and_gone_with_its_handle() {
    let folder = Folder::new();
    in_worlds(|world, _| {
        let scratch = outcome(world, temp_file_in(folder.path())).expect("it can be made");
        outcome(world, scratch.file().write("numbers")).expect("it can be written");
        assert_eq!(fs::read(scratch.path()).expect("it is there"), b"numbers");
        assert_eq!(outcome(world, scratch.file().read_at(0, 9)).expect("it is open"), "numbers");
        drop(scratch);
        assert!(folder.names().is_empty());
    });
}

#[test]
fn a_temporary_directory_goes_with_everything_in_it() {
    let folder = Folder::new();
    in_worlds(|world, _| {
        let scratch = outcome(world, temp_dir_in(folder.path())).expect("it can be made");
        fs::create_dir(scratch.path().join("deep")).expect("it can be made");
        fs::write(scratch.path().join("deep/file"), "!").expect("it can be written");
        drop(scratch);
        assert!(folder.names().is_empty());
    });
}

#[test]
fn what_an_actor_drops_is_gone_when_its_runtime_has_ended() {
    let folder = Folder::new();
    in_worlds(|world, seed| {
        let path = folder.path().to_owned();
        must_end(move || {
            let mut kept = None;
            let role = Role::new(move |made: Result<TempDir, JobError<FsError>>, ctx| {
                let made = made?;
                fs::write(made.path().join("file"), "!")?;
                // Dropped in a handler, or with the actor.
                if seed % 2 == 0 {
                    kept = Some(made);
                }
                let _ = &kept;
                ctx.stop();
                Ok(())
            });
            let root = role.started(move |ctx| {
                ctx.start(temp_dir_in(path), |made| made);
                Ok(())
            });
            world.runtime().run(|| root).expect("the root does not fail");
        });
        assert!(folder.names().is_empty(), "{:?}", folder.names());
    });
}

#[test]
fn a_temporary_file_stays_under_the_name_that_it_is_given() {
    let folder = Folder::new();
    in_worlds(|world, _| {
        let path = folder.with("upload", "old");
        let scratch = outcome(world, temp_file_in(folder.path())).expect("it can be made");
        outcome(world, scratch.file().write("new")).expect("it can be written");
        let kept = outcome(world, scratch.persist(&path)).expect("it is in one folder");
        assert_eq!(kept.path(), path);
        drop(kept);
        assert_eq!(fs::read(&path).expect("it is there"), b"new");
        assert_eq!(folder.names().len(), 1);
        let dir = outcome(world, temp_dir_in(folder.path())).expect("it can be made").keep();
        assert!(dir.is_dir());
        fs::remove_dir(dir).expect("it is there");
    });
}

#[test]
fn a_name_that_cannot_be_given_is_an_error_and_nothing_stays() {
    let folder = Folder::new();
    let scratch = outcome(REAL, temp_file_in(folder.path())).expect("it can be made");
    let (from, to) = (scratch.path().to_owned(), folder.file("no such folder/upload"));
    let error = failure(outcome(REAL, scratch.persist(&to)));
    assert_eq!((error.kind(), &error.path), (io::ErrorKind::NotFound, &from));
    assert_eq!(error.to, Some(to));
    assert!(folder.names().is_empty());
    let error = failure(outcome(REAL, temp_dir_in(folder.file("no such folder"))));
    assert_eq!(error.path, folder.file("no such folder"));
}

#[test]
fn to_close_is_to_be_told_that_it_is_gone() {
    in_worlds(|world, _| {
        let file = outcome(world, temp_file()).expect("it can be made");
        let dir = outcome(world, temp_dir()).expect("it can be made");
        let paths = [file.path().to_owned(), dir.path().to_owned()];
        assert!(paths.iter().all(|path| path.starts_with(std::env::temp_dir()) && path.exists()));
        outcome(world, file.close()).expect("it is there");
        outcome(world, dir.close()).expect("it is there");
        assert!(!paths.iter().any(|path| path.exists()));
    });
    let dir = outcome(REAL, temp_dir()).expect("it can be made");
    fs::remove_dir(dir.path()).expect("it is there");
    let error = failure(outcome(REAL, dir.close()));
    assert_eq!((error.operation, error.kind()), ("removing", io::ErrorKind::NotFound));
}

#[test]
#[cfg(unix)]
fn nobody_else_may_look_into_them() {
    use std::os::unix::fs::PermissionsExt;
    let file = outcome(REAL, temp_file()).expect("it can be made");
    let dir = outcome(REAL, temp_dir()).expect("it can be made");
    let mode = |path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!((mode(file.path()), mode(dir.path())), (0o600, 0o700));
}
