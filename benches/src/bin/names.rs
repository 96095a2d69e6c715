//! Names: how many look-ups of localhost end in a second, with 64 outstanding and with one, beside libuv; and how long a
//! question takes that the resolver's cache answers.
//!
//! See `benches/README.md`.

use std::time::Duration;

use roundsman_benches::{contender::OURS, options::Options, ours, peers, table::Table};

/// Runs so many look-ups with so many outstanding: `(outstanding, lookups)`.
type Run = fn(u64, u64) -> Option<Duration>;

const CONTENDERS: [(&str, Run); 2] =
    [(OURS, ours::naming::run), ("libuv uv_getaddrinfo", peers::uv_names::run)];

/// Look-ups outstanding, and how many there are of them in all.
const LOADS: [(u64, u64); 2] = [(64, 20_000), (1, 10_000)];
const QUESTIONS: u64 = 200_000;

fn main() {
    let mut options = Options::from_env();
    let shrink = options.value("--shrink", 1);
    let mut table = Table::new("Names", options.rounds());
    options.finish();

    for _ in table.rounds() {
        for (outstanding, lookups) in LOADS {
            let lookups = (lookups / shrink).max(1);
            for (name, run) in CONTENDERS {
                if let Some(elapsed) = run(outstanding, lookups) {
                    let rate = lookups as f64 / elapsed.as_secs_f64();
                    let row = format!("lookup(\"localhost\"), {outstanding} outstanding, /s");
                    table.record(&row, name, rate);
                }
            }
        }
        let questions = (QUESTIONS / shrink).max(1);
        let each = ours::naming::cached(questions).as_secs_f64() * 1e6 / questions as f64;
        table.record("cached question, \u{b5}s", OURS, each);
    }
    table.print();
}
