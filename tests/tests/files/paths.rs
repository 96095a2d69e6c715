//! Jobs about paths: renamed, copied, removed, linked, and what is known of them.

use std::fs::{self, FileTimes};
use std::io;
use std::time::{Duration, SystemTime};

use roundsman::fs::{
    canonicalize, copy, create_dir, create_dir_all, exists, hard_link, metadata, read_dir,
    read_link, remove_dir, remove_dir_all, remove_file, rename, set_permissions, set_times,
    symlink, symlink_metadata, truncate,
};
use roundsman::stream::collect;
use roundsman_tests::folder::Folder;
use roundsman_tests::outcome::result;

use crate::{REAL, failure, in_worlds, outcome, pattern};

#[test]
fn what_is_renamed_has_its_new_name_only_and_replaces_what_had_it() {
    let folder = Folder::new();
    in_worlds(|world, _| {
        let (from, to) = (folder.with("new", "new"), folder.with("page", "old"));
        outcome(world, rename(&from, &to)).expect("they are in one folder");
        assert_eq!(fs::read(to).expect("it is there"), b"new");
        assert_eq!(folder.names().len(), 1);
    });
}

#[test]
fn an_error_about_two_paths_names_both() {
    let folder = Folder::new();
    let (from, to) = (folder.file("nothing"), folder.file("page"));
    for (job, operation) in [
        (rename(&from, &to), "renaming"),
        (hard_link(&from, &to), "linking"),
        (symlink(&from, folder.path()), "linking"),
    ] {
        let error = failure(outcome(REAL, job));
        let to = error.to.as_ref().expect("two paths");
        let text = format!("{operation} {} to {}: ", from.display(), to.display());
        assert!(error.to_string().starts_with(&text), "{error}");
        assert_eq!(error.path, from);
    }
    let error = failure(outcome(REAL, copy(&from, &to)));
    assert_eq!((error.operation, error.kind()), ("copying", io::ErrorKind::NotFound));
    assert_eq!(error.to.as_ref(), Some(&to));
    assert!(!to.exists());
}

#[test]
fn a_copy_has_the_bytes_and_the_permissions_and_nothing_else_of_what_it_replaces() {
    let folder = Folder::new();
    for len in [0, 1, 100_000] {
        let from = folder.with("page", pattern(len));
        let mut permissions = fs::metadata(&from).expect("it is there").permissions();
        permissions.set_readonly(true);
        fs::set_permissions(&from, permissions).expect("it is ours");
        in_worlds(|world, _| {
            let to = folder.with("copy", pattern(200_000));
            let bytes = outcome(world, copy(&from, &to)).expect("it can be copied");
            assert_eq!(bytes, len as u64);
            assert!(fs::read(&to).expect("it is there") == pattern(len));
            assert!(fs::metadata(&to).expect("it is there").permissions().readonly());
            fs::remove_file(&to).expect("it is there");
        });
        fs::remove_file(&from).expect("it is there");
    }
}

#[test]
fn a_file_that_is_copied_onto_itself_is_not_lost() {
    let folder = Folder::new();
    let path = folder.with("page", "be kind");
    let other = folder.file("other");
    fs::hard_link(&path, &other).expect("it can be linked");
    for to in [&path, &other] {
        assert_eq!(outcome(REAL, copy(&path, to)).expect("nothing is to be done"), 7);
        assert_eq!(fs::read(&path).expect("it is there"), b"be kind");
    }
}

#[test]
fn only_files_are_copied() {
    let folder = Folder::new();
    let to = folder.file("copy");
    for from in [folder.path().to_owned(), folder.fifo("fifo")] {
        let error = failure(outcome(REAL, copy(from, &to)));
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert!(!to.exists());
    }
}

#[test]
fn directories_are_made_and_removed() {
    let folder = Folder::new();
    in_worlds(|world, _| {
        let deep = folder.file("a/b/c");
        let kind = |outcome| failure::<()>(outcome).kind();
        assert_eq!(kind(outcome(world, create_dir(&deep))), io::ErrorKind::NotFound);
        outcome(world, create_dir_all(&deep)).expect("it can be made");
        outcome(world, create_dir_all(&deep)).expect("it is there");
        assert_eq!(kind(outcome(world, create_dir(&deep))), io::ErrorKind::AlreadyExists);
        fs::write(deep.join("file"), "!").expect("it can be written");
        assert_eq!(kind(outcome(world, remove_dir(&deep))), io::ErrorKind::DirectoryNotEmpty);
        outcome(world, remove_file(deep.join("file"))).expect("it is there");
        outcome(world, remove_dir(&deep)).expect("it is empty");
        fs::write(folder.file("a/b/file"), "!").expect("it can be written");
        outcome(world, remove_dir_all(folder.file("a"))).expect("it is there");
        assert!(folder.names().is_empty());
        assert_eq!(kind(outcome(world, remove_dir_all(&deep))), io::ErrorKind::NotFound);
    });
}

#[test]
#[cfg(unix)]
fn what_a_link_leads_to_stays_when_the_directory_of_the_link_is_removed() {
    let folder = Folder::new();
    let kept = folder.with("kept", "!");
    fs::create_dir(folder.file("dir")).expect("it can be made");
    outcome(REAL, symlink("../kept", folder.file("dir/link"))).expect("it can be linked");
    outcome(REAL, symlink("..", folder.file("dir/up"))).expect("it can be linked");
    outcome(REAL, remove_dir_all(folder.file("dir"))).expect("it is there");
    assert!(kept.exists());
}

#[test]
#[cfg(unix)]
fn links_lead_where_they_say() {
    let folder = Folder::new();
    in_worlds(|world, _| {
        let (page, link) = (folder.with("page", "be kind"), folder.file("link"));
        outcome(world, symlink("page", &link)).expect("it can be linked");
        assert_eq!(outcome(world, read_link(&link)).expect("it is one").to_str(), Some("page"));
        let real = outcome(world, canonicalize(&link)).expect("it leads there");
        assert_eq!(real, fs::canonicalize(&page).expect("it is there"));
        assert!(outcome(world, symlink_metadata(&link)).expect("it is there").is_symlink());
        assert!(outcome(world, metadata(&link)).expect("it leads there").is_file());
        outcome(world, hard_link(&page, folder.file("again"))).expect("it can be linked");
        outcome(world, remove_file(&page)).expect("it is there");
        assert!(!outcome(world, exists(&link)).expect("it can be known"));
        assert!(outcome(world, exists(folder.file("again"))).expect("it can be known"));
        assert_eq!(fs::read(folder.file("again")).expect("it is there"), b"be kind");
        for name in folder.names() {
            fs::remove_file(folder.file(&name)).expect("it is there");
        }
    });
}

#[test]
fn a_path_is_as_long_as_old_and_as_closed_as_was_said() {
    let folder = Folder::new();
    in_worlds(|world, _| {
        let path = folder.with("page", "be kind");
        outcome(world, truncate(&path, 2)).expect("it is there");
        let day = SystemTime::UNIX_EPOCH + Duration::from_secs(86_400);
        let times = FileTimes::new().set_modified(day).set_accessed(day);
        outcome(world, set_times(&path, times)).expect("it is ours");
        let known = outcome(world, metadata(&path)).expect("it is there");
        assert_eq!((known.len(), known.modified().expect("it has one")), (2, day));
        let mut permissions = known.permissions();
        permissions.set_readonly(true);
        outcome(world, set_permissions(&path, permissions)).expect("it is ours");
        assert!(fs::metadata(&path).expect("it is there").permissions().readonly());
        fs::remove_file(path).expect("it is there");
    });
    let error = failure(outcome(REAL, truncate(folder.file("nothing"), 0)));
    assert_eq!((error.operation, error.kind()), ("truncating", io::ErrorKind::NotFound));
    assert!(folder.names().is_empty(), "it is not created");
}

#[test]
fn a_directory_lists_what_is_in_it_and_not_what_is_below() {
    let folder = Folder::new();
    fs::create_dir(folder.file("dir")).expect("it can be made");
    folder.with("dir/below", "");
    let names: Vec<_> = (0..600).map(|n| format!("{n:03}")).collect();
    names.iter().for_each(|name| _ = folder.with(name, ""));
    in_worlds(|world, _| {
        let found = result(world, read_dir(folder.path()).pipe(collect())).expect("it is there");
        let mut found: Vec<_> = found.into_iter().map(roundsman::fs::Entry::into_path).collect();
        found.sort();
        let expected =
            names.iter().map(String::as_str).chain(["dir"]).map(|name| folder.file(name));
        assert!(found.into_iter().eq(expected));
    });
}

#[test]
fn what_is_no_directory_cannot_be_listed() {
    let folder = Folder::new();
    in_worlds(|world, _| {
        for (path, kind) in [
            (folder.with("page", ""), io::ErrorKind::NotADirectory),
            (folder.file("nothing"), io::ErrorKind::NotFound),
        ] {
            let error = result(world, read_dir(&path).pipe(collect())).expect_err("no directory");
            assert_eq!(error.io_kind(), Some(kind));
            assert!(error.to_string().contains(&path.display().to_string()), "{error}");
        }
    });
}
