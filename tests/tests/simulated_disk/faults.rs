//! What goes wrong with a disk is seen as the errors that the docs of `fs` name, and nothing is lost silently.

use std::collections::BTreeSet;
use std::io::{ErrorKind, SeekFrom};
use std::time::Duration;

use bytes::Bytes;
use roundsman::fs;
use roundsman::sim::DiskFaults;
use roundsman::stream::{Source, collect};

use crate::Bench;

const EVERY: u32 = 1_000_000;
const HALF: u32 = 500_000;

fn eio(per_million: u32) -> DiskFaults {
    DiskFaults { eio_per_million: per_million, ..DiskFaults::default() }
}

/// Half of all reads and writes do a part.
const SHORT: DiskFaults = DiskFaults {
    eio_per_million: 0,
    short_reads_per_million: HALF,
    short_writes_per_million: HALF,
};

/// What the disk does from now on.
fn set(bench: &Bench, faults: DiskFaults) {
    drop(bench.disk.clone().faults(faults));
}

#[test]
fn a_full_disk_refuses_what_does_not_fit_and_has_taken_a_part() {
    let bench = Bench::with(1, |disk| disk.capacity(100));
    bench.get(fs::write("/first", vec![b'.'; 60]));
    let error = bench.failure(fs::write("/second", vec![b'.'; 60]));
    assert_eq!((error.operation, error.kind()), ("writing", ErrorKind::StorageFull));
    if cfg!(unix) {
        assert!(error.source.raw_os_error().is_some(), "{error}");
    }
    assert_eq!(bench.text("/second").map(|text| text.len()), Some(40));
    assert_eq!(bench.disk.used(), 100);
    // What is there can be written over.
    let file = bench.get(fs::OpenOptions::new().write(true).open("/first"));
    bench.get(file.write_at(10, vec![b'!'; 50]));
    assert_eq!(bench.failure(file.write_at(60, "!")).kind(), ErrorKind::StorageFull);
    assert_eq!(bench.failure(file.set_len(61)).kind(), ErrorKind::StorageFull);
    assert_eq!(bench.failure(fs::write_atomic("/third", "!")).kind(), ErrorKind::StorageFull);
    // With one gone there is room again.
    bench.get(fs::remove_file("/second"));
    bench.get(fs::write_atomic("/third", vec![b'.'; 40]));
    assert_eq!(bench.names("/"), ["first", "third", "tmp"]);
}

#[test]
fn a_full_disk_fails_the_pipeline_that_writes_to_it() {
    let bench = Bench::with(1, |disk| disk.capacity(5));
    let words = Source::iter(["one ", "two "].map(Bytes::from));
    let error = bench.piped(words.pipe(fs::writer("/log").sink())).expect_err("it is full");
    assert_eq!(error.io_kind(), Some(ErrorKind::StorageFull));
}

#[test]
fn a_disk_that_fails_shows_in_every_read_write_sync_and_rename() {
    let bench = Bench::new(1);
    bench.disk.write("/one", "text").expect("it can be written");
    let options = fs::OpenOptions::new().read(true).write(true);
    let file = bench.get(options.open("/one"));
    set(&bench, eio(EVERY));
    let errors = [
        bench.failure(fs::read("/one")),
        bench.failure(fs::write("/one", "!")),
        bench.failure(fs::rename("/one", "/two")),
        bench.failure(file.read(4)),
        bench.failure(file.read_at(0, 4)),
        bench.failure(file.write("!")),
        bench.failure(file.write_at(0, "!")),
        bench.failure(file.set_len(1)),
        bench.failure(file.sync_all()),
        bench.failure(file.sync_data()),
        bench.failure(fs::write_atomic("/one", "!")),
    ];
    let told: Vec<_> = errors.iter().map(|error| error.operation).collect();
    let expected = [
        "reading",
        "writing",
        "renaming",
        "reading",
        "reading",
        "writing",
        "writing",
        "truncating",
        "syncing",
        "syncing",
        "writing",
    ];
    assert_eq!(told, expected);
    let says: BTreeSet<_> = errors.iter().map(|error| error.source.to_string()).collect();
    assert_eq!(says.len(), 1, "{says:?}");
    let piped = bench.piped(fs::reader("/one").source().pipe(collect()));
    assert!(piped.is_err(), "a source fails as well");
    set(&bench, DiskFaults::default());
    assert_eq!(bench.names("/"), ["one", "tmp"], "nothing was done, and nothing stays behind");
    assert_eq!(bench.text("/one").as_deref(), Some(""), "`fs::write` had emptied it");
}

#[test]
fn after_a_failed_sync_the_next_one_may_say_that_all_is_well_and_the_data_is_gone() {
    let outcome = |seed| {
        let bench = Bench::new(seed);
        bench.disk.write("/one", "old").expect("it can be written");
        let file = bench.get(fs::OpenOptions::new().write(true).open("/one"));
        bench.get(file.write("new"));
        set(&bench, eio(EVERY));
        assert_eq!(bench.failure(file.sync_data()).operation, "syncing");
        set(&bench, DiskFaults::default());
        bench.get(file.sync_data());
        assert_eq!(bench.text("/one").as_deref(), Some("new"), "it is still read");
        bench.crash();
        bench.text("/one")
    };
    let outcomes: BTreeSet<_> = (0..40).filter_map(outcome).collect();
    assert_eq!(outcomes.into_iter().collect::<Vec<_>>(), ["new", "old"]);
}

#[test]
fn short_reads_and_writes_lose_nothing() {
    let bytes: Vec<u8> = (0..100_000).map(|at| (at % 251) as u8).collect();
    for seed in 0..10 {
        let bench = Bench::with(seed, |disk| disk.faults(SHORT));
        bench.get(fs::write("/one", bytes.clone()));
        bench.get(fs::append("/one", "!"));
        bench.get(fs::truncate("/one", 100_000));
        assert!(bench.get(fs::read("/one")) == bytes);
        bench.get(fs::copy("/one", "/two"));
        let moved = fs::reader("/two").source().pipe(fs::writer("/three").atomic().sink());
        bench.piped(moved).expect("it is copied");
        assert!(bench.disk.read("/three").expect("it is there") == bytes);
        let options = fs::OpenOptions::new().read(true).write(true);
        let file = bench.get(options.open("/one"));
        bench.get(file.write_at(500, "0123456789"));
        assert_eq!(bench.get(file.read_at(500, 10)), "0123456789", "all that there is");
    }
}

#[test]
fn a_short_read_gives_something_and_the_next_goes_on_behind_it() {
    let bench = Bench::with(5, |disk| disk.faults(SHORT));
    let text = "a few words that come in pieces";
    bench.disk.write("/one", text).expect("it can be written");
    let file = bench.get(fs::open("/one"));
    let mut pieces = Vec::new();
    loop {
        let piece = bench.get(file.read(8));
        if piece.is_empty() {
            break;
        }
        pieces.push(piece);
    }
    assert_eq!(pieces.concat(), text.as_bytes());
    assert!(pieces[..pieces.len() - 1].iter().any(|piece| piece.len() < 8), "{pieces:?}");
    assert_eq!(bench.get(file.seek(SeekFrom::Current(0))), text.len() as u64);
}

#[test]
fn a_job_takes_the_time_of_the_disk() {
    let second = Duration::from_secs(1);
    let bench = Bench::with(1, |disk| disk.latency(second..2 * second));
    for done in 1..=5 {
        bench.get(fs::write("/one", "!"));
        let now = bench.now().since_start();
        assert!(now >= done * second && now < done * 2 * second, "{now:?}");
    }
    let still = Bench::with(1, |disk| disk.latency(second..second));
    still.get(fs::write("/one", "!"));
    assert_eq!(still.now().since_start(), second);
}
