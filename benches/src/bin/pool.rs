//! Jobs on a pool of four threads: how many of them end in a second, with 1,024 outstanding and with one.
//!
//! A job does nothing, so that all of it is the way there and back. See `benches/README.md`.

use std::time::Duration;

use roundsman_benches::{contender::OURS, options::Options, ours, peers, table::Table};

/// Runs so many jobs with so many outstanding: `(outstanding, jobs)`.
type Run = fn(u64, u64) -> Option<Duration>;

const CONTENDERS: [(&str, Run); 3] = [
    (OURS, ours::jobs::run),
    ("libuv uv_queue_work", peers::uv::run),
    ("tokio spawn_blocking", peers::blocking::run),
];

/// Jobs outstanding, and how many there are of them in all.
const LOADS: [(u64, u64); 2] = [(1_024, 1_000_000), (1, 100_000)];

fn main() {
    let mut options = Options::from_env();
    let shrink = options.value("--shrink", 1);
    let only: Option<String> = options.optional("--only");
    let one: Option<u64> = options.optional("--outstanding");
    let mut table = Table::new("Jobs on a pool of four threads", options.rounds());
    options.finish();

    for _ in table.rounds() {
        let loads = LOADS.into_iter().filter(|(load, _)| one.is_none_or(|one| one == *load));
        for (outstanding, jobs) in loads {
            for (name, run) in CONTENDERS {
                let jobs = (jobs / shrink).max(1);
                if only.as_deref().is_some_and(|only| only != name) {
                    continue;
                }
                if let Some(elapsed) = run(outstanding, jobs) {
                    let rate = jobs as f64 / elapsed.as_secs_f64();
                    table.record(&format!("{outstanding} outstanding, jobs/s"), name, rate);
                }
            }
        }
    }
    table.print();
}
