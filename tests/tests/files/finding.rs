//! Paths that match a pattern.

use std::env;
use std::fs;
use std::io;
use std::path::Path;

use roundsman::fs::{FsError, glob};
use roundsman::stream::collect;
use roundsman_tests::folder::Folder;
use roundsman_tests::outcome::{ONE_LOOP, result};
use roundsman_tests::trial::World;

use crate::in_worlds;

fn tree() -> Folder {
    let folder = Folder::new();
    for name in ["a/d/e", "b"] {
        fs::create_dir_all(folder.file(name)).expect("it can be made");
    }
    for name in ["a/one.rs", "a/two.txt", "a/d/three.rs", "a/d/e/.four.rs", "b/one.rs", "[x].rs"] {
        folder.with(name, "");
    }
    folder
}

/// What matches a pattern below `root`, without that.
fn found(world: World, root: &Path, pattern: &str) -> Vec<String> {
    let pattern = root.join(pattern).display().to_string();
    let found = result(world, glob(pattern).pipe(collect())).expect("it is a pattern");
    let name = |entry: Result<roundsman::fs::Entry, FsError>| {
        let path = entry.expect("everything can be read").into_path();
        path.strip_prefix(root).expect("below").display().to_string()
    };
    found.into_iter().map(name).collect()
}

#[test]
fn a_pattern_finds_what_matches_it_sorted_and_nothing_else() {
    let folder = tree();
    in_worlds(|world, _| {
        let found = |pattern| found(world, folder.path(), pattern);
        assert_eq!(found("*/*.rs"), ["a/one.rs", "b/one.rs"]);
        assert_eq!(
            found("**/*.rs"),
            ["[x].rs", "a/d/e/.four.rs", "a/d/three.rs", "a/one.rs", "b/one.rs"]
        );
        assert_eq!(found("a/{one.rs,d/*.rs}"), ["a/d/three.rs", "a/one.rs"]);
        assert_eq!(found("a/[!o]*"), ["a/d", "a/two.txt"]);
        assert_eq!(found("?"), ["a", "b"]);
        assert_eq!(found("a//?/"), ["a/d"], "slashes that say nothing");
        assert_eq!(found("a/d/**"), ["a/d/e", "a/d/e/.four.rs", "a/d/three.rs"]);
    });
}

#[test]
fn a_pattern_that_stands_for_itself_finds_itself_if_it_is_there() {
    let folder = tree();
    assert_eq!(found(ONE_LOOP, folder.path(), "a/one.rs"), ["a/one.rs"]);
    assert_eq!(found(ONE_LOOP, folder.path(), "[[]x].rs"), ["[x].rs"]);
    assert!(found(ONE_LOOP, folder.path(), "nothing").is_empty());
    assert!(found(ONE_LOOP, folder.path(), "nothing/*.rs").is_empty());
}

#[test]
fn a_relative_pattern_finds_relative_paths() {
    // Cargo runs tests in the directory of their package.
    assert!(env::current_dir().expect("there is one").join("Cargo.toml").exists());
    for (pattern, expected) in [
        ("Cargo.*", ["Cargo.toml"].as_slice()),
        ("./Cargo.*", &["./Cargo.toml"]),
        ("tests/f{iles,airness}.rs", &["tests/fairness.rs", "tests/files.rs"]),
    ] {
        let found = result(ONE_LOOP, glob(pattern).pipe(collect())).expect("it is a pattern");
        let paths: Vec<_> = found.into_iter().flatten().map(|entry| entry.into_path()).collect();
        let paths: Vec<_> = paths.iter().map(|path| path.to_str().expect("it is text")).collect();
        assert_eq!(paths, expected, "{pattern}");
    }
}

#[test]
fn what_is_no_pattern_fails_and_says_why() {
    in_worlds(|world, _| {
        let error = result(world, glob("src/[a").pipe(collect())).expect_err("no pattern");
        assert_eq!(error.io_kind(), Some(io::ErrorKind::InvalidInput));
        let cause = error.cause_as::<FsError>().expect("an error of fs");
        assert_eq!(cause.path, Path::new("src/[a"));
        assert!(error.to_string().contains("unclosed character class"), "{error}");
    });
}
