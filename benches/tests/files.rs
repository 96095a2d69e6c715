//! The benchmark `files`, at a small size: every server does every job, and every byte is compared.

#![expect(clippy::disallowed_macros, reason = "a test that is skipped says so aloud")]

use std::{path::Path, process::Command, thread};

#[test]
fn every_server_does_every_job() {
    if thread::available_parallelism().map_or(1, usize::from) < 2 {
        eprintln!("SKIPPED: servers and client need a core each");
        return;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("files");
    let run = Command::new(env!("CARGO_BIN_EXE_files"))
        .args(["--mib", "1", "--rounds", "1", "--seconds", "0.1", "--dir"])
        .arg(folder)
        .output()
        .expect("the benchmark was built");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let table = String::from_utf8_lossy(&run.stdout);
    for column in ["roundsman", "Rust std", "tokio"] {
        assert!(table.contains(column), "{table}");
    }
    for row in
        ["file → TCP, GB/s", "file → stage → TCP, GB/s", "file → sha3-256 → file, two cores, GB/s"]
    {
        assert!(table.contains(row), "{table}");
    }
}
