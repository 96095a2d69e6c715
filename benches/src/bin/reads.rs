//! Blocks of 64 KiB of a cached file, read at their places on a pool of four threads, 64 outstanding.
//!
//! `cargo run --release -p roundsman-benches --bin reads -- [--rounds N] [--shrink N] [--dir DIR] [--only NAME]`

use std::{env, io};

use roundsman_benches::{
    contender::OURS,
    file::sample::Sample,
    options::Options,
    ours, peers,
    read_load::{Cost, FILE, Load},
    table::Table,
};

type Run = fn(&Load) -> Option<Cost>;

const CONTENDERS: [(&str, Run); 4] = [
    (OURS, ours::reads::run),
    ("roundsman, buffers used again", ours::reads::run_into),
    ("libuv uv_fs_read", peers::uv_read::run),
    ("tokio spawn_blocking", peers::blocking_reads::run),
];

const OUTSTANDING: u64 = 64;

/// Reads in all: 6.1 GiB.
const READS: u64 = 100_000;

fn main() -> io::Result<()> {
    let mut options = Options::from_env();
    let shrink: u64 = options.value("--shrink", 1);
    let only: Option<String> = options.optional("--only");
    let folder = match options.optional("--dir") {
        Some(folder) => folder,
        None => env::current_exe()?.with_file_name("files-data"),
    };
    let mut table = Table::new("Reads of 64 KiB, 64 outstanding", options.rounds());
    options.finish();

    let Sample { path, .. } = Sample::in_folder(&folder, FILE)?;
    let load = Load { path, outstanding: OUTSTANDING, reads: (READS / shrink).max(1) };
    for _ in table.rounds() {
        for (name, run) in CONTENDERS {
            if only.as_deref().is_some_and(|only| only != name) {
                continue;
            }
            if let Some(Cost { elapsed, cpu }) = run(&load) {
                table.record("reads/s", name, load.reads as f64 / elapsed.as_secs_f64());
                let each = cpu.as_secs_f64() * 1e6 / load.reads as f64;
                table.record("CPU µs each", name, each);
            }
        }
    }
    table.print();
    Ok(())
}
