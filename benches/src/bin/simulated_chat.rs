//! The chat server under simulation: how long a thousand evenings take, each with eight clients, two hundred lines and bad
//! weather, on one thread and on two.
//!
//! The evenings are those of the test `simulation/chat.rs`. See `benches/README.md`.

use std::thread;

use roundsman::sim::{Check, Checked};
use roundsman_benches::{clock, contender::OURS, options::Options, table::Table};
use roundsman_tests::chat_world::evening;

/// How many evenings.
const SEEDS: u64 = 1_000;

fn main() {
    let mut options = Options::from_env();
    let shrink: u64 = options.value("--shrink", 1);
    let mut table = Table::new("Simulated chat", options.rounds());
    options.finish();

    for _ in table.rounds() {
        for threads in [1, 2] {
            let seeds = (SEEDS / shrink / threads).max(1);
            let start = clock::now();
            let checked = run(threads, seeds);
            let seconds = start.elapsed().as_secs_f64();
            let messages: u64 = checked.iter().map(|checked| checked.messages).sum();
            let row = format!("{} evenings, threads: {threads}", seeds * threads);
            table.record(&format!("{row}, s"), OURS, seconds);
            table.record(&format!("{row}, messages/s"), OURS, messages as f64 / seconds);
        }
    }
    table.print();
}

/// Each thread has its share of the seeds: worlds share nothing.
fn run(threads: u64, seeds: u64) -> Vec<Checked> {
    thread::scope(|scope| {
        let share = |thread| {
            let check = Check::new().first_seed(thread * seeds).seeds(seeds).shrink(0);
            scope.spawn(move || check.run(evening).unwrap_or_else(|failing| panic!("{failing}")))
        };
        let running: Vec<_> = (0..threads).map(share).collect();
        running.into_iter().map(|one| one.join().expect("no evening fails")).collect()
    })
}
