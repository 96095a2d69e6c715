//! Files of the disk as sources and sinks, and trees of directories.

use std::io::ErrorKind;

use bytes::Bytes;
use roundsman::fs;
use roundsman::stream::{Source, collect};

use crate::Bench;

fn text(pieces: Vec<Bytes>) -> String {
    pieces.iter().map(|piece| String::from_utf8_lossy(piece)).collect()
}

fn pattern(len: usize) -> Bytes {
    (0..len).map(|at| (at % 251) as u8).collect::<Vec<_>>().into()
}

#[test]
fn what_a_sink_writes_a_source_gives() {
    let bench = Bench::new(1);
    for (path, writer, expected) in [
        ("/log", fs::writer("/log"), "one two "),
        ("/log", fs::writer("/log").append(), "one two one two "),
        ("/log", fs::writer("/log").atomic(), "one two "),
        ("/new", fs::writer("/new").create_new().sync(), "one two "),
    ] {
        let words = Source::iter(["one ", "two "].map(Bytes::from));
        bench.piped(words.pipe(writer.sink())).expect("it can be written");
        let read = bench.piped(fs::reader(path).chunk(3).source().pipe(collect()));
        assert_eq!(text(read.expect("it can be read")), expected);
    }
    let range = fs::reader("/log").range(4..7).source().pipe(collect());
    assert_eq!(text(bench.piped(range).expect("it can be read")), "two");
    let words = Source::iter([Bytes::from("!")]);
    let refused = bench.piped(words.pipe(fs::writer("/new").create_new().sink()));
    assert_eq!(refused.expect_err("it is there").io_kind(), Some(ErrorKind::AlreadyExists));
}

#[test]
fn a_file_that_the_kernel_would_move_is_copied_and_a_crash_knows_of_it() {
    let bench = Bench::new(1);
    let bytes = pattern(300_000);
    bench.disk.write("from", &bytes).expect("it can be written");
    let moved = fs::reader("from").source().pipe(fs::writer("to").sync().sink());
    assert_eq!(bench.piped(moved).expect("it is copied").bytes, 300_000);
    bench.get(bench.get(fs::open("/")).sync_all());
    bench.crash();
    assert!(bench.disk.read("to").expect("it was synced") == bytes);
}

#[test]
fn an_open_file_is_a_source_and_a_sink() {
    let bench = Bench::new(1);
    let options = fs::OpenOptions::new().read(true).write(true).create(true);
    let file = bench.get(options.open("/book"));
    let words = Source::iter(["one ", "two "].map(Bytes::from));
    bench.piped(words.pipe(file.writer().sync().sink())).expect("it can be written");
    let read = bench.piped(file.reader().range(4..).source().pipe(collect()));
    assert_eq!(text(read.expect("it can be read")), "two ");
}

#[test]
fn a_tree_is_walked_in_the_order_of_its_names_in_every_run() {
    let bench = Bench::new(1);
    for path in ["/b/two", "/b/one", "/a/three", "/c/d/e/four"] {
        bench.disk.write(path, "!").expect("it can be written");
    }
    bench.get(fs::symlink("/b", "/c/link"));
    let shown = |walk: fs::Walk| -> Vec<String> {
        let found = bench.piped(walk.source().pipe(collect())).expect("it can be walked");
        let path = |entry: Result<fs::Entry, fs::FsError>| {
            entry.expect("nothing is gone").into_path().display().to_string()
        };
        found.into_iter().map(path).collect()
    };
    let all = ["/b", "/b/one", "/b/two", "/c", "/c/d", "/c/d/e", "/c/d/e/four", "/c/link"];
    let found = shown(fs::walk("/"));
    assert_eq!(found[..3], ["/", "/a", "/a/three"]);
    assert_eq!(found[3..11], all);
    assert_eq!(found, shown(fs::walk("/").sorted()));
    let followed = shown(fs::walk("c").follow_links(true));
    assert_eq!(followed[4..], ["c/link", "c/link/one", "c/link/two"]);
    let listed = bench.piped(fs::read_dir("/b").pipe(collect())).expect("it can be listed");
    let types: Vec<_> = listed.iter().map(|entry| entry.file_type().is_file()).collect();
    assert_eq!(types, [true, true]);
}

#[test]
fn a_pattern_finds_what_is_on_the_disk() {
    let bench = Bench::new(1);
    for path in ["/srv/a.log", "/srv/b.txt", "/srv/deep/c.log"] {
        bench.disk.write(path, "!").expect("it can be written");
    }
    for (pattern, expected) in [
        ("/srv/**/*.log", ["/srv/a.log", "/srv/deep/c.log"]),
        ("srv/{a,b}.*", ["srv/a.log", "srv/b.txt"]),
    ] {
        let found = bench.piped(fs::glob(pattern).pipe(collect())).expect("it is a pattern");
        let paths: Vec<_> = found
            .into_iter()
            .flatten()
            .map(|entry| entry.into_path().display().to_string())
            .collect();
        assert_eq!(paths, expected, "{pattern}");
    }
}

#[test]
fn a_watch_is_refused() {
    let bench = Bench::new(1);
    let error = bench.piped(fs::watch("/").source().pipe(collect())).expect_err("it is simulated");
    assert_eq!(error.io_kind(), Some(ErrorKind::Unsupported));
}
