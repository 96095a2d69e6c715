//! A tree of directories as a source.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

use roundsman::fs::{Entry, FsError, Walk, walk};
use roundsman::stream::{collect, map};
use roundsman_tests::folder::Folder;
use roundsman_tests::outcome::{ONE_LOOP, result};
use roundsman_tests::trial::World;

use crate::in_worlds;

/// A few files in a few folders.
fn tree() -> Folder {
    let folder = Folder::new();
    for name in ["b", "a", "a/d"] {
        fs::create_dir_all(folder.file(name)).expect("it can be created");
    }
    for name in ["a/two", "a/one", "a/d/deep", "c", "b/only"] {
        folder.with(name, name);
    }
    folder
}

fn found(world: World, walk: Walk) -> Vec<Result<Entry, FsError>> {
    result(world, walk.source().pipe(collect())).expect("a walk goes on")
}

/// What was found, below `root`, and what could not be.
fn names(root: &Path, found: Vec<Result<Entry, FsError>>) -> Vec<String> {
    let name = |path: &Path| path.strip_prefix(root).expect("below").display().to_string();
    let shown = |entry: Result<Entry, FsError>| match entry {
        Ok(entry) => name(entry.path()),
        Err(error) => format!("{} {}", error.operation, name(&error.path)),
    };
    found.into_iter().map(shown).collect()
}

#[test]
fn everything_comes_once_and_a_directory_before_what_is_in_it() {
    let folder = tree();
    in_worlds(|world, _| {
        let found = found(world, walk(folder.path()));
        let mut seen = BTreeSet::new();
        for entry in found {
            let entry = entry.expect("everything can be read");
            let parent = entry.path().parent().expect("it has one").to_owned();
            assert!(entry.depth() == 0 || seen.contains(&parent), "{entry:?}");
            assert_eq!(entry.file_type().is_dir(), entry.path().is_dir());
            assert!(seen.insert(entry.into_path()));
        }
        assert_eq!(seen.len(), 9);
    });
}

#[test]
fn sorted_it_is_the_same_every_time() {
    let folder = tree();
    in_worlds(|world, _| {
        let names = names(folder.path(), found(world, walk(folder.path()).sorted()));
        assert_eq!(names, ["", "a", "a/d", "a/d/deep", "a/one", "a/two", "b", "b/only", "c"]);
    });
}

#[test]
fn it_goes_no_deeper_than_was_said() {
    let folder = tree();
    let to = |depth| {
        let walk = walk(folder.path()).sorted().max_depth(depth);
        names(folder.path(), found(ONE_LOOP, walk))
    };
    assert_eq!(to(0), [""]);
    assert_eq!(to(1), ["", "a", "b", "c"]);
    assert_eq!(to(2), ["", "a", "a/d", "a/one", "a/two", "b", "b/only", "c"]);
}

#[test]
fn a_directory_that_is_not_there_is_an_error_item() {
    let folder = Folder::new();
    let path = folder.file("nothing");
    in_worlds(|world, _| {
        let found = found(world, walk(&path));
        let [Err(error)] = &found[..] else { panic!("{found:?}") };
        assert_eq!((error.kind(), &error.path), (io::ErrorKind::NotFound, &path));
    });
}

#[test]
#[cfg(unix)]
fn links_are_entered_if_that_was_said_and_one_that_leads_back_is_an_error_item() {
    use std::os::unix::fs::symlink;
    let folder = tree();
    symlink("..", folder.file("a/up")).expect("a link can be made");
    symlink("../b", folder.file("a/d/to-b")).expect("a link can be made");
    symlink("../../b", folder.file("a/d/to-b-indeed")).expect("a link can be made");
    let plain = names(folder.path(), found(ONE_LOOP, walk(folder.path()).sorted()));
    assert!(plain.contains(&"a/d/to-b-indeed".to_owned()));
    assert!(!plain.contains(&"a/d/to-b-indeed/only".to_owned()));
    in_worlds(|world, _| {
        let walk = walk(folder.path()).sorted().follow_links(true);
        let names = names(folder.path(), found(world, walk));
        let expected = [
            "",
            "a",
            "a/d",
            "a/d/deep",
            // It leads nowhere.
            "looking at a/d/to-b",
            "a/d/to-b-indeed",
            "a/d/to-b-indeed/only",
            "a/one",
            "a/two",
            "a/up",
            "following a/up",
            "b",
            "b/only",
            "c",
        ];
        assert_eq!(names, expected);
    });
}

#[test]
fn ten_thousand_files_come_in_the_end_and_each_tells_its_size_if_asked() {
    let folder = Folder::new();
    for n in 0..100 {
        fs::create_dir(folder.file(&n.to_string())).expect("it can be created");
        for m in 0..100 {
            folder.with(&format!("{n}/{m}"), "");
        }
    }
    let files = walk(folder.path()).source().through(map(Result::unwrap));
    let count = files.fold(0, |count, entry: Entry| count + u64::from(entry.file_type().is_file()));
    assert_eq!(result(World::Real { loops: 1 }, count).expect("it ends"), 10_000);
}
