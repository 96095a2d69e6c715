//! A million timers armed and cancelled, and a million armed and fired: CPU nanoseconds each.
//!
//! `cargo run --release -p roundsman-benches --bin timers -- [--rounds N] [--timers N] [--only NAME]`

use std::io;

use roundsman_benches::{
    child::{self, Isolated},
    contender::OURS,
    ours, peers,
};

/// Who takes part.
fn contenders() -> Vec<Isolated> {
    let mut contenders =
        vec![Isolated { name: OURS, run: |count| ours::timers::run(count).figures(count) }];
    if peers::uv_timers::is_there() {
        let run = |count| peers::uv_timers::run(count).figures(count);
        contenders.push(Isolated { name: "libuv uv_timer", run });
    }
    let run = |count| peers::delay_queue::run(count).figures(count);
    contenders.push(Isolated { name: "tokio DelayQueue", run });
    contenders
}

fn main() -> io::Result<()> {
    child::compare("Timers", ("--timers", 1_000_000), contenders())
}
