//! One line that says on what the figures were taken.

use std::fs;

/// Cores, CPU model and kernel.
pub fn line() -> String {
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    // Not `available_parallelism`: a generator is pinned to one core.
    let cores = cpus.lines().filter(|line| line.starts_with("processor")).count();
    let model = cpus
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("unknown CPU", |rest| rest.trim_start_matches([' ', '\t', ':']));
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{cores} cores, {model}, Linux {}", kernel.trim())
}
