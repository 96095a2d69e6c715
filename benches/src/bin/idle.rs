//! A million idle actors with 56 bytes of state: bytes and nanoseconds each.
//!
//! `cargo run --release -p roundsman-benches --bin idle -- [--rounds N] [--actors N] [--only NAME]`

use std::io;

use roundsman_benches::{
    child::{self, Figures, Isolated},
    contender::OURS,
    ours,
    peers::{
        actix::Actix,
        executor::Executor,
        idle::{self, Cost},
        kameo::Kameo,
        ractor::Ractor,
        tokio_tasks::{TokioTasks, Unbounded},
    },
};

/// Who takes part.
fn contenders() -> Vec<Isolated> {
    vec![
        Isolated { name: OURS, run: |count| figures(count, ours::idle::run(count)) },
        Isolated {
            name: "tokio",
            run: |count| figures(count, idle::run(LOOP, TokioTasks(Unbounded), count)),
        },
        Isolated {
            name: "actix",
            run: |count| figures(count, idle::run(Executor::Arbiter, Actix, count)),
        },
        Isolated {
            name: "kameo",
            run: |count| figures(count, idle::run(LOOP, Kameo { mailbox: None }, count)),
        },
        Isolated { name: "ractor", run: |count| figures(count, idle::run(LOOP, Ractor, count)) },
    ]
}

const LOOP: Executor = Executor::CurrentThread;

fn main() -> io::Result<()> {
    child::compare("Idle actors", ("--actors", 1_000_000), contenders())
}

fn figures(count: u64, Cost { elapsed, bytes }: Cost) -> Figures {
    let each = |total: f64| total / count as f64;
    [("bytes each", each(bytes as f64)), ("ns per spawn", each(elapsed.as_nanos() as f64))]
}
