//! The benchmarks `connect`, `parked`, `reads` and `timers`, at a small size: every contender takes part.

#![expect(clippy::disallowed_macros, reason = "a test that is skipped says so aloud")]

use std::{path::Path, process::Command, thread};

/// The table that a benchmark prints.
fn table(program: &str, arguments: &[&str]) -> String {
    let run = Command::new(program).args(arguments).args(["--rounds", "1"]).output();
    let run = run.expect("the benchmark was built");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    String::from_utf8_lossy(&run.stdout).into_owned()
}

fn has_columns_and_rows(table: &str, columns: &[&str], rows: &[&str]) {
    for name in columns.iter().chain(rows) {
        assert!(table.contains(name), "{name} is missing:\n{table}");
    }
}

fn lacks_cores() -> bool {
    let lacks = thread::available_parallelism().map_or(1, usize::from) < 2;
    if lacks {
        eprintln!("SKIPPED: server and generator need a core each");
    }
    lacks
}

const SERVERS: [&str; 4] =
    ["roundsman", "roundsman, line by line", "raw mio", "tokio current_thread"];

#[test]
fn every_server_takes_those_who_connect() {
    if lacks_cores() {
        return;
    }
    let table = table(env!("CARGO_BIN_EXE_connect"), &["--seconds", "0.1"]);
    let rows = ["64 at once, connections/s", "one at a time, server CPU µs each"];
    has_columns_and_rows(&table, &SERVERS, &rows);
}

#[test]
fn every_server_keeps_those_who_are_silent() {
    if lacks_cores() {
        return;
    }
    let table = table(env!("CARGO_BIN_EXE_parked"), &["--connections", "50"]);
    has_columns_and_rows(&table, &SERVERS, &["resident bytes each"]);
}

#[test]
fn every_contender_has_timers() {
    let table = table(env!("CARGO_BIN_EXE_timers"), &["--timers", "1000"]);
    let rows = ["armed and cancelled, CPU ns each", "armed and fired, CPU ns each"];
    has_columns_and_rows(&table, &["roundsman", "tokio DelayQueue"], &rows);
}

#[test]
fn every_contender_reads_at_places() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("reads").display().to_string();
    let table = table(env!("CARGO_BIN_EXE_reads"), &["--shrink", "100", "--dir", &folder]);
    let columns = ["roundsman", "roundsman, buffers used again", "tokio spawn_blocking"];
    has_columns_and_rows(&table, &columns, &["reads/s", "CPU µs each"]);
}
