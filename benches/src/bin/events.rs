//! Events: one emitter, 100 listeners, on one loop. Deliveries a second, as a stream and one event at a time.
//!
//! `cargo run --release -p roundsman-benches --bin events -- [--rounds N] [--shrink N] [--only NAME] [--row BEGINNING]`

use std::time::Duration;

use roundsman_benches::{
    contender::OURS, options::Options, ours, peers, table::Table, workload::LISTENERS,
};

/// Gives so many events to [`LISTENERS`] listeners.
type Run = fn(u64) -> Option<Duration>;

/// Who takes part in a row, and how many events it has.
struct Row {
    label: &'static str,
    events: u64,
    contenders: &'static [(&'static str, Run)],
}

const ROWS: [Row; 3] = [
    Row {
        label: "a stream of events, deliveries/s",
        events: 200_000,
        contenders: &[
            (OURS, ours::events::stream),
            ("Node EventEmitter", peers::node::run),
            ("tokio broadcast", peers::broadcast::run),
            ("actix recipients", peers::recipients::run),
        ],
    },
    Row {
        label: "in the emitter's own turn (`Listeners`), deliveries/s",
        events: 200_000,
        contenders: &[(OURS, ours::events::own_turn)],
    },
    Row {
        label: "each when the last was heard, deliveries/s",
        events: 50_000,
        contenders: &[(OURS, ours::events::one_at_a_time)],
    },
];

fn main() {
    let mut options = Options::from_env();
    let shrink = options.value("--shrink", 1);
    let only: Option<String> = options.optional("--only");
    let row: Option<String> = options.optional("--row");
    let mut table = Table::new("One event to 100 listeners on one loop", options.rounds());
    options.finish();

    for _ in table.rounds() {
        for Row { label, events, contenders } in &ROWS {
            if row.as_deref().is_some_and(|row| !label.starts_with(row)) {
                continue;
            }
            let events = (events / shrink).max(1);
            for (name, run) in *contenders {
                if only.as_deref().is_some_and(|only| only != *name) {
                    continue;
                }
                if let Some(elapsed) = run(events) {
                    let deliveries = events as f64 * LISTENERS as f64;
                    table.record(label, name, deliveries / elapsed.as_secs_f64());
                }
            }
        }
    }
    table.print();
}
