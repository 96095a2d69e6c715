//! The list of contenders of a benchmark, and how their figures come into its table.

use std::time::Duration;

use crate::{
    options::Options,
    table::Table,
    workload::{Pattern, Workload},
};

/// The name under which roundsman enters; the table divides its figures by those of the others.
pub const OURS: &str = "roundsman";

/// A system that runs message workloads.
#[derive(Clone, Copy, Debug)]
pub struct Contender {
    /// The column's name in the table.
    pub name: &'static str,
    /// Does all operations of the workload and says how long they took, setting up and tearing
    /// down excluded; `None` if it has nothing of this kind.
    pub run: fn(Workload) -> Option<Duration>,
}

/// Runs every pattern on every contender in each round, and prints operations per second.
///
/// Takes `--rounds`, `--shrink` and `--only` from the command line.
pub fn compare(title: &'static str, patterns: &[Pattern], mut contenders: Vec<Contender>) {
    let mut options = Options::from_env();
    let mut table = Table::new(title, options.rounds());
    let shrink = options.value("--shrink", 1);
    let only: Option<String> = options.optional("--only");
    options.finish();

    contenders.retain(|contender| only.as_deref().is_none_or(|only| only == contender.name));
    for _ in table.rounds() {
        for workload in patterns.iter().map(|pattern| pattern.workload(shrink)) {
            for Contender { name, run } in &contenders {
                if let Some(elapsed) = run(workload) {
                    let rate = workload.operations as f64 / elapsed.as_secs_f64();
                    table.record(&format!("{}, /s", workload.pattern.name()), name, rate);
                }
            }
        }
    }
    table.print();
}
